package rows

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vismanet-go/background/bench/internal/child"
)

func TestMain(m *testing.M) {
	roles := Roles()
	roles["syncing"] = syncing
	child.Main(roles)
	os.Exit(m.Run())
}

// syncing syncs a file ten times a second.
func syncing(_ context.Context, text json.RawMessage, ready func(string)) error {
	dir, err := childDir(text)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "file"))
	if err != nil {
		return err
	}
	go func() {
		for range time.Tick(100 * time.Millisecond) {
			_ = f.Sync()
		}
	}()
	ready("")
	return f.Close()
}

// The row of idle processes says 0; so what it counts with must see a sync.
func TestSyncsAreCounted(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace, on Debian: apt-get install strace")
	}
	n, err := countSyncs(t.Context(), "syncing", t.TempDir(), time.Second, strace)
	if err != nil {
		t.Fatal(err)
	}
	if n < 60 || n > 1200 {
		t.Errorf("counted %v syncs per minute, want about 600", n)
	}
}
