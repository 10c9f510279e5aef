package handler

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/vismanet-go/background/store"
)

// DeadFilter selects dead letters. Its zero value selects all.
type DeadFilter struct {
	Since, Until time.Time // when they died: from the one on, before the other; the zero time is no bound
	Kind         string    // of the operation; all if empty
	Reason       string    // a part of why they died, in upper or lower case; all if empty
}

// DeadLetters are those of a tenant.
type DeadLetters struct {
	Store  store.Store
	Tenant string
	// KindOf returns the kind of a record's operation. It is asked only by a filter
	// that names one.
	KindOf func(ctx context.Context, rec store.Record) (string, error)
}

// page is how many records are held at a time.
const page = 20

// All yields what the filter selects, the oldest record first, without the
// content. It yields at most one error, as its last pair.
func (d DeadLetters) All(ctx context.Context, f DeadFilter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		q := store.Query{Phases: []store.Phase{store.Dead}, Limit: page, WithoutContent: true}
		for {
			list, err := d.Store.List(ctx, d.Tenant, q)
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			for _, rec := range list {
				selected, err := d.selects(ctx, f, rec)
				if err != nil {
					yield(store.Record{}, err)
					return
				}
				if selected && !yield(rec, nil) {
					return
				}
			}
			if len(list) < page {
				return
			}
			q.After = list[page-1].Position()
		}
	}
}

func (d DeadLetters) selects(ctx context.Context, f DeadFilter, rec store.Record) (bool, error) {
	died := DiedAt(rec)
	if died.Before(f.Since) || !f.Until.IsZero() && !died.Before(f.Until) ||
		!strings.Contains(strings.ToLower(rec.Reason), strings.ToLower(f.Reason)) {
		return false, nil
	}
	if f.Kind == "" {
		return true, nil
	}
	kind, err := d.KindOf(ctx, rec)
	return kind == f.Kind, err
}

// DiedAt is when a dead record died. What an older version wrote tells only when
// it was changed last.
func DiedAt(rec store.Record) time.Time {
	if rec.EndedAt.IsZero() {
		return rec.UpdatedAt
	}
	return rec.EndedAt
}

// Count returns how many the filter selects.
func (d DeadLetters) Count(ctx context.Context, f DeadFilter) (n int, err error) {
	for _, err := range d.All(ctx, f) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// RaiseAll decides about all that the filter selects. Each is taken once, also one
// that dies again meanwhile. It returns how many it selected and about how many it
// decided: others may have been faster. An error ends it.
func (d DeadLetters) RaiseAll(ctx context.Context, owner string, f DeadFilter, decision store.Decision) (selected, raised int, err error) {
	for rec, err := range d.All(ctx, f) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return selected, raised, err
		}
		selected++
		err = d.Raise(ctx, rec.Ref, owner, decision)
		_, moved := errors.AsType[*store.PhaseError](err)
		switch {
		case err == nil:
			raised++
		case moved, errors.Is(err, store.ErrLeased), errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrNotFound):
		default:
			return selected, raised, err
		}
	}
	return selected, raised, nil
}

// raiseLease is the lease of a decision that is made at once.
const raiseLease = time.Minute

// Raise decides about a dead record. It returns the errors of the store, and a
// *[store.PhaseError] for one that is not dead, which it leaves alone.
func (d DeadLetters) Raise(ctx context.Context, ref, owner string, decision store.Decision) error {
	rec, err := d.Store.Get(ctx, d.Tenant, ref)
	if err != nil {
		return err
	}
	notDead := func() error {
		return &store.PhaseError{Ref: rec.Ref, Phase: rec.Phase, Change: "be taken from the dead"}
	}
	if rec.Phase != store.Dead {
		return notDead()
	}
	var l store.Lease
	if l, rec, err = d.Store.Acquire(ctx, d.Tenant, ref, owner, store.ToAcknowledge, raiseLease); err != nil {
		return err
	}
	if rec.Phase == store.Dead {
		_, err = d.Store.Decide(ctx, l, decision)
	} else { // it was raised meanwhile
		err = notDead()
	}
	if err != nil {
		_ = d.Store.Release(context.WithoutCancel(ctx), l)
	}
	return err
}
