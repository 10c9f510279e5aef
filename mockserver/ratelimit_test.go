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

func TestValidationOfRateLimits(t *testing.T) {
	for field, limit := range map[string]mockserver.RateLimit{
		"RateLimit.Limit": {Limit: -1}, "RateLimit.Window": {Window: -1}, "RateLimit.Block": {Block: -1},
	} {
		if _, err := mockserver.New(mockserver.Config{RateLimit: limit}); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("got %v, want %s", err, field)
		}
	}
}
