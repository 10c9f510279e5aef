//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sqlitestore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// holder starts a process that has leased the record "settled" and is sending
// the record "sent", both for ttl.
func holder(t *testing.T, path string, ttl time.Duration) *child {
	t.Helper()
	s := open(t, path)
	_, err := s.Create(t.Context(), store.Record{Tenant: "fjord", Ref: "settled", Phase: store.Sending, Method: "GET", Path: "/"}, "me", time.Minute)
	if err == nil {
		_, err = s.Report(t.Context(), "fjord", "settled", store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 200}})
	}
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	c := spawn(t, "holder", ttl.String(), path)
	c.expect("ready")
	return c
}

// uncertain reports whether "sent" reads as such, wherever it is read.
func uncertain(t *testing.T, s *sqlitestore.Store) bool {
	t.Helper()
	rec, err := s.Get(t.Context(), "fjord", "sent")
	list, err2 := s.List(t.Context(), "fjord", store.Query{Phases: []store.Phase{store.Uncertain}})
	n, err3 := s.Count(t.Context(), "fjord", store.Query{Phases: []store.Phase{store.Sending}})
	stats, err4 := s.Stats(t.Context())
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	is := rec.Phase == store.Uncertain
	if is != (len(list) == 1) || is != (n == 0) || is != (stats.Phases[store.Uncertain] == 1) {
		t.Errorf("%s; listed as uncertain: %d, counted as sending: %d, stats: %v", rec.Phase, len(list), n, stats.Phases)
	}
	return is
}

// Nobody waits for the leases of a process that was killed, and who waits for
// what it held is woken.
func TestTheLeasesOfAKilledProcessEndAtOnce(t *testing.T) {
	path := fresh(t)
	c := holder(t, path, time.Hour)
	s := open(t, path)
	w := s.Watch("fjord", "settled")
	defer w.Close()
	if _, _, err := s.Acquire(t.Context(), "fjord", "settled", "other", store.ToPoll, time.Minute); !errors.Is(err, store.ErrLeased) || uncertain(t, s) {
		t.Fatalf("while the holder lives: got %v, want ErrLeased, and it is sending", err)
	}
	// What others write down of it meanwhile leaves the lease to its holder.
	if _, err := s.Notify(t.Context(), store.Notification{Ref: "sent", ID: "id", Body: []byte("{}")}); err != nil || uncertain(t, s) {
		t.Fatalf("notified: %v, and it is sending", err)
	}
	w.Take()
	killed := time.Now()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.C():
	case <-time.After(10 * time.Second):
		t.Fatal("never woken")
	}
	if _, _, err := s.Acquire(t.Context(), "fjord", "settled", "survivor", store.ToPoll, time.Minute); err != nil {
		t.Errorf("woken, and yet %v", err)
	}
	// Less than a second where nothing else runs; the lease is an hour.
	if took := time.Since(killed); took >= 5*time.Second {
		t.Errorf("taken over %v after the kill, want it at once", took)
	}
	if !uncertain(t, s) {
		t.Error("what it was sending is not uncertain")
	}
	// One that was opened later finds the same, and the new lease in force.
	late := open(t, path)
	if _, _, err := late.Acquire(t.Context(), "fjord", "settled", "other", store.ToPoll, time.Minute); !errors.Is(err, store.ErrLeased) || !uncertain(t, late) {
		t.Errorf("one that was opened later: got %v, want ErrLeased", err)
	}
}

// A process that is stopped may go on: its leases end by time.
func TestTheLeasesOfAStoppedProcessEndByTime(t *testing.T) {
	path := fresh(t)
	c := holder(t, path, 2*time.Second)
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	rec, err := s.Get(t.Context(), "fjord", "settled")
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, _, err := s.Acquire(t.Context(), "fjord", "settled", "survivor", store.ToPoll, time.Minute)
		now := time.Now()
		if err == nil {
			if now.Before(rec.Lease.Until) {
				t.Errorf("taken over %v before the lease had ended", rec.Lease.Until.Sub(now))
			}
			break
		}
		if !errors.Is(err, store.ErrLeased) || now.After(rec.Lease.Until.Add(5*time.Second)) {
			t.Fatalf("%v after its end: got %v", now.Sub(rec.Lease.Until), err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// A copy, with or without the locks, knows nothing of who holds the leases: they
// end by time.
func TestTheLeasesOfACopyEndByTime(t *testing.T) {
	path := fresh(t)
	s := open(t, path)
	if err := settle(s, "r"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Acquire(t.Context(), "fjord", "r", "me", store.ToPoll, time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, locks := range []bool{false, true} {
		dir := t.TempDir()
		err := filepath.WalkDir(filepath.Dir(path), func(from string, e fs.DirEntry, err error) error {
			to := filepath.Join(dir, from[len(filepath.Dir(path)):])
			switch {
			case err != nil:
				return err
			case e.IsDir() && e.Name() == filepath.Base(path)+"-locks" && !locks:
				return fs.SkipDir
			case e.IsDir():
				return os.MkdirAll(to, 0o700)
			}
			data, err := os.ReadFile(from)
			if err != nil {
				return err
			}
			return os.WriteFile(to, data, 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
		copied := open(t, filepath.Join(dir, filepath.Base(path)))
		if _, _, err := copied.Acquire(t.Context(), "fjord", "r", "other", store.ToPoll, time.Minute); !errors.Is(err, store.ErrLeased) {
			t.Errorf("with locks %v: got %v, want ErrLeased", locks, err)
		}
	}
}

// Where no file can be made leases have no lock, and end by time.
func TestAStoreWithoutLocks(t *testing.T) {
	path := fresh(t)
	if err := os.WriteFile(path+"-locks", nil, 0o600); err != nil { // in the place of the directory
		t.Fatal(err)
	}
	s := open(t, path)
	if err := settle(s, "r"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Acquire(t.Context(), "fjord", "r", "me", store.ToPoll, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, _, err := open(t, path).Acquire(t.Context(), "fjord", "r", "other", store.ToPoll, time.Minute); !errors.Is(err, store.ErrLeased) {
		t.Errorf("got %v, want ErrLeased", err)
	}
	time.Sleep(150 * time.Millisecond)
	if _, _, err := s.Acquire(t.Context(), "fjord", "r", "other", store.ToPoll, time.Minute); err != nil {
		t.Errorf("after its end: %v", err)
	}
}

// A store that is closed leaves no files of locks.
func TestClosedStoresLeaveNoLocks(t *testing.T) {
	path := fresh(t)
	a, b := open(t, path), open(t, path)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(path + "-locks"); err != nil || len(list) != 1 {
		t.Errorf("%d locks, %v; want that of the store that is open", len(list), err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-locks"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
}
