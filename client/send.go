package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/httpx"
	"github.com/vismanet-go/background/internal/lease"
	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// send makes the attempt, for which it has its turn, and records what became of it. The
// request goes out once, but for a 401, which says for certain that it was not taken.
func (c *Client) send(ctx context.Context, rec store.Record, cl *call, keeper *lease.Keeper) (*Operation, *attempt, error) {
	for {
		var a *attempt
		if !keeper.Valid() { // a process that was stopped
			if err := stillOurs(ctx, keeper); err != nil {
				a = &attempt{Answer: erp.Answer{Verdict: erp.NotSent, Err: err}}
			}
		}
		sent := cl.sent
		if a == nil {
			a = c.attempt(ctx, cl)
		}
		if cl.sent == sent {
			c.budget.Return(budget.Submit)
		}
		c.log.LogAttrs(ctx, slog.LevelDebug, "submitted", slog.String("ref", rec.Ref), slog.String("method", cl.method),
			slog.Int("status", a.Status), slog.String("verdict", a.Verdict.String()))
		if a.Verdict == erp.Unauthorized {
			again, err := c.mayResend(ctx, cl)
			if again {
				err = stillOurs(ctx, keeper)
			}
			if again && err == nil {
				if ok, _ := c.budget.TryTake(budget.Submit); ok {
					continue
				}
				a.again = true // as a record of its own, when its turn comes
			}
			if err != nil {
				a.Err = errors.Join(a.Err, err)
			}
		}
		if a.Verdict == erp.Limited {
			a.again = cl.replayable()
		}
		if a.Verdict == erp.Unauthorized || a.Verdict == erp.Limited {
			a.denied = a.Verdict == erp.Unauthorized && !a.again
			a.Verdict = erp.Rejected
		}
		op, err := c.conclude(ctx, rec, cl, a)
		if _, unclear := errors.AsType[*UncertainError](err); unclear {
			a.Verdict = erp.Uncertain
		}
		return op, a, err
	}
}

// mayResend decides about a request that was refused for its credentials.
func (c *Client) mayResend(ctx context.Context, cl *call) (bool, error) {
	if !cl.replayable() || cl.refreshed {
		return false, nil
	}
	cl.refreshed = true
	if c.cfg.Refresh != nil {
		if err := c.refresh(ctx); err != nil {
			return false, err
		}
	}
	return ctx.Err() == nil, nil
}

// refresh has the application drop its credentials.
func (c *Client) refresh(ctx context.Context) error {
	ctx = c.charging(ctx)
	if err := usercode.Call("Config.Refresh", func() error { return c.cfg.Refresh(ctx) }); err != nil {
		return fmt.Errorf("refresh the credentials: %w", err)
	}
	return nil
}

// stillOurs makes sure that the request may be sent: in a long wait the
// attempt's lease may have been lost, and with it the key of the work.
func stillOurs(ctx context.Context, keeper *lease.Keeper) error {
	if err := keeper.Renew(ctx); err != nil {
		return fmt.Errorf("the lease of the attempt: %w", storeError(err))
	}
	return nil
}

// sleep waits; it reports false if ctx or life ended first.
func sleep(ctx, life context.Context, d time.Duration) (bool, error) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	case <-life.Done():
		return false, ErrClosed
	}
}

// conclude records the verdict and says what Submit returns.
func (c *Client) conclude(ctx context.Context, rec store.Record, cl *call, a *attempt) (*Operation, error) {
	write := recording(ctx)
	defer write.done()
	switch a.Verdict {
	case erp.Accepted:
		wait, _ := wire.RetryAfter(a.Header, time.Now())
		c.postpone(rec.Ref, wait)
		return c.accept(write, rec, a.ID)
	case erp.Foreground:
		c.log.WarnContext(ctx, "ran in the foreground", "ref", rec.Ref, "status", a.Status)
		return c.ran(write, rec, a)
	case erp.Uncertain:
		return c.unclear(write, rec, a.Reason(), a.Err)
	case erp.NotSent:
		if rec.Enqueued {
			return nil, c.returned(write, rec, cl, a)
		}
		c.reject(write, rec, "not sent")
		return nil, fmt.Errorf("submit %s %s: not sent: %w", cl.method, erp.PathOf(cl.path), a.Err)
	default:
		if rec.Enqueued && (a.again || a.denied) {
			return nil, c.returned(write, rec, cl, a)
		}
		if rec.Enqueued {
			return c.ran(write, rec, a) // a refusal is an outcome
		}
		c.reject(write, rec, fmt.Sprintf("answered %d", a.Status))
		return nil, a.refusal(cl)
	}
}

// unclear records that nobody knows whether the request was accepted.
func (c *Client) unclear(ctx context.Context, rec store.Record, reason string, cause error) (*Operation, error) {
	got, err := c.store.Report(ctx, rec.Tenant, rec.Ref, store.UncertainFact{Epoch: rec.SendEpoch, Reason: reason})
	if err != nil { // it becomes uncertain by itself when the lease ends
		c.log.WarnContext(ctx, "uncertain and not recorded", "ref", rec.Ref, "error", err)
		got = rec
		got.Reason = reason
	}
	c.log.ErrorContext(ctx, "not known whether it was accepted", "ref", rec.Ref, "reason", got.Reason)
	op := c.operation(got)
	if got.ID != "" { // a notification was quicker
		return op, nil
	}
	return op, uncertainError(got, cause)
}

// accept records the id. It never loses it: what the store does not take now
// is told to the caller and written later.
func (c *Client) accept(ctx context.Context, rec store.Record, id string) (*Operation, error) {
	fact := store.AcceptedFact{ID: id, Source: store.FromAnswer, Due: c.firstPoll(rec)}
	got, err := c.store.Report(ctx, rec.Tenant, rec.Ref, fact)
	if err == nil {
		// A string that a store has read may hold the whole row: 400 bytes in the one
		// of SQLite, for as long as there is the handle.
		rec.ID, rec.Phase = got.ID, got.Phase
		return c.operation(rec), nil
	}
	if _, conflict := errors.AsType[*store.ConflictError](err); conflict {
		// An id that belongs to another operation says nothing about this one.
		return c.unclear(ctx, rec, "answered with an id that does not fit", err)
	}
	c.log.ErrorContext(ctx, "accepted and not recorded", "ref", rec.Ref, "id", id, "error", err)
	rec.ID = id
	op := c.operation(rec)
	c.keepTrying(rec, fact)
	return op, &RecordError{Ref: rec.Ref, ID: id, Err: storeError(err)}
}

// ran records an answer that came in the foreground. It loses it as little as
// accept loses an id.
func (c *Client) ran(ctx context.Context, rec store.Record, a *attempt) (*Operation, error) {
	o := a.Outcome(rec)
	c.sealOutcome(ctx, &rec, &o)
	fact := store.SettledFact{Outcome: o, Epoch: rec.SendEpoch}
	got, err := c.store.Report(ctx, rec.Tenant, rec.Ref, fact)
	if err == nil {
		c.observeEnd(ctx, &got, byForeground)
		return c.operation(got), nil
	}
	c.log.ErrorContext(ctx, "ran in the foreground and not recorded", "ref", rec.Ref, "status", a.Status, "error", err)
	c.keepTrying(rec, fact)
	return c.operation(rec), &RecordError{Ref: rec.Ref, StatusCode: a.Status, Err: storeError(err)}
}

// keepTrying has insist run. It is a function of its own so that rec is copied
// to the heap only here.
func (c *Client) keepTrying(rec store.Record, fact store.Fact) {
	c.unwritten(rec.Ref, 1)
	if !c.work(func() {
		defer c.unwritten(rec.Ref, -1)
		c.insist(rec, fact)
	}) {
		c.unwritten(rec.Ref, -1)
	}
}

// unwritten counts the facts about an operation that this client knows and the
// store has not taken yet.
func (c *Client) unwritten(ref string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.facts[ref] += n; c.facts[ref] == 0 {
		delete(c.facts, ref)
	}
}

// unrecorded reports whether there are any.
func (c *Client) unrecorded(ref string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.facts[ref] > 0
}

// insist tries to record what the ERP answered until it is written or the
// client is closed.
func (c *Client) insist(rec store.Record, fact store.Fact) {
	waits := factRetry.Waits()
	for {
		if ok, _ := sleep(c.life, c.life, waits.Next()); !ok {
			return
		}
		ctx := recording(c.life)
		got, err := c.store.Report(ctx, rec.Tenant, rec.Ref, fact)
		ctx.done()
		if err == nil {
			c.log.WarnContext(c.life, "recorded late", "ref", rec.Ref, "id", got.ID)
			if _, ran := fact.(store.SettledFact); ran {
				c.observeEnd(c.life, &got, byForeground)
			}
			return
		}
		_, conflict := errors.AsType[*store.ConflictError](err)
		_, refused := errors.AsType[*store.PhaseError](err)
		if conflict || refused || errors.Is(err, store.ErrClosed) {
			return
		}
	}
}

func (c *Client) reject(ctx context.Context, rec store.Record, reason string) {
	if _, err := c.store.Report(ctx, rec.Tenant, rec.Ref, store.RejectedFact{Epoch: rec.SendEpoch, Reason: reason}); err != nil {
		// Left alone the record becomes uncertain: the careful side.
		c.log.WarnContext(ctx, "rejected and not recorded", "ref", rec.Ref, "error", err)
	}
}

// attempt sends the request once and reads the answer.
func (c *Client) attempt(ctx context.Context, cl *call) *attempt {
	s := httpx.Watch(c.charging(ctx), sends(cl.method))
	defer s.End()
	body := &onceBody{}
	req, err := http.NewRequestWithContext(s.Context(), cl.method, c.origin.URL(cl.path), nil)
	if err != nil {
		return &attempt{Answer: erp.Answer{Verdict: erp.NotSent, Err: err}}
	}
	// A header of its own, because the transport below may write to it.
	req.Header = c.outgoing(cl.header)
	req.Header[backgroundHeader] = []string{cl.value}
	defer body.Close()
	if cl.stream != nil || len(cl.body) > 0 {
		body.r = cl.stream
		if cl.replayable() {
			body.whole.Reset(cl.body)
			body.r = &body.whole
		}
		// No GetBody: nothing below this client may send it a second time.
		req.Body, req.ContentLength = body, cl.length
	}
	c.withBody(req)
	if err := ctx.Err(); err != nil {
		return &attempt{Answer: erp.Answer{Verdict: erp.NotSent, Err: err}}
	}
	cl.sent++
	html := erp.AsksForHTML(req.Header)
	start := time.Now()
	resp, err := c.call(req)
	c.turnOver(budget.Submit, resp, err)
	c.observe(ctx, cmp.Or(cl.kind, "submit"), cl.method, start, resp, err)
	if err != nil {
		c.forgetSilent(err)
		// Without the address that net/http adds: its query may hold data.
		a := &attempt{Answer: erp.Answer{Verdict: erp.Uncertain, Err: bare(err)}}
		// Once the header is out, the server may have acted on it. A second
		// GetConn would be for something else than this request.
		untouched := body.reads.Load() == 0 && !s.Connected() && !s.Wrote()
		// Over HTTP/2 a call that failed by itself is not written any more.
		unwritten := s.HTTP2() && body.reads.Load() == 0 && !s.Wrote() && ctx.Err() == nil
		switch {
		case s.Stopped():
			a.Err = httpx.ErrResend
		case errors.Is(err, errNoAnswer):
		case untouched && (s.Dialled() == 1 || cl.length > 0), unwritten, httpx.Refused(a.Err), saysNotSent(err):
			a.Verdict = erp.NotSent
		}
		return a
	}
	defer resp.Body.Close()
	idle := c.cfg.CallTimeout
	if resp.StatusCode < 300 && resp.StatusCode != http.StatusAccepted {
		idle *= 10 // an answer that may still be computed
	}
	coming := &comingBody{ReadCloser: resp.Body, idle: idle, timer: s.EndAfter(idle)}
	defer coming.timer.Stop()
	resp.Body = coming
	a := &attempt{Answer: erp.Judge(resp, cl.method, html)}
	if a.Verdict == erp.Unauthorized {
		a.hint = withoutToken(resp)
	}
	return a
}

// comingBody ends a call whose answer stops coming: what was read of it until
// then counts, and an id is not kept from its caller by the rest.
type comingBody struct {
	io.ReadCloser
	idle  time.Duration
	timer *time.Timer
}

func (b *comingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.timer.Reset(b.idle)
	}
	return n, err
}

// saysNotSent asks an error for certainty: one that knows that nothing was
// sent, because it could get no token for example, has a method NotSent.
func saysNotSent(err error) bool {
	var sure interface{ NotSent() bool }
	return errors.As(err, &sure) && sure.NotSent()
}

// onceBody can be read once: a transport that tries to send a body again
// after closing it gets an error instead of an empty body.
//
// Close waits for a Read: a transport may go on reading while the answer is
// there already, and the caller's reader must not be touched after Submit.
type onceBody struct {
	reads atomic.Int64

	mu     sync.Mutex // guards the rest, and is held while reading
	whole  bytes.Reader
	r      io.Reader
	closed bool
}

func (b *onceBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, errors.New("the request body was sent already and is not sent twice")
	}
	b.reads.Add(1)
	return b.r.Read(p)
}

func (b *onceBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}
