package receiver

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

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
		q := store.Query{Phases: []store.Phase{store.Dead}, Limit: 20, WithoutContent: true}
		for {
			page, err := rc.cfg.Store.List(ctx, store.DeliveryTenant, q)
			if err != nil {
				yield(DeadLetter{}, fmt.Errorf("receiver: list the dead: %w", err))
				return
			}
			for _, rec := range page {
				if !yield(DeadLetter{notificationOf(rec), rec.Reason, diedAt(rec)}, nil) {
					return
				}
			}
			if len(page) < q.Limit {
				return
			}
			q.After = page[len(page)-1].Position()
		}
	}
}

// diedAt is when a dead record died. What an older version wrote tells only when
// it was changed last.
func diedAt(rec store.Record) time.Time {
	if rec.EndedAt.IsZero() {
		return rec.UpdatedAt
	}
	return rec.EndedAt
}

// Replay brings a dead letter back to the handler, in whichever process runs
// it, with all its attempts. The delivery is [Notification].Delivery. Errors:
// [store.ErrNotFound], *[store.PhaseError] if it is not dead,
// [store.ErrLeased] if somebody else is replaying it.
func (rc *Receiver) Replay(ctx context.Context, delivery string) error {
	if err := rc.raise(ctx, delivery, store.ReplayDecision{}); err != nil {
		return fmt.Errorf("receiver: replay %q: %w", delivery, err)
	}
	return nil
}

// Drop removes a dead letter for good. The reason says why; it is logged. Errors
// are those of [Receiver.Replay], and one that says that the reason is missing.
func (rc *Receiver) Drop(ctx context.Context, delivery string, reason string) error {
	err := errors.New("want a reason, which is logged for those who come after")
	if strings.TrimSpace(reason) != "" {
		err = rc.raise(ctx, delivery, store.DropDecision{Reason: reason})
	}
	if err != nil {
		return fmt.Errorf("receiver: drop %q: %w", delivery, err)
	}
	rc.log.InfoContext(ctx, "a dead letter was dropped", "delivery", delivery, "reason", reason)
	return nil
}

func (rc *Receiver) raise(ctx context.Context, delivery string, d store.Decision) error {
	rec, err := rc.cfg.Store.Get(ctx, store.DeliveryTenant, delivery)
	if err != nil {
		return err
	}
	if rec.Phase != store.Dead {
		return &store.PhaseError{Ref: rec.Ref, Phase: rec.Phase, Change: "be taken from the dead"}
	}
	lease, rec, err := rc.cfg.Store.Acquire(ctx, store.DeliveryTenant, delivery, hook.NewRef(), store.ToAcknowledge, rc.cfg.Lease)
	if err != nil {
		return err
	}
	if rec.Phase == store.Dead {
		_, err = rc.cfg.Store.Decide(ctx, lease, d)
	} else { // it was replayed meanwhile
		err = &store.PhaseError{Ref: rec.Ref, Phase: rec.Phase, Change: "be taken from the dead"}
	}
	if err != nil {
		_ = rc.cfg.Store.Release(context.WithoutCancel(ctx), lease)
	}
	return err
}
