package mockserver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// notifier sends notifications. Waiting for the next attempt costs a timer
// only.
type notifier struct {
	cfg     Config
	log     *slog.Logger
	tasks   *tasks
	clocks  *clocks
	journal *journal
	ids     *ids
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
		cfg: s.cfg, log: s.log, tasks: s.tasks, clocks: s.clocks, journal: s.journal, ids: s.ids, faults: s.faults, client: notifyClient(s.cfg), shared: shared,
	}
}

// notifyClient returns a client that follows no redirect: a receiver that
// moved would get what was not meant for it.
func notifyClient(cfg Config) *http.Client {
	var c http.Client
	switch {
	case cfg.NotifyClient != nil:
		c = *cfg.NotifyClient
	case cfg.AllowPublicTargets:
		c.Transport = notifyTransport(nil)
	default:
		c.Transport = notifyTransport(privateOnly)
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func notifyTransport(control func(network, address string, _ syscall.RawConn) error) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: control}
	return &http.Transport{
		DialContext:         dialer.DialContext, // and no proxy, which would hide the target
		TLSHandshakeTimeout: 10 * time.Second,
		MaxConnsPerHost:     256,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     30 * time.Second,
	}
}

// privateOnly refuses a connection to anything but a loopback or private
// address. It runs after the name was resolved, on the address that is dialled.
func privateOnly(_, address string, _ syscall.RawConn) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("notification target %s: %w", address, err)
	}
	if ip := addr.Addr().Unmap(); ip.IsLoopback() || ip.IsPrivate() {
		return nil
	}
	return fmt.Errorf("notification target %s is neither loopback nor private (see Config.AllowPublicTargets)", address)
}

// ended is told of every operation that has ended, with a copy of it. By is who
// tells it, if that is about to end.
func (n *notifier) ended(op *operation, by *activity) {
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
		n.journal.attempt(d, Attempt{}, n.clocks.now(d.Company))
		d.first.release()
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
		d.life.after(0, d.op.what("notification"), func(ctx context.Context, _ *activity) { n.deliver(ctx, d, attempt+1, duplicates-1) })
	case ok || a.Duplicate:
		n.record(d, a, DeliveryDelivered)
	case attempt >= d.retry.Attempts:
		n.record(d, a, DeliveryDead)
		n.log.Warn("notification given up", "id", d.OperationID, "attempts", attempt, "status", a.StatusCode, "error", a.Error)
	default:
		n.record(d, a, DeliveryWaiting)
		d.life.after(d.retry.before(attempt), d.op.what("notification, again,"), func(ctx context.Context, _ *activity) { n.deliver(ctx, d, attempt+1, duplicates) })
	}
}

// delivered tells whether a receiver's status takes a notification.
func (p Profile) delivered(status int) bool {
	return status == http.StatusOK || status/100 == 2 && !p.OnlyStatus200
}

// attempt sends the notification once.
func (n *notifier) attempt(ctx context.Context, d *delivery, duplicate bool) Attempt {
	n.mu.Lock()
	a, body := Attempt{Started: d.life.clock.Now(), Duplicate: duplicate}, d.Body
	a.Header = n.header(d, body, a.Started, d.fault)
	n.mu.Unlock()
	n.send(ctx, d, body, &a)
	return a
}

// send makes the call of an attempt, and notes what came of it.
func (n *notifier) send(ctx context.Context, d *delivery, body []byte, a *Attempt) {
	ctx, cancel := context.WithTimeout(ctx, d.retry.Timeout)
	defer cancel()
	status, err := n.post(ctx, d.URL, body, a.Header)
	a.Ended, a.StatusCode = d.life.clock.Now(), status
	if err != nil {
		a.Error = err.Error()
	}
}

func (n *notifier) post(ctx context.Context, target string, body []byte, h http.Header) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = h.Clone()
	resp, err := n.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // the status is the answer; a short body lets the connection be used again
	return resp.StatusCode, nil
}

// record notes an attempt and what became of the delivery by it.
func (n *notifier) record(d *delivery, a Attempt, state DeliveryState) {
	if d.life.ctx.Err() != nil {
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
		d.first.release()
	}
	n.save(d)
	n.overtaken(d)
}

// awaitIfEarly holds a 202 back until the notification has overtaken it.
func (n *notifier) awaitIfEarly(ctx context.Context, a *activity, d *delivery) {
	if d == nil || !d.fault.Early {
		return
	}
	if n.shared != nil {
		n.awaitStored(ctx, a, d.OperationID)
		return
	}
	_ = a.wait(ctx, d.first) // the 202 is due in any case
}

func unixMilli(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
