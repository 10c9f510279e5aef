package notify

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A Notifier sends notifications. Waiting for the next attempt costs a timer only.
type Notifier struct {
	cfg    Config
	client *http.Client

	mu     sync.Mutex  // guards all below, and the deliveries in it
	list   []*delivery // by acceptance of their operations
	parked []*delivery // waiting to be overtaken
}

// New returns a notifier that has nothing to send.
func New(cfg Config) *Notifier { return &Notifier{cfg: cfg, client: newClient(cfg)} }

// Close closes the connections that are idle, unless the client is the caller's.
func (n *Notifier) Close() {
	if n.cfg.Client == nil {
		n.client.CloseIdleConnections()
	}
}

// Reset forgets the deliveries of a company, or all of them.
func (n *Notifier) Reset(company string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	gone := func(d *delivery) bool { return company == "" || d.Company == company }
	n.list = slices.DeleteFunc(n.list, gone)
	n.parked = slices.DeleteFunc(n.parked, gone)
}

// ended sends the notification of an operation that has ended, unless there is to
// be none. By is as for Ended.
func (n *Notifier) ended(d *delivery, op *background.Operation, by *vtime.Task) {
	n.mu.Lock()
	if d.taken {
		n.mu.Unlock()
		return
	}
	d.Body = disturbed(op.Notification(n.cfg.Profile), d.fault)
	drop := d.fault.Drop || n.cfg.Profile.NeverNotify ||
		n.cfg.Profile.NotifyOnlyWithContent && op.Content == nil ||
		n.cfg.Profile.NoNotifyOnFailed && op.State == operation.Failed
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
	n.start(d, by)
}

// deliver makes one attempt and plans what follows it. Duplicates is how many
// more copies a fault wants after the success.
func (n *Notifier) deliver(ctx context.Context, d *delivery, attempt, duplicates int) {
	if attempt > 1 {
		n.save(d) // finds out whether another server took it over while this one waited
	}
	if n.isOver(d) {
		return
	}
	a := n.attempt(ctx, d, attempt > 1 && duplicates < d.fault.Duplicates)
	ok := n.delivered(a.StatusCode)
	switch {
	case ok && duplicates > 0:
		n.record(d, a, operation.DeliveryDelivered)
		d.generation.After(0, d.label("notification"), func(ctx context.Context, _ *vtime.Task) { n.deliver(ctx, d, attempt+1, duplicates-1) })
	case ok || a.Duplicate:
		n.record(d, a, operation.DeliveryDelivered)
	case attempt >= d.retry.Attempts:
		n.record(d, a, operation.DeliveryDead)
		n.cfg.Log.Warn("notification given up", "id", d.OperationID, "company", d.Company, "url", d.URL, "attempts", attempt, "status", a.StatusCode, "error", n.reason(a))
	default:
		n.record(d, a, operation.DeliveryWaiting)
		d.generation.After(d.retry.before(attempt), d.label("notification, again,"), func(ctx context.Context, _ *vtime.Task) { n.deliver(ctx, d, attempt+1, duplicates) })
	}
}

// delivered reports whether a receiver's status takes a notification.
func (n *Notifier) delivered(status int) bool {
	return status == http.StatusOK || status/100 == 2 && !n.cfg.Profile.OnlyStatus200
}

// attempt sends the notification once.
func (n *Notifier) attempt(ctx context.Context, d *delivery, duplicate bool) operation.Attempt {
	n.mu.Lock()
	a, body := operation.Attempt{Started: d.generation.Clock().Now(), Duplicate: duplicate}, d.Body
	a.Header = n.header(d, body, a.Started, d.fault)
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

// AwaitIfEarly holds a 202 back until the notification has overtaken it, if a fault
// wants that. T is the request.
func (n *Notifier) AwaitIfEarly(ctx context.Context, t *vtime.Task, op *background.Operation) {
	d, _ := op.Local.(*delivery)
	if d == nil || !d.fault.Early {
		return
	}
	if n.cfg.Shared != nil {
		n.awaitStored(ctx, t, d.OperationID)
		return
	}
	_ = t.Wait(ctx, d.first) // the 202 is due in any case
}
