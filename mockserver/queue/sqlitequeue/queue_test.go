package sqlitequeue_test

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/queue"
	"github.com/vismanet-go/background/mockserver/queue/queuetest"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

func open(t *testing.T, dir string, cfg sqlitequeue.Config) *sqlitequeue.Queue {
	t.Helper()
	cfg.Dir = dir
	q, err := sqlitequeue.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func TestQueue(t *testing.T) {
	for _, d := range []sqlitequeue.Durability{sqlitequeue.Normal, sqlitequeue.Full} {
		t.Run(string(d), func(t *testing.T) {
			queuetest.Run(t, func(t *testing.T) queue.Queue {
				return open(t, t.TempDir(), sqlitequeue.Config{Durability: d})
			})
		})
	}
}

func TestSharedQueue(t *testing.T) {
	queuetest.RunShared(t, func(t *testing.T) func() queue.Shared {
		dir := t.TempDir()
		return func() queue.Shared { return open(t, dir, sqlitequeue.Config{Lease: 400 * time.Millisecond}) }
	})
}
