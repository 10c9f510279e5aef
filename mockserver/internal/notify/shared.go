package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// A notice is a delivery as a shared queue keeps it.
type notice struct {
	Delivery operation.Delivery
	Retry    Retry
	Fault    fault.Notify
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
func (n *Notifier) restore(op *background.Operation, g *vtime.Generation) *delivery {
	d := n.restored(op, g)
	if d != nil {
		n.enlist(d)
	}
	return d
}

func (n *Notifier) restored(op *background.Operation, g *vtime.Generation) *delivery {
	var stored notice
	if op.Notice == nil {
		return nil
	}
	if err := json.Unmarshal(op.Notice, &stored); err != nil {
		n.cfg.Log.Error("stored notification is not readable", "id", op.ID, "error", err)
		return nil
	}
	return &delivery{Delivery: stored.Delivery, op: op, retry: stored.Retry, fault: stored.Fault, first: g.Clock().NewSignal(), generation: g}
}

// Ended is told of every operation that has ended, with a copy of it.
func (n *Notifier) Ended(op *background.Operation, g *vtime.Generation) {
	d, _ := op.Local.(*delivery)
	switch {
	case d == nil || d.generation != g: // it came from the queue's files, or from another server in this process
		d = n.restore(op, g)
	case n.cfg.Shared != nil:
		n.enlist(d)
	}
	if d != nil {
		n.ended(d, op)
	}
}

// Resume goes on with a notification where another process left it.
func (n *Notifier) Resume(op *background.Operation) {
	if d := n.restore(op, n.cfg.Clocks.Of(op.Company).Generation()); d != nil {
		n.goOn(d)
	}
}

// goOn plans the next attempt of a restored delivery.
func (n *Notifier) goOn(d *delivery) {
	if d.Body == nil {
		n.ended(d, d.op)
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
	d.generation.After(wait, d.label("notification, again,"), func(ctx context.Context, _ *vtime.Task) {
		d.begun = true
		n.deliver(ctx, d, made+1, d.fault.Duplicates)
	})
}

// save stores how far a delivery is, if the queue is shared. What a server does
// that is closing is not stored: the next one does it again.
func (n *Notifier) save(d *delivery) {
	if n.cfg.Shared == nil || d.generation.Context().Err() != nil {
		return
	}
	n.mu.Lock()
	data, done := d.encode(), !isOpen(d.State)
	n.mu.Unlock()
	err := n.cfg.Shared.SaveNotice(context.WithoutCancel(n.cfg.Pool.Context()), d.OperationID, data, done)
	if errors.Is(err, queue.ErrLeaseLost) {
		n.mu.Lock()
		d.lost = true
		n.mu.Unlock()
		return
	}
	if err != nil {
		n.cfg.Log.Warn("attempt of a notification not stored: it may be made again", "id", d.OperationID, "error", err)
	}
}

// isOpen reports whether attempts may follow.
func isOpen(s operation.DeliveryState) bool {
	return s == operation.DeliveryWaiting || s == operation.DeliveryHeld
}

// isOver reports whether nothing is left to do here: another process has taken
// the delivery over, or a redelivery got through.
func (n *Notifier) isOver(d *delivery) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return d.lost || d.taken
}

// stored lists the deliveries in a shared queue.
func (n *Notifier) stored() []operation.Delivery {
	all, err := n.cfg.Shared.Notices(context.WithoutCancel(n.cfg.Pool.Context()), maxDeliveries)
	if err != nil {
		n.cfg.Log.Error("deliveries not listed", "error", err)
	}
	list := make([]operation.Delivery, 0, len(all))
	for _, data := range all {
		var stored notice
		if json.Unmarshal(data, &stored) == nil {
			list = append(list, stored.Delivery)
		}
	}
	return list
}

// awaitStored is awaitIfEarly where another process may send the notification.
func (n *Notifier) awaitStored(ctx context.Context, t *vtime.Task, id string) {
	busy := t.Idle()
	defer busy()
	for vtime.SleepReal(ctx, 20*time.Millisecond) == nil && t.Generation().Context().Err() == nil {
		job, err := n.cfg.Shared.Get(ctx, id, n.cfg.Clocks.Now)
		if err != nil {
			return
		}
		var stored notice
		if json.Unmarshal(job.Notice, &stored) != nil || !isOpen(stored.Delivery.State) || len(stored.Delivery.Attempts) > 0 {
			return
		}
	}
}
