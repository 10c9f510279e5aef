package mockserver_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
)

// A wire test plays one fault and looks at what a client sees.
type wireTest struct {
	name string
	on   fault.Point
	do   fault.Effect
	see  func(t *testing.T, h *harness)
}

// play runs each test in a bubble of its own; the fault is there once for each
// operation or call.
func (tt wireTest) play(t *testing.T, cfg mockserver.Config) {
	t.Run(tt.name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			cfg.Faults = []fault.Rule{{Name: "it", On: tt.on, Company: "1000001", Times: 1, Do: tt.do}}
			cfg.Subscription = subscription()
			h := start(t, cfg)
			tt.see(t, h)
			if c := h.Faults().Count("it", ""); c.Hits != 1 {
				t.Errorf("%d hits, want 1", c.Hits)
			}
		})
	})
}

const invoicePath = "/v1/customerinvoice/003501"

// ended submits a GET that has ended when it returns.
func ended(h *harness) string {
	id := h.submit("none", "GET", invoicePath, "")
	time.Sleep(time.Second)
	return id
}

func wantReset(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestIntakeFaultsOnTheWire(t *testing.T) {
	submit := func(h *harness) (answer, error) {
		return h.try("GET", invoicePath, "", "erp-api-background", "none")
	}
	answered := func(status, operations int, more func(*testing.T, answer)) func(*testing.T, *harness) {
		return func(t *testing.T, h *harness) {
			a, err := submit(h)
			if err != nil || a.status != status || len(h.Operations()) != operations {
				t.Errorf("got %v, %v with %d operations, want %d with %d", a, err, len(h.Operations()), status, operations)
			}
			if more != nil {
				more(t, a)
			}
		}
	}
	lost := func(operations int) func(*testing.T, *harness) {
		return func(t *testing.T, h *harness) {
			_, err := submit(h)
			wantReset(t, err)
			if n := len(h.Operations()); n != operations {
				t.Errorf("%d operations, want %d", n, operations)
			}
		}
	}
	header := func(name, want string) func(*testing.T, answer) {
		return func(t *testing.T, a answer) {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
	links := func(t *testing.T, a answer) {
		body := decode[map[string]string](t, a.body)
		if want := "https://elsewhere.test/v1/background/" + body["id"]; body["stateLocation"] != want || a.header.Get("Location") != want {
			t.Errorf("got %v, Location %q", body, a.header.Get("Location"))
		}
	}
	noID := func(t *testing.T, a answer) {
		if body := decode[map[string]any](t, a.body); len(body) != 1 || body["stateLocation"] == nil || a.header.Get("Location") != "" {
			t.Errorf("got %v, %v", body, a.header)
		}
	}
	for _, tt := range []wireTest{
		{"429 with seconds", "", fault.Answer{Status: 429, RetryAfter: 1500 * time.Millisecond}, answered(429, 0, header("Retry-After", "2"))},
		{"429 with a date", "", fault.Answer{Status: 429, RetryAfter: 90 * time.Second, RetryAfterDate: true}, answered(429, 0, header("Retry-After", "Sat, 01 Jan 2000 00:01:30 GMT"))},
		{"500", "", fault.Answer{Status: 500}, answered(500, 0, nil)},
		{"HTML 502", "", fault.Answer{Status: 502, Body: "<html>Bad Gateway</html>"}, answered(502, 0, header("Content-Type", "text/html; charset=utf-8"))},
		{"503 after it was stored", "", fault.Answer{Status: 503, Process: true}, answered(503, 1, nil)},
		{"401", "", fault.Answer{Status: 401}, answered(401, 0, header("WWW-Authenticate", "Bearer"))},
		{"reset before it is stored", "", fault.Answer{Drop: true}, lost(0)},
		{"reset after it is stored", "", fault.Answer{Drop: true, Process: true}, lost(1)},
		{"202 without an id", "", fault.Answer{Omit: []string{"id"}, Header: http.Header{"Location": nil}}, answered(202, 1, noID)},
		{"202 that is no JSON", "", fault.Answer{Status: 202, Process: true, Body: "<p>Accepted"}, answered(202, 1, nil)},
		{"links to another host", "", fault.Answer{Links: "https://elsewhere.test/"}, answered(202, 1, links)},
		{"foreground instead", "", fault.Answer{Foreground: true}, answered(200, 0, nil)},
		{"further header", "", fault.Answer{Header: http.Header{"x-more": {"1"}}}, answered(202, 1, header("X-More", "1"))},
		{"slow", "", fault.Answer{Delay: time.Minute}, func(t *testing.T, h *harness) {
			begin := time.Now()
			answered(202, 1, nil)(t, h)
			if took := time.Since(begin); took != time.Minute {
				t.Errorf("took %v", took)
			}
		}},
		{"cut off", "", fault.Answer{CutAfter: 10}, func(t *testing.T, h *harness) {
			if a, err := submit(h); err != io.ErrUnexpectedEOF || a.status != 202 || len(a.body) != 10 || len(h.Operations()) != 1 {
				t.Errorf("got %+v, %v", a, err)
			}
		}},
	} {
		tt.on = fault.OnIntake
		tt.play(t, mockserver.Config{})
	}
}

func TestQueueFaultsOnTheWire(t *testing.T) {
	count := func(h *harness) *atomic.Int32 {
		n := new(atomic.Int32)
		h.Handle("POST /v1/count", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { n.Add(1) }))
		return n
	}
	failed := func(runs int32) func(*testing.T, *harness) {
		return func(t *testing.T, h *harness) {
			n := count(h)
			s := h.finish("POST", "/v1/count", "")
			if s["status"] != "Failed" || s["statusCode"] != 500.0 || s["errorMessage"] != "disk full" || n.Load() != runs {
				t.Errorf("ran %d times, want %d: %v", n.Load(), runs, s)
			}
		}
	}
	for _, tt := range []wireTest{
		{"held, and overtaken", "", fault.Queue{Hold: time.Minute}, func(t *testing.T, h *harness) {
			first := h.submit("none", "GET", invoicePath, "")
			second := ended(h)
			if s := h.state(first); s["status"] != "Started" || s["startedUtc"] != nil {
				t.Errorf("the first: %v", s)
			}
			if s := h.state(second); s["status"] != "Finished" {
				t.Errorf("the second: %v", s)
			}
			time.Sleep(time.Minute)
			if op := h.Operations()[0]; op.State != operation.Finished || op.Started.Sub(op.Received) != time.Minute {
				t.Errorf("the first: %+v", op)
			}
		}},
		{"failed before the endpoint", "", fault.Queue{Fail: "disk full"}, failed(0)},
		{"failed after the endpoint", "", fault.Queue{Fail: "disk full", Late: true}, failed(1)},
		{"two workers died", "", fault.Queue{Deaths: 2, Lease: time.Minute}, func(t *testing.T, h *harness) {
			n := count(h)
			id := h.submit("none", "POST", "/v1/count", "")
			time.Sleep(2 * time.Minute)
			if s := h.state(id); s["status"] != "Started" || n.Load() != 0 {
				t.Errorf("ran %d times: %v", n.Load(), s)
			}
			time.Sleep(time.Second)
			if s := h.state(id); s["status"] != "Finished" || n.Load() != 1 {
				t.Errorf("ran %d times: %v", n.Load(), s)
			}
		}},
		{"workers that died for longer than a handler may take", "", fault.Queue{Deaths: 2, Lease: 6 * time.Minute}, func(t *testing.T, h *harness) {
			n := count(h)
			id := h.submit("none", "POST", "/v1/count", "")
			time.Sleep(13 * time.Minute)
			if s := h.state(id); s["status"] != "Finished" || n.Load() != 1 {
				t.Errorf("ran %d times: %v, want it finished", n.Load(), s)
			}
		}},
		{"a worker died, by default", "", fault.Queue{Deaths: 1}, func(t *testing.T, h *harness) {
			ended(h)
			time.Sleep(30 * time.Second)
			if op := h.Operations()[0]; op.Ended.Sub(op.Started) < 30*time.Second || op.State != operation.Finished {
				t.Errorf("got %+v", op)
			}
		}},
		{"run twice", "", fault.Queue{Twice: true}, func(t *testing.T, h *harness) {
			n := count(h)
			if s := h.finish("POST", "/v1/count", ""); s["statusCode"] != 200.0 || n.Load() != 2 {
				t.Errorf("ran %d times: %v", n.Load(), s)
			}
		}},
	} {
		tt.play(t, mockserver.Config{})
	}
}

func TestStateFaultsOnTheWire(t *testing.T) {
	look := func(change func(*testing.T, map[string]any)) func(*testing.T, *harness) {
		return func(t *testing.T, h *harness) {
			id := ended(h)
			change(t, h.state(id))
			if s := h.state(id); s["status"] != "Finished" || s["contentLocation"] == nil {
				t.Errorf("then: %v", s)
			}
		}
	}
	is := func(want map[string]any) func(*testing.T, *harness) {
		return look(func(t *testing.T, s map[string]any) {
			for name, v := range want {
				if got, there := s[name]; got != v || !there {
					t.Errorf("%s: got %v, want %v", name, got, v)
				}
			}
		})
	}
	answered := func(status int, body string) func(*testing.T, *harness) {
		return func(t *testing.T, h *harness) {
			id := ended(h)
			if a := h.want(status, "GET", "/v1/background/"+id, ""); a.body != body {
				t.Errorf("got %s", a.body)
			}
			h.state(id)
		}
	}
	running := map[string]any{"status": "Started", "statusCode": 0.0, "finishedUtc": nil, "hasResponseContent": false, "contentLocation": nil, "responseHeaders": nil}
	for _, tt := range []wireTest{
		{"404", "", fault.Answer{Status: 404}, answered(404, "")},
		{"stuck", "", fault.Answer{Stuck: true}, is(running)},
		{"old state", "", fault.Answer{Lag: 990 * time.Millisecond}, is(running)},
		{"unknown word", "", fault.Answer{Set: map[string]any{"status": "Paused"}}, is(map[string]any{"status": "Paused", "statusCode": 200.0})},
		{"year 1", "", fault.Answer{Set: map[string]any{"finishedUtc": "0001-01-01T00:00:00"}}, is(map[string]any{"finishedUtc": "0001-01-01T00:00:00"})},
		{"nulls", "", fault.Answer{Set: map[string]any{"status": nil, "startedUtc": nil}}, is(map[string]any{"status": nil, "startedUtc": nil})},
		{"missing fields", "", fault.Answer{Omit: []string{"statusCode", "originalUri"}}, look(func(t *testing.T, s map[string]any) {
			_, code := s["statusCode"]
			_, uri := s["originalUri"]
			if code || uri || len(s) != 12 {
				t.Errorf("got %v", s)
			}
		})},
		{"further field", "", fault.Answer{Set: map[string]any{"more": 1}}, is(map[string]any{"more": 1.0})},
		{"links to another host", "", fault.Answer{Links: "https://elsewhere.test"}, look(func(t *testing.T, s map[string]any) {
			if at := s["contentLocation"].(string); !strings.HasPrefix(at, "https://elsewhere.test/v1/background/") {
				t.Errorf("got %s", at)
			}
		})},
		{"invalid JSON", "", fault.Answer{Status: 200, Body: `{"status":`}, answered(200, `{"status":`)},
		{"429", "", fault.Answer{Status: 429, RetryAfter: time.Minute}, answered(429, "")},
		{"503", "", fault.Answer{Status: 503}, answered(503, "")},
		{"reset", "", fault.Answer{Drop: true}, func(t *testing.T, h *harness) {
			id := ended(h)
			_, err := h.try("GET", "/v1/background/"+id, "")
			wantReset(t, err)
			h.state(id)
		}},
	} {
		tt.on = fault.OnState
		tt.play(t, mockserver.Config{})
	}
}

// The state of an operation lags behind by ten seconds, all the way.
func TestALaggingState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(5 * time.Second), Profile: profile.Profile{QueuedStatus: "Queued"}, Faults: []fault.Rule{
			{On: fault.OnState, Do: fault.Answer{Lag: 10 * time.Second}},
			{On: fault.OnContent, Do: fault.Answer{Lag: 10 * time.Second}},
			{Do: fault.Queue{Hold: 3 * time.Second}},
		}})
		id := h.submit("none", "GET", invoicePath, "")
		at := func(d time.Duration, want string) {
			t.Helper()
			time.Sleep(time.Until(h.Operations()[0].Received.Add(d)))
			synctest.Wait()
			a := h.do("GET", "/v1/background/"+id, "")
			content := h.do("GET", "/v1/background/"+id+"/content", "")
			if got := a.status; want == "" && got != 404 || want != "" && (got != 200 || decode[map[string]any](t, a.body)["status"] != want) {
				t.Errorf("after %v: got %d %s, want %q", d, got, a.body, want)
			}
			if there := content.status == 200; there != (want == "Finished") {
				t.Errorf("after %v: content %d", d, content.status)
			}
		}
		at(0, "")
		at(10*time.Second-1, "")
		at(10*time.Second, "Queued")
		at(13*time.Second-1, "Queued")
		at(13*time.Second, "Started")
		at(18*time.Second-1, "Started")
		at(18*time.Second, "Finished")
		h.want(403, "GET", "/v1/background/"+id, "", "ipp-company-id", "2")
		h.Expire(id)
		h.want(410, "GET", "/v1/background/"+id+"/content", "")
	})
}

func TestContentFaultsOnTheWire(t *testing.T) {
	read := func(h *harness) (answer, error) {
		return h.try("GET", "/v1/background/"+ended(h)+"/content", "")
	}
	status := func(want int) func(*testing.T, *harness) {
		return func(t *testing.T, h *harness) {
			if a, err := read(h); err != nil || a.status != want {
				t.Errorf("got %v, %v, want %d", a, err, want)
			}
		}
	}
	for _, tt := range []wireTest{
		{"missing", "", fault.Answer{Status: 404}, status(404)},
		{"gone", "", fault.Answer{Status: 410}, status(410)},
		{"not yet", "", fault.Answer{Stuck: true}, status(404)},
		{"wrong type", "", fault.Answer{Header: http.Header{"Content-Type": {"text/html"}}}, func(t *testing.T, h *harness) {
			if a, err := read(h); err != nil || a.header.Get("Content-Type") != "text/html" || !strings.HasPrefix(a.body, "{") {
				t.Errorf("got %v, %v", a, err)
			}
		}},
		{"truncated", "", fault.Answer{CutAfter: 100}, func(t *testing.T, h *harness) {
			if a, err := read(h); err != io.ErrUnexpectedEOF || len(a.body) != 100 {
				t.Errorf("got %d bytes, %v", len(a.body), err)
			}
		}},
		{"truncated by its last byte", "", fault.Answer{CutAfter: 1 << 30}, func(t *testing.T, h *harness) {
			a, err := read(h)
			if err != io.ErrUnexpectedEOF || !strings.HasPrefix(a.body, "{") || strings.HasSuffix(a.body, "}") {
				t.Errorf("got %q, %v", a.body, err)
			}
		}},
		{"slow", "", fault.Answer{Stall: time.Minute}, func(t *testing.T, h *harness) {
			begin := time.Now()
			if a, err := read(h); err != nil || decode[map[string]any](t, a.body)["referenceNumber"] != "003501" {
				t.Errorf("got %v, %v", a, err)
			}
			if took := time.Since(begin); took != time.Minute+time.Second {
				t.Errorf("took %v", took)
			}
		}},
	} {
		tt.on = fault.OnContent
		tt.play(t, mockserver.Config{})
	}
}

func TestAuthFaultsOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Faults: []fault.Rule{
			{Name: "expiry", On: fault.OnAuth, Path: "/v1/background/{id}", After: 1, Times: 1, Do: fault.Answer{Status: 401}},
			{Name: "refusal", On: fault.OnAuth, Method: "DELETE", Do: fault.Answer{Status: 403, Body: `{"message":"No."}`}},
		}})
		id := ended(h)
		h.state(id)
		if a := h.want(401, "GET", "/v1/background/"+id, ""); a.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("headers %v", a.header)
		}
		h.state(id)
		h.want(403, "DELETE", "/v1/customerinvoice/003547", "", "erp-api-background", "none")
		if n := len(h.Operations()); n != 1 {
			t.Errorf("%d operations, want 1", n)
		}
	})
}
