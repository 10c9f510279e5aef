package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// States of an order.
const (
	stateQueued    = "queued"    // not sent yet: it is as soon as the ERP's limit and its sequence allow it
	stateWaiting   = "waiting"   // for the ERP
	stateUncertain = "uncertain" // sent, and no answer told whether it was taken; a notification, a search or a person will
	stateUnclear   = "unclear"   // ended with a word that nobody knows; a person will find out
	stateDone      = "done"
	stateFailed    = "failed"
)

// status is what a caller is told of an order.
type status struct {
	Order     string `json:"order"`
	State     string `json:"state"`
	Step      string `json:"step,omitempty"` // which the state is about; empty once all are done
	Invoice   string `json:"invoice,omitempty"`
	Problem   string `json:"problem,omitempty"`   // the ERP's words, or ours
	Attention string `json:"attention,omitempty"` // what a person has to do; empty if nobody has to
}

// errUnknown says that there is no such order.
var errUnknown = errors.New("unknown order")

// status tells how far an order is, without a call to the ERP, or returns
// errUnknown.
func (a *app) status(ctx context.Context, order string) (status, error) {
	s, err := a.current(ctx, order)
	if err != nil {
		return status{}, err
	}
	return s.status(), nil
}

// step is one of the operations that an order takes: the invoice, then its
// release.
type step struct {
	order, kind string
	op          *client.Operation // nil if the client does not know it, or no longer
	now         client.State      // of op
	ended       outcome           // what the book says of it
	sequence    string            // that it is in
	stops       bool              // the orders behind it in its sequence wait for a person
	state       string
	invoice     string // number, once it is known
	problem     string
}

// current returns the step that an order is at.
func (a *app) current(ctx context.Context, order string) (step, error) {
	s, err := a.step(ctx, kindInvoice, order, order)
	if err != nil || s.state != stateDone || !a.cfg.release {
		return s, err
	}
	r, err := a.step(ctx, kindRelease, order, releaseKey(order))
	r.invoice = s.invoice
	if errors.Is(err, errUnknown) {
		err, r.state = nil, stateWaiting // its handler is about to enqueue it
		if s.op != nil && s.now.Phase == store.Acknowledged {
			r.state, r.problem = stateFailed, "nobody enqueued its release"
		}
	}
	return r, err
}

// step tells how far one step of an order is. While the client knows its
// operation, that decides; the book remembers what the client has purged.
func (a *app) step(ctx context.Context, kind, order, key string) (s step, err error) {
	s = step{order: order, kind: kind}
	s.op, err = a.client.OperationByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		s.op = nil
		s.ended, err = a.book.last(ctx, order, kind)
		if errors.Is(err, sql.ErrNoRows) {
			err = errUnknown
		}
		return s.over(), err
	}
	if err != nil {
		return s, err
	}
	if s.now, err = s.op.State(ctx); err != nil {
		return s, err
	}
	s.ended, err = a.book.of(ctx, s.op.Ref())
	noted := err == nil
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	behind := false // of others in its sequence
	if s.sequence = s.op.Metadata()["sequence"]; s.sequence != "" {
		seq, failed := a.client.Sequence(ctx, s.sequence)
		if failed != nil && !errors.Is(failed, store.ErrNotFound) {
			return s, failed
		}
		head := seq.Head == s.op.Ref()
		s.stops, behind = head && seq.Stopped, !head
	}
	switch phase := s.now.Phase; {
	case phase == store.Queued:
		if s.state, s.problem = stateQueued, s.now.Reason; behind {
			s.problem = "it waits for the orders before it in the sequence " + s.sequence
		}
	case phase == store.Uncertain:
		s.state, s.problem = stateUncertain, s.now.Reason
	case phase == store.Unclear:
		s.state, s.problem = stateUnclear, fmt.Sprintf("the ERP ended it with the unknown status %q and the code %d", s.now.Status, s.now.StatusCode)
	case phase == store.Dead && !s.discarded():
		s = s.over()
		s.state, s.problem = stateFailed, "what follows it failed for good: "+s.now.Reason
	case !phase.Terminal() || !noted || phase == store.Settled && s.sequence != "": // its handler has not ended
		if s.state = stateWaiting; phase == store.Settled || phase == store.Expired {
			s.problem = s.now.Reason // why its handler failed last
		}
	default:
		s = s.over()
	}
	return s, err
}

// discarded reports whether it was not made, and keeps its request: see stopped.
func (s step) discarded() bool {
	return s.now.Phase == store.Dead && s.ended.problem != "" && s.ended.invoice == ""
}

// over takes what the book says for the last word.
func (s step) over() step {
	s.state, s.problem, s.invoice = stateDone, s.ended.problem, s.ended.invoice
	if s.problem != "" {
		s.state = stateFailed
	}
	return s
}

// ref names the operation of a step in the book.
func (s step) ref() string { return cmp.Or(s.now.Ref, s.ended.ref, s.kind+"/"+s.order) }

func (s step) status() status {
	out := status{Order: s.order, State: s.state, Step: s.kind, Invoice: s.invoice, Problem: s.problem, Attention: s.attention()}
	if s.state == stateDone {
		out.Step = ""
	}
	return out
}

// attention says what a person has to do about a step, or "" if nobody has to:
// it goes on by itself, or whoever posted the order can correct it.
func (s step) attention() string {
	tell := "POST /attention/" + s.order
	look := fmt.Sprintf("look in the ERP for an invoice with the external reference %s and tell by %s: the outcome done with its number as invoice, or not-done; with a reason", s.order, tell)
	if s.kind == kindRelease {
		look = fmt.Sprintf("look in the ERP whether invoice %s is released and tell by %s: the outcome done, or not-done to have it released; with a reason", s.invoice, tell)
	}
	if s.stops {
		look += fmt.Sprintf("; the orders behind it in the sequence %s wait for that, or go on without it after the outcome skip, with a reason", s.sequence)
	}
	switch {
	case s.now.Tentative:
		return "the ERP has not confirmed yet that the operation is " + s.now.ID + "; if it is another, " + look
	case s.state == stateUncertain:
		return "wait some minutes for a notification; " + look
	case s.state == stateUnclear:
		return look
	case s.state != stateFailed:
		return ""
	case s.discarded() && !s.stops:
		return "have done with it by " + tell + ": the outcome skip, with a reason"
	case s.discarded():
		first := "look in the ERP that there is no invoice with the external reference " + s.order
		if s.ended.refused() {
			first = "post it again, corrected"
		}
		return fmt.Sprintf("the orders behind it in the sequence %s wait: %s; or tell by %s, with a reason: retry once what the problem says is mended, or skip to go on without it", s.sequence, first, tell)
	case s.now.Phase == store.Dead:
		return "mend what the problem says, then have it done again by " + tell + ": the outcome replay"
	case s.kind == kindInvoice && s.ended.refused() && s.stops:
		return fmt.Sprintf("the orders behind it in the sequence %s wait: post it again, or tell by %s: the outcome skip, with a reason", s.sequence, tell)
	case s.kind == kindInvoice && s.ended.refused():
		return ""
	}
	return look
}
