package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// maxAttention bounds how many orders a list of those that wait for a person
// holds.
const maxAttention = 1000

// waiting is an order that waits for a person.
type waiting struct {
	status
	Ref   string     `json:"ref,omitempty"` // of the operation, as the log names it
	Key   string     `json:"key,omitempty"` // of the operation
	Phase string     `json:"phase,omitempty"`
	Since *time.Time `json:"since,omitempty"` // when it was sent
	// Sequence is what stands still behind it, and Behind how many orders that are.
	Sequence string `json:"sequence,omitempty"`
	Behind   int    `json:"behind,omitempty"`
}

// attention lists the orders that wait for a person, by their numbers.
func (a *app) attention(ctx context.Context) ([]waiting, error) {
	numbers, err := a.book.troubled(ctx, maxAttention)
	if err != nil {
		return nil, err
	}
	for _, operations := range []iter.Seq2[*client.Operation, error]{a.client.Uncertain(ctx), a.client.Dead(ctx)} {
		n := 0
		for op, err := range operations {
			if err != nil {
				return nil, err
			}
			numbers = append(numbers, strings.TrimPrefix(op.Key(), releaseKey("")))
			if n++; n == maxAttention {
				break
			}
		}
	}
	behind := make(map[string]int) // by sequence
	for seq, err := range a.client.Sequences(ctx, true) {
		if err != nil {
			return nil, err
		}
		head, err := a.store.Get(ctx, a.cfg.tenant, seq.Head)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, head.Metadata["order"])
		if behind[seq.Name] = seq.Waiting - 1; len(behind) == maxAttention {
			break
		}
	}
	slices.Sort(numbers)
	list := []waiting{}
	for _, number := range slices.Compact(numbers) {
		s, err := a.current(ctx, number)
		if errors.Is(err, errUnknown) || err == nil && s.attention() == "" {
			continue // it was resolved meanwhile
		}
		if err != nil {
			return nil, err
		}
		w := waiting{status: s.status()}
		if s.op != nil {
			rec, err := a.store.Get(ctx, a.cfg.tenant, s.op.Ref())
			if err != nil {
				return nil, err
			}
			if s.stops {
				w.Sequence, w.Behind = s.sequence, behind[s.sequence]
			}
			w.Ref, w.Key, w.Phase, w.Since = rec.Ref, rec.Key, string(rec.Phase), &rec.SentAt
		}
		if list = append(list, w); len(list) == maxAttention {
			break
		}
	}
	return list, nil
}

// Outcomes that a person tells.
const (
	toldDone     = "done"     // it was found in the ERP
	toldNotDone  = "not-done" // it is certain that the ERP did nothing
	toldAccepted = "accepted" // the ERP knows it, under an id
	toldGivenUp  = "given-up" // nobody will find out; doing it again may do it twice
	toldReplay   = "replay"   // what made the handler fail is mended
	toldRetry    = "retry"    // what the ERP refused is to be sent once more
	toldSkip     = "skip"     // the orders behind it in its sequence go on without it
)

// told is what a person tells of an order.
type told struct {
	Outcome string `json:"outcome"`
	Invoice string `json:"invoice"` // its number, with done
	ID      string `json:"id"`      // of the operation, with accepted
	Reason  string `json:"reason"`  // how the person knows
}

func readTold(body io.Reader) (t told, err error) {
	err = readJSON(body, &t)
	return t, err
}

// faults are what is wrong with the words of a person; each names a field.
type faults struct{ error }

// check reports every fault at once. What may be told depends on the step.
func (t told) check(s step) error {
	var errs []error
	want := func(ok bool, text string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(text, args...))
		}
	}
	allowed := s.allows()
	want(slices.Contains(allowed, t.Outcome), "outcome: want %s for the %s, which is %s", strings.Join(allowed, " or "), s.kind, s.state)
	made := t.Outcome == toldDone && s.kind == kindInvoice
	want(!made || isNumber(t.Invoice), "invoice: want the number of the invoice that you found, such as 003549")
	want(made || t.Invoice == "" || t.Outcome == toldDone && t.Invoice == s.invoice, "invoice: goes with the outcome done of an invoice, so leave it out")
	want(t.Outcome != toldAccepted || t.ID != "", "id: want that of the operation, such as 2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10; for the number of an invoice say the outcome done")
	want(t.Outcome == toldAccepted || t.ID == "", "id: goes with the outcome accepted, so leave it out")
	reasoned := t.Outcome == toldAccepted || t.Outcome == toldReplay
	want(reasoned || strings.TrimSpace(t.Reason) != "" && len(t.Reason) <= 500, "reason: want how you know, in at most 500 bytes; it is kept for those who come after")
	if len(errs) > 0 {
		return faults{errors.Join(errs...)}
	}
	return nil
}

// isNumber reports whether a text may be the number of an invoice. Numbers of
// one's own may hold letters, blanks and signs.
func isNumber(text string) bool {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == '/' || r == '\\' }
	return text != "" && len(text) <= 100 && strings.TrimSpace(text) == text && strings.Trim(text, ".") != "" && !strings.ContainsFunc(text, odd)
}

// allows lists what may be told of a step that waits for a person.
func (s step) allows() []string {
	words := []string{toldDone, toldNotDone}
	switch {
	case s.state == stateUncertain || s.now.Tentative:
		words = append(words, toldAccepted, toldGivenUp)
	case s.state == stateUnclear:
		words = append(words, toldGivenUp)
	case s.discarded() && s.stops:
		words = []string{toldRetry}
	case s.discarded():
		return []string{toldSkip}
	case s.now.Phase == store.Dead:
		words = []string{toldReplay}
	}
	if s.stops {
		words = append(words, toldSkip)
	}
	return words
}

// errNobody says that an order waits for no person.
var errNobody = errors.New("the order waits for no person")

// tell takes what a person tells of an order: of the step that waits for one.
// It may be repeated if it failed.
func (a *app) tell(ctx context.Context, order string, t told) (status, error) {
	s, err := a.current(ctx, order)
	if err != nil {
		return status{}, err
	}
	if s.attention() == "" {
		return s.status(), fmt.Errorf("%w: it is %s", errNobody, s.state)
	}
	if err := t.check(s); err != nil {
		return s.status(), err
	}
	a.log.InfoContext(ctx, "a person tells", "order", order, "step", s.kind, "outcome", t.Outcome, "invoice", t.Invoice, "reason", t.Reason)
	switch {
	case t.Outcome == toldReplay:
		err = s.op.Replay(ctx)
	case t.Outcome == toldRetry:
		err = s.op.ResumeSequence(ctx, client.Retry, t.Reason)
	case t.Outcome == toldSkip:
		err = a.skip(ctx, s, t)
	case s.op != nil && (s.state == stateUncertain || s.state == stateUnclear || s.now.Tentative):
		err = a.resolve(ctx, s, t)
	default:
		err = a.amend(ctx, s, t)
	}
	if err != nil {
		return s.status(), err
	}
	return a.status(ctx, order)
}

// skip has the orders go on that wait behind this one.
func (a *app) skip(ctx context.Context, s step, t told) error {
	if s.stops {
		if err := s.op.ResumeSequence(ctx, client.Skip, t.Reason); err != nil {
			return err
		}
	}
	if s.discarded() { // it need not be kept for a retry any more
		return s.op.Drop(ctx, t.Reason)
	}
	return nil
}

// resolve tells the client, which holds the key of the operation: what follows
// a done one is its handler's.
func (a *app) resolve(ctx context.Context, s step, t told) error {
	switch t.Outcome {
	case toldDone:
		return s.op.Resolve(ctx, client.EndedWith(answerOf(s, t), t.Reason))
	case toldAccepted:
		if err := s.op.Resolve(ctx, client.AcceptedAs(t.ID)); err != nil {
			return faults{fmt.Errorf("id: %w", err)}
		}
		return nil
	case toldNotDone:
		return s.op.Resolve(ctx, client.NotAccepted(t.Reason)) // it is sent again by itself
	}
	if err := a.skip(ctx, s, t); err != nil {
		return err
	}
	if err := s.op.Resolve(ctx, client.GivenUp(t.Reason)); err != nil {
		return err
	}
	s.op = nil // it holds its key no longer
	return a.undone(ctx, s, t)
}

// answerOf is what the ERP would have answered.
func answerOf(s step, t told) client.Answer {
	if s.kind == kindRelease {
		return client.Answer{StatusCode: http.StatusOK}
	}
	location := url.URL{Path: "/v2/customerinvoice/" + t.Invoice}
	return client.Answer{StatusCode: http.StatusCreated, Header: http.Header{"Location": {location.EscapedPath()}}}
}

// amend puts right what the book says of a step that has ended. The client has
// nothing to resolve then.
func (a *app) amend(ctx context.Context, s step, t told) error {
	if t.Outcome != toldDone {
		return a.undone(ctx, s, t)
	}
	if err := a.skip(ctx, s, t); err != nil {
		return err
	}
	o := outcome{ref: s.ref(), order: s.order, kind: s.kind, invoice: s.invoice}
	if s.kind == kindInvoice {
		o.invoice = t.Invoice
		if a.cfg.release {
			if err := release(ctx, a.client, o, ""); err != nil {
				return err
			}
		}
	}
	return a.book.tell(ctx, o)
}

// undone notes that a step was not done. An invoice waits for its order to be
// posted again; a release is enqueued anew.
func (a *app) undone(ctx context.Context, s step, t told) error {
	o := outcome{
		ref: s.ref(), order: s.order, kind: s.kind, invoice: s.invoice,
		problem: "a person says that it was " + t.Outcome + ": " + t.Reason,
	}
	if err := a.book.tell(ctx, o); err != nil || s.kind == kindInvoice || t.Outcome == toldGivenUp {
		return err
	}
	supersede := ""
	if s.op != nil {
		supersede = s.op.Ref()
	}
	return release(ctx, a.client, o, supersede)
}
