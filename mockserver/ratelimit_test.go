package mockserver_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
)

func TestTenThenBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{RateLimit: mockserver.OldHostLimit()})
		for range 10 {
			h.want(200, "GET", "/v1/customerinvoice", "")
		}
		for _, wait := range []time.Duration{20, 60, 120} {
			if a := h.want(429, "GET", "/v1/customerinvoice", ""); a.header.Get("Retry-After") != "300" {
				t.Errorf("Retry-After %s", a.header.Get("Retry-After"))
			}
			time.Sleep(wait * time.Second)
		}
		h.want(200, "GET", "/v1/customerinvoice", "", "ipp-company-id", "2")
		time.Sleep(180 * time.Second)
		if a := h.want(200, "GET", "/v1/customerinvoice", ""); a.header.Get("X-RateLimit-Remaining") != "9" {
			t.Errorf("headers %v", a.header)
		}
	})
}

func TestFormsOfTheReset(t *testing.T) {
	limit := mockserver.RateLimit{Limit: 1, Window: 90 * time.Second}
	tests := []struct {
		profile      profile.Profile
		reset, after string
	}{
		{profile.Profile{}, "90", "90"},
		{profile.Profile{RateLimitResetEpoch: true}, strconv.Itoa(946684800 + 90), "90"},
		{profile.Profile{RetryAfterDate: true}, "90", "Sat, 01 Jan 2000 00:01:30 GMT"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, mockserver.Config{RateLimit: limit, Profile: tt.profile})
			a := h.want(200, "GET", "/v1/customerinvoice", "")
			if got := a.header.Get("X-RateLimit-Reset"); got != tt.reset || a.header.Get("Retry-After") != "" {
				t.Errorf("headers %v", a.header)
			}
			a = h.want(429, "GET", "/v1/customerinvoice", "")
			if got := a.header.Get("X-RateLimit-Reset"); got != tt.reset || a.header.Get("Retry-After") != tt.after {
				t.Errorf("headers %v", a.header)
			}
			if _, err := http.ParseTime(a.header.Get("Retry-After")); (err == nil) != tt.profile.RetryAfterDate {
				t.Errorf("Retry-After %s", a.header.Get("Retry-After"))
			}
		})
	}
}

func TestPollsMayBeFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 1}, Profile: profile.Profile{PollsAreFree: true}})
		id := ended(h)
		for range 5 {
			h.want(200, "GET", "/v1/background/"+id, "")
		}
		a := h.want(200, "GET", "/v1/background/"+id+"/content", "")
		if a.header.Get("X-RateLimit-Remaining") != "0" {
			t.Errorf("headers %v", a.header)
		}
		h.want(429, "GET", "/v1/customerinvoice", "")
	})
}

// Five equal requests a minute, and two that fail in five minutes, in windows
// that slide.
func TestSameRequestsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{RateLimit: mockserver.OldGatewayLimit()})
		const list = "/v1/customerinvoice?pageSize=1"
		for range 5 {
			h.want(200, "GET", list, "")
			time.Sleep(10 * time.Second)
		}
		a := h.want(429, "GET", "/V1/CustomerInvoice?pagesize=1", "")
		if got := a.header.Get("Retry-After") + " " + a.header.Get("X-RateLimit-Policy") + " " + a.header.Get("X-RateLimit-Reset"); got != "10 IntervalLimit 10" {
			t.Errorf("headers %s, want 10 IntervalLimit 10", got)
		}
		if want := `"ExceptionMessage":"Same request made too many times"`; !strings.Contains(a.body, want) {
			t.Errorf("body %s, want %s in it", a.body, want)
		}
		h.want(200, "GET", "/v1/customerinvoice?pageSize=2", "")
		h.want(200, "GET", list, "", "ipp-company-id", "2")
		time.Sleep(10 * time.Second)
		h.want(200, "GET", list, "")
		h.want(429, "GET", list, "")

		id := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
		for range 5 {
			h.want(200, "GET", "/v1/background/"+id, "")
		}
		h.want(429, "GET", "/v1/background/"+id, "")

		for range 2 {
			h.want(404, "GET", "/v1/customerinvoice/missing", "")
			time.Sleep(time.Minute)
		}
		if a := h.want(429, "GET", "/v1/customerinvoice/missing", ""); a.header.Get("Retry-After") != "180" {
			t.Errorf("Retry-After %s, want 180", a.header.Get("Retry-After"))
		}
		time.Sleep(3 * time.Minute)
		h.want(404, "GET", "/v1/customerinvoice/missing", "")
		if err := h.Reset(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		h.want(404, "GET", "/v1/customerinvoice/missing", "")
	})
}

func TestWhatMakesRequestsEqual(t *testing.T) {
	const invoice = `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":%}}]}`
	for pathOnly, want := range map[bool]int{false: 201, true: 429} {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, mockserver.Config{RateLimit: mockserver.RateLimit{Same: mockserver.SameRequests{Calls: 1, PathOnly: pathOnly}}})
			h.want(201, "POST", "/v2/customerinvoice", strings.ReplaceAll(invoice, "%", "1"))
			h.want(429, "POST", "/v2/customerinvoice", strings.ReplaceAll(invoice, "%", "1"))
			h.want(want, "POST", "/v2/customerinvoice?x=1", strings.ReplaceAll(invoice, "%", "2"))
		})
	}
	synctest.Test(t, func(t *testing.T) {
		limit := mockserver.RateLimit{Same: mockserver.SameRequests{Calls: 1}}
		h := start(t, mockserver.Config{RateLimit: limit, Profile: profile.Profile{PollsAreFree: true, RateLimitResetEpoch: true}})
		id := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
		for range 3 {
			h.want(200, "GET", "/v1/background/"+id, "")
		}
		a := h.want(429, "GET", "/v1/customerinvoice/003501", "")
		if got, want := a.header.Get("X-RateLimit-Reset"), strconv.Itoa(946684800+60); got != want {
			t.Errorf("X-RateLimit-Reset %s, want %s", got, want)
		}
	})
}

func TestValidationOfRateLimits(t *testing.T) {
	for field, limit := range map[string]mockserver.RateLimit{
		"RateLimit.Limit": {Limit: -1}, "RateLimit.Window": {Window: -1}, "RateLimit.Block": {Block: -1},
		"RateLimit.Same.Calls": {Same: mockserver.SameRequests{Calls: -1}}, "RateLimit.Same.Window": {Same: mockserver.SameRequests{Window: -1}},
		"RateLimit.Same.Failed": {Same: mockserver.SameRequests{Failed: -1}}, "RateLimit.Same.FailedWindow": {Same: mockserver.SameRequests{FailedWindow: -1}},
	} {
		if _, err := mockserver.New(mockserver.Config{RateLimit: limit}); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("got %v, want %s", err, field)
		}
	}
}
