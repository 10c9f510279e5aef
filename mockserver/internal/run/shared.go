package run

import (
	"context"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/queue"
)

// Serve works on a shared queue until the server closes: it takes what others
// added or left behind, operations as well as notices.
func (q *Runner) Serve() {
	if q.shared == nil {
		return
	}
	q.serving.Store(true)
	q.cfg.Pool.Spawn(func(ctx context.Context) {
		q.shared.Watch(ctx, q.cfg.Clocks.Now, func() { q.Dispatch(nil) }, q.abandon)
	})
	q.cfg.Pool.Spawn(func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-q.kicks:
			}
			q.takeAsked(ctx)
		}
	})
	q.cfg.Pool.Spawn(func(ctx context.Context) {
		for vtime.SleepReal(ctx, time.Second) == nil {
			q.adopt(ctx)
		}
	})
	q.Dispatch(nil)
}

// ClockMoved has jobs taken that were held before this server began, of
// which it has no timer.
func (q *Runner) ClockMoved(g *vtime.Generation) {
	if q.serving.Load() {
		q.Dispatch(g)
	}
}

// abandon cancels what runs: its leases are gone, and its results will be
// refused.
func (q *Runner) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.cfg.Log.Warn("leases lost: this process was not heard of in time", "operations", len(q.running))
	for lease, r := range q.running {
		q.forget(lease, r, queue.ErrLeaseLost)
	}
}

// adopt takes over notices that nobody is at any more.
func (q *Runner) adopt(ctx context.Context) {
	for ctx.Err() == nil {
		jobs, err := q.shared.TakeNotices(ctx, maxTake)
		if err != nil && ctx.Err() == nil {
			q.cfg.Log.Warn("notices not taken over", "error", err)
		}
		for _, job := range jobs {
			q.cfg.Resume(background.Of(job))
		}
		if len(jobs) < maxTake {
			return
		}
	}
}
