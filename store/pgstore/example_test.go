package pgstore_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/pgstore"
)

// What docs/operating.md shows, which needs a server to run.

// migrations prints what makes the schema, for tools that migrate.
func migrations(schema string) error {
	list, err := pgstore.Migrations(schema)
	if err != nil {
		return err
	}
	for _, m := range list {
		fmt.Printf("-- version %d, for programs of version %d or later\n%s\n", m.Version, m.Compatible, m.SQL)
	}
	return nil
}

// group tells in which database a tenant is. It must say the same for ever: a tenant
// that moves has to be copied. A table that says it can divide by load.
func group(tenant string, databases int) int {
	h := fnv.New32a()
	h.Write([]byte(tenant))
	return int(h.Sum32() % uint32(databases))
}

// openAll opens one store for each database.
func openAll(ctx context.Context, dsns []string) ([]*pgstore.Store, error) {
	stores := make([]*pgstore.Store, len(dsns))
	for i, dsn := range dsns {
		var err error
		if stores[i], err = pgstore.Open(ctx, pgstore.Config{DSN: dsn, MaxConns: 4}); err != nil {
			return nil, err
		}
	}
	return stores, nil
}

// clientOf has the client of a tenant use the store of its group.
func clientOf(tenant string, stores []*pgstore.Store, cfg client.Config) (*client.Client, error) {
	cfg.Tenant, cfg.Store = tenant, stores[group(tenant, len(stores))]
	return client.New(cfg)
}

// replay gives the dead letters of a kind back to their handler, once its fault is
// mended.
func replay(ctx context.Context, c *client.Client, kind string) error {
	n, err := c.ReplayDead(ctx, client.DeadFilter{Kind: kind})
	fmt.Println(n.Replayed, "of", n.Selected, "are handled again")
	return err
}

// afterRestore withdraws what a restored backup has not sent yet, as far as it may have
// been sent since, before any program runs on it.
func afterRestore(ctx context.Context, c *client.Client, sent func(key string) bool) error {
	for op, err := range c.Pending(ctx) {
		if err != nil {
			return err
		}
		state, err := op.State(ctx)
		if err != nil {
			return err
		}
		if state.Phase == store.Queued && sent(op.Key()) {
			if err := op.Withdraw(ctx, "was sent after the backup was made"); err != nil {
				return err
			}
		}
	}
	return nil
}

// watch tells an operator how a store fares.
func watch(ctx context.Context, s *pgstore.Store) {
	for range time.Tick(time.Minute) {
		stats, err := s.Stats(ctx)
		fmt.Println(stats.Phases, stats.OldestDue, stats.Bytes, err)
		fmt.Println("waiting", stats.Waiting, "blocked", stats.Blocked, "deaf", stats.Deaf, s.Health(ctx))
	}
}

// They are used, so that they are compiled.
var _ = []any{migrations, openAll, clientOf, replay, afterRestore, watch}
