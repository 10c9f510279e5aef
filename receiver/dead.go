package receiver

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/store"
)

// DeadLetter is a notification whose handler failed for good. It stays until it
// is replayed or dropped.
type DeadLetter struct {
	Notification
	Reason string    // the words of the handler's last error
	DiedAt time.Time // when that was
}

// Dead yields the dead letters of all tenants, the oldest first. It reads a
// few at a time and yields at most one error, as its last pair.
func (rc *Receiver) Dead(ctx context.Context) iter.Seq2[DeadLetter, error] {
	return func(yield func(DeadLetter, error) bool) {
		for rec, err := range rc.dead().All(ctx, handler.DeadFilter{}) {
			if err != nil {
				yield(DeadLetter{}, fmt.Errorf("receiver: list the dead: %w", err))
				return
			}
			if !yield(DeadLetter{notificationOf(rec), rec.Reason, handler.DiedAt(rec)}, nil) {
				return
			}
		}
	}
}

func (rc *Receiver) dead() handler.DeadLetters {
	return handler.DeadLetters{Store: rc.cfg.Store, Tenant: store.DeliveryTenant, KindOf: rc.kindOf}
}

// kindOf returns the kind of a delivery's operation, "" if the store does not know
// it, or no longer.
func (rc *Receiver) kindOf(ctx context.Context, delivery store.Record) (string, error) {
	n := notificationOf(delivery)
	if !n.Known {
		return "", nil
	}
	rec, err := rc.cfg.Store.Get(ctx, n.Tenant, n.Ref)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return rec.Kind, err
}

// Replay brings a dead letter back to the handler, in whichever process runs
// it, with all its attempts. The delivery is [Notification].Delivery. Errors:
// [store.ErrNotFound], *[store.PhaseError] if it is not dead,
// [store.ErrLeased] if somebody else is replaying it.
func (rc *Receiver) Replay(ctx context.Context, delivery string) error {
	if err := rc.dead().Raise(ctx, delivery, hook.NewRef(), store.ReplayDecision{}); err != nil {
		return fmt.Errorf("receiver: replay %q: %w", delivery, err)
	}
	return nil
}

// Drop removes a dead letter for good. The reason says why; it is logged. Errors
// are those of [Receiver.Replay], and one that says that the reason is missing.
func (rc *Receiver) Drop(ctx context.Context, delivery, reason string) error {
	err := errNoReason
	if strings.TrimSpace(reason) != "" {
		err = rc.dead().Raise(ctx, delivery, hook.NewRef(), store.DropDecision{Reason: reason})
	}
	if err != nil {
		return fmt.Errorf("receiver: drop %q: %w", delivery, err)
	}
	rc.log.InfoContext(ctx, "a dead letter was dropped", "delivery", delivery, "reason", reason)
	return nil
}

var errNoReason = errors.New("want a reason, which is logged for those who come after")

// DeadFilter selects dead letters. Its zero value selects all.
type DeadFilter struct {
	// Since and Until bound when they died: from the one on, and before the other.
	// The zero time is no bound.
	Since, Until time.Time
	// Kind is that of the operation, as the client's SubmitOptions have it; all if
	// it is empty. What is not known to the store, or no longer, has none.
	Kind string
	// Reason is a part of the Reason, in upper or lower case; all if it is empty.
	Reason string
}

// ReplayCount tells what [Receiver.ReplayDead] did.
type ReplayCount struct {
	Selected int // dead letters that the filter selected
	Replayed int // of those, brought back; somebody else was faster with the others
}

// CountDead returns how many dead letters the filter selects now: what
// [Receiver.ReplayDead] would take. It changes nothing.
func (rc *Receiver) CountDead(ctx context.Context, f DeadFilter) (int, error) {
	n, err := rc.dead().Count(ctx, handler.DeadFilter(f))
	if err != nil {
		err = fmt.Errorf("receiver: count the dead: %w", err)
	}
	return n, err
}

// ReplayDead brings the dead letters that the filter selects back to the
// handler, as [Receiver.Replay] does, the oldest first; [Receiver.CountDead]
// tells beforehand how many. Each is taken once, also one that dies again
// meanwhile, and a few are read at a time. It stops when ctx ends and at the
// first error of the store; the count says what was done until then, and so
// does the log.
func (rc *Receiver) ReplayDead(ctx context.Context, f DeadFilter) (ReplayCount, error) {
	var n ReplayCount
	var err error
	n.Selected, n.Replayed, err = rc.dead().RaiseAll(ctx, hook.NewRef(), handler.DeadFilter(f), store.ReplayDecision{})
	rc.log.InfoContext(ctx, "dead letters were replayed", "selected", n.Selected, "replayed", n.Replayed,
		"since", f.Since, "until", f.Until, "kind", f.Kind, "reason", f.Reason)
	if err != nil {
		err = fmt.Errorf("receiver: replay the dead, after %d: %w", n.Replayed, err)
	}
	return n, err
}

// DropCount tells what [Receiver.DropDead] did.
type DropCount struct {
	Selected int // dead letters that the filter selected
	Dropped  int // of those, dropped; somebody else was faster with the others
}

// DropDead drops the dead letters that the filter selects, as [Receiver.Drop] does,
// the oldest first, each with the same reason; [Receiver.CountDead] tells beforehand
// how many. It stops when ctx ends and at the first error of the store; the count
// says what was done until then, and so does the log.
func (rc *Receiver) DropDead(ctx context.Context, f DeadFilter, reason string) (DropCount, error) {
	var n DropCount
	if strings.TrimSpace(reason) == "" {
		return n, fmt.Errorf("receiver: drop the dead: %w", errNoReason)
	}
	var err error
	n.Selected, n.Dropped, err = rc.dead().RaiseAll(ctx, hook.NewRef(), handler.DeadFilter(f), store.DropDecision{Reason: reason})
	rc.log.InfoContext(ctx, "dead letters were dropped", "selected", n.Selected, "dropped", n.Dropped, "because", reason,
		"since", f.Since, "until", f.Until, "kind", f.Kind, "reason", f.Reason)
	if err != nil {
		err = fmt.Errorf("receiver: drop the dead, after %d: %w", n.Dropped, err)
	}
	return n, err
}
