package notify

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/operation"
)

// ended sends the notification of an operation that has ended, unless there is to
// be none.
func (n *Notifier) ended(d *delivery, op *background.Operation) {
	n.mu.Lock()
	if d.taken {
		n.mu.Unlock()
		return
	}
	p := n.cfg.Profile(d.Company)
	d.Body = disturbed(op.Notification(p), d.fault)
	drop := d.fault.Drop || p.NeverNotify ||
		p.NotifyOnlyWithContent && op.Content == nil ||
		p.NoNotifyOnFailed && op.State == operation.Failed
	if drop {
		d.State, d.tried = operation.DeliveryDropped, true
	}
	n.mu.Unlock()
	if drop {
		n.cfg.Log.Debug("notification not sent: a fault or the profile drops it", "id", op.ID, "company", d.Company)
		n.cfg.Journal.Attempt(d.Company, d.OperationID, operation.Attempt{}, n.cfg.Clocks.Now(d.Company))
		d.first.Give()
		n.save(d)
		return
	}
	n.start(d)
}

// start makes the first attempt when its time has come. A delivery that is to
// be overtaken has two such times; the first counts.
func (n *Notifier) start(d *delivery) {
	wait := d.fault.Delay
	if d.fault.Reorder {
		wait = cmp.Or(wait, time.Minute)
		n.mu.Lock()
		n.parked = append(n.parked, d)
		n.mu.Unlock()
	}
	d.generation.After(wait, d.label("notification"), func(ctx context.Context, _ *vtime.Task) { n.begin(ctx, d) })
}

func (n *Notifier) begin(ctx context.Context, d *delivery) {
	n.mu.Lock()
	begun := d.begun || d.taken
	d.begun = true
	n.parked = slices.DeleteFunc(n.parked, func(p *delivery) bool { return p == d })
	n.mu.Unlock()
	if begun {
		return
	}
	if d.fault.Replay {
		n.replay(ctx, d)
	}
	n.deliver(ctx, d, 1, d.fault.Duplicates)
}

// deliver makes one attempt and plans what follows it. Duplicates is how many
// more copies a fault wants after the success.
func (n *Notifier) deliver(ctx context.Context, d *delivery, attempt, duplicates int) {
	if attempt > 1 {
		n.save(d) // finds out whether another server took it over while this one waited
	}
	again := func(ctx context.Context) { n.deliver(ctx, d, attempt, duplicates) }
	if n.isOver(d) || n.holds(d, again) {
		return
	}
	a := n.attempt(ctx, d, attempt > 1 && duplicates < d.fault.Duplicates)
	ok := n.delivered(d, a.StatusCode)
	switch {
	case ok && duplicates > 0:
		n.record(d, a, operation.DeliveryDelivered)
		d.generation.After(0, d.label("notification"), func(ctx context.Context, _ *vtime.Task) { n.deliver(ctx, d, attempt+1, duplicates-1) })
	case ok || a.Duplicate:
		n.record(d, a, operation.DeliveryDelivered)
	case attempt >= d.retry.Attempts:
		n.record(d, a, operation.DeliveryDead)
		n.cfg.Log.Warn("notification given up", "id", d.OperationID, "company", d.Company, "url", d.URL, "attempts", attempt, "status", a.StatusCode, "error", n.reason(d, a))
	default:
		n.record(d, a, operation.DeliveryWaiting)
		d.generation.After(d.retry.before(attempt), d.label("notification, again,"), func(ctx context.Context, _ *vtime.Task) { n.deliver(ctx, d, attempt+1, duplicates) })
	}
}

// delivered reports whether a receiver's status takes a notification.
func (n *Notifier) delivered(d *delivery, status int) bool {
	return status == http.StatusOK || status/100 == 2 && !n.cfg.Profile(d.Company).OnlyStatus200
}

// attempt sends the notification once.
func (n *Notifier) attempt(ctx context.Context, d *delivery, duplicate bool) operation.Attempt {
	n.mu.Lock()
	a, body := operation.Attempt{Started: d.generation.Clock().Now(), Duplicate: duplicate}, d.Body
	a.Header = n.header(d, body, a.Started, d.fault)
	answer.ApplyHeader(a.Header, d.hold.header)
	n.mu.Unlock()
	n.send(ctx, d, body, &a)
	return a
}

// record notes an attempt and what became of the delivery by it.
func (n *Notifier) record(d *delivery, a operation.Attempt, state operation.DeliveryState) {
	if d.generation.Context().Err() != nil {
		return // nobody is to know of it any more
	}
	n.mu.Lock()
	if !d.taken {
		d.State = state
	}
	d.Attempts = append(d.Attempts, a)
	first := !a.Replayed && !d.tried
	d.tried = d.tried || first
	n.mu.Unlock()
	n.cfg.Journal.Attempt(d.Company, d.OperationID, a, a.Ended)
	if first {
		d.first.Give()
	}
	n.save(d)
	n.overtaken(d)
}
