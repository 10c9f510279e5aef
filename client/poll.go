package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/store"
)

// poll is one poll of an operation. All waiters of this client share it.
type poll struct {
	ref   string
	force bool // also if it is not due
	done  chan struct{}
	after []func() // guarded by Client.mu, called when done is closed

	// These are set when done is closed.
	err       error     // why it failed; store.ErrLeased if another replica polls
	denied    bool      // the credentials were refused
	unwritten bool      // the store did not take what it saw
	until     time.Time // when another replica's lease ends
}

// startPoll starts a poll, or joins the one in progress. Without force it
// ends at once if the operation turns out not to be due. No more than InFlight
// polls run at a time; the others queue.
func (c *Client) startPoll(ref string, force bool) *poll {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.polls[ref]; p != nil {
		return p
	}
	p := &poll{ref: ref, force: force, done: make(chan struct{})}
	if c.closed {
		p.err = ErrClosed
		close(p.done)
		return p
	}
	c.polls[ref] = p
	c.backlog = append(c.backlog, p)
	if c.pollWorkers < c.cfg.InFlight {
		c.pollWorkers++
		c.working.Go(c.pollWorker)
	}
	return p
}

// pollWorker makes the polls of the backlog until there are none.
func (c *Client) pollWorker() {
	var p *poll
	// A poll runs code of the application: verifiers, the observer, the
	// schedule. What does not return must not take the goroutine with it.
	defer func() {
		if p == nil {
			return
		}
		err := usercode.Broken("the application's code in a poll", recover())
		c.log.ErrorContext(c.life, "a poll did not return", append([]any{"ref", p.ref}, usercode.Logged(err)...)...)
		p.err, p.unwritten = err, true
		c.working.Go(c.pollWorker) // it counts as this one among the workers
		c.polled(p)
	}()
	for {
		c.mu.Lock()
		if len(c.backlog) == 0 {
			c.pollWorkers--
			c.backlog = nil
			c.mu.Unlock()
			return
		}
		next := c.backlog[0]
		c.backlog = c.backlog[1:]
		c.mu.Unlock()

		p = next
		c.runPoll(p, p.ref, p.force)
		p = nil
		c.polled(next)
	}
}

// polled tells those who wait for a poll that it is done.
func (c *Client) polled(p *poll) {
	c.mu.Lock()
	c.backOff(p)
	delete(c.polls, p.ref)
	close(p.done)
	after := p.after
	c.mu.Unlock()
	for _, f := range after {
		f()
	}
}

// failure is a poll that could not be written down.
type failure struct {
	count int
	until time.Time // no poll before this
}

// backOff keeps a record from being polled again at once when the store
// did not take what the last poll saw: nothing in the record would tell. It
// needs c.mu.
func (c *Client) backOff(p *poll) {
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

// then calls f when the poll is done, or at once if it is. f must not block.
func (c *Client) then(p *poll, f func()) {
	c.mu.Lock()
	select {
	case <-p.done:
		c.mu.Unlock()
		f()
	default:
		p.after = append(p.after, f)
		c.mu.Unlock()
	}
}

// runPoll leases the record, polls, and writes down what it saw.
func (c *Client) runPoll(p *poll, ref string, force bool) {
	ctx := c.life
	// Long enough for state, verifier and content, and for writing it down.
	lease, rec, err := c.store.Acquire(ctx, c.cfg.Tenant, ref, c.owner, store.ToPoll, 4*c.cfg.CallTimeout)
	if err != nil {
		// The store's clock may be behind ours: never ask again at once.
		p.err, p.until = storeError(err), latest(rec.Lease.Until, time.Now().Add(minDelay/2))
		if p.unwritten = !errors.Is(err, store.ErrLeased); p.unwritten && c.life.Err() == nil {
			c.log.WarnContext(ctx, "the store did not let an operation be polled", "ref", ref, "error", p.err)
		}
		return
	}
	defer c.release(ctx, lease) // a decision has ended it already, if one was made
	if !c.trusts(rec.Origin) {
		p.err = fmt.Errorf("%w: it was submitted to %s (see FormerOrigins)", ErrUntrustedURL, rec.Origin)
		return
	}
	due := c.nextPoll(rec)
	again := force && rec.Phase == store.Unclear // a later state may say more
	if !again && (due.IsZero() || (!force && due.After(time.Now()))) {
		return
	}
	if rec.Phase == store.Accepted || again {
		err = c.pollState(ctx, lease, rec)
	} else {
		err = c.pollCandidates(ctx, lease, rec)
	}
	p.err = err
	if unwritten, ok := errors.AsType[*unwrittenError](err); ok {
		p.unwritten, p.err = true, unwritten.err
	}
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		p.denied = refused.StatusCode == http.StatusUnauthorized || refused.StatusCode == http.StatusForbidden
	}
}

// pollState reads the state of an accepted operation.
func (c *Client) pollState(ctx context.Context, lease store.Lease, rec store.Record) error {
	doc, err := c.getState(ctx, rec.ID)
	c.credentials(ctx, err)
	return c.stateRead(ctx, lease, rec, doc, err)
}

// notYet plans the next poll after one that found no end, for whatever
// reason.
func (c *Client) notYet(ctx context.Context, lease store.Lease, rec store.Record, doc erp.Document, err error) error {
	now := time.Now()
	seen := progress(rec.Progress, doc, err, now)
	if gone(rec, seen, now) {
		return c.expire(ctx, lease, rec, err)
	}
	rec.Progress = seen
	failures := 0
	_, unread := errors.AsType[*failedGet](err)
	if err != nil && (unread || !errors.Is(err, ErrNotYet)) {
		failures = c.failing(ctx, rec, err)
	} else {
		c.well(rec.Ref)
	}
	asked := now.Add(askedWait(doc, err))
	if missing(err) {
		err = nil // seen in State.Missing
	}
	rec.Polls++
	plan := store.RescheduleDecision{Due: latest(c.nextDue(ctx, rec, err, failures, now), asked), Notifications: rec.Notifications, Progress: seen}
	if _, failed := c.decide(ctx, lease, plan); failed != nil {
		return &unwrittenError{errors.Join(err, failed)}
	}
	return err
}

// nextDue is when to poll again after a poll that found no end. failures are
// those in a row, this one included.
func (c *Client) nextDue(ctx context.Context, rec store.Record, err error, failures int, now time.Time) time.Time {
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
func (c *Client) expire(ctx context.Context, lease store.Lease, rec store.Record, why error) error {
	if !rec.Progress.EndSeen.IsZero() {
		return c.endAsSeen(ctx, lease, rec)
	}
	got, failed := c.decide(ctx, lease, store.ExpireDecision{Reason: why.Error()})
	if failed != nil {
		return &unwrittenError{failed}
	}
	if got.Phase == store.Expired {
		c.well(rec.Ref)
		level, remedy := slog.LevelError, "look in the ERP what became of it before the work is done anew, and tell what is there with Operation.Resolve and EndedWith"
		if changesNothing(rec.Method) {
			level, remedy = slog.LevelWarn, "it changed nothing and may be submitted again"
		}
		c.log.Log(ctx, level, "the ERP no longer knows it", "ref", rec.Ref, "id", rec.ID,
			"last", lastState(rec.Progress.Status, rec.Progress.StatusCode, rec.Progress.Location), "remedy", remedy)
		c.observeEnd(ctx, got, soughtBy(rec))
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
	ctx, cancel := recording(ctx)
	defer cancel()
	rec, err := c.store.Decide(ctx, lease, d)
	if err == nil {
		return rec, nil
	}
	_, moved := errors.AsType[*store.PhaseError](err) // a fact from elsewhere was quicker
	if moved || errors.Is(err, store.ErrFenced) {
		return store.Record{}, nil
	}
	return store.Record{}, storeError(err)
}

// missing reports whether the ERP said that it does not know an operation.
func missing(err error) bool {
	refused, ok := errors.AsType[*ResponseError](err)
	return ok && (refused.StatusCode == http.StatusNotFound || refused.StatusCode == http.StatusGone)
}

// recordOutcome fetches the content as far as it is kept, and records the outcome.
func (c *Client) recordOutcome(ctx context.Context, lease store.Lease, rec store.Record, doc erp.Document) error {
	o := doc.Outcome()
	if doc.StatusCode == 0 && strings.EqualFold(doc.Status, "Finished") {
		if endedFor(rec, contentGrace) {
			return c.endUnclear(ctx, rec, doc) // it may have succeeded
		}
		return c.notYet(ctx, lease, rec, doc, errors.New("the state says Finished and no status code"))
	}
	if rec.Verifier != "" && o.Succeeded() {
		if err := c.verify(ctx, rec, &o); err != nil {
			return c.notYet(ctx, lease, rec, doc, err)
		}
	}
	if err := c.takeContent(ctx, rec, doc, &o); err != nil {
		return c.notYet(ctx, lease, rec, doc, err)
	}
	return c.recordAs(ctx, lease, rec, o)
}

// recordAs records an outcome.
func (c *Client) recordAs(ctx context.Context, lease store.Lease, rec store.Record, o store.Outcome) error {
	write, cancel := recording(ctx)
	defer cancel()
	got, err := c.store.Report(write, rec.Tenant, rec.Ref, store.SettledFact{ID: rec.ID, Outcome: o})
	if err != nil {
		return &unwrittenError{storeError(err)}
	}
	c.well(rec.Ref)
	c.log.DebugContext(ctx, "settled", "ref", rec.Ref, "id", rec.ID, "status", o.StatusCode)
	// Whoever took the lease over meanwhile reports the same and tells of it.
	if got.Lease.Epoch == lease.Epoch {
		c.observeEnd(ctx, got, soughtBy(rec))
	}
	return nil
}
