package client

import (
	"context"
	"time"

	"github.com/vismanet-go/background/internal/lease"
	"github.com/vismanet-go/background/store"
)

// keepSending keeps the lease of an attempt, which the store was asked for at a
// time. Nothing ends the attempt when the lease is lost: the record reads as
// uncertain then, and what the attempt learns still merges.
func (c *Client) keepSending(l store.Lease, asked time.Time) *lease.Keeper {
	return lease.Keep(c.life, lease.Config{Store: c.store, Lease: l, TTL: lease.TTL, Asked: asked, Log: c.log, Go: c.work})
}

// underLease returns a context that lasts as long as the lease, the handler's
// timeout and ctx do, and keeps the lease, which the store was asked for at a
// time, until stop is called. What is to stop still needs its lease. stop
// returns why the lease was lost, if it was.
func (c *Client) underLease(ctx context.Context, l store.Lease, asked time.Time) (work context.Context, stop func() error) {
	work, abort := context.WithCancelCause(ctx)
	work, cancel := context.WithTimeoutCause(work, c.cfg.HandlerTimeout, ErrHandlerTimeout)
	keeper := lease.Keep(context.WithoutCancel(ctx), lease.Config{
		Store: c.store, Lease: l, TTL: lease.TTL, Asked: asked, Log: c.log,
		Lost: func(error) { abort(store.ErrFenced) },
	})
	return work, func() error {
		lost := keeper.Stop()
		cancel()
		abort(nil)
		return lost
	}
}
