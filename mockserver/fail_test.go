package mockserver_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// A handler that calls Fail has its operation Failed with exactly that text, whatever
// it wrote before.
func TestAHandlerFailsItsOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		h.Handle("POST /v1/unsure", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("half of it"))
			mockserver.Fail("Nobody knows.")
		}))
		s := h.finish("POST", "/v1/unsure", "{}")
		if s["status"] != "Failed" || s["errorMessage"] != "Nobody knows." || s["hasResponseContent"] != false || s["statusCode"] != 500.0 {
			t.Errorf("got %v", s)
		}
	})
}

// Without the built-in ERP its paths are those of a fallback, and the background API
// is there all the same.
func TestWithoutTheBuiltInERP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{NoERP: true, Fallbacks: []mockserver.Fallback{mockserver.FallbackFunc(func(r *http.Request) (mockserver.Route, bool) {
			return mockserver.Route{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })}, r.URL.Path != "/v1/other"
		})}})
		for _, path := range []string{"/v1/customerinvoice", "/v1/customerPayment/400652", "/v1/webhooknotificationfeedback", "/v1/customer"} {
			h.want(http.StatusTeapot, "GET", path, "")
			if s := h.finish("GET", path, ""); s["statusCode"] != float64(http.StatusTeapot) {
				t.Errorf("%s in the background: got %v", path, s)
			}
		}
		h.want(404, "GET", "/v1/other", "")
		h.want(404, "GET", "/v1/background/5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11", "")
	})
}

// An endpoint with a time of its own begins when a worker picks it up.
func TestARouteWithATimeOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := make(chan time.Time, 2)
		for own, want := range map[bool]time.Duration{true: 0, false: time.Hour} {
			h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Hour), Fallbacks: []mockserver.Fallback{mockserver.FallbackFunc(func(*http.Request) (mockserver.Route, bool) {
				return mockserver.Route{OwnTime: own, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { began <- mockserver.Now(r.Context()) })}, true
			})}})
			start := time.Now()
			h.submit("none", "POST", "/thing", "")
			if got := (<-began).Sub(start); got != want {
				t.Errorf("own time %v: began after %v, want %v", own, got, want)
			}
		}
	})
}

// Now is the time of the company's clock, and without one real time.
func TestTheTimeOfAHandler(t *testing.T) {
	at := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	h := start(t, mockserver.Config{Clock: mockserver.ClockConfig{Manual: true, Start: at}})
	var got time.Time
	h.Handle("GET /v1/time", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = mockserver.Now(r.Context()) }))
	if h.want(200, "GET", "/v1/time", ""); !got.Equal(at) {
		t.Errorf("got %v, want %v", got, at)
	}
	if now := mockserver.Now(t.Context()); now.Year() == 2031 || time.Since(now) < 0 {
		t.Errorf("got %v, want the time of the machine", now)
	}
}
