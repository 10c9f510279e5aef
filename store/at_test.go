package store_test

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// What waits for a while after a time that lay ahead must come to its end,
// although the record reads anew each time.
func TestTimesAheadDelayNoPoll(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ahead := now.Add(48 * time.Hour)
	accepted := store.Record{Phase: store.Accepted, AcceptedAt: ahead}
	if got := accepted.At(now); !got.Due.Equal(now) || !got.AcceptedAt.Equal(now) {
		t.Errorf("got due %v and accepted at %v, want both now", got.Due, got.AcceptedAt)
	}
	accepted.AcceptedAt = now.Add(-time.Minute)
	if got := accepted.At(now); !got.Due.IsZero() {
		t.Errorf("got due %v, want none: it was accepted by a clock that was right", got.Due)
	}
	uncertain := store.Record{Phase: store.Uncertain, SentAt: ahead}
	if got := uncertain.At(now); !got.Due.IsZero() || !got.SentAt.Equal(now) {
		t.Errorf("got due %v and sent at %v, want none and now", got.Due, got.SentAt)
	}
	for _, tt := range []struct{ looked, want time.Time }{
		{ahead, now.Add(-store.ClockSlack)},
		{now.Add(time.Minute), now.Add(time.Minute)},
		{now.Add(-time.Hour), now.Add(-time.Hour)},
		{time.Time{}, time.Time{}},
	} {
		accepted.PolledAt = tt.looked
		if got := accepted.At(now).PolledAt; !got.Equal(tt.want) {
			t.Errorf("looked at %v: got %v, want %v", tt.looked, got, tt.want)
		}
	}
}
