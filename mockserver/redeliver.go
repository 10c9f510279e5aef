package mockserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
)

// Errors of [Server.Redeliver].
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

// Redeliver sends the notification of an operation that has ended once more,
// at once, whether it was delivered, is dead, was dropped or waits for its next
// attempt. It carries the same notification id, is disturbed by no fault, and
// is one more attempt in the log. If the receiver takes it the delivery is
// Delivered, and attempts that were still planned are not made; if not, the
// error matches [ErrNotDelivered], and everything else stays as it was. The
// other errors are [ErrUnknownOperation], [ErrNotEnded], [ErrNoNotification]
// and those of a shared Queue, where any server may redeliver what any other
// has sent, until the retention is over.
//
// It blocks until the attempt was made; ctx, Close and a [Server.Reset] of the
// company cut it off.
func (s *Server) Redeliver(ctx context.Context, operationID string) error {
	s.Start() // a server on a shared queue that is not heard of loses its leases
	if err := s.notifier.redeliver(ctx, s.queue, operationID); err != nil {
		return fmt.Errorf("redeliver %s: %w", operationID, err)
	}
	return nil
}

func (n *notifier) redeliver(ctx context.Context, q *runner, id string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(n.pool.Context(), func() { cancel(ErrClosed) })()
	op, ok := q.get(id)
	switch {
	case n.pool.Context().Err() != nil:
		return fmt.Errorf("%w: %w", ErrNotDelivered, ErrClosed)
	case !ok:
		return ErrUnknownOperation
	case !op.ended():
		return ErrNotEnded
	}
	t, err := n.clocks.Of(op.Company).Enter(ctx, op.label("redelivery"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotDelivered, err)
	}
	defer t.End()
	defer context.AfterFunc(t.Generation().Context(), func() {
		if t.Generation().IsOver() {
			cancel(ErrReset)
		}
	})()
	d, adopted, err := n.forRedelivery(ctx, op.ID, t.Generation())
	if err != nil {
		return err
	}
	body := n.cfg.Profile.notification(&op)
	n.mu.Lock()
	a := Attempt{Started: d.generation.Clock().Now(), Redelivery: true}
	a.Header = n.header(d, body, a.Started, NotifyFault{})
	n.mu.Unlock()
	n.send(ctx, d, body, &a)
	delivered := n.cfg.Profile.delivered(a.StatusCode)
	if t.Generation().IsOver() {
		return fmt.Errorf("%w: %w", ErrNotDelivered, ErrReset) // nobody is to know of it any more
	}
	state := n.recordRedelivery(d, a, body, delivered)
	if state == DeliveryWaiting && adopted {
		n.goOn(d)
	}
	switch {
	case delivered:
		return nil
	case context.Cause(ctx) != nil:
		return fmt.Errorf("%w: %w", ErrNotDelivered, context.Cause(ctx))
	}
	return fmt.Errorf("%w: %s", ErrNotDelivered, a.reason(n.cfg.Profile))
}

// recordRedelivery notes the attempt of a redelivery, and returns the state of
// the delivery after it.
func (n *notifier) recordRedelivery(d *delivery, a Attempt, body []byte, delivered bool) DeliveryState {
	n.mu.Lock()
	d.Attempts = append(d.Attempts, a)
	first := delivered && !d.tried
	if delivered {
		d.State, d.Body, d.taken, d.tried = DeliveryDelivered, body, true, true
	}
	state := d.State
	n.mu.Unlock()
	n.journal.attempt(d, a, a.Ended)
	if first {
		d.first.Give()
	}
	n.save(d)
	return state
}

// forRedelivery finds the delivery of an operation that has ended. Adopted
// tells that another process may have been at it, whose attempts are ours to
// make now.
func (n *notifier) forRedelivery(ctx context.Context, id string, g *vtime.Generation) (d *delivery, adopted bool, err error) {
	d = n.find(id)
	if n.shared == nil {
		if d == nil {
			return nil, false, ErrNoNotification
		}
		return d, false, nil
	}
	job, err := n.shared.TakeNotice(ctx, id)
	switch {
	case errors.Is(err, ErrUnknownJob):
		return nil, false, ErrNoNotification
	case err != nil:
		return nil, false, err
	}
	op := job.operation()
	fresh := n.restored(op, g)
	if fresh == nil {
		return nil, false, ErrNoNotification
	}
	if n.isOurs(d, fresh) {
		return d, false, nil
	}
	op.delivery = fresh
	n.enlist(fresh)
	return fresh, true, nil
}

// isOurs tells whether what is known here of a delivery is as new as what is
// stored; if not, it is void.
func (n *notifier) isOurs(d, stored *delivery) bool {
	if d == nil {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	d.lost = d.lost || len(d.Attempts) < len(stored.Attempts)
	return !d.lost
}

// find returns the delivery of an operation, nil if it is not listed here.
func (n *notifier) find(id string) *delivery {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range slices.Backward(n.list) {
		if strings.EqualFold(d.OperationID, id) && !d.lost {
			return d
		}
	}
	return nil
}
