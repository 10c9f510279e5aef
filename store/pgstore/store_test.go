package pgstore

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/storetest"
)

func benchDSN(testing.TB) string { return os.Getenv("DATABASE_URL") }

func config(t *testing.T) Config {
	dsn := os.Getenv("DATABASE_URL")
	schema := "test_" + strconv.FormatUint(rand.Uint64(), 36)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), dsn)
		if err != nil {
			return
		}
		defer conn.Close(context.Background())
		_, _ = conn.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+schema+" CASCADE")
	})
	return Config{DSN: dsn, Schema: schema}
}

func open(t *testing.T, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open: func(t *testing.T) store.Store { return open(t, config(t)) },
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
