package sqlitestore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// tmpfs mounts a disk of the size, or skips the test.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("needs a small disk of its own, and mounting a tmpfs needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestAFullDiskLosesNothing fills a small disk. What was acknowledged is
// there, what was not says why, and with space the store works again.
func TestAFullDiskLosesNothing(t *testing.T) {
	dir := tmpfs(t, "2m")
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 512<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "background.db")
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	create := func(ref string) error {
		_, err := s.Create(t.Context(), store.Record{
			Tenant: "fjord", Ref: ref, Phase: store.Queued, Method: "POST", Path: "/", Kind: strings.Repeat("k", 10_000),
		}, "", 0)
		return err
	}
	acked := 0
	for err == nil {
		if err = create(strconv.Itoa(acked)); err == nil {
			acked++
		}
	}
	if !errors.Is(err, sqlitestore.ErrDiskFull) || acked == 0 {
		t.Errorf("after %d records: got error %v, want ErrDiskFull", acked, err)
	}
	t.Log(err)
	for range 3 {
		if err := create("more"); !errors.Is(err, sqlitestore.ErrDiskFull) {
			t.Errorf("got error %v, want ErrDiskFull", err)
		}
	}
	for range 100 { // there may be room for something as small as what Health writes
		if err = create("more"); err == nil {
			t.Error("written all the same")
		}
		if err = s.Health(t.Context()); err != nil {
			break
		}
	}
	if !errors.Is(err, sqlitestore.ErrDiskFull) {
		t.Errorf("health: %v", err)
	}
	if n, err := s.Count(t.Context(), "fjord", store.Query{}); n != acked || err != nil {
		t.Errorf("%d records can be read, %v; want %d", n, err, acked)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := s.Health(t.Context()); err != nil {
		t.Errorf("health with space again: %v", err)
	}
	if err := create("more"); err != nil {
		t.Errorf("with space again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = open(t, path)
	defer s.Close()
	if n, err := s.Count(t.Context(), "fjord", store.Query{}); n != acked+1 || err != nil {
		t.Errorf("%d records after opening it anew, %v; want %d", n, err, acked+1)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAReadOnlyFileIsRefused(t *testing.T) {
	dir := tmpfs(t, "8m")
	path := filepath.Join(dir, "background.db")
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), store.Record{Tenant: "fjord", Ref: "r", Phase: store.Sending, Method: "GET", Path: "/"}, "me", time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot remount read-only: %v", err)
	}
	s, err = sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, sqlitestore.ErrReadOnly) {
		t.Errorf("got error %v, want ErrReadOnly", err)
	}
	t.Log(err)
}
