package pgstore

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// acknowledged is a record that holds a key and may be purged.
func acknowledged(t *testing.T, s *Store, key string) store.Record {
	t.Helper()
	rec := newRecord(store.Sending)
	rec.Key = key
	_, err := s.Create(t.Context(), rec, "a", lasting)
	must(t, err)
	_, err = s.Report(t.Context(), fjord, rec.Ref, store.AcceptedFact{ID: rec.Ref, Source: store.FromAnswer})
	must(t, err)
	_, err = s.Report(t.Context(), fjord, rec.Ref, store.SettledFact{ID: rec.Ref, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
	must(t, err)
	rec, err = s.Decide(t.Context(), run(t, s, rec), store.AcknowledgeDecision{})
	must(t, err)
	return rec
}

func TestAKeyWhoseHolderIsPurgedMeanwhileIsNotTakenTwice(t *testing.T) {
	cfg := config(t)
	s, other := open(t, cfg), open(t, cfg)
	look := connect(t, cfg)
	ctx := t.Context()
	for _, c := range []struct {
		name string
		// lock is taken by the purge before it ends, for the others to wait for.
		lock string
		// waiting tells that they do.
		waiting func() bool
	}{
		{"before the record was looked for", "SELECT", func() bool {
			stats, err := other.Stats(ctx)
			return err == nil && stats.Blocked == 1
		}},
		{"between the record and its tombstone", "LOCK TABLE ~tombstones IN ACCESS EXCLUSIVE MODE", func() bool {
			return value[int](t, look, "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT l.granted AND n.nspname = $1", cfg.Schema) == 1
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := acknowledged(t, s, "key "+c.name)
			done := make(chan error, 1)
			err := s.alone(ctx, []string{rec.Ref}, func(v *view) error {
				var out store.PurgeCount
				if err := v.purge(rec.Ref, store.Retention{Ended: time.Now().Add(time.Minute)}, &out); err != nil || out.Ended != 1 {
					return fmt.Errorf("%d were purged, %w, want 1", out.Ended, err)
				}
				if err := v.send(statement{sql: c.lock}); err != nil {
					return err
				}
				go func() {
					_, err := other.Enqueue(ctx, queued(rec.Key, ""), nil)
					done <- err
				}()
				testkit.Eventually(t, "waiting", c.waiting)
				return nil
			})
			must(t, err)
			err = <-done
			if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || !held.Purged || held.Record.Ref != rec.Ref {
				t.Errorf("the key was taken: got %v, want that the purged %s holds it", err, rec.Ref)
			}
		})
	}
}

func TestAnIDIsFoundWhileItMovesBetweenTwoRecords(t *testing.T) {
	cfg := config(t)
	s, other := open(t, cfg), open(t, cfg)
	ctx := t.Context()
	for i := range 30 {
		id := hook.NewRef()
		rec := sending(t, s)
		_, err := s.Notify(ctx, store.Notification{Tenant: fjord, ID: id, NotificationID: "first", Body: []byte("1")})
		must(t, err)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Report(ctx, fjord, rec.Ref, store.AcceptedFact{ID: id, Source: store.FromAnswer}); err != nil {
				t.Errorf("Report: %v", err)
			}
		})
		wg.Go(func() {
			if _, err := other.Notify(ctx, store.Notification{Tenant: fjord, ID: id, NotificationID: "second", Body: []byte("2")}); err != nil {
				t.Errorf("Notify: %v", err)
			}
		})
		wg.Go(func() {
			if got, err := other.GetByID(ctx, fjord, id); err != nil || got.ID != id {
				t.Errorf("GetByID while it moves: got %q of %s, %v, want a record", got.ID, got.Ref, err)
			}
		})
		wg.Wait()
		got, err := other.GetByID(ctx, fjord, id)
		if err != nil || got.Ref != rec.Ref || got.Notifications != 2 {
			t.Fatalf("%d: id %s is that of %s with %d notifications, %v, want %s with 2", i, id, got.Ref, got.Notifications, err, rec.Ref)
		}
		if n, err := s.Count(ctx, fjord, store.Query{Phases: []store.Phase{store.Unmatched}}); err != nil || n != 0 {
			t.Fatalf("%d: %d records are unmatched, %v, want none", i, n, err)
		}
	}
}

func TestTwoProcessesAtOnce(t *testing.T) {
	cfg := config(t)
	handles := []*Store{open(t, cfg), open(t, cfg)}
	ctx := t.Context()
	const rounds, callers = 10, 4 // callers of each handle
	everybody := func(f func(s *Store)) {
		var wg sync.WaitGroup
		for _, s := range handles {
			for range callers {
				wg.Go(func() { f(s) })
			}
		}
		wg.Wait()
	}
	t.Run("one gets the key", func(t *testing.T) {
		for i := range rounds {
			key := fmt.Sprint("key ", i)
			var won atomic.Int32
			everybody(func(s *Store) {
				_, err := s.Enqueue(ctx, queued(key, ""), nil)
				if _, held := errors.AsType[*store.KeyHeldError](err); err == nil {
					won.Add(1)
				} else if !held {
					t.Errorf("got %v, want a *KeyHeldError", err)
				}
			})
			if n := won.Load(); n != 1 {
				t.Errorf("%d got the key, want 1", n)
			}
		}
	})
	t.Run("each gets a place", func(t *testing.T) {
		var places sync.Map
		everybody(func(s *Store) {
			for range rounds {
				rec, err := s.Enqueue(ctx, queued("", "sequence"), nil)
				if err != nil {
					t.Errorf("Enqueue: %v", err)
				} else if _, taken := places.LoadOrStore(rec.Place, true); taken {
					t.Errorf("place %d was given twice", rec.Place)
				}
			}
		})
		if q, err := handles[0].GetSequence(ctx, fjord, "sequence"); err != nil || q.Last != 2*callers*rounds || q.Waiting != 2*callers*rounds {
			t.Errorf("the last place is %d and %d wait, %v, want %d of both", q.Last, q.Waiting, err, 2*callers*rounds)
		}
	})
	t.Run("an unknown operation is one record", func(t *testing.T) {
		for i := range rounds {
			id := hook.NewRef()
			everybody(func(s *Store) {
				if _, err := s.Notify(ctx, store.Notification{Tenant: fjord, ID: id, NotificationID: "same", Body: []byte("{}")}); err != nil {
					t.Errorf("Notify: %v", err)
				}
			})
			got, err := handles[1].GetByID(ctx, fjord, id)
			if err != nil || got.Notifications != 1 || got.Duplicates != 2*callers-1 {
				t.Errorf("it has %d notifications and %d duplicates, %v, want 1 and %d", got.Notifications, got.Duplicates, err, 2*callers-1)
			}
			if n, err := handles[0].Count(ctx, fjord, store.Query{}); err != nil || n != rounds+2*callers*rounds+i+1 {
				t.Errorf("%d records are there, %v, want %d", n, err, rounds+2*callers*rounds+i+1)
			}
		}
	})
	t.Run("one gets the lease", func(t *testing.T) {
		for range rounds {
			rec := settled(t, handles[0])
			var won atomic.Int32
			everybody(func(s *Store) {
				_, held, err := s.Acquire(ctx, fjord, rec.Ref, "a", store.ToRun, lasting)
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, store.ErrLeased) || held.Lease.Owner != "a":
					t.Errorf("got %v with the lease of %q, want ErrLeased with that of a", err, held.Lease.Owner)
				}
			})
			if n := won.Load(); n != 1 {
				t.Errorf("%d got the lease, want 1", n)
			}
		}
	})
}
