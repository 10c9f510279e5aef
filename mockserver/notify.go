package mockserver

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// notifier sends notifications. Waiting for the next attempt costs a timer
// only.
type notifier struct {
	cfg     Config
	log     *slog.Logger
	pool    *vtime.Pool
	clocks  *vtime.Clocks
	journal *journal
	ids     *wire.IDs
	faults  *Faults
	client  *http.Client
	shared  SharedQueue // nil: deliveries are kept here only

	mu     sync.Mutex  // guards all below, and the deliveries in it
	list   []*delivery // by acceptance of their operations
	parked []*delivery // waiting to be overtaken
}

func newNotifier(s *Server) *notifier {
	shared, _ := s.cfg.Queue.(SharedQueue)
	return &notifier{
		cfg: s.cfg, log: s.log, pool: s.pool, clocks: s.clocks, journal: s.journal, ids: s.ids, faults: s.faults, client: notifyClient(s.cfg), shared: shared,
	}
}

// ended is told of every operation that has ended, with a copy of it. By is who
// tells it, if that is about to end.
func (n *notifier) ended(op *operation, by *vtime.Task) {
	d := op.delivery
	if d == nil {
		return
	}
	n.mu.Lock()
	if d.taken {
		n.mu.Unlock()
		return
	}
	d.Body = d.fault.body(n.cfg.Profile.notification(op))
	drop := d.fault.Drop || n.cfg.Profile.NeverNotify ||
		n.cfg.Profile.NotifyOnlyWithContent && op.content == nil ||
		n.cfg.Profile.NoNotifyOnFailed && op.State == Failed
	if drop {
		d.State, d.tried = DeliveryDropped, true
	}
	n.mu.Unlock()
	if drop {
		n.log.Debug("notification not sent: a fault or the profile drops it", "id", op.ID, "company", d.Company)
		n.journal.attempt(d, Attempt{}, n.clocks.Now(d.Company))
		d.first.Give()
		n.save(d)
		return
	}
	n.start(d, by)
}

// deliver makes one attempt and plans what follows it. Duplicates is how many
// more copies a fault wants after the success.
func (n *notifier) deliver(ctx context.Context, d *delivery, attempt, duplicates int) {
	if attempt > 1 {
		n.save(d) // finds out whether another server took it over while this one waited
	}
	if n.isOver(d) {
		return
	}
	a := n.attempt(ctx, d, attempt > 1 && duplicates < d.fault.Duplicates)
	ok := n.cfg.Profile.delivered(a.StatusCode)
	switch {
	case ok && duplicates > 0:
		n.record(d, a, DeliveryDelivered)
		d.generation.After(0, d.op.label("notification"), func(ctx context.Context, _ *vtime.Task) { n.deliver(ctx, d, attempt+1, duplicates-1) })
	case ok || a.Duplicate:
		n.record(d, a, DeliveryDelivered)
	case attempt >= d.retry.Attempts:
		n.record(d, a, DeliveryDead)
		n.log.Warn("notification given up", "id", d.OperationID, "company", d.Company, "url", d.URL, "attempts", attempt, "status", a.StatusCode, "error", a.reason(n.cfg.Profile))
	default:
		n.record(d, a, DeliveryWaiting)
		d.generation.After(d.retry.before(attempt), d.op.label("notification, again,"), func(ctx context.Context, _ *vtime.Task) { n.deliver(ctx, d, attempt+1, duplicates) })
	}
}

// delivered tells whether a receiver's status takes a notification.
func (p Profile) delivered(status int) bool {
	return status == http.StatusOK || status/100 == 2 && !p.OnlyStatus200
}

// attempt sends the notification once.
func (n *notifier) attempt(ctx context.Context, d *delivery, duplicate bool) Attempt {
	n.mu.Lock()
	a, body := Attempt{Started: d.generation.Clock().Now(), Duplicate: duplicate}, d.Body
	a.Header = n.header(d, body, a.Started, d.fault)
	n.mu.Unlock()
	n.send(ctx, d, body, &a)
	return a
}

// record notes an attempt and what became of the delivery by it.
func (n *notifier) record(d *delivery, a Attempt, state DeliveryState) {
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
	n.journal.attempt(d, a, a.Ended)
	if first {
		d.first.Give()
	}
	n.save(d)
	n.overtaken(d)
}

// awaitIfEarly holds a 202 back until the notification has overtaken it.
func (n *notifier) awaitIfEarly(ctx context.Context, t *vtime.Task, d *delivery) {
	if d == nil || !d.fault.Early {
		return
	}
	if n.shared != nil {
		n.awaitStored(ctx, t, d.OperationID)
		return
	}
	_ = t.Wait(ctx, d.first) // the 202 is due in any case
}

func unixMilli(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
