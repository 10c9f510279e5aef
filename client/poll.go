package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/store"
)

// poll is one poll of an operation. All who are interested in it share it.
type poll struct {
	ref   string
	force bool          // also if it is not due
	turn  turn          // of its first call
	done  chan struct{} // closed when it is over; nil unless somebody asked for this very poll

	// These are set when it is over.
	rec       *store.Record // the record after it, until the next poll of the goroutine; nil if it has to be read
	err       error         // why it failed; store.ErrLeased if another replica polls
	denied    bool          // the credentials were refused
	unwritten bool          // the store did not take what it saw
	until     time.Time     // when another replica's lease ends
}

// held is a record under a lease of this client: what a poll sees, and what a
// resolver or a person tells, is judged and written down while it is held.
type held struct {
	lease store.Lease
	rec   store.Record
	turn  *turn // of the next call
	// written is whether rec is the record as this client wrote it last, and
	// ended whether the lease ended with that.
	written, ended bool
}

// helds are those of goroutines that poll: a record is large, and many a goroutine
// makes a single poll.
var helds = sync.Pool{New: func() any { return new(held) }}

// wrote notes what the store returned for a change. A decision ends the lease.
func (h *held) wrote(rec store.Record, ended bool) {
	h.rec, h.written, h.ended = rec, true, h.ended || ended
}

// failure is a poll that could not be written down.
type failure struct {
	count int
	until time.Time // no poll before this
}

// backOff keeps a record from being polled again at once when the store
// did not take what the last poll saw: nothing in the record would tell.
func (c *Client) backOff(p *poll) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !p.unwritten {
		delete(c.failed, p.ref)
		return
	}
	f := c.failed[p.ref]
	f.count++
	f.until = time.Now().Add(storeRetry.After(f.count))
	c.failed[p.ref] = f
}

// notBefore is the time before which a failing record is left alone.
func (c *Client) notBefore(ref string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed[ref].until
}

// runPoll leases the record, polls, and writes down what it saw. It uses h.
func (c *Client) runPoll(p *poll, h *held) {
	ctx := c.life
	*h = held{turn: &p.turn}
	if !c.acquireToPoll(p, h) {
		return
	}
	defer func() {
		if !h.ended {
			c.release(ctx, h.lease)
		}
		if h.written {
			p.rec = &h.rec
		}
	}()
	rec := &h.rec
	if !c.trusts(rec.Origin) {
		p.err = fmt.Errorf("%w: it was submitted to %s (see FormerOrigins)", ErrUntrustedURL, rec.Origin)
		return
	}
	due := c.nextPoll(rec)
	again := p.force && rec.Phase == store.Unclear // a later state may say more
	if !again && (due.IsZero() || !p.force && due.After(time.Now()) && !c.dueAfterAll(rec)) {
		return
	}
	var err error
	if rec.Phase == store.Accepted || again {
		err = c.pollState(ctx, h)
	} else {
		err = c.pollCandidates(ctx, h)
	}
	p.err = err
	if unwritten, ok := errors.AsType[*unwrittenError](err); ok {
		p.unwritten, p.err = true, unwritten.err
	}
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		p.denied = refused.StatusCode == http.StatusUnauthorized || refused.StatusCode == http.StatusForbidden
	}
}

// acquireToPoll takes the lease of a poll. It is a function of its own so that its
// record is not on the stack of the call to the ERP, which is deep.
func (c *Client) acquireToPoll(p *poll, h *held) bool {
	// Long enough for state, verifier and content, and for writing it down.
	lease, rec, err := c.store.Acquire(c.life, c.cfg.Tenant, p.ref, c.owner, store.ToPoll, 4*c.cfg.CallTimeout)
	h.lease, h.rec = lease, rec
	if err == nil {
		return true
	}
	// The store's clock may be behind ours: never ask again at once.
	p.err, p.until = storeError(err), latest(rec.Lease.Until, time.Now().Add(minDelay/2))
	if p.unwritten = !errors.Is(err, store.ErrLeased); p.unwritten && c.life.Err() == nil {
		c.log.WarnContext(c.life, "the store did not let an operation be polled", "ref", p.ref, "error", p.err)
	}
	return false
}

// pollState reads the state of an accepted operation.
func (c *Client) pollState(ctx context.Context, h *held) error {
	doc, err := c.getState(ctx, h.turn, h.rec.ID)
	c.credentials(ctx, err)
	return c.stateRead(ctx, h, doc, err)
}

// notYet plans the next poll after one that found no end, for whatever
// reason.
func (c *Client) notYet(ctx context.Context, h *held, doc erp.Document, err error) error {
	now := time.Now()
	seen := progress(h.rec.Progress, doc, err, now)
	if gone(&h.rec, seen, now) {
		return c.expire(ctx, h, err)
	}
	rec := &h.rec
	h.written = false // until the store has it
	if err == nil && doc.Status != "" && !doc.Terminal() && !doc.EndsUnclear() {
		c.learnRunning(rec, now)
	}
	rec.Progress = seen
	failures := 0
	_, unread := errors.AsType[*failedGet](err)
	if err != nil && (unread || !errors.Is(err, ErrNotYet)) {
		failures = c.failing(ctx, rec, err)
	} else {
		c.well(rec.Ref)
	}
	wait := askedWait(doc, err)
	c.postpone(rec.Ref, wait)
	asked := now.Add(wait)
	if missing(err) {
		err = nil // seen in State.Missing
	}
	rec.Polls++
	plan := store.RescheduleDecision{Due: latest(c.nextDue(ctx, rec, err, failures, now), asked), Notifications: rec.Notifications, Progress: seen}
	if failed := c.decideHeld(ctx, h, plan); failed != nil {
		return &unwrittenError{errors.Join(err, failed)}
	}
	return err
}

// nextDue is when to poll again after a poll that found no end. failures are
// those in a row, this one included.
func (c *Client) nextDue(ctx context.Context, rec *store.Record, err error, failures int, now time.Time) time.Time {
	due := now.Add(c.delay(rec, now))
	if err != nil {
		level := slog.LevelWarn
		if errors.Is(err, ErrNotYet) {
			level = slog.LevelDebug
		}
		c.log.Log(ctx, level, "poll failed", "ref", rec.Ref, "id", rec.ID, "error", err)
		wait := failedPoll.After(rec.Polls)
		if refusedForGood(rec.Progress, now) {
			wait = refusedDelay(rec.Progress, now)
		}
		if refused, ok := errors.AsType[*ResponseError](err); !ok || refused.StatusCode != http.StatusTooManyRequests {
			due = now.Add(jitter(wait, rec.Ref, rec.Polls))
		}
	}
	if failures > 0 {
		due = latest(due, now.Add(c.spacing(failures)))
	}
	return due
}

// expire records that the ERP has forgotten an operation. What was seen of its
// end before that, and could not be recorded, is its outcome.
func (c *Client) expire(ctx context.Context, h *held, why error) error {
	if !h.rec.Progress.EndSeen.IsZero() {
		return c.endAsSeen(ctx, h)
	}
	before := h.rec
	if failed := c.decideHeld(ctx, h, store.ExpireDecision{Reason: why.Error()}); failed != nil {
		return &unwrittenError{failed}
	}
	if h.written && h.rec.Phase == store.Expired {
		c.well(before.Ref)
		level, remedy := slog.LevelError, "look in the ERP what became of it before the work is done anew, and tell what is there with Operation.Resolve and EndedWith"
		if changesNothing(before.Method) {
			level, remedy = slog.LevelWarn, "it changed nothing and may be submitted again"
		}
		c.log.Log(ctx, level, "the ERP no longer knows it", "ref", before.Ref, "id", before.ID,
			"last", lastState(before.Progress.Status, before.Progress.StatusCode, before.Progress.Location), "remedy", remedy)
		c.observeEnd(ctx, &h.rec, soughtBy(&before))
	}
	return nil
}

// unwrittenError says that the store did not take what a poll saw.
type unwrittenError struct{ err error }

func (e *unwrittenError) Error() string { return e.err.Error() }
func (e *unwrittenError) Unwrap() error { return e.err }

// decide writes a decision and returns the record after it. That the lease was
// lost is no failure: another replica goes on with the work, and the record is
// the zero one.
func (c *Client) decide(ctx context.Context, lease store.Lease, d store.Decision) (store.Record, error) {
	write := recording(ctx)
	defer write.done()
	rec, err := c.store.Decide(write, lease, d)
	if err == nil {
		return rec, nil
	}
	_, moved := errors.AsType[*store.PhaseError](err) // a fact from elsewhere was quicker
	if moved || errors.Is(err, store.ErrFenced) {
		return store.Record{}, nil
	}
	return store.Record{}, storeError(err)
}

// decideHeld writes a decision about a record that is held. If the lease was lost,
// the record has to be read.
func (c *Client) decideHeld(ctx context.Context, h *held, d store.Decision) error {
	got, err := c.decide(ctx, h.lease, d)
	if err == nil && got.Ref != "" {
		h.wrote(got, true)
	}
	return err
}

// missing reports whether the ERP said that it does not know an operation.
func missing(err error) bool {
	refused, ok := errors.AsType[*ResponseError](err)
	return ok && (refused.StatusCode == http.StatusNotFound || refused.StatusCode == http.StatusGone)
}

// recordOutcome fetches the content as far as it is kept, and records the outcome.
func (c *Client) recordOutcome(ctx context.Context, h *held, doc erp.Document) error {
	o := doc.Outcome()
	if doc.StatusCode == 0 && strings.EqualFold(doc.Status, "Finished") {
		if endedFor(&h.rec, contentGrace) {
			return c.endUnclear(ctx, h, doc) // it may have succeeded
		}
		return c.notYet(ctx, h, doc, errors.New("the state says Finished and no status code"))
	}
	if h.rec.Verifier != "" && o.Succeeded() {
		if err := c.verify(ctx, &h.rec, &o); err != nil {
			return c.notYet(ctx, h, doc, err)
		}
	}
	if err := c.takeContent(ctx, &h.rec, doc, &o); err != nil {
		return c.notYet(ctx, h, doc, err)
	}
	return c.recordAs(ctx, h, o)
}

// recordAs records an outcome.
func (c *Client) recordAs(ctx context.Context, h *held, o store.Outcome) error {
	write := recording(ctx)
	defer write.done()
	by := soughtBy(&h.rec)
	c.learnEnded(&h.rec, &o)
	c.sealOutcome(ctx, &h.rec, &o)
	if err := c.reportHeld(write, h, store.SettledFact{ID: h.rec.ID, Outcome: o, Epoch: h.lease.Epoch}); err != nil {
		return err
	}
	c.well(h.rec.Ref)
	c.log.LogAttrs(ctx, slog.LevelDebug, "settled", slog.String("ref", h.rec.Ref), slog.String("id", h.rec.ID), slog.Int("status", o.StatusCode))
	// Whoever took the lease over meanwhile reports the same and tells of it.
	if h.rec.Lease.Epoch == h.lease.Epoch {
		c.observeEnd(ctx, &h.rec, by)
	}
	return nil
}

// reportHeld writes a fact about a record that is held, with which its lease ends.
func (c *Client) reportHeld(ctx context.Context, h *held, fact store.Fact) error {
	got, err := c.store.Report(ctx, h.rec.Tenant, h.rec.Ref, fact)
	if err != nil {
		return &unwrittenError{storeError(err)}
	}
	h.wrote(got, true)
	return nil
}
