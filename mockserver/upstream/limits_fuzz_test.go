package upstream

import (
	"net/http"
	"testing"
	"time"
)

// FuzzWaits reads headers as an upstream may send them: a wait is bounded, and a
// company that waits goes on.
func FuzzWaits(f *testing.F) {
	f.Add("120", "", "", "")
	f.Add("Sat, 01 Jan 2000 00:01:00 GMT", `"hour";q=100;w=3600`, `"hour";r=0;t=80`, "0")
	f.Add("1e999, -1, NaN", `"a\";r=0"`, `a;r=0;t=-1, b;r=0;t=1e400`, "99999999999999999999")
	f.Add("", "", "limit=1, remaining=0, reset=0x10", "1767225600")
	f.Fuzz(func(t *testing.T, after, policy, limit, reset string) {
		h := http.Header{"Retry-After": {after}, "Ratelimit-Policy": {policy}, "Ratelimit": {limit}, "X-Ratelimit-Reset": {reset}, "X-Ratelimit-Remaining": {reset}}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		wait, asked := asksToWait(h, now)
		if asked != (wait > 0) || wait < 0 || wait > time.Hour {
			t.Errorf("asked to wait %v: %v, want at most an hour", asked, wait)
		}
		var l limits
		l.heard("1", h, now)
		if left := l.left("1", now); left < 0 || left > time.Hour {
			t.Errorf("the company waits %v, want at most an hour", left)
		}
		if left := l.left("1", now.Add(time.Hour)); left > 0 {
			t.Errorf("after an hour it waits %v more", left)
		}
	})
}
