package main

import (
	"net/http"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// onItsOwnClock calls f where time passes only while everybody waits for it, and
// then at once, and ends the process. A client that takes its time from elsewhere
// has a clock to be replaced instead; ours takes it from package time, and package
// synctest replaces that, for what runs as a test.
func onItsOwnClock(start time.Time, f func() error) {
	os.Stdout = os.Stderr // for what package testing prints
	candidate := testing.InternalTest{Name: "candidate", F: func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(start))
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}}
	all := func(string, string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{candidate}, nil, nil) // it exits
}

// tellsTime sends the time along with each call. A call takes no time, because a
// bubble's time stands while something waits for the network; a connection that was
// kept would wait for ever.
type tellsTime struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t tellsTime) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("x-conformance-time", strconv.FormatInt(time.Now().UnixMilli(), 10))
	return t.next.RoundTrip(r)
}
