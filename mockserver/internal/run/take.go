package run

import (
	"context"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/queue"
)

// Dispatch starts what may run: at once with a queue of our own, soon with a
// shared one, where that may take a while. The company of a generation that is
// given is busy until then.
func (q *Runner) Dispatch(g *vtime.Generation) {
	if q.shared == nil {
		q.take(q.cfg.Pool.Context())
		return
	}
	if g != nil {
		t := g.Begin(vtime.Label{Verb: "taking from the queue"})
		q.mu.Lock()
		q.asked = append(q.asked, t)
		q.mu.Unlock()
	}
	select {
	case q.kicks <- struct{}{}:
	default: // somebody asked already
	}
}

// takeAsked is take for those who asked for it.
func (q *Runner) takeAsked(ctx context.Context) {
	q.mu.Lock()
	asked := q.asked
	q.asked = nil
	q.mu.Unlock()
	q.take(ctx)
	for _, t := range asked {
		t.End()
	}
}

// maxTake is how many jobs are taken in one go.
const maxTake = 256

func (q *Runner) take(ctx context.Context) {
	q.taking.Lock()
	defer q.taking.Unlock()
	for ctx.Err() == nil {
		room := q.room()
		if room <= 0 {
			return
		}
		jobs, err := q.cfg.Store.Take(ctx, q.cfg.Clocks.Now, q.limits(room))
		if err != nil && ctx.Err() == nil {
			q.cfg.Log.Warn("nothing taken from the queue", "error", err)
		}
		for _, job := range jobs {
			q.start(job)
		}
		if len(jobs) < maxTake {
			return
		}
	}
}

func (q *Runner) limits(limit int) queue.Limits {
	r := queue.Limits{Max: limit, PerCompany: q.cfg.Workers, Order: q.cfg.Order}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.paused.none() {
		r.Hold = q.isPaused
	}
	return r
}

// room is how many more jobs may be taken now.
func (q *Runner) room() int {
	if q.cfg.MaxRunning == 0 {
		return maxTake
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return min(maxTake, q.cfg.MaxRunning-len(q.running))
}
