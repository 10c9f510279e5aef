package client

import (
	"errors"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

const (
	// sendLease is how long an attempt counts as alive after its last sign
	// of life.
	sendLease = 30 * time.Second
	beatEvery = sendLease / 3
)

// heart keeps the lease of an attempt alive.
type heart struct {
	mu      sync.Mutex // guards the rest
	timer   *time.Timer
	stopped bool
	asked   time.Time // when the store was last asked for the lease that it gave
}

// heartbeat prolongs a lease that was asked for at a time, until it is
// stopped. It costs a timer for an attempt that ends within ten seconds.
func (c *Client) heartbeat(l store.Lease, asked time.Time) *heart {
	h := &heart{asked: asked}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer = time.AfterFunc(beatEvery, func() { c.work(func() { c.beat(h, l) }) })
	return h
}

// beat prolongs the lease once. A failure is not final: the lease lasts for
// two more beats. Once it is lost the record reads as uncertain, and what the
// attempt learns still merges.
func (c *Client) beat(h *heart, l store.Lease) {
	ctx, cancel := recording(c.life)
	defer cancel()
	asked := time.Now()
	_, err := c.store.Extend(ctx, l, sendLease)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		h.asked = asked
	}
	if h.stopped || errors.Is(err, store.ErrFenced) {
		return
	}
	if err != nil {
		c.log.WarnContext(ctx, "the attempt's lease was not prolonged", "ref", l.Ref, "error", err)
	}
	h.timer.Reset(beatEvery)
}

// beats reports whether the lease must still be valid, whatever the clock of
// the store says.
func (h *heart) beats() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Since(h.asked) < sendLease
}

func (h *heart) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	h.timer.Stop()
}
