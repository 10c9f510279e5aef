package sqlitestore

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// two opens a file twice, which is as good as two processes, with n records.
func two(t *testing.T, n int) (here, there *Store) {
	path := temp(t)
	here, there = mustOpen(t, Config{Path: path}), mustOpen(t, Config{Path: path})
	for i := range n {
		if _, err := here.Create(t.Context(), sending(strconv.Itoa(i), ""), "me", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	return here, there
}

// looked waits until a store that has watchers knows of all changes.
func looked(t *testing.T, s *Store, seq int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		seen := make(chan int64, 1)
		if err := s.file.Visit(t.Context(), func(*sqlitefile.Conn) error { seen <- s.writer.seen; return nil }); err != nil {
			t.Fatal(err)
		}
		if <-seen >= seq {
			return
		}
	}
	t.Fatal("the store never looked")
}

func latest(t *testing.T, s *Store) (seq int64) {
	t.Helper()
	err := s.reading(t.Context(), func(c *sqlitefile.Conn) (err error) {
		seq, err = c.Int64("SELECT max(seq) FROM wakeups")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// wakeUps takes what the watchers were told: by the ref of each, what changed.
func wakeUps(watchers map[string]*store.Watcher) (woken []string, all int) {
	for ref, w := range watchers {
		select {
		case <-w.C():
			if _, every := w.Take(); every {
				all++
			} else {
				woken = append(woken, ref)
			}
		default:
		}
	}
	return woken, all
}

func TestAnotherProcessWakesOnlyWhoIsConcerned(t *testing.T) {
	const many = 10_000
	here, there := two(t, 3)
	ctx := t.Context()
	watchers := map[string]*store.Watcher{"tenant": here.Watch("fjord"), "elsewhere": here.Watch("fjell")}
	for i := range many {
		watchers[strconv.Itoa(i)] = here.Watch("fjord", strconv.Itoa(i))
	}
	looked(t, here, latest(t, here))
	wakeUps(watchers)

	if _, err := there.Notify(ctx, store.Notification{Ref: "1", ID: "x", Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	looked(t, here, latest(t, there))
	if woken, all := wakeUps(watchers); len(woken) != 2 || all != 0 {
		t.Errorf("woken %v and %d for all, want the tenant's watcher and one of %d", woken, all, many)
	}

	rec, err := there.Report(ctx, "fjord", "1", store.AcceptedFact{ID: "x", Source: store.FromAnswer})
	if err != nil {
		t.Fatal(err)
	}
	looked(t, here, latest(t, there))
	wakeUps(watchers)
	if _, _, err := there.Acquire(ctx, "fjord", rec.Ref, "me", store.ToPoll, time.Minute); err != nil {
		t.Fatal(err)
	}
	looked(t, here, latest(t, there))
	if woken, all := wakeUps(watchers); len(woken) != 0 || all != 0 {
		t.Errorf("a lease woke %v, and %d for all", woken, all)
	}
	// Our own changes are told without a look, as soon as their callers know,
	// and not once more at the next look.
	if _, err := here.Notify(ctx, store.Notification{Ref: "2", ID: "y", Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	looked(t, here, latest(t, here))
	if woken, all := wakeUps(watchers); len(woken) != 2 || all != 0 {
		t.Errorf("woken %v and %d for all", woken, all)
	}
	if _, err := there.Notify(ctx, store.Notification{Ref: "0", ID: "z", Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	looked(t, here, latest(t, there))
	if refs, all := watchers["tenant"].Take(); all || len(refs) != 1 || refs[0] != "0" {
		t.Errorf("told %v, all = %v", refs, all)
	}
}

// TestWhoeverMissesChangesIsWokenForAll: rows that are gone, a group that
// changed too much to tell, and somebody who does not tell.
func TestWhoeverMissesChangesIsWokenForAll(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, there *Store){
		"rows are gone": func(t *testing.T, there *Store) {
			mustScript(t, there.cfg.Path, "INSERT INTO wakeups (seq, by, refs) VALUES (1000000, 1, '[]')")
		},
		"too much": func(t *testing.T, there *Store) {
			mustScript(t, there.cfg.Path, "INSERT INTO wakeups (by, refs) VALUES (1, NULL)")
		},
		"not understood": func(t *testing.T, there *Store) {
			mustScript(t, there.cfg.Path, "INSERT INTO wakeups (by, refs) VALUES (1, '[\"fjord\"]')")
		},
		"nobody tells": func(t *testing.T, there *Store) {
			mustScript(t, there.cfg.Path, "UPDATE records SET phase = phase")
		},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := two(t, 1)
			w := here.Watch("fjord", "0")
			defer w.Close()
			looked(t, here, latest(t, here))
			w.Take()
			change(t, there)
			for end := time.After(10 * time.Second); ; {
				select {
				case <-w.C():
					if _, all := w.Take(); all {
						return
					}
				case <-end:
					t.Fatal("not woken")
				}
			}
		})
	}
}

// TestChangesAreBounded writes more groups than are kept.
func TestChangesAreBounded(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	for range keepChanges + 3*dropChanges {
		if err := s.change(t.Context(), func(t *tx, _ store.Rules) error { return t.PutDocument(store.Document{Tenant: "fjord", Name: "n"}) }); err != nil {
			t.Fatal(err)
		}
	}
	err := s.reading(t.Context(), func(c *sqlitefile.Conn) error {
		n, err := c.Int64("SELECT count(*) FROM wakeups")
		if n < keepChanges || n > keepChanges+dropChanges {
			t.Errorf("%d rows are kept", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// While nothing is written to the log nobody has to be asked; whatever is
// written then is found at the next look.
func TestALogThatIsStillIsBelieved(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	then := mark{size: 4120, changed: at.Add(-4 * time.Second), at: at}
	next := then
	next.at = at.Add(PollInterval)
	tests := []struct {
		name string
		now  mark
		then mark
		want bool
	}{
		{"nothing written", next, then, true},
		{"never looked", next, mark{}, false},
		{"no log", mark{}, then, false},
		{"grown", mark{8240, then.changed, next.at}, then, false},
		{"written over", mark{4120, then.changed.Add(1), next.at}, then, false},
		{"written so lately that the time may be the same", next, mark{4120, at.Add(-coarse), at}, false},
		{"written in the future", mark{4120, at.Add(time.Hour), next.at}, mark{4120, at.Add(time.Hour), at}, false},
		{"clock set back", mark{4120, then.changed, at.Add(-1)}, then, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.now.still(tt.then); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAChangeAfterStillnessIsFound(t *testing.T) {
	here, there := two(t, 1)
	w := here.Watch("fjord", "0")
	defer w.Close()
	for round := range 3 {
		// As if the last change were long ago.
		old := time.Now().Add(-time.Hour - time.Duration(round)*time.Minute)
		if err := os.Chtimes(here.cfg.Path+"-wal", old, old); err != nil {
			t.Fatal(err)
		}
		looked(t, here, latest(t, here))
		for end := time.Now().Add(10 * time.Second); runtime.GOOS == "linux"; time.Sleep(10 * time.Millisecond) {
			var m mark
			if err := here.file.Visit(t.Context(), func(*sqlitefile.Conn) error { m = here.writer.mark; return nil }); err != nil {
				t.Fatal(err)
			}
			if markLog(here.cfg.Path).still(m) {
				break
			}
			if time.Now().After(end) {
				t.Fatal("the store never found the log still")
			}
		}
		select {
		case <-w.C():
		default:
		}
		if _, err := there.Notify(t.Context(), store.Notification{Ref: "0", ID: "x", Body: []byte(strconv.Itoa(round))}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-w.C():
		case <-time.After(10 * time.Second):
			t.Fatalf("round %d: not woken", round)
		}
	}
}

// Changes there, here and there again within one look wake whoever watches any
// of them: ours do not make those of the other process seem seen.
func TestChangesOfBothWithinOneLook(t *testing.T) {
	here, there := two(t, 4)
	watchers := make(map[string]*store.Watcher)
	for i := range 4 {
		watchers[strconv.Itoa(i)] = here.Watch("fjord", strconv.Itoa(i))
	}
	looked(t, here, latest(t, here))
	wakeUps(watchers)

	// The writer of this store waits for us, so that it looks only afterwards.
	held, hold := make(chan struct{}), make(chan struct{})
	go func() {
		_ = here.file.Visit(t.Context(), func(*sqlitefile.Conn) error { close(held); <-hold; return nil })
	}()
	<-held
	notify := func(s *Store, ref string) {
		t.Helper()
		if _, err := s.Notify(t.Context(), store.Notification{Ref: ref, ID: "id-" + ref, Body: []byte("{}")}); err != nil {
			t.Error(err)
		}
	}
	notify(there, "0")
	done := make(chan struct{})
	go func() { notify(here, "1"); close(done) }()
	for here.file.Waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	<-done
	notify(there, "2")
	looked(t, here, latest(t, there))
	woken, all := wakeUps(watchers)
	slices.Sort(woken)
	if all == 0 && !slices.Equal(woken, []string{"0", "1", "2"}) {
		t.Errorf("woken %v and %d for all, want 0, 1 and 2", woken, all)
	}
}
