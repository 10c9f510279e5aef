// Package notmp runs a test where no directory for temporary files can be
// written to, as in a container without any and with a read-only root.
package notmp

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// variable tells the test's own program, run again, where its files are.
const variable = "NOTMP_TEST_DIR"

// Run calls prepare with a directory, and then check with the same one in a
// process for which that directory is the only one that can be written to. It
// needs unshare(1), and user namespaces.
func Run(t *testing.T, prepare, check func(dir string)) {
	t.Helper()
	if dir := os.Getenv(variable); dir != "" {
		check(dir)
		return
	}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Skip("needs unshare(1)")
	}
	if out, err := exec.Command(unshare, "-rm", "true").CombinedOutput(); err != nil {
		t.Skipf("namespaces of users are not to be had: %s", out)
	}
	dir := t.TempDir()
	prepare(dir)
	// The program and its files move to where nothing is mounted over them.
	program, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	const script = `set -e
mkdir -p "$2/room" && mount --bind "$2" /mnt && touch /mnt/self && mount --bind "$1" /mnt/self
for d in /tmp /var/tmp /usr/tmp; do if [ -d $d ]; then mount -t tmpfs -o ro none $d; fi; done
cd /proc
exec env -u TMPDIR -u SQLITE_TMPDIR ` + variable + `=/mnt /mnt/self -test.run "$3" -test.count=1`
	cmd := exec.Command(unshare, "-rm", "sh", "-c", script, "sh", program, dir, "^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("without a directory for temporary files: %v\n%s", err, out)
	}
}
