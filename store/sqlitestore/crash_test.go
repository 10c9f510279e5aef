//go:build unix

package sqlitestore_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// TestKillLosesNothing kills a process that writes and looks for every step
// that it had been told is done. SQLITESTORE_CRASH_ROUNDS sets the number of
// rounds.
func TestKillLosesNothing(t *testing.T) {
	rounds := 20
	if n, err := strconv.Atoi(os.Getenv("SQLITESTORE_CRASH_ROUNDS")); err == nil {
		rounds = n
	} else if testing.Short() {
		rounds = 3
	}
	path := fresh(t)
	acked := 0
	for round := range rounds {
		if round%50 == 0 { // a file that lives through many crashes, but not forever
			path = fresh(t)
		}
		c := spawn(t, "life", "r"+strconv.Itoa(round), path)
		last := c.acknowledged(func() {
			time.AfterFunc(rand.N(150*time.Millisecond), func() { _ = c.cmd.Process.Kill() })
		})
		for _, stage := range last {
			acked += stage
		}
		survey(t, path, last)
	}
	t.Logf("%d steps acknowledged in %d rounds, 0 lost", acked, rounds)
}

// acknowledged hears a child out and returns how many stages of each record
// it had been told are done. It calls first at the first of them.
func (c *child) acknowledged(first func()) map[string]int {
	last := make(map[string]int)
	for words := c.hear(); words != nil; words = c.hear() {
		if words[0] != "ack" {
			continue
		}
		if len(last) == 0 {
			first()
		}
		last[words[1]] = 1 + slices.Index(stages, words[2])
	}
	_ = c.cmd.Wait()
	return last
}

// TestProcessesShareAFile has two processes and this one write at once.
func TestProcessesShareAFile(t *testing.T) {
	path := fresh(t)
	s := open(t, path)
	w := s.Watch("fjord")
	defer w.Close()
	var wg sync.WaitGroup
	for _, prefix := range []string{"a", "b"} {
		c := spawn(t, "tidy", prefix, path)
		wg.Go(func() { c.expect("done") })
	}
	for i := range 15 {
		if err := liveOneQuiet(t.Context(), s, "own-"+strconv.Itoa(i)); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	n, err := s.Count(t.Context(), "fjord", store.Query{Phases: []store.Phase{store.Acknowledged}})
	if err != nil || n != 2*4*15+15 {
		t.Errorf("%d records are handled, %v", n, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case <-w.C():
	case <-time.After(5 * time.Second):
		t.Error("never woken")
	}
}

func liveOneQuiet(ctx context.Context, s *sqlitestore.Store, ref string) error {
	rec, err := s.Create(ctx, store.Record{Tenant: "fjord", Ref: ref, Phase: store.Sending, Method: "GET", Path: "/"}, "me", time.Minute)
	if err != nil {
		return err
	}
	if _, err = s.Report(ctx, rec.Tenant, ref, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 200}}); err != nil {
		return err
	}
	l, _, err := s.Acquire(ctx, rec.Tenant, ref, "me", store.ToPoll, time.Minute)
	if err != nil {
		return err
	}
	_, err = s.Decide(ctx, l, store.AcknowledgeDecision{})
	return err
}

// TestAStoppedProcessDecidesNothingAndLosesNothing stops a process past its
// lease. What it decides after it wakes up is refused; what it knows merges.
func TestAStoppedProcessDecidesNothingAndLosesNothing(t *testing.T) {
	path := fresh(t)
	s := open(t, path)
	ctx := t.Context()
	if _, err := s.Create(ctx, store.Record{Tenant: "fjord", Ref: "settled", Phase: store.Sending, Method: "GET", Path: "/"}, "me", time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Report(ctx, "fjord", "settled", store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 500}}); err != nil {
		t.Fatal(err)
	}
	const ttl = 300 * time.Millisecond
	c := spawn(t, "holder", ttl.String(), path)
	c.expect("ready")
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(ttl + 50*time.Millisecond)
	decide := func(ref string, d store.Decision) {
		t.Helper()
		l, _, err := s.Acquire(ctx, "fjord", ref, "survivor", store.ToPoll, time.Minute)
		if err == nil {
			_, err = s.Decide(ctx, l, d)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	decide("settled", store.DeadLetterDecision{Reason: "taken over"})
	decide("sent", store.AbandonDecision{Reason: "nobody answered"})
	if err := c.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if _, err := c.in.Write([]byte("go on\n")); err != nil {
		t.Fatal(err)
	}
	if words := c.expect("decided"); words[1] != "true" {
		t.Error("the decision of a stopped process was not fenced")
	}
	c.expect("reported")
	if rec, err := s.Get(ctx, "fjord", "settled"); err != nil || rec.Phase != store.Dead {
		t.Errorf("got %+v, %v", rec, err)
	}
	if rec, err := s.GetByID(ctx, "fjord", "id-late"); err != nil || rec.Ref != "sent" || rec.Phase != store.Accepted || !rec.Late {
		t.Errorf("the late id: %+v, %v", rec, err)
	}
}

// TestAnotherProcessWakesWatchers hears of one record changed elsewhere.
func TestAnotherProcessWakesWatchers(t *testing.T) {
	path := fresh(t)
	here, there := open(t, path), open(t, path) // two connections are as two processes
	if _, err := here.Create(t.Context(), store.Record{Tenant: "fjord", Ref: "r", Phase: store.Queued, Method: "GET", Path: "/"}, "", 0); err != nil {
		t.Fatal(err)
	}
	w := here.Watch("fjord", "r")
	defer w.Close()
	for range 3 {
		select {
		case <-w.C(): // the wake-up of an earlier change
			w.Take()
		case <-time.After(2 * sqlitestore.PollInterval):
		}
		start := time.Now()
		if _, err := there.Notify(t.Context(), store.Notification{Ref: "r", ID: "x", Body: []byte(start.String())}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-w.C():
			if refs, all := w.Take(); all || len(refs) != 1 || refs[0] != "r" {
				t.Errorf("woken for %v, all = %v", refs, all)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("not woken by another process")
		}
		t.Logf("woken after %v", time.Since(start))
	}
}

// TestDamageIsReported damages a file in several ways.
func TestDamageIsReported(t *testing.T) {
	make1 := func(t *testing.T) string {
		path := fresh(t)
		s := open(t, path)
		for i := range 200 {
			_, err := s.Create(t.Context(), store.Record{
				Tenant: "fjord", Ref: strconv.Itoa(i), Phase: store.Queued, Method: "GET", Path: "/", Kind: strings.Repeat("k", 500),
			}, "", 0)
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, damage := range map[string]func(f *os.File, size int64) error{
		"cut off": func(f *os.File, size int64) error { return f.Truncate(size / 2) },
		"overwritten in the middle": func(f *os.File, size int64) error {
			_, err := f.WriteAt(make([]byte, 8192), size/2/4096*4096)
			return err
		},
		"overwritten at the start": func(f *os.File, _ int64) error {
			_, err := f.WriteAt([]byte(strings.Repeat("?", 100)), 0)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := make1(t)
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			st, err := f.Stat()
			if err = errors.Join(err, damage(f, st.Size()), f.Close()); err != nil {
				t.Fatal(err)
			}
			s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, sqlitestore.ErrCorrupt) {
				t.Errorf("got error %v, want ErrCorrupt", err)
			}
			t.Log(err)
		})
	}
	t.Run("a log with a torn end", func(t *testing.T) {
		path := fresh(t)
		c := spawn(t, "life", "r", path)
		last := c.acknowledged(func() {
			time.AfterFunc(50*time.Millisecond, func() { _ = c.cmd.Process.Kill() })
		})
		f, err := os.OpenFile(path+"-wal", os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Write([]byte(strings.Repeat("half a frame", 500)))
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		survey(t, path, last)
	})
}
