package receiver

import (
	"context"
	"fmt"
	"time"

	"github.com/vismanet-go/background/store"
)

// Health is the state of a receiver and of what waits for handlers.
type Health struct {
	// Backlog is how many notifications wait for the handler or for its next
	// try, in the whole store; Oldest is when the oldest of them arrived, the
	// zero time if none waits. Dead is how many dead letters there are.
	Backlog int
	Oldest  time.Time
	Dead    int

	// Running says that Run is at work in this receiver.
	Running bool
	// LastStored is when this receiver last stored a notification, and
	// LastFailed when one could not be stored; the zero time means never.
	LastStored time.Time
	LastFailed time.Time
	// Unparsed counts what this receiver stored and did not understand. It
	// should be 0: the log says which ones they were.
	Unparsed int64
}

// Health asks the store, for readiness probes: with an error the receiver
// cannot do its work, because the store cannot be read within
// Config.StoreTimeout. Whether anything else in a Health makes a process
// unready is the application's choice; LastFailed should not, because a
// process that gets no requests never stores one again.
func (rc *Receiver) Health(ctx context.Context) (Health, error) {
	ctx, cancel := context.WithTimeout(ctx, rc.cfg.StoreTimeout)
	defer cancel()
	h := Health{
		Running: rc.running.Load(), Unparsed: rc.unparsed.Load(),
		LastStored: timeOf(rc.stored.Load()), LastFailed: timeOf(rc.failed.Load()),
	}
	waiting := store.Query{Phases: []store.Phase{store.Delivery}, Limit: 1, WithoutContent: true}
	oldest, err := rc.cfg.Store.List(ctx, store.DeliveryTenant, waiting)
	if err != nil {
		return h, fmt.Errorf("receiver: health: %w", err)
	}
	waiting.Limit = 0
	if len(oldest) > 0 {
		h.Oldest = oldest[0].CreatedAt
		if h.Backlog, err = rc.cfg.Store.Count(ctx, store.DeliveryTenant, waiting); err != nil {
			return h, fmt.Errorf("receiver: health: %w", err)
		}
	}
	waiting.Phases = []store.Phase{store.Dead}
	if h.Dead, err = rc.cfg.Store.Count(ctx, store.DeliveryTenant, waiting); err != nil {
		return h, fmt.Errorf("receiver: health: %w", err)
	}
	return h, nil
}

// timeOf reads what is kept as nanoseconds, 0 for never.
func timeOf(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos)
}
