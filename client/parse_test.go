package client

import (
	"testing"
	"testing/quick"
	"time"
	"unicode/utf8"
)

func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"message":"Payment can't be updated because it is already released."}`))
	f.Add([]byte(`{"ExceptionMessage":"x","ExceptionFaultCode":"12027"}`))
	f.Add([]byte("<html>\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, fault := messageIn(body, "")
		if !utf8.ValidString(m) || !utf8.ValidString(fault) || len(m) > 2010 || len(fault) > 70 {
			t.Fatalf("message %q, fault %q", m, fault)
		}
	})
}

// evenly is a route whose operations end evenly over 100 s.
type evenly struct{ count int }

func (e evenly) Count() int { return e.count }
func (e evenly) Quantile(q float64) time.Duration {
	return time.Duration(q * 100 * float64(time.Second))
}
func (e evenly) Ended(age time.Duration) float64 { return min(age.Seconds()/100, 1) }

func TestDefaultSchedule(t *testing.T) {
	even, known := evenly{0}, evenly{100}
	for _, tt := range []struct {
		info PollInfo
		want time.Duration
	}{
		{PollInfo{Learned: even}, 33 * time.Second},
		{PollInfo{Learned: even, Age: 50 * time.Second, Polls: 3}, 16500 * time.Millisecond},
		{PollInfo{Learned: even, Age: 98 * time.Second, Polls: 5}, 34 * time.Second},
		{PollInfo{Learned: even, Age: time.Hour, Polls: 50}, 112500 * time.Millisecond},
		{PollInfo{Learned: even, Age: 24 * time.Hour, Polls: 500}, 5 * time.Minute},
		{PollInfo{Learned: even, Scarcity: 1}, 85 * time.Second},
		{PollInfo{Learned: known}, 57500 * time.Millisecond},
		{PollInfo{Learned: known, Age: 90 * time.Second}, 5500 * time.Millisecond},
		{PollInfo{Learned: known, Age: 96 * time.Second}, 2600 * time.Millisecond},
		{PollInfo{Notify: true}, 45 * time.Second},
		{PollInfo{Notify: true, Learned: even, Age: 90 * time.Second}, 45 * time.Second},
		{PollInfo{Notify: true, Learned: known, Age: 50 * time.Second}, 90 * time.Second},
		{PollInfo{Notify: true, Learned: known}, 92 * time.Second},
		{PollInfo{Notify: true, Learned: known, Scarcity: 1}, 98 * time.Second},
		{PollInfo{Notify: true, Learned: known, Age: 24 * time.Hour}, 90 * time.Second},
		{PollInfo{Notified: true, Notify: true, Polls: 9}, 3 * time.Second},
		{PollInfo{Notified: true, SinceNotified: 20 * time.Second, Notify: true}, time.Minute},
		{PollInfo{Notified: true, SinceNotified: time.Hour, Notify: true, Learned: known}, 92 * time.Second},
		{PollInfo{Missing: true, Age: 10 * time.Second, Learned: even}, 29700 * time.Millisecond},
		{PollInfo{Missing: true, Age: time.Minute}, time.Minute},
		{PollInfo{Notified: true, Missing: true, Age: time.Hour, Polls: 50}, 5 * time.Minute},
	} {
		if got := DefaultSchedule(tt.info).Round(time.Millisecond); got != tt.want {
			t.Errorf("%+v: got %v, want %v", tt.info, got, tt.want)
		}
	}
}

// atOnce is a route whose operations end at once.
type atOnce struct{ evenly }

func (atOnce) Quantile(float64) time.Duration { return 0 }

func TestFivePollsAMinute(t *testing.T) {
	var waits []time.Duration
	info := PollInfo{Learned: atOnce{evenly{100}}}
	for range 60 {
		wait := DefaultSchedule(info)
		info.Age += wait
		info.Polls++
		waits = append(waits, wait-wait/10) // the least that the jitter leaves
	}
	for i := 1; i+5 <= len(waits); i++ { // the first wait comes before the first poll
		five := time.Duration(0)
		for _, wait := range waits[i : i+5] {
			five += wait
		}
		if five <= time.Minute {
			t.Errorf("the polls %d and %d are %v apart, want more than a minute", i, i+5, five)
		}
	}
}

func TestJitterStaysClose(t *testing.T) {
	seen := map[time.Duration]bool{}
	check := func(ref string, polls int) bool {
		d := jitter(10*time.Second, ref, polls)
		seen[d] = true
		return d >= 9*time.Second && d <= 11*time.Second && d == jitter(10*time.Second, ref, polls)
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
	if len(seen) < 50 {
		t.Errorf("only %d different delays", len(seen))
	}
	for _, d := range []time.Duration{-1, 0, 1 << 62} {
		if got := jitter(d, "ref", 1); got < minDelay-minDelay/10 || got > maxDelay+maxDelay/10 {
			t.Errorf("%v became %v", d, got)
		}
	}
}
