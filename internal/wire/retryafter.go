package wire

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A wait that a server asks for is kept within these.
const (
	MinWait = time.Second
	MaxWait = time.Hour
)

// RetryAfter reads how long an answer asks to wait: in seconds, or until a date,
// which is read by the clock of the answer, its Date, where it has one. Of several
// values the longest counts. It reports false where there is none that makes
// sense; else the wait is between [MinWait] and [MaxWait].
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	values := h.Values("Retry-After")
	if len(values) == 0 {
		return 0, false
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	var wait time.Duration
	for _, value := range values {
		value = strings.TrimSpace(value)
		if t, err := http.ParseTime(value); err == nil {
			wait = max(wait, bounded(t.Sub(now).Seconds()))
			continue
		}
		for one := range strings.SplitSeq(value, ",") {
			if s, err := strconv.ParseFloat(strings.TrimSpace(one), 64); err == nil && sensible(s) {
				wait = max(wait, bounded(s))
			}
		}
	}
	return wait, wait > 0
}

// LimitReset reads when a limit ends: X-RateLimit-Reset in seconds. The old
// gateway sent the time in seconds since 1970; what is above 10⁹ is one. It
// reports false as [RetryAfter] does.
func LimitReset(h http.Header, now time.Time) (time.Duration, bool) {
	wait := reset(h.Get("X-Ratelimit-Reset"), h, now)
	return wait, wait > 0
}

// reset reads when a window ends, or returns 0.
func reset(value string, h http.Header, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	s, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !sensible(s) {
		return 0
	}
	if s > 1e9 {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date
		}
		s -= float64(now.Unix())
	}
	return bounded(s)
}

func sensible(seconds float64) bool { return seconds >= 0 && !math.IsInf(seconds, 0) }

func bounded(seconds float64) time.Duration {
	return time.Duration(min(max(seconds, MinWait.Seconds()), MaxWait.Seconds()) * float64(time.Second))
}
