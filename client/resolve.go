package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// Resolution is what a person, or a [Resolver], found out about an operation that
// the client could not find out about. Make one with [AcceptedAs], [EndedWith],
// [NotAccepted] or [GivenUp].
type Resolution struct {
	verb   string
	reason string
	id     string
	answer *Answer
}

// Answer is an answer that a person, or a [Resolver], tells of: that of the
// request, as the ERP gave it or would have given it.
type Answer struct {
	StatusCode int         // 200 to 599; 201 for an invoice that was made
	Header     http.Header // Location, for example; may be nil
	Body       []byte      // may be nil
}

// Result returns what [Operation.Wait] would return for the answer of an operation:
// what a test puts into the [Completion] that it calls a handler with.
func (a Answer) Result() (*Result, error) {
	o := a.outcome(store.Record{}, "")
	return (*Client)(nil).result(store.Record{Phase: store.Settled, Outcome: &o})
}

const (
	acceptedAs  = "AcceptedAs"
	endedWith   = "EndedWith"
	notAccepted = "NotAccepted"
	givenUp     = "GivenUp"
)

// AcceptedAs says that the ERP has accepted the request, under this id of an
// operation: a GUID. It is not the number of an invoice; who has found that
// says [EndedWith].
//
// Resolve asks the ERP for the operation first and refuses an id that the ERP
// does not know, that is of another request, or that is older than this one.
// If the ERP cannot be asked just now, the id is bound tentatively: [State]
// says so, and until a poll has confirmed it, Resolve may be called again and
// replaces it. Then the operation is awaited like any other.
func AcceptedAs(id string) Resolution { return Resolution{verb: acceptedAs, id: id} }

// EndedWith says that the request was done, or that it failed for good, and
// with which answer. It is for those who have found the invoice in the ERP, or
// found how the request ended, and know no id of an operation, or one that the
// ERP has forgotten: it may be said of an operation that expired, too, also after
// its handler was told so. The reason says how you know it; it is kept, and shown
// in [State] and [Result].
//
// The key stays held, [Operation.Wait] returns the answer, and the handler
// runs; that of an operation that expired runs anew, and one that runs just
// then is cut off. The answer is read like one of the ERP: a 4xx, or an action
// result of Failed, is no success. If the ERP says otherwise later, that is
// kept as a conflict and does not replace it.
func EndedWith(a Answer, reason string) Resolution {
	return Resolution{verb: endedWith, answer: &a, reason: reason}
}

// NotAccepted says that the ERP has not accepted the request. Its key is free
// again, so that the same work can be submitted again. Look in the ERP first:
// if the request was accepted after all, whatever takes the key makes a second
// invoice.
func NotAccepted(reason string) Resolution { return Resolution{verb: notAccepted, reason: reason} }

// GivenUp says that nobody will find out. The key is free again, so that the
// same work can be submitted again, which makes a second invoice if the first
// request was accepted. Should the operation show up after all, it is revived
// as late, and never touches what took its key: two invoices are there then.
func GivenUp(reason string) Resolution { return Resolution{verb: givenUp, reason: reason} }

// Resolve tells what became of an operation: one that is uncertain or unclear
// (see [Client.Uncertain]), or that an id was bound to tentatively. Of one that
// was given up, AcceptedAs and EndedWith may still tell, and of one that expired
// and whose outcome was never learnt, EndedWith: its key needs no other word, for
// [SubmitOptions.Supersede] takes it over. Resolve fails for every other
// operation, for a wrong answer or id, and with the store's errors; it has
// changed nothing then.
func (o *Operation) Resolve(ctx context.Context, r Resolution) error {
	rec, err := o.record(ctx)
	if err == nil {
		err = r.fits(rec)
	}
	if err == nil {
		switch r.verb {
		case acceptedAs:
			err = o.bindTold(ctx, rec, r.id)
		case endedWith:
			err = o.c.endTold(ctx, rec, r, byPerson)
		case notAccepted:
			_, err = o.c.store.Report(ctx, rec.Tenant, rec.Ref, store.RejectedFact{ByUser: true, Epoch: rec.SendEpoch, Reason: r.reason})
		case givenUp:
			err = o.decide(ctx, open, unresolvable, store.AbandonDecision{Reason: r.reason})
		}
	}
	if err != nil {
		return fmt.Errorf("resolve %s: %w", o, storeError(err))
	}
	o.c.log.InfoContext(ctx, "a person told what became of it", "ref", rec.Ref, "resolution", r.verb, "was", rec.Phase)
	return nil
}

// open reports whether a person may tell everything of the record.
func open(rec store.Record) bool {
	return rec.Phase == store.Uncertain || rec.Phase == store.Unclear || rec.Tentative()
}

// fits checks a resolution against the record it is about.
func (r Resolution) fits(rec store.Record) error {
	switch r.verb {
	case "":
		return errors.New("want AcceptedAs, EndedWith, NotAccepted or GivenUp")
	case acceptedAs:
		if rec.Phase == store.Unclear {
			return fmt.Errorf("AcceptedAs: it has the id %s already: want EndedWith, NotAccepted or GivenUp", rec.ID)
		}
	default:
		if strings.TrimSpace(r.reason) == "" {
			return fmt.Errorf("%s: %w", r.verb, errNoReason)
		}
	}
	late := rec.Phase == store.Abandoned && (r.verb == acceptedAs || r.verb == endedWith)
	late = late || rec.Unlearnt() && r.verb == endedWith
	if !open(rec) && !late {
		return unresolvable(rec)
	}
	return nil
}

// bindTold binds an id that a person named, after the ERP was asked for it.
func (o *Operation) bindTold(ctx context.Context, rec store.Record, given string) error {
	id, err := idTold(given)
	if err != nil {
		return err
	}
	c := o.c
	doc, err := c.getState(ctx, &turn{class: budget.Notified}, id)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if why := wrongID(doc, err, rec); why != "" {
		return fmt.Errorf("AcceptedAs %s: %s", id, why)
	}
	_, failed := c.store.Report(ctx, rec.Tenant, rec.Ref, store.AcceptedFact{ID: id, Source: store.FromUser})
	if failed != nil {
		return failed
	}
	if err != nil {
		c.log.WarnContext(ctx, "an id was bound tentatively, because the ERP could not be asked for it", "ref", rec.Ref, "id", id, "error", err)
		return nil
	}
	c.confirmTold(ctx, rec.Ref, doc)
	return nil
}

// idTold reads an id that somebody named.
func idTold(given string) (string, error) {
	id, ok := hook.CanonicalGUID(strings.TrimSpace(given))
	if !ok || erp.EmptyID(id) {
		return "", fmt.Errorf("AcceptedAs %q: an id looks like 2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10; the number of an invoice goes to EndedWith", cut(given, 64))
	}
	return id, nil
}

// wrongID says why an id that a person named cannot be that of the record, or
// returns "".
func wrongID(doc erp.Document, err error, rec store.Record) string {
	refused, _ := errors.AsType[*ResponseError](err)
	switch {
	case missing(err):
		return "the ERP does not know it (it forgets an operation after a day: say EndedWith what you found)"
	case refused != nil && refused.StatusCode == http.StatusForbidden:
		return "the ERP does not show it to this client"
	case err != nil:
		return ""
	}
	if reason, certain := mismatch(doc, rec); certain {
		return reason
	}
	return ""
}

// confirmTold writes down what the ERP said of an id that a person named, which
// confirms it. What cannot be written now is read again by the next poll.
func (c *Client) confirmTold(ctx context.Context, ref string, doc erp.Document) {
	lease, rec, err := c.store.Acquire(ctx, c.cfg.Tenant, ref, c.owner, store.ToPoll, 4*c.cfg.CallTimeout)
	if err != nil {
		return
	}
	h := &held{lease: lease, rec: rec, turn: &turn{class: budget.Notified}}
	defer func() {
		if !h.ended {
			c.release(ctx, lease)
		}
	}()
	if err := c.stateRead(ctx, h, doc, nil); err != nil {
		c.log.WarnContext(ctx, "an id that a person named is to be confirmed by the next poll", "ref", ref, "error", err)
	}
}

// endTold records an answer that somebody told of.
func (c *Client) endTold(ctx context.Context, rec store.Record, r Resolution, by string) error {
	a := r.answer
	switch {
	case a.StatusCode < 200 || a.StatusCode > 599:
		return fmt.Errorf("EndedWith: StatusCode %d: want 200 to 599, 201 for an invoice that was made", a.StatusCode)
	case int64(len(a.Body)) > c.cfg.MaxContent:
		return fmt.Errorf("EndedWith: Body: %w (MaxContent is %d bytes)", ErrTooLarge, c.cfg.MaxContent)
	}
	if err := sendable(a.Header); err != nil {
		return fmt.Errorf("EndedWith: Header %w", err)
	}
	o := a.outcome(rec, r.reason)
	c.sealOutcome(ctx, &rec, &o)
	fact := store.SettledFact{ByUser: true, Outcome: o}
	if rec.Phase == store.Unclear {
		fact.ID = rec.ID
	}
	got, err := c.store.Report(ctx, rec.Tenant, rec.Ref, fact)
	if err == nil {
		c.observeEnd(ctx, &got, by)
	}
	return err
}

// outcome is what is recorded of an answer that a person told of. It is read and
// judged like one of the ERP.
func (a *Answer) outcome(rec store.Record, reason string) store.Outcome {
	h := make(http.Header, len(a.Header))
	for name, values := range a.Header {
		name = http.CanonicalHeaderKey(name)
		h[name] = append(h[name], values...)
	}
	h = erp.KeptHeader(h)
	o := store.Outcome{Status: "Finished", StatusCode: a.StatusCode, Header: h, Told: reason, HasContent: len(a.Body) > 0, Kept: true}
	o.Content, o.ContentType = wire.Whole(slices.Clone(a.Body), h.Get("Content-Type"), erp.IsAttachment(h))
	erp.TellType(&o)
	head := o.Content[:min(len(o.Content), erp.MaxHead)]
	erp.JudgeAction(rec.Method, rec.Path, &o, head, len(head) == len(o.Content), true)
	return o
}

// decide makes a decision about the operation under a lease of its own, if the
// record allows it; else why says why not. Where another has the lease it waits
// for that one's end.
func (o *Operation) decide(ctx context.Context, allows func(store.Record) bool, why func(store.Record) error, d store.Decision) error {
	st, tenant := o.c.store, o.c.cfg.Tenant
	for {
		lease, rec, err := st.Acquire(ctx, tenant, o.ref, o.c.owner, store.ToAcknowledge, time.Minute)
		if err == nil && !allows(rec) {
			return errors.Join(why(rec), st.Release(ctx, lease))
		}
		if err == nil {
			if _, err = st.Decide(ctx, lease, d); err != nil {
				o.c.release(ctx, lease)
			}
		}
		switch {
		case errors.Is(err, store.ErrFenced):
		case errors.Is(err, store.ErrLeased):
			// Somebody is about to give it back, or to decide the same.
			wait := min(time.Second, max(time.Millisecond, time.Until(rec.Lease.Until)))
			if _, err := sleep(ctx, o.c.life, wait); err != nil {
				return err
			}
		default:
			return err
		}
	}
}
