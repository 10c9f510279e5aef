package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/vismanet-go/background/store"
)

// Sequence is how far a sequence of the outbox has come.
type Sequence struct {
	Name string
	// Last is the position of the last operation, and Done that of the last one that
	// succeeded with all before it. Positions count from 1; those of operations that
	// were withdrawn, skipped or superseded are passed over.
	Last, Done uint64
	// Waiting is how many operations have a position and have not succeeded.
	Waiting int
	// Head is the ref of the first of these, and Phase how far it has come; both are
	// empty if nothing waits.
	Head  string
	Phase store.Phase
	// Stopped is whether nothing of the sequence is sent until a person resumes it, or
	// until the head turns out to have succeeded.
	Stopped bool
}

func sequenceOf(s store.Sequence) Sequence {
	return Sequence{Name: s.Name, Last: s.Last, Done: s.Done, Waiting: s.Waiting, Head: s.Head.Ref, Phase: s.Head.Phase, Stopped: s.Stopped()}
}

// Sequence returns how far a sequence has come. Of one that has no operations the
// error matches [store.ErrNotFound].
func (c *Client) Sequence(ctx context.Context, name string) (Sequence, error) {
	s, err := c.store.GetSequence(ctx, c.cfg.Tenant, name)
	if err != nil {
		return Sequence{}, fmt.Errorf("sequence %q: %w", cut(name, 64), storeError(err))
	}
	return sequenceOf(s), nil
}

// Sequences yields the sequences in which operations wait, by name, or only those
// that have stopped. It iterates as [Client.Pending] does.
func (c *Client) Sequences(ctx context.Context, stopped bool) iter.Seq2[Sequence, error] {
	return func(yield func(Sequence, error) bool) {
		q := store.SequenceQuery{Stopped: stopped}
		for {
			page, err := c.store.Sequences(ctx, c.cfg.Tenant, q)
			if err != nil {
				yield(Sequence{}, fmt.Errorf("list sequences: %w", storeError(err)))
				return
			}
			for _, s := range page {
				if !yield(sequenceOf(s), nil) {
					return
				}
				q.After = s.Name
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

// Resume is how a sequence goes on that has stopped.
type Resume string

// The ways to go on.
const (
	// Skip leaves the operation that stopped the sequence as it is, and sends the one
	// after it.
	Skip Resume = "skip"
	// Retry sends the operation that stopped the sequence once more: it was refused, or
	// it failed, and what was in its way is mended.
	Retry Resume = "retry"
)

// ResumeSequence lets a sequence go on that has stopped at this operation. Of any
// other operation it is an error, so that who looked at one does not let another one
// pass. The reason is kept.
//
// Skip sends the next one, whatever became of this one. Retry fails for one that may
// have been accepted, because it might do the work twice: that one is resolved first
// (see [Operation.Resolve]). It fails too if the outcome was acknowledged, because the
// body is gone then: enqueue the work anew with [SubmitOptions].Supersede, which takes
// its place in the sequence.
func (o *Operation) ResumeSequence(ctx context.Context, how Resume, reason string) error {
	if err := o.resume(ctx, how, reason); err != nil {
		return fmt.Errorf("resume the sequence of %s: %w", o, storeError(err))
	}
	o.c.log.InfoContext(ctx, "a sequence was resumed", "ref", o.ref, "how", string(how), "reason", reason)
	return nil
}

func (o *Operation) resume(ctx context.Context, how Resume, reason string) error {
	if strings.TrimSpace(reason) == "" {
		return errNoReason
	}
	ordered := func(rec store.Record) bool { return rec.Sequence != "" && rec.Place != 0 && stops(&rec) }
	why := func(rec store.Record) error {
		if rec.Sequence == "" || rec.Place == 0 {
			return errors.New("it is in no sequence")
		}
		return fmt.Errorf("it is %s and does not stop its sequence", rec.Phase)
	}
	switch how {
	case Skip:
		return o.decide(ctx, ordered, why, store.SkipDecision{Reason: reason})
	case Retry:
		return o.decide(ctx, ordered, why, store.RequeueDecision{})
	}
	return fmt.Errorf("%q: want client.Skip or client.Retry", string(how))
}

// sequenceStopped tells, once, that a sequence goes no further.
func (r *runner) sequenceStopped(rec *store.Record) {
	if rec.Sequence == "" || rec.Place == 0 || !stops(rec) {
		return
	}
	r.s.mu.Lock()
	told := r.stopped[rec.Ref] == rec.Phase
	if len(r.stopped) >= maxStopped {
		clear(r.stopped)
	}
	r.stopped[rec.Ref] = rec.Phase
	r.s.mu.Unlock()
	if told {
		return
	}
	r.c.log.ErrorContext(r.ctx, "a sequence has stopped: nothing of it is sent until its operation has succeeded, or a person resumes it",
		"sequence", rec.Sequence, "place", rec.Place, "ref", rec.Ref, "id", rec.ID, "phase", rec.Phase, "kind", rec.Kind, "reason", rec.Reason,
		"remedy", "look what became of it, then Operation.ResumeSequence with Skip or Retry, Operation.Resolve for what is uncertain, or Enqueue with Supersede")
	r.c.attend(r.ctx, *rec, NeedsSequence)
}

// maxStopped bounds the operations that were told of as stopping their sequence.
const maxStopped = 1024

// stops reports whether an operation keeps the next one of its sequence from being
// sent, and does not change by itself.
func stops(rec *store.Record) bool {
	switch rec.Phase {
	case store.Queued, store.Sending, store.Accepted:
		return false
	case store.Settled, store.Acknowledged, store.Dead:
		return rec.Outcome == nil || !rec.Outcome.Succeeded()
	}
	return true
}
