package wire

import (
	"net/http"
	"strconv"
	"time"
)

// RetryAfter writes a Retry-After header. A client that obeys it comes late
// enough.
func RetryAfter(d time.Duration, date bool, now time.Time) string {
	if !date {
		return strconv.Itoa(Seconds(d))
	}
	at := now.Add(d + time.Second - 1).Truncate(time.Second)
	return at.UTC().Format(http.TimeFormat)
}

// Seconds rounds up: a client that waits this long finds the window open.
func Seconds(d time.Duration) int {
	n := int(max(d, 0) / time.Second)
	if d > 0 && d%time.Second > 0 {
		n++
	}
	return n
}
