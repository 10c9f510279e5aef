package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/store"
)

// Dead yields the dead letters: operations whose handler failed for good. The
// Reason of their [State] says why. It iterates as [Client.Pending] does.
func (c *Client) Dead(ctx context.Context) iter.Seq2[*Operation, error] {
	return c.list(ctx, store.Dead)
}

// Replay brings a dead operation back to its handler, with all its attempts. It
// fails for one that is not dead.
func (o *Operation) Replay(ctx context.Context) error {
	if err := o.decide(ctx, isDead, notDead, store.ReplayDecision{}); err != nil {
		return fmt.Errorf("replay %s: %w", o, storeError(err))
	}
	return nil
}

// Drop takes a dead operation out of the dead letters for good: it counts as
// acknowledged, and no handler runs for it again. The reason says why; it is
// logged, and shown in [State] as long as the record is kept. Drop changes nothing
// at the ERP, and the key stays held. It fails for an operation that is not dead.
func (o *Operation) Drop(ctx context.Context, reason string) error {
	var err error
	if strings.TrimSpace(reason) == "" {
		err = errNoReason
	} else {
		err = o.decide(ctx, isDead, notDead, store.DropDecision{Reason: reason})
	}
	if err != nil {
		return fmt.Errorf("drop %s: %w", o, storeError(err))
	}
	o.c.log.InfoContext(ctx, "a dead letter was dropped", "ref", o.ref, "id", o.id, "kind", o.Kind(), "reason", reason)
	return nil
}

var errNoReason = errors.New("want a reason, which is kept for those who come after")

func isDead(rec store.Record) bool { return rec.Phase == store.Dead }

func notDead(rec store.Record) error { return fmt.Errorf("it is not dead (it is %s)", rec.Phase) }

// DeadFilter selects dead letters. Its zero value selects all.
type DeadFilter struct {
	// Since and Until bound when they died: from the one on, and before the other.
	// The zero time is no bound.
	Since, Until time.Time
	// Kind is that of [SubmitOptions]; all if it is empty.
	Kind string
	// Reason is a part of the Reason of their [State], in upper or lower case; all
	// if it is empty.
	Reason string
}

// ReplayCount tells what [Client.ReplayDead] did.
type ReplayCount struct {
	Selected int // dead letters that the filter selected
	Replayed int // of those, brought back; somebody else was faster with the others
}

func (c *Client) dead() handler.DeadLetters {
	kindOf := func(_ context.Context, rec store.Record) (string, error) { return rec.Kind, nil }
	return handler.DeadLetters{Store: c.store, Tenant: c.cfg.Tenant, KindOf: kindOf}
}

// CountDead returns how many dead letters the filter selects now: what
// [Client.ReplayDead] would take. It changes nothing.
func (c *Client) CountDead(ctx context.Context, f DeadFilter) (int, error) {
	n, err := c.dead().Count(ctx, handler.DeadFilter(f))
	if err != nil {
		err = fmt.Errorf("count the dead: %w", storeError(err))
	}
	return n, err
}

// ReplayDead brings the dead letters that the filter selects back to their
// handlers, as [Operation.Replay] does, the oldest first; [Client.CountDead]
// tells beforehand how many. Each is taken once, also one that dies again
// meanwhile, and a few are read at a time. It stops when ctx ends and at the
// first error of the store; the count says what was done until then, and so
// does the log.
func (c *Client) ReplayDead(ctx context.Context, f DeadFilter) (ReplayCount, error) {
	var n ReplayCount
	var err error
	n.Selected, n.Replayed, err = c.dead().RaiseAll(ctx, c.owner, handler.DeadFilter(f), store.ReplayDecision{})
	c.log.InfoContext(ctx, "dead letters were replayed", "selected", n.Selected, "replayed", n.Replayed,
		"since", f.Since, "until", f.Until, "kind", f.Kind, "reason", f.Reason)
	if err != nil {
		err = fmt.Errorf("replay the dead, after %d: %w", n.Replayed, storeError(err))
	}
	return n, err
}

// DropCount tells what [Client.DropDead] did.
type DropCount struct {
	Selected int // dead letters that the filter selected
	Dropped  int // of those, dropped; somebody else was faster with the others
}

// DropDead drops the dead letters that the filter selects, as [Operation.Drop] does,
// the oldest first, each with the same reason; [Client.CountDead] tells beforehand
// how many. It stops when ctx ends and at the first error of the store; the count
// says what was done until then, and so does the log.
func (c *Client) DropDead(ctx context.Context, f DeadFilter, reason string) (DropCount, error) {
	var n DropCount
	if strings.TrimSpace(reason) == "" {
		return n, fmt.Errorf("drop the dead: %w", errNoReason)
	}
	var err error
	n.Selected, n.Dropped, err = c.dead().RaiseAll(ctx, c.owner, handler.DeadFilter(f), store.DropDecision{Reason: reason})
	c.log.InfoContext(ctx, "dead letters were dropped", "selected", n.Selected, "dropped", n.Dropped, "because", reason,
		"since", f.Since, "until", f.Until, "kind", f.Kind, "reason", f.Reason)
	if err != nil {
		err = fmt.Errorf("drop the dead, after %d: %w", n.Dropped, storeError(err))
	}
	return n, err
}
