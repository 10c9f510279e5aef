package client

import (
	"context"
	"fmt"
	"time"

	"github.com/vismanet-go/background/store"
)

// adoptUnmatched takes over an operation that only a notification told of. The
// ERP must show it to our own credentials; until it does, it is polled again at
// growing waits, as long as the record stays.
func (c *Client) adoptUnmatched(ctx context.Context, t *turn, ref string) error {
	lease, rec, err := c.store.Acquire(ctx, c.cfg.Tenant, ref, c.owner, store.ToPoll, 2*c.cfg.CallTimeout)
	if err != nil {
		return err
	}
	call, cancel := context.WithTimeout(c.life, c.cfg.CallTimeout)
	defer cancel()
	if _, err := c.getState(call, t, rec.ID); err != nil {
		c.log.DebugContext(ctx, "an unmatched operation is not shown", "id", rec.ID, "error", err)
		due := time.Now().Add(unmatchedPoll.After(rec.Polls))
		_, err = c.decide(ctx, lease, store.RescheduleDecision{Due: due, Notifications: rec.Notifications})
		return err
	}
	write := recording(ctx)
	defer write.done()
	if _, err = c.store.Report(write, rec.Tenant, rec.Ref, store.AcceptedFact{ID: rec.ID, Source: store.FromEvidence}); err == nil {
		c.release(ctx, lease)
	}
	return err
}

// keepUnmatched is how long unmatched notifications are kept: as long
// as the ERP keeps answers.
const keepUnmatched = 24 * time.Hour

// purge removes what ended long ago, beside the work, one purge at a time.
func (r *runner) purge(ctx context.Context) {
	if !r.purging.CompareAndSwap(false, true) { // upkeep, which calls it, is waited for
		return
	}
	r.working.Go(func() {
		defer r.purging.Store(false)
		c, now := r.c, time.Now()
		n, err := c.store.Purge(ctx, c.cfg.Tenant, store.Retention{
			Ended: now.Add(-c.cfg.KeepRecords), Unacknowledged: now.Add(-c.cfg.KeepUnacknowledged), Unmatched: now.Add(-keepUnmatched), Keys: now.Add(-c.cfg.KeepKeys),
		})
		if err != nil && ctx.Err() == nil && c.life.Err() == nil {
			c.log.WarnContext(ctx, "purge failed", "error", fmt.Errorf("purge: %w", err))
		}
		if n.Unacknowledged > 0 {
			c.log.WarnContext(ctx, "outcomes that nobody acknowledged were purged", "records", n.Unacknowledged)
		}
		if n.Total() > 0 {
			c.log.DebugContext(ctx, "purged", "ended", n.Ended, "unacknowledged", n.Unacknowledged, "unmatched", n.Unmatched)
		}
	})
}
