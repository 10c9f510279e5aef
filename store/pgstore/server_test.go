package pgstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// ownServer is a configuration of a store on a server that the test may kill.
func ownServer(t *testing.T, settings map[string]string) (*pgcluster.Cluster, Config) {
	t.Helper()
	pg := pgtest.Cluster(t, pgcluster.Config{Settings: settings})
	return pg, Config{DSN: pg.DSN(), Logger: slog.New(slog.DiscardHandler)}
}

// load has several callers create and report until it is stopped, and keeps what was
// acknowledged to them.
type load struct {
	s    *Store
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu       sync.Mutex // guards what follows
	accepted map[string]string
	odd      []error
}

// loaded begins a load, which ends with the test.
func loaded(t *testing.T, s *Store) *load {
	ctx, stop := context.WithCancel(t.Context())
	l := &load{s: s, stop: stop, accepted: make(map[string]string)}
	for range 4 {
		l.wg.Go(func() {
			for ctx.Err() == nil {
				l.one(ctx)
			}
		})
	}
	t.Cleanup(func() { stop(); l.wg.Wait() })
	return l
}

func (l *load) one(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	rec, err := l.s.Create(ctx, newRecord(store.Sending), "a", lasting)
	if err == nil {
		id := hook.NewRef()
		if _, err = l.s.Report(ctx, rec.Tenant, rec.Ref, store.AcceptedFact{ID: id, Source: store.FromAnswer}); err == nil {
			l.mu.Lock()
			l.accepted[rec.Ref] = id
			l.mu.Unlock()
		}
	}
	if _, unknown := errors.AsType[*OutcomeUnknownError](err); err != nil && !errors.Is(err, ErrUnavailable) && !unknown {
		l.mu.Lock()
		l.odd = append(l.odd, err)
		l.mu.Unlock()
	}
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accepted)
}

// more waits until more has been acknowledged.
func (l *load) more(t *testing.T) {
	t.Helper()
	before := l.count()
	testkit.Eventually(t, "acknowledging more", func() bool { return l.count() > before+8 })
}

// end stops the callers and checks that all that was acknowledged is there.
func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.wg.Wait()
	for _, err := range l.odd {
		t.Errorf("a call failed with %v, want ErrUnavailable or none", err)
	}
	for ref, id := range l.accepted {
		if rec, err := l.s.Get(context.WithoutCancel(t.Context()), fjord, ref); err != nil || rec.ID != id {
			t.Errorf("what was acknowledged as %s has id %q, %v, want %s", ref, rec.ID, err, id)
		}
	}
}

func TestWorkGoesOnThoughTheServerIsKilled(t *testing.T) {
	pg, cfg := ownServer(t, nil)
	cfg.Patience = 30 * time.Second
	s := open(t, cfg)
	w := s.Watch(fjord)
	defer w.Close()
	l := loaded(t, s)
	l.more(t)
	for _, end := range []func(){func() { pg.Stop(pgcluster.Fast) }, pg.Kill} {
		end()
		must(t, pg.Restart(testkit.Within(t, time.Minute)))
		l.more(t)
	}
	conn := connect(t, cfg)
	for range 5 {
		exec(t, conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
		l.more(t)
	}
	l.end(t)
	testkit.Eventually(t, "healthy", func() bool { return s.Health(t.Context()) == nil })
}

func TestCallsFailWhileTheServerIsStoppedAndWorkAfterwards(t *testing.T) {
	pg, cfg := ownServer(t, nil)
	cfg.Patience = 50 * time.Millisecond
	s := open(t, cfg)
	rec := accepted(t, s)
	ctx := t.Context()
	pg.Stop(pgcluster.Fast)
	calls := map[string]func() error{
		"Create": func() error { _, err := s.Create(ctx, newRecord(store.Sending), "a", lasting); return err },
		"Get":    func() error { _, err := s.Get(ctx, fjord, rec.Ref); return err },
		"List":   func() error { _, err := s.List(ctx, fjord, store.Query{}); return err },
		"Purge":  func() error { _, err := s.Purge(ctx, fjord, store.Retention{Ended: time.Now()}); return err },
		"Stats":  func() error { _, err := s.Stats(ctx); return err },
		"Health": func() error { return s.Health(ctx) },
		"Open":   func() error { _, err := Open(ctx, cfg); return err },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s while the server is away: got %v, want ErrUnavailable", name, err)
		}
	}
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	s.cfg.Patience = time.Minute
	if _, err := s.Get(soon, fjord, rec.Ref); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller who does not wait: got %v, want its deadline", err)
	}
	must(t, pg.Restart(testkit.Within(t, time.Minute)))
	got, err := s.Get(ctx, fjord, rec.Ref)
	if err != nil || got.ID != rec.ID {
		t.Errorf("Get afterwards: got id %q, %v, want %s", got.ID, err, rec.ID)
	}
	sending(t, s)
	must(t, s.Health(ctx))
}

func TestAProcessWaitsForConnectionsThatOthersHave(t *testing.T) {
	_, cfg := ownServer(t, map[string]string{"max_connections": "8", "superuser_reserved_connections": "0", "max_wal_senders": "0"})
	cfg.Patience = 50 * time.Millisecond
	s := open(t, cfg)
	ctx := t.Context()
	sending(t, s)
	s.pool.Reset() // so that it needs new ones
	var others []*pgx.Conn
	testkit.Eventually(t, "out of connections", func() bool {
		conn, err := pgx.Connect(ctx, cfg.DSN)
		if err == nil {
			others = append(others, conn)
		}
		return err != nil
	})
	if _, err := s.Create(ctx, newRecord(store.Sending), "a", lasting); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a connection: got %v, want ErrUnavailable", err)
	}
	if err := s.Health(ctx); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Health without a connection: got %v, want ErrUnavailable", err)
	}
	for _, conn := range others {
		must(t, conn.Close(ctx))
	}
	testkit.Eventually(t, "working again", func() bool {
		_, err := s.Create(ctx, newRecord(store.Sending), "a", lasting)
		return err == nil
	})
	must(t, s.Health(ctx))
}

func TestAFailOverLosesNothingThoughThePrimaryIsKilled(t *testing.T) {
	pg, cfg := ownServer(t, nil)
	standby := pgtest.Standby(t, pg)
	cfg.DSN, cfg.Patience = pgcluster.MultiDSN(pg, standby), time.Minute
	s := open(t, cfg)
	l := loaded(t, s)
	l.more(t)
	pg.Kill()
	must(t, standby.Promote(testkit.Within(t, time.Minute)))
	l.more(t)
	l.end(t)
	testkit.Eventually(t, "healthy", func() bool { return s.Health(t.Context()) == nil })
}
