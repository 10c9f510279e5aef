package client

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/store"
)

const (
	// An operation has expired when its retention is over, this many polls in a
	// row over this time found none, and none saw it for an hour before: one
	// replica of the ERP that lags says 404 as well.
	expireMissings = 3
	expireAfter    = 10 * time.Minute
	expireUnseen   = time.Hour

	// refusedGrace is how long polls may be refused in a way that no repetition
	// changes before it is taken for final: a proxy that is being set up does it.
	refusedGrace = 10 * time.Minute

	// unclearGrace is how long a state with an end and an unknown word is polled
	// on before it is taken for the last one.
	unclearGrace = 10 * time.Minute
	// unclearPoll is the longest wait before a poll in that time.
	unclearPoll = time.Minute
)

// progress is what is known after a poll that found no end.
func progress(old store.Progress, doc erp.Document, err error, now time.Time) store.Progress {
	p := old
	refused, _ := errors.AsType[*ResponseError](err)
	switch {
	case doc.Status != "":
		p = store.Progress{
			Status: cut(doc.Status, 200), StatusCode: doc.StatusCode, Location: cut(doc.Header.Get("Location"), 1000), SeenAt: now,
			ReceivedAt: doc.Received, StartedAt: doc.Started,
		}
		if doc.Terminal() || doc.EndsUnclear() {
			p.EndSeen = since(old.EndSeen, now)
		}
	case missing(err):
		p.Missing, p.Missings, p.MissingSince = true, p.Missings+1, since(old.MissingSince, now)
		p.RefusedSince, p.RefusedStatus = time.Time{}, 0
	case refused != nil && final(refused.StatusCode):
		p.RefusedSince, p.RefusedStatus = since(old.RefusedSince, now), refused.StatusCode
	}
	return p
}

// since returns when something began that is also so now: then, if it was so
// before. What lies ahead was written by a clock that was wrong.
func since(began, now time.Time) time.Time {
	if began.IsZero() || began.After(now) {
		return now
	}
	return began
}

// gone reports whether the ERP has forgotten an operation for good.
func gone(rec *store.Record, p store.Progress, now time.Time) bool {
	if rec.Phase != store.Accepted || p.Missings < expireMissings || now.Sub(p.MissingSince) < expireAfter {
		return false
	}
	// It was accepted before it was missing, whatever a clock has written that
	// was ahead then, and reads as now.
	before := func(t time.Time) time.Duration {
		if t.After(p.MissingSince) {
			t = p.MissingSince
		}
		return now.Sub(t)
	}
	return before(rec.AcceptedAt) >= retention && before(p.SeenAt) >= expireUnseen
}

// final reports whether the status code of a poll is a refusal that no
// repetition changes. What has rules of its own is none: credentials (401,
// 403), an operation that is missing (404, 410), and what passes (408, 425,
// 429, 5xx).
func final(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone,
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 100 && status < 500
}

// refusedForGood reports whether polls have been refused for so long that a
// person is needed.
func refusedForGood(p store.Progress, now time.Time) bool {
	return !p.RefusedSince.IsZero() && now.Sub(p.RefusedSince) >= refusedGrace
}

// refusedDelay is the wait before the next poll of what is refused for good:
// somebody may mend it.
func refusedDelay(p store.Progress, now time.Time) time.Duration {
	if now.Sub(p.RefusedSince) > retention {
		return time.Hour
	}
	return 10 * time.Minute
}

// maxWords bounds how many unknown words are told of.
const maxWords = 100

// unknownWord tells of a status that is not known: once per word in the log, and
// once per operation to the observer.
func (c *Client) unknownWord(ctx context.Context, rec *store.Record, doc erp.Document) {
	if rec.Progress.Status != cut(doc.Status, 200) {
		c.attend(ctx, *rec, NeedsWord)
	}
	word := cut(doc.Status, 64)
	c.mu.Lock()
	fresh := !c.words[word] && len(c.words) < maxWords
	if fresh {
		c.words[word] = true
	}
	c.mu.Unlock()
	if fresh {
		c.log.WarnContext(ctx, "the ERP says a status that is not known, which is taken for not ended", "status", word,
			"status_code", doc.StatusCode, "finished", !doc.Finished.IsZero(), "ref", rec.Ref, "id", rec.ID)
	}
}

// stateRead goes on with what a poll of an operation saw.
func (c *Client) stateRead(ctx context.Context, h *held, doc erp.Document, err error) error {
	if err != nil || doc.KnownWord() {
		if err == nil && doc.Terminal() {
			return c.recordOutcome(ctx, h, doc)
		}
		return c.notYet(ctx, h, doc, err)
	}
	c.unknownWord(ctx, &h.rec, doc)
	ended := h.rec.Progress.EndSeen
	if doc.EndsUnclear() && !ended.IsZero() && time.Since(ended) >= unclearGrace {
		return c.endUnclear(ctx, h, doc)
	}
	return c.notYet(ctx, h, doc, nil)
}

// endUnclear records an end that nobody understands.
func (c *Client) endUnclear(ctx context.Context, h *held, doc erp.Document) error {
	write := recording(ctx)
	defer write.done()
	before := h.rec.Phase
	if err := c.reportHeld(write, h, store.UnclearFact{ID: h.rec.ID, Outcome: doc.Outcome(), Epoch: h.lease.Epoch}); err != nil {
		return err
	}
	got := &h.rec
	c.well(got.Ref)
	if got.Phase == store.Unclear && before != store.Unclear {
		c.log.ErrorContext(ctx, "ended in a way that nobody knows", "ref", got.Ref, "id", got.ID,
			"status", lastState(doc.Status, doc.StatusCode, doc.Header.Get("Location")), "remedy", remedyResolve)
		c.attend(ctx, *got, NeedsUnclear)
	}
	return nil
}

// endAsSeen records the end of an operation that the ERP no longer knows and that
// had ended when it was seen last: a verifier was missing, for example. Its
// content is lost.
func (c *Client) endAsSeen(ctx context.Context, h *held) error {
	p := &h.rec.Progress
	doc := erp.Document{
		ID: h.rec.ID, Status: p.Status, StatusCode: p.StatusCode, Received: p.ReceivedAt, Started: p.StartedAt,
		HasContent: p.StatusCode != http.StatusNoContent, Header: http.Header{},
	}
	if p.Location != "" {
		doc.Header.Set("Location", p.Location)
	}
	if !doc.Terminal() || doc.StatusCode == 0 {
		return c.endUnclear(ctx, h, doc)
	}
	o := doc.Outcome()
	erp.JudgeAction(h.rec.Method, h.rec.Path, &o, nil, false, false)
	o.Unconfirmed = o.Unconfirmed || o.Succeeded()
	c.log.WarnContext(ctx, "the ERP no longer knows it, and it is recorded as it was seen last", "ref", h.rec.Ref, "id", h.rec.ID,
		"last", lastState(p.Status, p.StatusCode, p.Location))
	return c.recordAs(ctx, h, o)
}

// remedyResolve is what the log tells a person to do.
const remedyResolve = "look in the ERP what became of it and tell with Operation.Resolve; Client.Uncertain lists all such operations"

// troubleAfter is how long all polls of an operation may fail before a person
// is called.
const troubleAfter = time.Hour

// trouble is a row of polls that failed.
type trouble struct {
	since time.Time
	last  time.Time
	count int
	told  bool
}

// Rows that nobody ends, because another replica found the end, are dropped when
// there are maxTroubles of them and none was added to for staleTrouble, which is
// longer than any wait between two polls.
const (
	maxTroubles  = 1024
	staleTrouble = 2 * maxDelay
)

// failing counts the polls of an operation that failed in a row. It calls a
// person, once, when none is going to succeed, or none has for an hour.
func (c *Client) failing(ctx context.Context, rec *store.Record, err error) int {
	now := time.Now()
	c.mu.Lock()
	t := c.troubles[rec.Ref]
	if t == nil {
		if len(c.troubles) >= maxTroubles {
			maps.DeleteFunc(c.troubles, func(_ string, t *trouble) bool { return now.Sub(t.last) > staleTrouble })
		}
		t = &trouble{since: now}
		c.troubles[rec.Ref] = t
	}
	t.last = now
	t.count++
	waited, _ := errors.AsType[*failedGet](err)
	n, tell := t.count, !t.told && !missing(err) && (waited == nil || !waited.expected)
	refused := refusedForGood(rec.Progress, now)
	if tell = tell && (refused || now.Sub(t.since) >= troubleAfter); tell {
		t.told = true
	}
	c.mu.Unlock()
	if !tell {
		return n
	}
	about := []any{"ref", rec.Ref, "id", rec.ID, "polls", n, "error", err}
	if refused {
		c.log.ErrorContext(ctx, "the ERP refuses all polls of an operation, in a way that no repetition changes", append(about, "status", rec.Progress.RefusedStatus)...)
	} else {
		c.log.ErrorContext(ctx, "all polls of an operation have failed for an hour", about...)
	}
	c.attend(ctx, *rec, NeedsPolls)
	return n
}

// well ends a row of failures.
func (c *Client) well(ref string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.troubles, ref)
}

// maxDeniedTold is how many polls in a row, of whatever operations, the ERP
// refuses for their credentials before a person is called.
const maxDeniedTold = 3

// credentials notes whether a poll was refused for its credentials.
func (c *Client) credentials(ctx context.Context, err error) {
	refused, _ := errors.AsType[*ResponseError](err)
	switch {
	case err == nil:
		c.deniedPolls.Store(0)
	case refused != nil && (refused.StatusCode == http.StatusUnauthorized || refused.StatusCode == http.StatusForbidden):
		if c.deniedPolls.Add(1) == maxDeniedTold {
			c.log.ErrorContext(ctx, "the ERP goes on refusing the credentials of polls", "status", refused.StatusCode, "error", err)
		}
	}
}

// spacing is the least time to the next poll after the n-th in a row that
// failed: the old host refuses an equal request for as long as two of the last
// five minutes failed.
func (c *Client) spacing(n int) time.Duration {
	switch {
	case c.origin.Host != oldHost:
		return 0
	case n <= 1:
		return 15 * time.Second
	}
	return 5*time.Minute + 5*time.Second
}

const oldHost = "integration.visma.net"
