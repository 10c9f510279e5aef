package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/store"
)

// look is one look at an operation. All waiters of this client share it.
type look struct {
	ref   string
	force bool // also if it is not due
	done  chan struct{}
	after []func() // guarded by Client.mu, called when done is closed

	// These are set when done is closed.
	err       error     // why it failed; store.ErrLeased if another replica looks
	denied    bool      // the credentials were refused
	unwritten bool      // the store did not take what it saw
	until     time.Time // when another replica's lease ends
}

// startLook starts a look, or joins the one in progress. Without force it
// ends at once if the operation turns out not to be due. No more than InFlight
// looks run at a time; the others queue.
func (c *Client) startLook(ref string, force bool) *look {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.looks[ref]; l != nil {
		return l
	}
	l := &look{ref: ref, force: force, done: make(chan struct{})}
	if c.closed {
		l.err = ErrClosed
		close(l.done)
		return l
	}
	c.looks[ref] = l
	c.backlog = append(c.backlog, l)
	if c.lookers < c.cfg.InFlight {
		c.lookers++
		c.working.Go(c.lookOn)
	}
	return l
}

// lookOn makes the looks of the backlog until there are none.
func (c *Client) lookOn() {
	for {
		c.mu.Lock()
		if len(c.backlog) == 0 {
			c.lookers--
			c.backlog = nil
			c.mu.Unlock()
			return
		}
		l := c.backlog[0]
		c.backlog = c.backlog[1:]
		c.mu.Unlock()

		c.runLook(l, l.ref, l.force)

		c.mu.Lock()
		c.backOff(l)
		delete(c.looks, l.ref)
		close(l.done)
		after := l.after
		c.mu.Unlock()
		for _, f := range after {
			f()
		}
	}
}

// failure is a look that could not be written down.
type failure struct {
	count int
	until time.Time // no look before this
}

// backOff keeps a record from being looked at again at once when the store
// did not take what the last look saw: nothing in the record would tell. It
// needs c.mu.
func (c *Client) backOff(l *look) {
	if !l.unwritten {
		delete(c.failed, l.ref)
		return
	}
	f := c.failed[l.ref]
	f.count++
	f.until = time.Now().Add(grow(time.Second, f.count, 30*time.Second))
	c.failed[l.ref] = f
}

// notBefore is the time before which a failing record is left alone.
func (c *Client) notBefore(ref string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed[ref].until
}

// then calls f when the look is done, or at once if it is. f must not block.
func (c *Client) then(l *look, f func()) {
	c.mu.Lock()
	select {
	case <-l.done:
		c.mu.Unlock()
		f()
	default:
		l.after = append(l.after, f)
		c.mu.Unlock()
	}
}

// runLook leases the record, looks, and writes down what it saw.
func (c *Client) runLook(l *look, ref string, force bool) {
	ctx := c.life
	// Long enough for state, verifier and content, and for writing it down.
	lease, rec, err := c.store.Acquire(ctx, c.cfg.Tenant, ref, c.owner, 4*c.cfg.CallTimeout)
	if err != nil {
		// The store's clock may be behind ours: never ask again at once.
		l.err, l.until = storeError(err), latest(rec.Lease.Until, time.Now().Add(minDelay/2))
		l.unwritten = !errors.Is(err, store.ErrLeased)
		return
	}
	defer c.release(ctx, lease) // a decision has ended it already, if one was made
	if !c.trusts(rec.Origin) {
		l.err = fmt.Errorf("%w: it was submitted to %s (see FormerOrigins)", ErrUntrustedURL, rec.Origin)
		return
	}
	due := c.nextLook(rec)
	if due.IsZero() || (!force && due.After(time.Now())) {
		return
	}
	if rec.Phase == store.Accepted {
		err = c.lookAtState(ctx, lease, rec)
	} else {
		err = c.lookAtCandidates(ctx, lease, rec)
	}
	l.err = err
	if unwritten, ok := errors.AsType[*unwrittenError](err); ok {
		l.unwritten, l.err = true, unwritten.err
	}
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		l.denied = refused.StatusCode == http.StatusUnauthorized || refused.StatusCode == http.StatusForbidden
	}
}

// lookAtState reads the state of an accepted operation.
func (c *Client) lookAtState(ctx context.Context, lease store.Lease, rec store.Record) error {
	doc, err := c.getState(ctx, rec.ID)
	if err == nil && doc.terminal() {
		return c.settle(ctx, lease, rec, doc)
	}
	return c.notYet(ctx, lease, rec, doc, err)
}

// notYet plans the next look after one that found no end, for whatever
// reason.
func (c *Client) notYet(ctx context.Context, lease store.Lease, rec store.Record, doc document, err error) error {
	now := time.Now()
	if missing(err) {
		if rec.Phase == store.Accepted && now.Sub(rec.AcceptedAt) >= retention {
			got, failed := c.decide(ctx, lease, store.Expire{Reason: err.Error()})
			if failed == nil && got.Phase == store.Expired {
				c.observeEnd(ctx, got, soughtBy(rec))
			}
			if failed != nil {
				return &unwrittenError{failed}
			}
			return nil
		}
		rec.Progress.Missing = true
		err = nil // seen in State.Missing
	} else if doc.status != "" {
		seen := rec.Progress.EndSeen
		if seen.IsZero() && doc.terminal() {
			seen = now
		}
		rec.Progress = store.Progress{Status: doc.status, ReceivedAt: doc.received, StartedAt: doc.started, EndSeen: seen}
	}
	rec.Polls++
	due := now.Add(c.delay(rec, now))
	if err != nil {
		level := slog.LevelWarn
		if errors.Is(err, ErrNotYet) {
			level = slog.LevelDebug
		}
		c.log.Log(ctx, level, "look failed", "ref", rec.Ref, "id", rec.ID, "error", err)
		retry := now.Add(jitter(grow(2*time.Second, rec.Polls-1, time.Minute), rec.Ref, rec.Polls))
		if refused, ok := errors.AsType[*ResponseError](err); !ok || refused.StatusCode != http.StatusTooManyRequests {
			due = retry
		}
	}
	plan := store.Reschedule{Due: due, Heard: rec.Notifications, Progress: rec.Progress}
	if _, failed := c.decide(ctx, lease, plan); failed != nil {
		return &unwrittenError{errors.Join(err, failed)}
	}
	return err
}

// unwrittenError says that the store did not take what a look saw.
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

// settle fetches the content as far as it is kept, and records the outcome.
func (c *Client) settle(ctx context.Context, lease store.Lease, rec store.Record, doc document) error {
	o := store.Outcome{
		Status: doc.status, StatusCode: doc.statusCode, Header: doc.header, ErrorMessage: doc.errorMessage,
		HasContent: doc.hasContent, ReceivedAt: doc.received, StartedAt: doc.started, FinishedAt: doc.finished,
	}
	overdue := !rec.Progress.EndSeen.IsZero() && time.Since(rec.Progress.EndSeen) > contentGrace
	if doc.statusCode == 0 && strings.EqualFold(doc.status, "Finished") && !overdue {
		return c.notYet(ctx, lease, rec, doc, errors.New("the state says Finished and no status code"))
	}
	if rec.Verifier != "" && o.Succeeded() {
		if err := c.verify(ctx, rec, &o); err != nil {
			return c.notYet(ctx, lease, rec, doc, err)
		}
	}
	if o.HasContent {
		if err := c.keepContent(ctx, rec.ID, doc.contentTold, &o); err != nil && !giveUpContent(err, overdue) {
			if missing(err) { // the content is not readable yet; the operation is not missing
				err = fmt.Errorf("content of %s is not there yet", rec.ID)
			}
			return c.notYet(ctx, lease, rec, doc, err)
		}
	}
	write, cancel := recording(ctx)
	defer cancel()
	got, err := c.store.Report(write, rec.Tenant, rec.Ref, store.SettledFact{ID: rec.ID, Outcome: o})
	if err != nil {
		return &unwrittenError{storeError(err)}
	}
	c.log.DebugContext(ctx, "settled", "ref", rec.Ref, "id", rec.ID, "status", o.StatusCode)
	// Whoever took the lease over meanwhile reports the same and tells of it.
	if got.Lease.Epoch == lease.Epoch {
		c.observeEnd(ctx, got, soughtBy(rec))
	}
	return nil
}

// contentGrace is how long after its end was seen an operation is waited for
// of which the status code or the content cannot be had.
const contentGrace = 10 * time.Minute

// giveUpContent reports whether an outcome is recorded without its content: at
// once if the ERP says that it is gone, else when it has failed for a while.
// Nothing is lost by that, because [Result.Open] asks again; waiting longer
// could lose the outcome itself.
func giveUpContent(err error, overdue bool) bool {
	refused, ok := errors.AsType[*ResponseError](err)
	return overdue || ok && refused.StatusCode == http.StatusGone
}

// keepContent reads the stored answer into the outcome if it is small enough.
// Where it is not certain that there is one, it finds that out.
func (c *Client) keepContent(ctx context.Context, id string, certain bool, o *store.Outcome) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	resp, err := c.get(ctx, "content", contentPath(id))
	if refused, ok := errors.AsType[*ResponseError](err); ok && (refused.StatusCode == http.StatusNoContent || !certain && missing(err)) {
		o.HasContent = false // there is none after all
		return nil
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	o.ContentType = resp.Header.Get("Content-Type")
	if resp.ContentLength > c.cfg.KeepContent {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.cfg.KeepContent+1))
	if err != nil {
		return fmt.Errorf("content of %s: %w", id, err)
	}
	if int64(len(body)) <= c.cfg.KeepContent {
		o.Kept, o.Content = true, body
	}
	return nil
}
