package pgstore

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// config is that of a store in a schema of the test's own.
func config(t testing.TB) Config {
	t.Helper()
	dsn, schema := pgtest.DSN(t)
	return Config{DSN: dsn, Schema: schema, Logger: slog.New(slog.DiscardHandler)}
}

func open(t testing.TB, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// emptied returns what opens a store in one schema, which is made once and emptied
// each time: to make one takes longer than most tests.
func emptied(t *testing.T, cfg Config) func(*testing.T) store.Store {
	open(t, cfg).Close()
	conn := connect(t, cfg)
	from := "DELETE FROM " + pgx.Identifier{cfg.Schema}.Sanitize() + "."
	empty := from + "groups; " + from + strings.Join(tables, "; "+from)
	return func(t *testing.T) store.Store {
		exec(t, conn, empty)
		return open(t, cfg)
	}
}

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Lease: 500 * time.Millisecond, // a step takes milliseconds, and more on a busy machine
		Open:  emptied(t, config(t)),
		Share: func(t *testing.T, s store.Store) store.Store {
			return open(t, s.(*Store).cfg)
		},
		Ahead: func(t *testing.T, s store.Store, by time.Duration, step func(store.Rules) error) error {
			return s.(*Store).ahead(t.Context(), by, step)
		},
	})
}

// ahead carries out a step as a server does whose clock is ahead.
func (s *Store) ahead(ctx context.Context, by time.Duration, rule func(store.Rules) error) error {
	return s.do(ctx, &step{run: func(v *view, r store.Rules) error {
		now := v.now
		v.now = now.Add(by)
		defer func() { v.now = now }()
		return rule(r)
	}})
}
