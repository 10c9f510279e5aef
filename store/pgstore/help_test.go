package pgstore

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/pgcluster/pgproxy"
	"github.com/vismanet-go/background/store"
)

const fjord = "fjord"

// proxied is a proxy in front of the server of cfg, and cfg by way of it.
func proxied(t testing.TB, cfg Config) (*pgproxy.Proxy, Config) {
	t.Helper()
	server, err := pgx.ParseConfig(cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pgproxy.Start(net.JoinHostPort(server.Host, strconv.Itoa(int(server.Port))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close the proxy: %v", err)
		}
	})
	if cfg.DSN, err = p.DSN(cfg.DSN); err != nil {
		t.Fatal(err)
	}
	cfg.ListenDSN = ""
	return p, cfg
}

// diary keeps what is logged.
type diary struct {
	slog.Handler

	mu    sync.Mutex // guards lines
	lines []string
}

func newDiary() *diary { return &diary{Handler: slog.DiscardHandler} }

func (d *diary) Enabled(context.Context, slog.Level) bool { return true }

func (d *diary) Handle(_ context.Context, r slog.Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	d.lines = append(d.lines, line)
	return nil
}

// having returns the lines in which a text stands.
func (d *diary) having(text string) (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, line := range d.lines {
		if strings.Contains(line, text) {
			out = append(out, line)
		}
	}
	return out
}

// connect connects directly.
func connect(t testing.TB, cfg Config) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// begun is a transaction of an application, which is rolled back with the test.
func begun(t testing.TB, cfg Config) pgx.Tx {
	t.Helper()
	tx, err := connect(t, cfg).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback(context.WithoutCancel(t.Context())) })
	return tx
}

func exec(t testing.TB, conn interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}, sql string, args ...any,
) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// value reads one value.
func value[T any](t testing.TB, conn rower, sql string, args ...any) (v T) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// lasting is how long leases last that do not end within a test.
const lasting = time.Minute

// sending is a new record that is being sent.
func sending(t testing.TB, s *Store) store.Record {
	t.Helper()
	rec, err := s.Create(t.Context(), newRecord(store.Sending), "a", lasting)
	must(t, err)
	return rec
}

// accepted is one that was accepted under an id of its own.
func accepted(t testing.TB, s *Store) store.Record {
	t.Helper()
	rec := sending(t, s)
	rec, err := s.Report(t.Context(), fjord, rec.Ref, store.AcceptedFact{ID: hook.NewRef(), Source: store.FromAnswer})
	must(t, err)
	return rec
}

// settled is one that has succeeded.
func settled(t testing.TB, s *Store) store.Record {
	t.Helper()
	rec := accepted(t, s)
	rec, err := s.Report(t.Context(), fjord, rec.Ref, store.SettledFact{ID: rec.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
	must(t, err)
	return rec
}

// run begins a run of its handler.
func run(t testing.TB, s *Store, rec store.Record) store.Lease {
	t.Helper()
	l, _, err := s.Acquire(t.Context(), fjord, rec.Ref, "a", store.ToRun, lasting)
	must(t, err)
	return l
}

// queued is what is to be sent.
func queued(key, sequence string) store.Record {
	rec := newRecord(store.Queued)
	rec.Key, rec.Sequence = key, sequence
	return rec
}
