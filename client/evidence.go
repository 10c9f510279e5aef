package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/store"
)

const (
	// clockSlack is by how much the ERP's clock may be behind ours.
	clockSlack = 5 * time.Minute
	// graceCandidate is how long a notified operation may be unreadable.
	graceCandidate = time.Minute
)

// pollCandidates checks the ids that notifications proposed for an
// operation whose 202 was never read. An id is bound only if the ERP itself,
// asked with our own credentials, tells of an operation that is ours.
func (c *Client) pollCandidates(ctx context.Context, h *held) error {
	rec := h.rec
	var last error
	refute := func(id, reason string) {
		if err := c.refute(ctx, rec, id, reason); err != nil {
			last = err // polled again, after the plan below
		}
	}
	for _, id := range rec.Candidates {
		if !erp.ValidID(id) {
			refute(id, "not an id that can be asked for")
			continue
		}
		doc, err := c.getState(ctx, h.turn, id)
		if missing(err) && rec.Polls >= 3 && rec.Notification != nil && time.Since(notifiedAt(&rec, time.Now())) > graceCandidate {
			refute(id, "the ERP does not know the proposed id")
			continue
		}
		if refused, ok := errors.AsType[*ResponseError](err); ok && refused.StatusCode == http.StatusForbidden {
			refute(id, "the proposed id belongs to somebody else")
			continue
		}
		if err != nil {
			last = err
			continue
		}
		reason, certain := mismatch(doc, rec)
		if certain {
			refute(id, reason)
			continue
		}
		if reason != "" { // the document may be whole the next time
			last = errors.New(reason)
			continue
		}
		return c.bindEvidence(ctx, h, id, doc)
	}
	if last == nil || missing(last) {
		last = errNoEvidence
	}
	return c.notYet(ctx, h, erp.Document{}, last)
}

var errNoEvidence = errors.New("no proposed id could be confirmed yet")

func (c *Client) bindEvidence(ctx context.Context, h *held, id string, doc erp.Document) error {
	write := recording(ctx)
	defer write.done()
	got, err := c.store.Report(write, h.rec.Tenant, h.rec.Ref, store.AcceptedFact{ID: id, Source: store.FromEvidence})
	if _, conflict := errors.AsType[*store.ConflictError](err); conflict {
		if failed := c.refute(ctx, h.rec, id, "the proposed id belongs to another operation"); failed != nil {
			return &unwrittenError{failed}
		}
		return nil
	}
	if err != nil {
		return &unwrittenError{storeError(err)}
	}
	h.wrote(got, false)
	c.log.WarnContext(ctx, "resolved by a notification", "ref", got.Ref, "id", id)
	if doc.Terminal() {
		return c.recordOutcome(ctx, h, doc)
	}
	return c.notYet(ctx, h, doc, nil)
}

// refute drops a candidate. Its error says that the store did not take that.
func (c *Client) refute(ctx context.Context, rec store.Record, id, reason string) error {
	write := recording(ctx)
	defer write.done()
	c.log.ErrorContext(ctx, "a notification proposed an id that is not ours", "ref", rec.Ref, "reason", reason)
	_, err := c.store.Report(write, rec.Tenant, rec.Ref, store.RefutedFact{ID: id, Reason: reason})
	return storeError(err)
}

// mismatch says why the operation that a state document tells of cannot be
// the one that we sent, or returns "". It is certain only if the document says
// so, and not if it says nothing. Where the document names our own address,
// which no other request has, no clock is asked.
func mismatch(doc erp.Document, rec store.Record) (reason string, certain bool) {
	switch {
	case doc.OriginalURI == "" || doc.Received.IsZero() || rec.Notify == modeURL && doc.Webhook == "":
		return "the state does not tell whose operation it is", false
	case !sameTail(doc.OriginalURI, rec.Path):
		return "the proposed operation is of another address", true
	case rec.Notify == modeURL && !strings.HasPrefix(lastSegment(doc.Webhook), rec.Ref+"."):
		return "the proposed operation notifies somebody else", true
	case rec.Notify == modeURL || !doc.Received.Before(rec.SentAt.Add(-clockSlack)):
		return "", false
	case sentAhead(rec, time.Now()):
		return "the clock was ahead when the request was sent, so that the state does not tell whether it is of that request", false
	}
	return "the proposed operation is older than the request", true
}

// sentAhead reports whether a record was written while a clock was ahead that
// was set right since. [store.Record.At] has put its SentAt right, and not its
// CreatedAt.
func sentAhead(rec store.Record, now time.Time) bool {
	right := now.Add(store.ClockSlack)
	return rec.CreatedAt.After(right) || rec.SentAt.After(right)
}

// sameTail reports whether the path of the internal address that the ERP
// names ends in the path that was asked for. Routes have no case.
func sameTail(originalURI, asked string) bool {
	u, err := url.Parse(originalURI)
	if err != nil {
		return false
	}
	want, err := url.PathUnescape(erp.PathOf(asked))
	return err == nil && len(want) > 1 && strings.HasSuffix(strings.TrimRight(strings.ToLower(u.Path), "/"), strings.TrimRight(strings.ToLower(want), "/"))
}

func lastSegment(address string) string {
	u, err := url.Parse(address)
	if err != nil || !hook.ValidRef(strings.SplitN(path.Base(u.Path), ".", 2)[0]) {
		return ""
	}
	return path.Base(u.Path)
}
