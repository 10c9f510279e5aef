package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/backoff"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/lease"
	"github.com/vismanet-go/background/store"
)

// Enqueue stores a request and returns at once: [Client.Run], here or on another
// replica, sends it as soon as the budget of calls allows it, once, and awaits its
// outcome for the handler of its kind. Nothing is sent before Enqueue returns, and
// whatever ends the process loses nothing after it. It is for work that is handed
// over; [Client.Submit] is for callers who want the ERP's word.
//
// The body, of at most [Config.MaxBuffer] bytes, is kept in the store until the
// outcome is acknowledged, sealed if there is a [Config.Seal]. Of the request's
// header what says how to read the request and its answer is kept (Accept,
// Content-Type, If-Match and the like), and any other header is an error:
// credentials and company belong into Config, from where they are added when it is
// sent.
//
// A refusal by the ERP is an outcome, an [*OperationError] for the handler. What the
// ERP has certainly not taken is sent again: after a 429, without a connection, and
// after a 401, which stops all sending for a while, because every other request
// would be refused as well. What is uncertain waits for a person or a [Resolver],
// and is sent again only if they say [NotAccepted].
//
// Options are those of Submit, and [SubmitOptions].Sequence and Within. Keys hold as
// they do there: a second Enqueue with the same key and request returns the operation
// of the first, however far that has come. An operation that is enqueued within a
// transaction is known to nobody before that is committed: until then the methods of
// what Enqueue returned find nothing. The errors are [ErrKeyReused], [ErrDuplicateKey], [ErrUntrustedURL],
// [ErrTooLarge], [ErrClosed], the store's, and what is wrong with the request.
func (c *Client) Enqueue(ctx context.Context, req *http.Request, opts SubmitOptions) (*Operation, error) {
	defer closeBody(req)
	if c.life.Err() != nil {
		return nil, ErrClosed
	}
	op, err := c.enqueue(ctx, req, opts)
	if err != nil {
		return op, fmt.Errorf("enqueue: %w", err)
	}
	return op, nil
}

func (c *Client) enqueue(ctx context.Context, req *http.Request, opts SubmitOptions) (*Operation, error) {
	opts, err := options(ctx, req, opts)
	if err != nil {
		return nil, err
	}
	notify := opts.Notify
	switch notify.mode {
	case "":
		notify = c.cfg.Notify
	case modeURL:
		return nil, wrong("Notify", errors.New("an address of its own is not kept: want WebhookURL in Config.Notify, where it is still known when the request is sent"))
	}
	ref := hook.NewRef()
	cl, err := c.prepare(ctx, req, notify, ref, opts)
	if err != nil {
		return nil, err
	}
	if !cl.replayable() {
		return nil, fmt.Errorf("request body: %w (MaxBuffer is %d bytes)", ErrTooLarge, c.cfg.MaxBuffer)
	}
	letter := letter{Header: make(map[string][]string), Pairs: append(notify.pairs[:len(notify.pairs):len(notify.pairs)], opts.Pairs...), Body: cl.body}
	for name, values := range req.Header {
		if name = http.CanonicalHeaderKey(name); !keptHeader(name) {
			return nil, fmt.Errorf("request header %s: is not kept in the outbox: want it in Config.Header", name)
		}
		letter.Header[name] = values
	}
	about := aboutLetter(c.cfg.Tenant, ref, opts.Kind)
	body, err := c.seal(ctx, about, letter.encode())
	if err != nil {
		return nil, err
	}
	c.willHaveHandler(ctx, opts.Kind)
	rec := store.Record{
		Tenant: c.cfg.Tenant, Ref: ref, Method: cl.method, Path: cl.path, Origin: c.origin.String(),
		Key: opts.Key, Supersedes: opts.Supersede, Kind: opts.Kind, Verifier: opts.Verify, Metadata: maps.Clone(opts.Metadata),
		Notify: cmp.Or(notify.mode, modeNone), Sequence: opts.Sequence,
	}
	if opts.Key != "" {
		rec.Fingerprint = fingerprint(cl)
	}
	outbox := store.Enqueuer(c.store)
	if opts.Within != nil {
		outbox = opts.Within
	}
	made, err := outbox.Enqueue(ctx, rec, body)
	if opts.Within == nil && errors.Is(err, errors.ErrUnsupported) {
		return nil, wrong("Store", errors.New("the one in Config has no outbox: want one that implements Enqueue, as store.Memory, sqlitestore and pgstore do"))
	}
	if held, ok := errors.AsType[*store.KeyHeldError](err); ok {
		op, err := c.existing("the key is in use", held, fingerprint(cl), opts.Supersede)
		if _, unclear := errors.AsType[*UncertainError](err); unclear {
			err = nil // it is in the outbox, and who resolves it is told elsewhere
		}
		return op, err
	}
	if bad, ok := errors.AsType[*store.InvalidError](err); ok && bad.Field == "Supersedes" {
		return nil, wrong("Supersede", errors.New(bad.Want))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: record it: %w", cl.method, storeError(err))
	}
	c.log.DebugContext(ctx, "enqueued", "ref", ref, "method", cl.method, "sequence", opts.Sequence, "place", made.Place, "in_transaction", opts.Within != nil)
	return c.operation(made), nil
}

// keptHeader reports whether a header of a request may stand in the store.
func keptHeader(name string) bool {
	switch name {
	case "Accept", "Accept-Language", "Content-Type", "Content-Language", "Content-Disposition", "Content-Length", "Prefer",
		"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since":
		return true
	}
	return false
}

// Withdraw takes an operation out of the outbox that has not been sent: nothing was
// done, its key is free, and its sequence goes on without it. The reason is kept. It
// fails, and changes nothing, for one that is being sent, that was sent, or that
// never was in the outbox.
func (o *Operation) Withdraw(ctx context.Context, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("withdraw %s: %w", o, errNoReason)
	}
	queued := func(rec store.Record) bool { return rec.Phase == store.Queued }
	sent := func(rec store.Record) error {
		return fmt.Errorf("it is %s, and only what waits to be sent can be withdrawn", rec.Phase)
	}
	if err := o.decide(ctx, queued, sent, store.WithdrawDecision{Reason: reason}); err != nil {
		return fmt.Errorf("withdraw %s: %w", o, storeError(err))
	}
	o.c.log.InfoContext(ctx, "an operation was withdrawn", "ref", o.ref, "kind", o.Kind(), "reason", reason)
	return nil
}

// The waits of the outbox.
const (
	// unsentWait is the first wait after a request could not be sent at all.
	unsentWait = 5 * time.Second
	// deniedWait is the first wait after the credentials were refused.
	deniedWait = time.Minute
	// sealedWait is the wait after a body could not be opened.
	sealedWait = 5 * time.Minute
	// windowsAhead is how many windows of calls may be needed to poll what is
	// pending: the ERP forgets after a day.
	windowsAhead = 8
)

// deniedBackoff spaces the tries after the credentials were refused.
var deniedBackoff = backoff.Policy{First: deniedWait, Factor: 2, Limit: 15 * time.Minute}

// sendQueued sends what waits in the outbox, for which it has its turn.
func (c *Client) sendQueued(ctx context.Context, t *turn, ref string) error {
	asked := time.Now()
	lease, rec, err := c.store.Acquire(ctx, c.cfg.Tenant, ref, c.owner, store.ToSend, lease.TTL)
	if err != nil {
		return err
	}
	if rec.Phase != store.Queued || rec.Blocked || rec.Due.After(time.Now()) {
		c.release(ctx, lease)
		return nil
	}
	cl, err := c.unpack(ctx, &rec)
	if err != nil {
		// Nothing is lost or given up by that: a key may be missing for a while.
		c.cannotOpen(ctx, rec, "an operation cannot be sent, because its body cannot be read; it is tried again", err)
		_, err = c.decide(ctx, lease, store.RescheduleDecision{Due: time.Now().Add(sealedWait), Notifications: rec.Notifications})
		return err
	}
	made, err := c.store.Decide(ctx, lease, store.SendDecision{})
	if err != nil {
		c.release(ctx, lease)
		return storeError(err)
	}
	keeper := c.keepSending(made.Lease, asked)
	defer keeper.Stop()
	ctx, _, end := c.cfg.Observer.Submit(ctx, Submission{ // the record was made before there was a link
		Ref: ref, Method: cl.method, Route: routeOf(cl.path), Notify: cmp.Or(rec.Notify, modeNone), Kind: rec.Kind,
	})
	t.granted = false
	op, a, err := c.send(ctx, made, cl, keeper)
	done := Submitted{Verdict: a.verdict(), Attempts: cl.sent, Err: err}
	if op != nil {
		done.ID = op.id
	}
	end(done)
	c.outboxTold(ctx, a)
	return nil
}

// unpack makes the request of an enqueued record ready to be sent.
func (c *Client) unpack(ctx context.Context, rec *store.Record) (*call, error) {
	data, err := c.store.GetBody(ctx, rec.Tenant, rec.Ref)
	if err != nil {
		return nil, storeError(err)
	}
	if data, err = c.unseal(ctx, aboutLetter(rec.Tenant, rec.Ref, rec.Kind), data); err != nil {
		return nil, err
	}
	letter, err := decodeLetter(data)
	if err != nil {
		return nil, err
	}
	notify := c.cfg.Notify
	if rec.Notify != cmp.Or(notify.mode, modeNone) {
		notify = Notify{mode: rec.Notify}
	}
	if notify.mode == modeURL && notify.base == "" {
		return nil, errors.New("Config.Notify has no WebhookURL any more")
	}
	notify.pairs = nil
	value, err := notify.header(rec.Ref, letter.Pairs, time.Now())
	if err != nil {
		return nil, err
	}
	cl := &call{method: rec.Method, path: rec.Path, value: value, body: letter.Body, length: int64(len(letter.Body))}
	cl.header = c.outgoing(letter.Header)
	return cl, nil
}

// returned records that the ERP has certainly not taken what was enqueued: it waits
// to be sent again.
func (c *Client) returned(ctx context.Context, rec store.Record, cl *call, a *attempt) error {
	wait := time.Duration(0) // the budget knows how long
	switch {
	case a.Verdict == erp.NotSent:
		wait = unsentWait
	case a.denied:
		wait = c.outboxDenied(ctx, &rec, a)
	}
	reason := fmt.Sprintf("answered %d", a.Status)
	if a.Verdict == erp.NotSent {
		reason = "not sent"
	}
	_, err := c.store.Report(ctx, rec.Tenant, rec.Ref, store.NotTakenFact{Epoch: rec.SendEpoch, Reason: reason, Due: time.Now().Add(wait)})
	if err != nil {
		// Left alone the record becomes uncertain: the careful side.
		c.log.WarnContext(ctx, "not taken and not recorded", "ref", rec.Ref, "error", err)
	}
	if a.Status != 0 {
		return a.refusal(cl)
	}
	return fmt.Errorf("send %s %s: %s: %w", cl.method, erp.PathOf(cl.path), reason, a.Err)
}

// outbox is what a Run knows of what it sends. The scheduler's mutex guards it.
type outbox struct {
	sending int       // requests in progress
	until   time.Time // before which nothing is sent, because the credentials were refused
	denied  int       // times in a row
	told    bool      // a person knows of it
}

// send sends an item from the outbox if there is room. It needs the scheduler's mutex.
func (r *runner) send(it *item) (again time.Time, ok bool) {
	s, c := r.s, r.c
	now := time.Now()
	switch {
	case r.outbox.sending >= c.cfg.Senders, r.outbox.denied > 0 && r.outbox.sending > 0:
		return again, false
	case r.outbox.until.After(now):
		return r.outbox.until, false
	case c.pollsLag():
		return now.Add(time.Minute), false
	}
	if ok, again := c.budget.TryTake(budget.Submit); !ok {
		return again, false
	}
	s.unplan(it)
	it.working = true
	r.outbox.sending++
	t := &turn{class: budget.Submit, granted: true}
	r.working.Go(func() {
		err := errNoReturn
		defer func() {
			c.giveBack(t)
			s.mu.Lock()
			r.outbox.sending--
			s.mu.Unlock()
			r.worked(it, err)
		}()
		err = c.sendQueued(r.work, t, it.ref)
	})
	return again, true
}

// pollsLag reports whether more operations are pending than the calls of some windows
// can poll: what would be sent now might be forgotten by the ERP before its end is
// read.
func (c *Client) pollsLag() bool {
	limit := c.budget.State().Limit
	return limit > 0 && c.pendingNow()*9/4 > windowsAhead*limit
}

// outboxDenied notes that the ERP refuses the credentials: nothing is sent for a while,
// so that one wrong secret does not empty the outbox. It returns for how long.
func (c *Client) outboxDenied(ctx context.Context, rec *store.Record, a *attempt) time.Duration {
	s := &c.sched
	s.mu.Lock()
	wait, tell := deniedWait, false
	if r := s.run; r != nil {
		o := &r.outbox
		wait = deniedBackoff.After(o.denied)
		o.denied++
		o.until = time.Now().Add(wait)
		tell, o.told = !o.told, true
	}
	s.mu.Unlock()
	if tell {
		c.log.ErrorContext(ctx, "the ERP refuses the credentials: nothing of the outbox is sent until it takes them, and nothing is lost", "status", a.Status,
			"ref", rec.Ref, "again_in", wait, "hint", a.hint, "remedy", "mend the credentials of Config.HTTPClient or Config.Header; the outbox tries by itself")
		c.attend(ctx, *rec, NeedsSecret)
	}
	return wait
}

// outboxTold notes that the ERP has taken the credentials, if it has.
func (c *Client) outboxTold(ctx context.Context, a *attempt) {
	if a.denied || a.Status == 0 || a.again {
		return
	}
	s := &c.sched
	s.mu.Lock()
	mended := false
	if r := s.run; r != nil {
		mended = r.outbox.told
		r.outbox.denied, r.outbox.until, r.outbox.told = 0, time.Time{}, false
	}
	s.mu.Unlock()
	if mended {
		c.log.InfoContext(ctx, "the ERP takes the credentials again, and the outbox goes on")
	}
}

// pendingNow is how many operations wait for their end, as counted last.
func (c *Client) pendingNow() int {
	c.pendings.mu.Lock()
	defer c.pendings.mu.Unlock()
	return c.pendings.n
}

// outboxStats is what Run does about the outbox.
func (c *Client) outboxStats() (out OutboxStats) {
	out.PollsLag = c.pollsLag()
	s := &c.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.run; r != nil {
		out.Sending = r.outbox.sending
		if r.outbox.until.After(time.Now()) {
			out.PausedUntil = r.outbox.until
		}
	}
	return out
}
