package mockserver

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
)

// Start begins to work on a shared Queue, on what other servers added or left
// behind too. The first request does the same, so that it is needed only by a
// server that gets none. Register all handlers before. Without a shared Queue
// it does nothing.
func (s *Server) Start() { s.started.Do(func() { s.queue.serve(s.notifier.resume) }) }

// serve works on a shared queue until the server closes: it takes what others
// added or left behind, operations as well as notices.
func (q *runner) serve(resume func(*operation)) {
	if q.shared == nil {
		return
	}
	q.serving.Store(true)
	q.pool.Spawn(func(ctx context.Context) {
		q.shared.Watch(ctx, q.clocks.Now, func() { q.look(nil) }, q.abandon)
	})
	q.pool.Spawn(func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-q.kicks:
			}
			q.takeAsked(ctx)
		}
	})
	q.pool.Spawn(func(ctx context.Context) {
		for vtime.SleepReal(ctx, time.Second) == nil {
			q.adopt(ctx, resume)
		}
	})
	q.look(nil)
}

// clockMoved has a look made for what was held before this server began, of
// which it has no timer.
func (q *runner) clockMoved(g *vtime.Generation) {
	if q.serving.Load() {
		q.look(g)
	}
}

// abandon cancels what runs: its leases are gone, and its results will be
// refused.
func (q *runner) abandon() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.log.Warn("leases lost: this process was not heard of in time", "operations", len(q.running))
	for lease, r := range q.running {
		q.forget(lease, r, ErrLeaseLost)
	}
}

// adopt takes over notices that nobody is at any more.
func (q *runner) adopt(ctx context.Context, resume func(*operation)) {
	for ctx.Err() == nil {
		jobs, err := q.shared.TakeNotices(ctx, maxTake)
		if err != nil && ctx.Err() == nil {
			q.log.Warn("notices not taken over", "error", err)
		}
		for _, job := range jobs {
			resume(job.operation())
		}
		if len(jobs) < maxTake {
			return
		}
	}
}

// A notice is a delivery as a shared queue keeps it.
type notice struct {
	Delivery Delivery
	Retry    Retry
	Fault    NotifyFault
}

// encode is d for a shared queue. The caller holds the notifier's mutex, or
// nobody else knows d yet.
func (d *delivery) encode() []byte {
	data, err := json.Marshal(notice{d.Delivery, d.retry, d.fault})
	if err != nil {
		panic(err) // faults were checked to be encodable
	}
	return data
}

// restore makes the delivery of an operation that comes from a shared queue,
// and lists it.
func (n *notifier) restore(op *operation, g *vtime.Generation) *delivery {
	d := n.restored(op, g)
	if d != nil {
		n.enlist(d)
	}
	return d
}

func (n *notifier) restored(op *operation, g *vtime.Generation) *delivery {
	var stored notice
	if op.notice == nil {
		return nil
	}
	if err := json.Unmarshal(op.notice, &stored); err != nil {
		n.log.Error("stored notification is not readable", "id", op.ID, "error", err)
		return nil
	}
	return &delivery{Delivery: stored.Delivery, op: op, retry: stored.Retry, fault: stored.Fault, first: g.Clock().NewSignal(), generation: g}
}

// enlist remembers a delivery.
func (n *notifier) enlist(d *delivery) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.list) >= maxDeliveries {
		n.list = slices.Delete(n.list, 0, maxDeliveries/10)
	}
	n.list = append(n.list, d)
}

// jobEnded has the notification of an operation sent that has just ended here.
func (s *Server) jobEnded(op *operation, g *vtime.Generation, by *vtime.Task) {
	switch d := op.delivery; {
	case d == nil || d.generation != g: // it came from the queue's files, or from another server in this process
		op.delivery = s.notifier.restore(op, g)
	case s.notifier.shared != nil:
		s.notifier.enlist(d)
	}
	s.notifier.ended(op, by)
}

// resume goes on with a notification where another process left it.
func (n *notifier) resume(op *operation) {
	d := n.restore(op, n.clocks.Of(op.Company).Generation())
	op.delivery = d
	if d != nil {
		n.goOn(d)
	}
}

// goOn plans the next attempt of a restored delivery.
func (n *notifier) goOn(d *delivery) {
	if d.Body == nil {
		n.ended(d.op, nil)
		return
	}
	made, last := 0, time.Time{}
	for _, a := range d.Attempts {
		if !a.Replayed && !a.Redelivery {
			made, last = made+1, a.Ended
		}
	}
	wait := time.Duration(0)
	if made > 0 {
		wait = last.Add(d.retry.before(made)).Sub(d.generation.Clock().Now())
	}
	d.generation.After(wait, d.op.label("notification, again,"), func(ctx context.Context, _ *vtime.Task) {
		d.begun = true
		n.deliver(ctx, d, made+1, d.fault.Duplicates)
	})
}

// save stores how far a delivery is, if the queue is shared. What a server does
// that is closing is not stored: the next one does it again.
func (n *notifier) save(d *delivery) {
	if n.shared == nil || d.generation.Context().Err() != nil {
		return
	}
	n.mu.Lock()
	data, done := d.encode(), d.State != DeliveryWaiting
	n.mu.Unlock()
	err := n.shared.SaveNotice(context.WithoutCancel(n.pool.Context()), d.OperationID, data, done)
	if errors.Is(err, ErrLeaseLost) {
		n.mu.Lock()
		d.lost = true
		n.mu.Unlock()
		return
	}
	if err != nil {
		n.log.Warn("attempt of a notification not stored: it may be made again", "id", d.OperationID, "error", err)
	}
}

// isOver tells whether nothing is left to do here: another process has taken
// the delivery over, or a redelivery got through.
func (n *notifier) isOver(d *delivery) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return d.lost || d.taken
}

// stored lists the deliveries in a shared queue.
func (n *notifier) stored() []Delivery {
	all, err := n.shared.Notices(context.WithoutCancel(n.pool.Context()), maxDeliveries)
	if err != nil {
		n.log.Error("deliveries not listed", "error", err)
	}
	list := make([]Delivery, 0, len(all))
	for _, data := range all {
		var stored notice
		if json.Unmarshal(data, &stored) == nil {
			list = append(list, stored.Delivery)
		}
	}
	return list
}

// awaitStored is awaitIfEarly where another process may send the notification.
func (n *notifier) awaitStored(ctx context.Context, t *vtime.Task, id string) {
	busy := t.Idle()
	defer busy()
	for vtime.SleepReal(ctx, 20*time.Millisecond) == nil && t.Generation().Context().Err() == nil {
		job, err := n.shared.Get(ctx, id, n.clocks.Now)
		if err != nil {
			return
		}
		var stored notice
		if json.Unmarshal(job.Notice, &stored) != nil || stored.Delivery.State != DeliveryWaiting || len(stored.Delivery.Attempts) > 0 {
			return
		}
	}
}
