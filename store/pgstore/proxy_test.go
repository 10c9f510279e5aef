package pgstore

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/pgcluster/pgproxy"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

func TestWatchersAreWokenThoughEveryNotificationIsLost(t *testing.T) {
	if slowest := quiet + jitter + answered; slowest >= WakeWithin {
		t.Errorf("a lost notification is made up for after %s, want less than WakeWithin, %s", slowest, WakeWithin)
	}
	cfg := config(t)
	other := open(t, cfg)
	p, deaf := proxied(t, cfg)
	d := newDiary()
	deaf.Logger = slog.New(d)
	deaf.ListenDSN = deaf.DSN + "&application_name=listener-" + cfg.Schema
	s := open(t, deaf)
	w := s.Watch(fjord)
	defer w.Close()
	direct := connect(t, cfg)
	listens := func() (pid int) {
		return value[int](t, direct, "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'LISTEN%' AND state = 'idle'", "listener-"+cfg.Schema)
	}
	testkit.Eventually(t, "listening", func() bool { return listens() != 0 })
	told := func(ref string) {
		t.Helper()
		testkit.Eventually(t, "told of "+ref, func() bool {
			refs, all := w.Take()
			return all || strings.Contains(strings.Join(refs, " "), ref)
		})
	}
	told(sending(t, other).Ref)
	// A busy machine may be late with one.
	testkit.Eventually(t, "healthy", func() bool { return s.Health(t.Context()) == nil })

	first := listens()
	p.DropNotifications(true)
	w.Take()
	changed := time.Now()
	told(sending(t, other).Ref)
	t.Logf("woken %s after a change whose notification was lost", time.Since(changed).Round(time.Millisecond))
	testkit.Eventually(t, "told in Stats", func() bool {
		stats, err := s.Stats(t.Context())
		return err == nil && stats.Deaf
	})
	if err := s.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "ListenDSN") {
		t.Errorf("Health: got %v, want that notifications do not arrive, and ListenDSN", err)
	}
	testkit.Eventually(t, "listening by another connection", func() bool { pid := listens(); return pid != 0 && pid != first })
	for range 2 {
		told(sending(t, other).Ref)
	}
	if lost, back := d.having("WARN notifications"), d.having("INFO notifications"); len(lost) != len(back)+1 {
		t.Errorf("the log has %q and %q, want one more warning that notifications do not arrive", lost, back)
	}

	p.DropNotifications(false)
	testkit.Eventually(t, "healthy, and told so", func() bool {
		stats, err := s.Stats(t.Context())
		return err == nil && !stats.Deaf && s.Health(t.Context()) == nil && len(d.having("INFO notifications")) == len(d.having("WARN notifications"))
	})
}

func TestWhoeverIsDeafAndWatchesNothingIsHealthy(t *testing.T) {
	p, cfg := proxied(t, config(t))
	s := open(t, cfg)
	p.DropNotifications(true)
	w := s.Watch(fjord)
	testkit.Eventually(t, "deaf", func() bool { return s.heard.lost.Load() })
	w.Close()
	testkit.Eventually(t, "healthy", func() bool { return s.Health(t.Context()) == nil })
}

// cuts are the points at which a connection ends around a COMMIT.
var cuts = map[string]pgproxy.Point{"before": pgproxy.BeforeCommit, "during": pgproxy.DuringCommit, "after": pgproxy.AfterCommit}

func TestWhatIsCutOffAtItsCommitIsMadeOnce(t *testing.T) {
	cfg := config(t)
	direct := open(t, cfg)
	p, far := proxied(t, cfg)
	s := open(t, far)
	ctx := t.Context()
	for point, at := range cuts {
		t.Run(point, func(t *testing.T) {
			// cut has the next COMMIT cut off.
			cut := func(t *testing.T, what string, f func()) {
				t.Helper()
				before := p.Counts().Cut
				p.CutAtCommit(at, 1)
				f()
				if got := p.Counts().Cut - before; got != 1 {
					t.Fatalf("%s: %d connections were cut, want 1", what, got)
				}
			}
			count := func(q store.Query) int {
				t.Helper()
				n, err := direct.Count(ctx, fjord, q)
				must(t, err)
				return n
			}
			before := count(store.Query{})

			rec := newRecord(store.Sending)
			rec.Key = "key " + point
			cut(t, "Create", func() {
				out, err := s.Create(ctx, rec, "a", lasting)
				if err != nil || out.Phase != store.Sending || out.Lease.Owner != "a" {
					t.Fatalf("Create: got %s of %q, %v, want what was created", out.Phase, out.Lease.Owner, err)
				}
			})
			id := hook.NewRef()
			cut(t, "Report", func() {
				out, err := s.Report(ctx, fjord, rec.Ref, store.AcceptedFact{ID: id, Source: store.FromAnswer})
				if err != nil || out.ID != id {
					t.Fatalf("Report: got id %q, %v, want %s", out.ID, err, id)
				}
			})
			cut(t, "Report", func() {
				out, err := s.Report(ctx, fjord, rec.Ref, store.AcceptedFact{ID: hook.NewRef(), Source: store.FromUser})
				if _, conflict := errors.AsType[*store.ConflictError](err); !conflict || out.Conflicts != 1 {
					t.Fatalf("Report of another id: got %d conflicts, %v, want one and a *ConflictError", out.Conflicts, err)
				}
			})
			cut(t, "Notify", func() {
				out, err := s.Notify(ctx, store.Notification{Tenant: fjord, Ref: rec.Ref, ID: id, NotificationID: point, Body: []byte(point)})
				if err != nil || out.Ref != rec.Ref {
					t.Fatalf("Notify: got %+v, %v, want the record", out, err)
				}
			})
			content := []byte(strings.Repeat("content ", 1000))
			_, err := direct.Report(ctx, fjord, rec.Ref, store.SettledFact{ID: id, Outcome: store.Outcome{Status: "Finished", StatusCode: 201, HasContent: true, Kept: true, Content: content}})
			must(t, err)
			var l store.Lease
			cut(t, "Acquire", func() {
				var out store.Record
				if l, out, err = s.Acquire(ctx, fjord, rec.Ref, "b", store.ToRun, lasting); err != nil || out.Attempts != 1 || string(out.Outcome.Content) != string(content) {
					t.Fatalf("Acquire: got %d runs, %v, want the first and the content", out.Attempts, err)
				}
			})
			cut(t, "Extend", func() {
				out, err := s.Extend(ctx, l, 2*lasting)
				if err != nil || !out.Until.After(l.Until) {
					t.Fatalf("Extend: got a lease until %s, %v, want one that ends later than %s", out.Until, err, l.Until)
				}
			})
			cut(t, "Decide", func() {
				if out, err := s.Decide(ctx, l, store.AcknowledgeDecision{}); err != nil || out.Phase != store.Acknowledged {
					t.Fatalf("Decide: got %s, %v, want %s", out.Phase, err, store.Acknowledged)
				}
			})
			got, err := direct.Get(ctx, fjord, rec.Ref)
			if err != nil || got.Notifications != 1 || got.Duplicates != 0 || got.Conflicts != 1 || got.Attempts != 1 {
				t.Errorf("there were %d notifications, %d duplicates, %d conflicts and %d runs, %v, want 1, 0, 1 and 1", got.Notifications, got.Duplicates, got.Conflicts, got.Attempts, err)
			}

			for place := uint64(1); place <= 2; place++ {
				cut(t, "Enqueue", func() {
					out, err := s.Enqueue(ctx, queued("", "sequence "+point), []byte("{}"))
					if err != nil || out.Place != place {
						t.Fatalf("Enqueue: got place %d, %v, want %d", out.Place, err, place)
					}
				})
			}
			if q, err := direct.GetSequence(ctx, fjord, "sequence "+point); err != nil || q.Waiting != 2 || q.Last != 2 {
				t.Errorf("the sequence has %d waiting and its last at %d, %v, want 2 and 2", q.Waiting, q.Last, err)
			}
			cut(t, "PutDocument", func() {
				if out, err := s.PutDocument(ctx, store.Document{Tenant: fjord, Name: point, Body: []byte("{}")}); err != nil || out.Version == 0 {
					t.Fatalf("PutDocument: got version %d, %v, want one", out.Version, err)
				}
			})
			if got := count(store.Query{}) - before; got != 3 {
				t.Errorf("%d records were made, want 3", got)
			}
		})
	}
}

// slowCommits has every COMMIT wait as long as somebody holds the lock that is
// returned.
func slowCommits(t *testing.T, s *Store) (lock int64) {
	t.Helper()
	lock = s.name("test", t.Name())
	conn := connect(t, s.cfg)
	exec(t, conn, s.text("CREATE FUNCTION ~wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(TG_ARGV[0]::bigint); RETURN NULL; END $$"))
	exec(t, conn, s.text("CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON ~groups DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ~wait('"+fmt.Sprint(lock)+"')"))
	return lock
}

func TestWhatIsCutOffIsMadeOnceThoughTheServerIsStillAtIt(t *testing.T) {
	cfg := config(t)
	direct := open(t, cfg)
	p, far := proxied(t, cfg)
	s := open(t, far)
	lock := slowCommits(t, direct)
	holder, look := connect(t, cfg), connect(t, cfg)
	exec(t, holder, "SELECT pg_advisory_lock($1)", lock)
	commits := func() (pid int) {
		return value[int](t, look, "SELECT coalesce(max(pid), 0) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND (classid::bigint << 32) | objid::bigint = $1", lock)
	}
	p.CutAtCommit(pgproxy.DuringCommit, 1)
	p.Refuse(true) // pgx asks for what it lost to be cancelled, and that would end it
	rec := newRecord(store.Sending)
	rec.Key = "key"
	done := make(chan error, 1)
	go func() {
		out, err := s.Create(t.Context(), rec, "a", lasting)
		if err == nil && out.Ref != rec.Ref {
			err = fmt.Errorf("got record %s, want %s", out.Ref, rec.Ref)
		}
		done <- err
	}()
	testkit.Eventually(t, "cut off", func() bool { return p.Counts().Cut == 1 })
	var old int
	testkit.Eventually(t, "at a COMMIT", func() bool { old = commits(); return old != 0 })
	p.Refuse(false)
	testkit.Eventually(t, "at another COMMIT, with the old process ended", func() bool { pid := commits(); return pid != 0 && pid != old })
	if n := value[int](t, look, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", old); n != 0 {
		t.Errorf("the old process of the server is still there")
	}
	exec(t, holder, "SELECT pg_advisory_unlock($1)", lock)
	must(t, <-done)
	if n, err := direct.Count(t.Context(), fjord, store.Query{}); err != nil || n != 1 {
		t.Errorf("%d records are there, %v, want 1", n, err)
	}
}

func TestAChangeOfWhichNothingCanBeFoundOutSaysSo(t *testing.T) {
	cfg := config(t)
	direct := open(t, cfg)
	p, far := proxied(t, cfg)
	far.MaxConns = 3
	s := open(t, far)
	s.findOut = 50 * time.Millisecond
	// One connection is left, and another one cannot be made.
	taken, err := s.acquire(t.Context())
	must(t, err)
	left, err := s.acquire(t.Context())
	must(t, err)
	left.Release()
	defer taken.Release()
	tx := begun(t, cfg)
	_, err = direct.EnqueueTx(t.Context(), Pgx(tx), queued("key", ""), nil)
	must(t, err)

	// One that waits for somebody's transaction and one that does not are carried out
	// together.
	blocked, free := queued("key", ""), queued("", "")
	group := []*step{}
	for _, rec := range []store.Record{blocked, free} {
		st := &step{needs: s.forNew(rec), fresh: rec.Ref, ctx: t.Context(), since: time.Now(), done: make(chan struct{})}
		st.run = func(_ *view, r store.Rules) error {
			_, err := r.Enqueue(rec, nil)
			return err
		}
		group = append(group, st)
	}
	p.CutAtCommit(pgproxy.AfterCommit, 1)
	p.Refuse(true)
	s.carryOut(group)
	<-group[1].done
	if _, unknown := errors.AsType[*OutcomeUnknownError](group[1].err); !unknown {
		t.Errorf("what was cut off ended with %v, want an *OutcomeUnknownError", group[1].err)
	}
	p.Refuse(false)
	if _, err := direct.Get(t.Context(), fjord, free.Ref); err != nil {
		t.Errorf("what was committed: %v", err)
	}
	must(t, tx.Rollback(t.Context()))
	select {
	case <-group[0].done:
		must(t, group[0].err)
	case <-testkit.Within(t, time.Minute).Done():
		t.Fatal("what waited for somebody's transaction is not carried out after it")
	}
}
