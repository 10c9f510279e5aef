package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// Errors of [Notifier.Redeliver].
var (
	// ErrUnknownOperation says that there is no operation with this id.
	ErrUnknownOperation = errors.New("no such operation")
	// ErrNotEnded says that the operation still waits or runs.
	ErrNotEnded = errors.New("the operation has not ended")
	// ErrNoNotification says that nobody is told of this operation, or that
	// its notification is forgotten.
	ErrNoNotification = errors.New("the operation has no notification")
	// ErrNotDelivered says that the receiver did not take it.
	ErrNotDelivered = errors.New("the notification was not delivered")
)

// Redeliver sends the notification of an operation that has ended once more, at
// once, and waits for that.
func (n *Notifier) Redeliver(ctx context.Context, id string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(n.cfg.Pool.Context(), func() { cancel(vtime.ErrClosed) })()
	op, ok := n.cfg.Operation(id)
	switch {
	case n.cfg.Pool.Context().Err() != nil:
		return fmt.Errorf("%w: %w", ErrNotDelivered, vtime.ErrClosed)
	case !ok:
		return ErrUnknownOperation
	case !op.HasEnded():
		return ErrNotEnded
	}
	t, err := n.cfg.Clocks.Of(op.Company).Enter(ctx, background.Label("redelivery", &op.Operation))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotDelivered, err)
	}
	defer t.End()
	defer context.AfterFunc(t.Generation().Context(), func() {
		if t.Generation().IsOver() {
			cancel(vtime.ErrReset)
		}
	})()
	d, adopted, err := n.forRedelivery(ctx, op.ID, t.Generation())
	if err != nil {
		return err
	}
	body := op.Notification(n.cfg.Profile(op.Company))
	n.mu.Lock()
	a := operation.Attempt{Started: d.generation.Clock().Now(), Redelivery: true}
	a.Header = n.header(d, body, a.Started, fault.Notify{})
	n.mu.Unlock()
	n.send(ctx, d, body, &a)
	delivered := n.delivered(d, a.StatusCode)
	if t.Generation().IsOver() {
		return fmt.Errorf("%w: %w", ErrNotDelivered, vtime.ErrReset) // nobody is to know of it any more
	}
	state := n.recordRedelivery(d, a, body, delivered)
	if state == operation.DeliveryWaiting && adopted {
		n.goOn(d)
	}
	switch {
	case delivered:
		return nil
	case context.Cause(ctx) != nil:
		return fmt.Errorf("%w: %w", ErrNotDelivered, context.Cause(ctx))
	}
	return fmt.Errorf("%w: %s", ErrNotDelivered, n.reason(d, a))
}

// recordRedelivery notes the attempt of a redelivery, and returns the state of
// the delivery after it.
func (n *Notifier) recordRedelivery(d *delivery, a operation.Attempt, body []byte, delivered bool) operation.DeliveryState {
	n.mu.Lock()
	d.Attempts = append(d.Attempts, a)
	first := delivered && !d.tried
	if delivered {
		d.State, d.Body, d.taken, d.tried, d.hold.resume = operation.DeliveryDelivered, body, true, true, nil
	}
	state := d.State
	n.mu.Unlock()
	n.cfg.Journal.Attempt(d.Company, d.OperationID, a, a.Ended)
	if first {
		d.first.Give()
	}
	n.save(d)
	return state
}

// forRedelivery finds the delivery of an operation that has ended. Adopted
// tells that another process may have been at it, whose attempts are ours to
// make now.
func (n *Notifier) forRedelivery(ctx context.Context, id string, g *vtime.Generation) (d *delivery, adopted bool, err error) {
	d = n.find(id)
	if n.cfg.Shared == nil {
		if d == nil {
			return nil, false, ErrNoNotification
		}
		return d, false, nil
	}
	job, err := n.cfg.Shared.TakeNotice(ctx, id)
	switch {
	case errors.Is(err, queue.ErrUnknownJob):
		return nil, false, ErrNoNotification
	case err != nil:
		return nil, false, err
	}
	op := background.Of(job)
	fresh := n.restored(op, g)
	if fresh == nil {
		return nil, false, ErrNoNotification
	}
	if n.isOurs(d, fresh) {
		return d, false, nil
	}
	n.enlist(fresh)
	return fresh, true, nil
}

// isOurs reports whether what is known here of a delivery is as new as what is
// stored; if not, it is void.
func (n *Notifier) isOurs(d, stored *delivery) bool {
	if d == nil {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	d.lost = d.lost || len(d.Attempts) < len(stored.Attempts)
	return !d.lost
}
