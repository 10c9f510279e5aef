package run

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/queue"
)

// A Runner takes jobs from the queue and runs them. A worker is a free slot, not a
// goroutine; waiting for the end of an execution time costs a timer only.
type Runner struct {
	cfg    Config
	shared queue.Shared // Config.Store, if it is one

	taking  sync.Mutex   // held while jobs are taken
	adding  sync.RWMutex // read-held while a job is added; a reset holds it
	mu      sync.Mutex   // guards all below
	running map[queue.Lease]*run
	asked   []*vtime.Task // wait until somebody has taken from a shared queue
	paused  pauses
	kicks   chan struct{} // asks to take from a shared queue

	serving atomic.Bool // it works on a shared queue
}

// New returns a runner that has nothing to do.
func New(cfg Config) *Runner {
	q := &Runner{cfg: cfg, running: make(map[queue.Lease]*run), kicks: make(chan struct{}, 1)}
	q.shared, _ = cfg.Store.(queue.Shared)
	return q
}

// Shared is the queue, if it is one that several servers may use; else nil.
func (q *Runner) Shared() queue.Shared { return q.shared }

// A run is a job of this server, from when it is taken to its end.
type run struct {
	company string
	cancel  context.CancelCauseFunc
	done    chan struct{} // closed when it is no more in Runner.running
}

// forget takes a run off the list. It needs q.mu.
func (q *Runner) forget(lease queue.Lease, r *run, cause error) {
	delete(q.running, lease)
	close(r.done)
	if cause != nil {
		r.cancel(cause)
	}
}

// Work is what a job makes a worker do. It runs again if its effects cannot
// be stored because they are out of date.
type Work interface {
	// Run calls the handler. Early, if not nil, may be called before Run
	// returns, with an answer that is to be reported at once.
	Run(ctx context.Context, early func(answer.Outcome)) answer.Outcome
	// Changes are what Run did to the ERP's data.
	Changes() *queue.Changes
	// Done tells whether the changes were stored.
	Done(stored bool)
}

// Add stores a job and has it run. After an error nothing is stored. What a
// reset did not wait for adds nothing any more.
func (q *Runner) Add(ctx context.Context, job *queue.Job, g *vtime.Generation) error {
	if err := q.keep(ctx, job, g); err != nil {
		return fmt.Errorf("store operation %s: %w", job.ID, err)
	}
	q.Dispatch(g)
	if wait := job.NotBefore.Sub(job.Received); wait > 0 && !job.NotBefore.IsZero() {
		g.After(wait, background.Label("end of the hold of", &job.Operation), func(context.Context, *vtime.Task) { q.Dispatch(g) })
	}
	return nil
}

func (q *Runner) keep(ctx context.Context, job *queue.Job, g *vtime.Generation) error {
	q.adding.RLock()
	defer q.adding.RUnlock()
	if g.IsVoid() {
		return vtime.ErrReset
	}
	return q.cfg.Store.Add(context.WithoutCancel(ctx), job)
}

// Taking is held while jobs are taken.
func (q *Runner) Taking() sync.Locker { return &q.taking }

// Reset forgets the jobs of a company, or all of them. The caller holds [Runner.Taking].
func (q *Runner) Reset(ctx context.Context, company string) error {
	q.mu.Lock()
	for lease, r := range q.running {
		if company == "" || r.company == company {
			q.forget(lease, r, vtime.ErrReset)
		}
	}
	q.paused.set(company, false)
	q.mu.Unlock()
	q.adding.Lock() // what was begun before is stored by now, and goes
	defer q.adding.Unlock()
	if err := q.cfg.Store.Reset(context.WithoutCancel(ctx), company); err != nil {
		return fmt.Errorf("empty the queue: %w", err)
	}
	return nil
}
