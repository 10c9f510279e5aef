package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/lease"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// SubmitOptions are the choices for one operation. The zero value is fine.
type SubmitOptions struct {
	// Key is your own name for the work, unique per tenant. A second submit
	// with the same key and the same request returns the first operation, with
	// the options that it was submitted with, and sends nothing. If the first is
	// still being sent, the second waits until that is over: if the ERP refuses
	// the first, the key is free and the second sends its own request.
	Key string
	// Supersede is the ref of the operation that failed and whose key this one
	// takes over. It is an error if there is no such operation, if it had
	// another key, or if another one holds the key by now.
	Supersede string
	// Verify names one of [Config.Verifiers]: an operation that the ERP
	// finished has ended only when that has confirmed or refuted it, at the
	// latest after [Verifier].Within.
	Verify string
	// Sequence puts the operation behind the last one of that name, for
	// [Client.Enqueue] only: it is sent when the one before it has succeeded, with a
	// 2xx and verified, whether or not that is acknowledged. Whatever else becomes of
	// that one stops the sequence: see [Operation.ResumeSequence].
	Sequence string
	// Within puts the operation into a transaction of the application, for
	// [Client.Enqueue] only: it is there once that is committed, and never was if it
	// is rolled back. What pgstore.Store.Within returns is one such; it has to be of
	// the tables that are the store of the client, or of the one that runs it.
	Within store.Enqueuer
	// Kind is kept with the operation, to tell results apart.
	Kind string
	// Metadata is kept with the operation. Put no secrets into it.
	Metadata map[string]string
	// Notify replaces [Config.Notify] for this operation.
	Notify Notify
	// Pairs are sent with the notification in addition to those of
	// [Subscription].
	Pairs []Pair
}

// call is a request made ready to be sent.
type call struct {
	method string
	path   string      // and query, below the base
	header http.Header // the caller's own
	body   []byte      // whole, if replayable
	stream io.Reader   // else the rest is read from here, once
	length int64       // -1 if not known
	value  string      // of the background header
	sent   int         // requests that went out
	kind   string      // what the observer is told of its calls, if it is not "submit"

	refreshed bool // the credentials, after a 401
}

// replayable reports whether the request can be sent again.
func (c *call) replayable() bool { return c.stream == nil }

// Submit sends a request to be run in the background and returns as soon as
// the ERP has accepted it. The request's URL is below [Config.BaseURL] or
// relative to it ("/v1/customerinvoice"); its GetBody is ignored, and its own
// context but for the options that it carries (see [InBackground]). Submit always
// reads and closes the body.
//
// A record is stored before the first byte is sent. On these errors the
// operation is returned as well and can be waited for: [*UncertainError] (it
// is not known whether the ERP accepted it) and [*RecordError] (accepted, or
// run in the foreground, but not yet stored). On all others nothing was
// accepted: [*ResponseError] (the ERP refused it; it matches [ErrRateLimited]
// for a 429), [ErrUntrustedURL], [ErrKeyReused], [ErrDuplicateKey],
// [ErrClosed], the error of a connection that was never made, or the store's.
//
// A 429 is waited out within ctx if the body can be replayed; ctx bounds
// everything. If it ends after the first byte was sent, the operation is
// uncertain.
func (c *Client) Submit(ctx context.Context, req *http.Request, opts SubmitOptions) (*Operation, error) {
	return c.submitWith(ctx, req, opts, "")
}

// submitWith is Submit. The kind is that of an operation whose options name none.
func (c *Client) submitWith(ctx context.Context, req *http.Request, opts SubmitOptions, kind string) (*Operation, error) {
	defer closeBody(req)
	if c.life.Err() != nil {
		return nil, ErrClosed
	}
	opts, err := options(ctx, req, opts)
	if err != nil {
		return nil, fmt.Errorf("submit: %w", err)
	}
	switch {
	case opts.Sequence != "":
		return nil, fmt.Errorf("submit: %w", wrong("Sequence", errors.New("only Enqueue sends in order")))
	case opts.Within != nil:
		return nil, fmt.Errorf("submit: %w", wrong("Within", errors.New("only Enqueue waits for a transaction: what is sent now cannot be rolled back")))
	}
	opts.Kind = cmp.Or(opts.Kind, kind)
	ref := hook.NewRef()
	notify := opts.Notify
	if notify.mode == "" {
		notify = c.cfg.Notify
	}
	cl, err := c.prepare(ctx, req, notify, ref, opts)
	if err != nil {
		return nil, fmt.Errorf("submit: %w", err)
	}
	c.willHaveHandler(ctx, opts.Kind)
	ctx, link, end := c.cfg.Observer.Submit(ctx, Submission{
		Ref: ref, Method: cl.method, Route: routeOf(cl.path), Notify: cmp.Or(notify.mode, modeNone), Kind: opts.Kind,
	})
	op, verdict, err := c.submitInTurn(ctx, ref, cl, notify, link, opts)
	done := Submitted{Verdict: verdict, Attempts: cl.sent, Err: err}
	if op != nil {
		done.ID = op.id
	}
	end(done)
	return op, err
}

// submitInTurn submits what was prepared when the budget allows it. What the ERP did
// not take is sent again as an operation of its own when its next turn comes, so that
// nothing waits that is recorded as being sent.
func (c *Client) submitInTurn(ctx context.Context, ref string, cl *call, notify Notify, link string, opts SubmitOptions) (*Operation, string, error) {
	var refused error
	for {
		if a := c.submitTurn(ctx); a != nil {
			if refused != nil { // as the ERP refused it before
				return nil, erp.Rejected.String(), fmt.Errorf("%w: %w", refused, a.Err)
			}
			if a.Verdict == erp.Rejected {
				return nil, a.Verdict.String(), a.refusal(cl)
			}
			return nil, a.Verdict.String(), fmt.Errorf("submit %s: not sent: %w", cl.method+" "+erp.PathOf(cl.path), a.Err)
		}
		op, a, err := c.submit(ctx, ref, cl, notify, link, opts)
		if !a.again {
			return op, a.verdict(), err
		}
		refused = err
		ref = hook.NewRef()
		if cl.value, err = notify.header(ref, opts.Pairs, time.Now()); err != nil {
			return nil, erp.Rejected.String(), errors.Join(refused, err)
		}
	}
}

// submit records and sends what was prepared, for which it has its turn.
func (c *Client) submit(ctx context.Context, ref string, cl *call, notify Notify, link string, opts SubmitOptions) (*Operation, *attempt, error) {
	rec := store.Record{
		Tenant: c.cfg.Tenant, Ref: ref, Phase: store.Sending, Method: cl.method, Path: cl.path, Origin: c.origin.String(),
		Key: opts.Key, Supersedes: opts.Supersede, Kind: opts.Kind, Verifier: opts.Verify, Metadata: maps.Clone(opts.Metadata),
		Notify: cmp.Or(notify.mode, modeNone), Link: link[:min(len(link), maxLink)],
	}
	if opts.Key != "" {
		rec.Fingerprint = fingerprint(cl)
	}
	began := time.Now()
	made, err := c.store.Create(ctx, rec, c.owner, lease.TTL)
	if err != nil {
		c.budget.Return(budget.Submit)
	}
	if held, ok := errors.AsType[*store.KeyHeldError](err); ok {
		op, known := c.existing("submit", held, fingerprint(cl), opts.Supersede)
		if known == nil && held.Record.Phase == store.Sending {
			if known = c.whileSending(ctx, op); known == nil {
				a := notMade("known")
				a.again = true // the key may be free by now
				return op, a, nil
			}
		}
		return op, notMade("known"), known
	}
	if bad, ok := errors.AsType[*store.InvalidError](err); ok && bad.Field == "Supersedes" {
		return nil, notMade(erp.NotSent.String()), fmt.Errorf("submit: %w", wrong("Supersede", errors.New(bad.Want)))
	}
	if err != nil {
		return nil, notMade(erp.NotSent.String()), fmt.Errorf("submit %s: record it: %w", cl.method, storeError(err))
	}
	keeper := c.keepSending(made.Lease, began)
	defer keeper.Stop()
	return c.send(ctx, made, cl, keeper)
}

// whileSending waits as long as another call or process sends an operation, and
// may yet be refused: then nobody would do the work who was told that it is
// under way.
func (c *Client) whileSending(ctx context.Context, op *Operation) error {
	watch := c.store.Watch(c.cfg.Tenant, op.ref)
	defer watch.Close()
	for {
		rec, err := c.store.Get(ctx, c.cfg.Tenant, op.ref)
		if ctx.Err() != nil {
			return &PendingError{Ref: op.ref, Phase: store.Sending, Err: ctx.Err()}
		}
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("submit %s: %w", op, storeError(err))
		}
		if rec.Phase != store.Sending {
			return nil
		}
		alarm, stop := timerAt(rec.Lease.Until)
		select {
		case <-alarm:
		case <-watch.C():
		case <-c.life.Done():
			err = ErrClosed
		case <-ctx.Done():
		}
		stop()
		if err != nil {
			return err
		}
	}
}

// existing answers a submit whose key belongs to another record.
func (c *Client) existing(verb string, held *store.KeyHeldError, print, supersede string) (*Operation, error) {
	rec := held.Record
	switch {
	case supersede != "" && rec.Ref != supersede && rec.Supersedes != supersede:
		return nil, fmt.Errorf("%s: Supersede: operation %s does not hold the key %q: want the ref of operation %s, which does", verb, cut(supersede, 64), rec.Key, rec.Ref)
	case supersede == rec.Ref && !held.Purged:
		return nil, fmt.Errorf("%s: Supersede: operation %s is %s and did not fail", verb, nameOf(rec.ID, rec.Ref), rec.Phase)
	case rec.Fingerprint != print:
		return nil, fmt.Errorf("%s: key %q: %w (operation %s)", verb, rec.Key, ErrKeyReused, nameOf(rec.ID, rec.Ref))
	case held.Purged:
		return nil, fmt.Errorf("%s: key %q: %w (id %s)", verb, rec.Key, ErrDuplicateKey, rec.ID)
	}
	op := c.operation(rec)
	if rec.Phase == store.Uncertain {
		return op, uncertainError(rec, nil)
	}
	return op, nil
}

func uncertainError(rec store.Record, err error) *UncertainError {
	return &UncertainError{Ref: rec.Ref, Reason: rec.Reason, Err: err, SafeToRepeat: rec.Method == http.MethodGet || rec.Method == http.MethodHead, Enqueued: rec.Enqueued}
}

// prepare checks a request and reads its body as far as it may be buffered.
func (c *Client) prepare(ctx context.Context, req *http.Request, notify Notify, ref string, opts SubmitOptions) (*call, error) {
	if req == nil {
		return nil, errors.New("request: missing")
	}
	path, err := c.origin.Background(req.URL)
	if err != nil {
		return nil, err
	}
	if req.Host != "" && erp.OriginOf(req.URL).Host != "" && req.Host != req.URL.Host {
		return nil, fmt.Errorf("request Host %q: %w", req.Host, ErrUntrustedURL)
	}
	if err := c.checkHeader(req.Header); err != nil {
		return nil, err
	}
	if _, known := c.cfg.Verifiers[opts.Verify]; opts.Verify != "" && !known {
		return nil, wrong("Verify", fmt.Errorf("Config.Verifiers has no %q", opts.Verify))
	}
	value, err := notify.header(ref, opts.Pairs, time.Now())
	if err != nil {
		return nil, err
	}
	cl := &call{method: cmp.Or(req.Method, http.MethodGet), path: path, value: value, header: req.Header}
	if err := cl.read(ctx, req, c.cfg.MaxBuffer); err != nil {
		return nil, err
	}
	if opts.Supersede != "" && opts.Key == "" {
		return nil, wrong("Supersede", errors.New("needs the Key that is taken over"))
	}
	if opts.Key != "" && !cl.replayable() {
		return nil, wrong("Key", fmt.Errorf("needs a body of at most MaxBuffer (%d bytes), to compare requests: %w", c.cfg.MaxBuffer, ErrTooLarge))
	}
	return cl, nil
}

// outgoing returns the header for a call: the request's own, completed from
// the configuration. It is a map of its own, of which the values are shared with
// both.
func (c *Client) outgoing(own http.Header) http.Header {
	h := make(http.Header, len(own)+len(c.cfg.Header)+1)
	for name, values := range own {
		name = http.CanonicalHeaderKey(name)
		if before := h[name]; before != nil {
			values = append(before, values...)
		}
		h[name] = slices.Clip(values)
	}
	for name, values := range c.cfg.Header {
		if _, set := h[name]; !set {
			h[name] = slices.Clip(values)
		}
	}
	// The ERP knows no such keys, and net/http would take them as leave to
	// send a POST again on its own.
	delete(h, "Idempotency-Key")
	delete(h, "X-Idempotency-Key")
	// Left to net/http, which then also decompresses.
	delete(h, "Accept-Encoding")
	return h
}

// checkHeader finds what net/http would refuse to send, and what contradicts
// the configuration. It never shows a value: it may be a token.
func (c *Client) checkHeader(own http.Header) error {
	if err := sendable(own); err != nil {
		return fmt.Errorf("request header %w", err)
	}
	for name, values := range own {
		switch http.CanonicalHeaderKey(name) {
		case backgroundHeader:
			return fmt.Errorf("request header %s: is set by the client, use Notify", backgroundHeader)
		case companyHeader:
			if len(values) != 1 || values[0] != c.cfg.Header.Get(companyHeader) {
				return fmt.Errorf("request header %s: must be that of Config.Header, with which the outcome is read: make a client for each company", companyHeader)
			}
		}
	}
	return nil
}

// companyHeader names the company on the old host.
const companyHeader = "Ipp-Company-Id"

// sendable reports the first header that is not one. A transport would refuse
// it too, but in a way that does not tell whether anything was sent.
func sendable(h http.Header) error {
	for name, values := range h {
		if !hook.IsToken(name) {
			return fmt.Errorf("%q: is not a header name", name)
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
				return fmt.Errorf("%s: its value holds a control character, perhaps a line end", name)
			}
		}
	}
	return nil
}

// read takes the body into memory, or leaves it as a stream if it is larger
// than limit.
func (cl *call) read(ctx context.Context, req *http.Request, limit int64) error {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	if req.ContentLength > limit {
		cl.stream, cl.length = req.Body, req.ContentLength
		return nil
	}
	// A reader that blocks is let go when the context ends, if its Close does
	// that.
	stop := context.AfterFunc(ctx, func() { req.Body.Close() })
	defer stop()
	head, err := wire.ReadAll(req.Body, req.ContentLength, limit)
	if err == nil || ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("request body: %w", err)
	}
	if req.ContentLength > 0 && int64(len(head)) != req.ContentLength {
		return fmt.Errorf("request body: %d bytes, want ContentLength, which is %d", len(head), req.ContentLength)
	}
	if int64(len(head)) > limit {
		cl.stream, cl.length = io.MultiReader(bytes.NewReader(head), req.Body), -1
		if req.ContentLength > 0 {
			cl.length = req.ContentLength
		}
		return nil
	}
	cl.body, cl.length = head, int64(len(head))
	return nil
}

// fingerprint tells whether two requests are the same work.
func fingerprint(cl *call) string { return erp.Fingerprint(cl.method, cl.path, cl.body) }

func closeBody(req *http.Request) {
	if req != nil && req.Body != nil {
		req.Body.Close()
	}
}
