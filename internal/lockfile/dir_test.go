//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package lockfile

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test's own program, started anew with this variable, holds a lock in the
// directory that it names, says so, and waits to be killed.
const variable = "LOCKFILE_TEST_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(variable)
	if dir == "" {
		os.Exit(m.Run())
	}
	l, err := In(dir).Hold()
	if err != nil {
		_, _ = os.Stdout.WriteString("error " + err.Error() + "\n")
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString(l.Name() + "\n")
	select {}
}

// holder starts a process that holds a lock, and returns it and the lock's name.
func holder(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.HasPrefix(line, "error") {
		t.Fatalf("the holder said %q, %v", line, err)
	}
	return cmd, strings.TrimSpace(line)
}

func hold(t *testing.T, d *Dir) *Lock {
	t.Helper()
	l, err := d.Hold()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestTheLockOfAKilledProcessEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "locks")
	cmd, name := holder(t, dir)
	d := In(dir)
	if d.Ended(name) || d.News() {
		t.Fatal("ended while its process lives")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for !d.Ended(name) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("never ended")
		}
		time.Sleep(time.Millisecond)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("ended %v after the kill, want less than a second", took)
	}
	if !In(dir).News() || d.News() {
		t.Error("news are told once to each who asks")
	}
}

func TestTheLockOfAStoppedProcessDoesNotEnd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "locks")
	cmd, name := holder(t, dir)
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	d := In(dir)
	for range 100 {
		if d.Ended(name) || d.News() {
			t.Fatal("ended while its process is only stopped")
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestHandlesOfOneProcessAreSeveral(t *testing.T) {
	d := In(filepath.Join(t.TempDir(), "locks"))
	a, b := hold(t, d), hold(t, In(d.path))
	for range 2 { // asking does not let go
		if d.Ended(a.Name()) || d.Ended(b.Name()) || a.Name() == b.Name() {
			t.Errorf("ended: %v, %v, of %s and %s", d.Ended(a.Name()), d.Ended(b.Name()), a.Name(), b.Name())
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if d.Ended(a.Name()) {
		t.Error("who was closed says nothing about leases that it left")
	}
	if files := d.files(); len(files) != 1 || files[0] != fileOf(b.Name()) {
		t.Errorf("left: %v, want the other one's", files)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(d.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory of nobody's locks is still there: %v", err)
	}
	hold(t, d)
}

// abandon leaves the file of a lock as a process does that was killed.
func abandon(t *testing.T, l *Lock) {
	t.Helper()
	if err := l.file.Close(); err != nil {
		t.Fatal(err)
	}
}

// What is not certain is not ended.
func TestWhatIsNotCertain(t *testing.T) {
	for name, do := range map[string]func(t *testing.T, d *Dir, path string) error{
		"the file was removed":      func(_ *testing.T, _ *Dir, path string) error { return os.Remove(path) },
		"the directory was removed": func(_ *testing.T, d *Dir, _ string) error { return os.RemoveAll(d.path) },
		"the directory was removed, and made anew by another holder": func(t *testing.T, d *Dir, _ string) error {
			err := os.RemoveAll(d.path)
			hold(t, d)
			return err
		},
		"the file came out of a backup": func(_ *testing.T, _ *Dir, path string) error {
			return errors.Join(os.Rename(path, path+"x"), os.WriteFile(path, nil, 0o600))
		},
		"the file is a directory": func(_ *testing.T, _ *Dir, path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		},
		"the file cannot be read": func(t *testing.T, _ *Dir, path string) error {
			if os.Getuid() == 0 {
				t.Skip("root reads all")
			}
			return os.Chmod(path, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := In(filepath.Join(t.TempDir(), "locks"))
			l := hold(t, d)
			path := filepath.Join(d.path, fileOf(l.Name()))
			if err := do(t, d, path); err != nil {
				t.Fatal(err)
			}
			abandon(t, l)
			if d.Ended(l.Name()) {
				t.Error("ended")
			}
		})
	}
	d := In(t.TempDir())
	if err := os.WriteFile(filepath.Join(d.path, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "-", "x", "x-", "x-y", "x-0", "-1", "../x-1", "x-1-2", "/etc/passwd-1", ".-1", "..-1"} {
		if d.Ended(name) {
			t.Errorf("%q ended", name)
		}
	}
	if In(filepath.Join(d.path, "none")).News() {
		t.Error("news of a directory that is not there")
	}
}

func TestADirectoryThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "locks"), filepath.Join(filepath.Dir(file), "none", "locks")} {
		l, err := In(path).Hold()
		if err == nil {
			t.Errorf("%s: held", path)
		}
		if l.Name() != "" || l.Close() != nil {
			t.Errorf("%s: no lock has the name %q", path, l.Name())
		}
	}
}

func TestSweep(t *testing.T) {
	const last = time.Hour
	d := In(filepath.Join(t.TempDir(), "locks"))
	living, killed := hold(t, d), hold(t, d)
	abandon(t, killed)
	age := func(name string) {
		t.Helper()
		old := time.Now().Add(-2 * last)
		if err := os.Chtimes(filepath.Join(d.path, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	early := filepath.Join(d.path, unready+"x")
	if err := os.WriteFile(early, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	age(fileOf(living.Name()))
	age(fileOf(killed.Name())) // it was held for long
	for range 2 {
		d.Sweep(last)
		if !d.Ended(killed.Name()) || d.Ended(living.Name()) {
			t.Fatalf("ended: the killed one %v, the living one %v", d.Ended(killed.Name()), d.Ended(living.Name()))
		}
	}
	age(fileOf(killed.Name())) // and was found free long ago
	d.Sweep(last)
	if d.Ended(killed.Name()) || len(d.ended) != 0 {
		t.Error("the file of a killed one stays")
	}
	if files := d.files(); len(files) != 1 || files[0] != fileOf(living.Name()) {
		t.Errorf("left: %v, want the living one's", files)
	}
	if _, err := os.Stat(early); err != nil {
		t.Errorf("what is just being made: %v", err)
	}
	age(unready + "x")
	d.Sweep(last)
	if _, err := os.Stat(early); err == nil {
		t.Error("what was never held stays")
	}
}

func TestClaim(t *testing.T) {
	path := filepath.Join(t.TempDir(), "name.lock")
	l, err := Claim(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Claim(path); !errors.Is(err, ErrHeld) {
		t.Errorf("claimed twice: got %v, want ErrHeld", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err = Claim(path)
	if err != nil {
		t.Fatalf("claimed again: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
