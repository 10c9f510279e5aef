package sqlitestore

import (
	"context"
	"time"

	"github.com/vismanet-go/background/store"
)

// Ahead carries out a step on s as by a process whose clock is ahead.
func Ahead(ctx context.Context, s *Store, by time.Duration, f func(store.Rules) error) error {
	return s.change(ctx, func(t *tx, r store.Rules) error {
		t.now = t.now.Add(by)
		return f(r)
	})
}

// Syncs is how many transactions of a store were synced.
func Syncs(s *Store) int64 { return s.file.Syncs() }

// PathOf returns the path of a store's file.
func PathOf(s *Store) string { return s.cfg.Path }
