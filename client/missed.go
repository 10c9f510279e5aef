package client

import (
	"context"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

const (
	// missedTold is how many notifications are missed in a row before a person is
	// told.
	missedTold = 5
	// missedGrace is how long after the end a poll has to find it for that to say
	// anything: a notification may have been on its way.
	missedGrace = 10 * time.Second
)

// missed counts the operations in a row of which no notification came in time.
type missed struct {
	mu sync.Mutex
	n  int
}

func (m *missed) inRow() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.n
}

// heard notes how the end of an operation was found, of which rec is the record after
// that. It tells, once, that notifications have stopped, and that they come again.
func (c *Client) heard(ctx context.Context, rec *store.Record, by string) {
	asked := rec.Notify == modeSubscription || rec.Notify == modeURL
	late, known := detectionDelay(rec)
	if !asked || by != byNotification && (by != byPoll || known && late < missedGrace) {
		return
	}
	m := &c.missed
	m.mu.Lock()
	before := m.n
	if m.n++; by == byNotification {
		m.n = 0
	}
	n := m.n
	m.mu.Unlock()
	switch {
	case n == missedTold:
		c.log.WarnContext(ctx, "notifications have stopped: polls found the ends of several operations in a row of which they should have told", "operations", n, "notify", rec.Notify,
			"ref", rec.Ref, "id", rec.ID, "remedy", "look whether the address is reachable from outside, whether the subscription is active, and whether the receiver has the same store as this client and the present signing key; until then polls cost more calls and ends are found later")
		c.attend(ctx, *rec, NeedsNotifications)
	case n == 0 && before >= missedTold:
		c.log.InfoContext(ctx, "notifications come again", "missed", before)
	}
}

// detectionDelay is how long after its end an operation was recorded as ended. Each
// clock measures a time of its own, the store's that since the acceptance and the
// ERP's that of the work, so that they need not agree. It is not known where one of
// them did not see its beginning.
func detectionDelay(rec *store.Record) (d time.Duration, known bool) {
	o := rec.Outcome
	if o == nil || rec.Late || o.Foreground || o.Told != "" || rec.AcceptedAt.IsZero() || rec.SettledAt.IsZero() || o.ReceivedAt.IsZero() || o.FinishedAt.Before(o.ReceivedAt) {
		return 0, false
	}
	d = rec.SettledAt.Sub(rec.AcceptedAt) - o.FinishedAt.Sub(o.ReceivedAt)
	return d, d >= 0
}
