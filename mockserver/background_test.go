package mockserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
)

const hour = time.Hour

func TestAnOperationRunsInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Second)})
		a := h.want(202, "GET", "/v1/customerinvoice?pageNumber=2&pageSize=10", "", "erp-api-background", "none")
		body := decode[map[string]string](t, a.body)
		if a.header.Get("Location") != body["stateLocation"] || body["stateLocation"] != "https://erp.mock/v1/background/"+body["id"] {
			t.Errorf("202 with Location %q and body %v", a.header.Get("Location"), body)
		}
		if s := h.state(body["id"]); s["status"] != "Started" || s["statusCode"] != 0.0 || s["contentLocation"] != nil {
			t.Errorf("running: got %v", s)
		}
		h.want(404, "GET", "/v1/background/"+body["id"]+"/content", "")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		s := h.state(body["id"])
		if s["status"] != "Finished" || s["statusCode"] != 200.0 || s["hasResponseContent"] != true {
			t.Errorf("finished: got %v", s)
		}
		content := h.want(200, "GET", s["contentLocation"].(string), "")
		foreground := h.want(200, "GET", "/v1/customerinvoice?pageNumber=2&pageSize=10", "")
		if content.body != foreground.body || content.header.Get("Content-Type") != foreground.header.Get("Content-Type") {
			t.Errorf("the content differs from the foreground's answer:\n%s\n%s", content.body, foreground.body)
		}
		op, ok := h.Operation(body["id"])
		if !ok || op.StateReads != 2 || op.ContentReads != 1 || op.Ended.Sub(op.Started) != 10*time.Second {
			t.Errorf("snapshot: %+v", op)
		}
	})
}

func TestRetention(t *testing.T) {
	tests := []struct {
		name    string
		cfg     mockserver.Config
		keeps   time.Duration // after the end
		expired func(h *harness, id string)
	}{
		{"24 hours from the end", mockserver.Config{ExecTime: mockserver.Fixed(hour)}, 24*hour - 1, func(*harness, string) { time.Sleep(time.Nanosecond) }},
		{
			"24 hours from the receipt",
			mockserver.Config{ExecTime: mockserver.Fixed(hour), Profile: profile.Profile{RetainFromReceived: true}},
			23*hour - 1, func(*harness, string) { time.Sleep(time.Nanosecond) },
		},
		{"another length", mockserver.Config{ExecTime: mockserver.Fixed(hour), Retention: time.Minute}, time.Minute - 1, func(*harness, string) { time.Sleep(time.Nanosecond) }},
		{"at once", mockserver.Config{ExecTime: mockserver.Fixed(hour)}, 0, func(h *harness, id string) {
			if !h.Expire(id) {
				t.Error("nothing was expired")
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := start(t, tt.cfg)
				id := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
				bodiless := h.submit("none", "DELETE", "/v1/customerinvoice/003547", "", "ipp-company-id", "2")
				time.Sleep(hour)
				synctest.Wait()
				time.Sleep(tt.keeps)
				h.want(200, "GET", "/v1/background/"+id, "")
				h.want(200, "GET", "/v1/background/"+id+"/content", "")
				tt.expired(h, id)
				h.want(404, "GET", "/v1/background/"+id, "")
				h.want(410, "GET", "/v1/background/"+id+"/content", "")
				h.want(404, "GET", "/v1/background/"+bodiless+"/content", "", "ipp-company-id", "2")
				time.Sleep(1000 * hour)
				h.submit("none", "GET", "/v1/customerinvoice", "") // which sweeps
				h.want(410, "GET", "/v1/background/"+id+"/content", "")
				h.want(403, "GET", "/v1/background/"+id+"/content", "", "ipp-company-id", "2")
				if op, _ := h.Operation(id); op.State != operation.Expired {
					t.Errorf("got %s, want Expired", op.State)
				}
			})
		})
	}
}

func TestExpireLeavesWhatHasNotEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(hour)})
		id := h.submit("none", "GET", "/v1/customerinvoice", "")
		if h.Expire(id) || h.Expire("unknown") {
			t.Error("expired what has not ended, or is unknown")
		}
		time.Sleep(100 * hour)
		h.want(404, "GET", "/v1/background/"+id, "")
	})
}

func TestWhoMayReadAnOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Companies: map[string]string{"secret": "2"}})
		id := h.submit("none", "GET", "/v1/customerinvoice/003501", "", "Authorization", "Bearer company:2")
		time.Sleep(time.Second)
		for _, path := range []string{"/v1/background/" + id, "/v1/background/" + strings.ToUpper(id) + "/content"} {
			h.want(200, "GET", path, "", "Authorization", "Bearer company:2")
			h.want(200, "GET", path, "", "Authorization", "bearer secret")
			h.want(200, "GET", path, "", "ipp-company-id", "2", "Authorization", "Bearer company:3")
			h.want(403, "GET", path, "", "Authorization", "Bearer company:3")
			a := h.want(403, "GET", path, "")
			if decode[map[string]string](t, a.body)["message"] == "" {
				t.Errorf("403 without a message: %s", a.body)
			}
		}
		for _, path := range []string{"", "/content"} {
			h.want(404, "GET", "/v1/background/2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"+path, "")
			h.want(404, "GET", "/v1/background/nonsense"+path, "")
		}
	})
}

func TestOperationsOfACompanyRunInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.ExecTimeFunc(func(r *http.Request) time.Duration {
			d, err := time.ParseDuration(r.URL.Query().Get("takes"))
			if err != nil {
				t.Error(err)
			}
			return d
		})})
		var mu sync.Mutex
		var order []string
		h.Handle("POST /v1/note/{name}", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c, _ := mockserver.CallFrom(r.Context())
			mu.Lock()
			defer mu.Unlock()
			order = append(order, c.Company+":"+r.PathValue("name"))
		}))
		begin := time.Now()
		for _, s := range []string{"1 a 3s", "1 b 1s", "2 c 2s", "1 d 1s"} {
			p := strings.Fields(s)
			h.submit("none", "POST", "/v1/note/"+p[1]+"?takes="+p[2], "", "ipp-company-id", p[0])
		}
		time.Sleep(hour)
		synctest.Wait()
		if got, want := strings.Join(order, " "), "2:c 1:a 1:b 1:d"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		var last operation.Operation
		for _, op := range h.Operations() {
			last = op
		}
		if last.Started.Sub(begin) != 4*time.Second || last.Ended.Sub(begin) != 5*time.Second {
			t.Errorf("d ran from %v to %v, want 4s to 5s", last.Started.Sub(begin), last.Ended.Sub(begin))
		}
	})
}

func TestWorkersRunOperationsSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Workers: 3, ExecTime: mockserver.Fixed(time.Second)})
		begin := time.Now()
		for range 7 {
			h.submit("none", "GET", "/v1/customerinvoice", "")
		}
		time.Sleep(hour)
		counts := make(map[time.Duration]int)
		for _, op := range h.Operations() {
			counts[op.Ended.Sub(begin)]++
		}
		if counts[time.Second] != 3 || counts[2*time.Second] != 3 || counts[3*time.Second] != 1 {
			t.Errorf("ended: %v, want 3 after 1s, 3 after 2s, 1 after 3s", counts)
		}
	})
}

func TestHandlersThatDoNotAnswer(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"panic", func(http.ResponseWriter, *http.Request) { panic("out of paper") }, "Unhandled exception in the endpoint: out of paper"},
		{"abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "The connection to the endpoint was lost."},
		{"goexit", func(http.ResponseWriter, *http.Request) { runtime.Goexit() }, "The connection to the endpoint was lost."},
		{"timeout", func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			if !errors.Is(context.Cause(r.Context()), context.DeadlineExceeded) {
				t.Errorf("cause: %v", context.Cause(r.Context()))
			}
			_, _ = io.WriteString(w, "too late")
		}, "The operation was cancelled: execution timed out after 1m0s. It is not known whether it was carried out."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := start(t, mockserver.Config{ExecTimeout: time.Minute})
				h.Handle("POST /v1/broken", tt.handler)
				id := h.submit("http://hook.test/", "POST", "/v1/broken", "{}")
				next := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
				time.Sleep(2 * time.Minute)
				s := h.state(id)
				if s["status"] != "Failed" || s["statusCode"] != 500.0 || s["errorMessage"] != tt.want || s["hasResponseContent"] != false {
					t.Errorf("got %v", s)
				}
				h.want(404, "GET", "/v1/background/"+id+"/content", "")
				if got := h.hook.all(); len(got) != 1 || !strings.Contains(got[0].body, `"statusCode":500`) {
					t.Errorf("notifications: %v", got)
				}
				if s := h.state(next); s["status"] != "Finished" {
					t.Errorf("the next operation: %v", s)
				}
			})
		})
	}
}

func TestAnyRequestCanRunInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			c, _ := mockserver.CallFrom(r.Context())
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusMultiStatus)
			fmt.Fprintf(w, "%s %s %s %q %q %v", r.Method, r.URL.Path, r.URL.RawQuery, body, r.Header.Get("erp-api-background"), c.Background())
		})
		h := start(t, mockserver.Config{Fallbacks: []mockserver.Fallback{answersAll(echo)}})
		h.Handle("POST /v1/customerPayment/{number}/action/release", echo)
		tests := []struct{ method, path, want string }{
			{"POST", "/v1/CUSTOMERPAYMENT/Ab%201/Action/Release?x=1", `POST /v1/customerPayment/Ab 1/action/release x=1 "{}" ""`},
			{"PUT", "/api/v2/Other/1?y=2", `PUT /api/v2/Other/1 y=2 "{}" ""`},
			{"POST", "/API/controller/api/v1/customerpayment/b64(QS9C)/action/release", `POST /v1/customerPayment/A/B/action/release  "{}" ""`},
		}
		for _, tt := range tests {
			a := h.want(207, tt.method, tt.path, "{}")
			if want := tt.want + " false"; a.body != want {
				t.Errorf("foreground: got %s, want %s", a.body, want)
			}
			s := h.finish(tt.method, tt.path, "{}")
			if s["statusCode"] != 207.0 || s["hasRequestContent"] != true {
				t.Errorf("state: %v", s)
			}
			c := h.want(200, "GET", s["contentLocation"].(string), "")
			if want := tt.want + " true"; c.body != want || c.header.Get("Content-Type") != "text/plain" {
				t.Errorf("background: got %s (%s), want %s", c.body, c.header.Get("Content-Type"), want)
			}
		}
	})
}

func TestAHandlerOutlivesTheClientAndEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTimeout: 5 * hour})
		h.Handle("POST /v1/slow", slowHandler(hour))
		id := h.submit("none", "POST", "/v1/slow", "")
		h.client.CloseIdleConnections()
		time.Sleep(2 * hour)
		if s := h.state(id); s["status"] != "Finished" || s["statusCode"] != 200.0 {
			t.Errorf("got %v", s)
		}
		running := h.submit("http://hook.test/", "POST", "/v1/slow", "")
		queued := h.submit("none", "POST", "/v1/slow", "")
		time.Sleep(time.Minute)
		before := time.Now()
		if err := errors.Join(h.Close(), h.Close()); err != nil {
			t.Error(err)
		}
		if took := time.Since(before); took != 0 {
			t.Errorf("Close took %v", took)
		}
		time.Sleep(100 * hour)
		for id, want := range map[string]operation.State{running: operation.Running, queued: operation.Queued} {
			if op, _ := h.Operation(id); op.State != want {
				t.Errorf("got %s, want %s", op.State, want)
			}
		}
		h.want(503, "GET", "/v1/customerinvoice", "")
		if got := h.hook.all(); len(got) != 0 {
			t.Errorf("notified after Close: %v", got)
		}
	})
}

func TestTwoDaysOfPollingTakeNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(47 * hour)})
		id := h.submit("none", "GET", "/v1/customerinvoice", "")
		polls := 0
		for h.state(id)["status"] == "Started" {
			polls++
			time.Sleep(time.Minute)
		}
		if polls != 47*60 && polls != 47*60+1 {
			t.Errorf("%d polls", polls)
		}
	})
}

func TestLinksNameTheBaseThatWasUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tests := []struct{ external, url, want string }{
			{"", "https://erp.mock/v1/customerinvoice/003501", "https://erp.mock/v1/background/"},
			{"", "https://api.finance.visma.net/v1/customerinvoice/003501", "https://api.finance.visma.net/v1/background/"},
			{"", "https://integration.visma.net/API/controller/api/v1/customerinvoice/003501", "https://integration.visma.net/API/controller/api/v1/background/"},
			{"", "http://erp.mock/api/V1/CustomerInvoice/003501", "http://erp.mock/api/v1/background/"},
			{"https://mock.example/erp/", "https://erp.mock/api/v1/customerinvoice/003501", "https://mock.example/erp/v1/background/"},
		}
		for _, tt := range tests {
			h := start(t, mockserver.Config{ExternalURL: tt.external})
			a := h.want(202, "GET", tt.url, "", "erp-api-background", "none")
			body := decode[map[string]string](t, a.body)
			if body["stateLocation"] != tt.want+body["id"] {
				t.Errorf("%s: got %s, want %s…", tt.url, body["stateLocation"], tt.want)
			}
			time.Sleep(time.Second)
			if s := h.state(body["id"]); s["contentLocation"] != tt.want+body["id"]+"/content" {
				t.Errorf("%s: contentLocation %v", tt.url, s["contentLocation"])
			}
		}
	})
}

func TestEachModeSaysWhereItNotifies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		for header, want := range map[string]string{
			"None": "none", "subscription:a=b": "subscription", "http://hook.test/x": "http://hook.test/x",
		} {
			if got := h.state(h.submit(header, "GET", "/v1/customerinvoice", ""))["webhookAddress"]; got != want {
				t.Errorf("%s: got %v, want %s", header, got, want)
			}
		}
		a := h.want(400, "GET", "/v1/customerinvoice", "", "erp-api-background", "true")
		if !json.Valid([]byte(a.body)) || !strings.Contains(a.body, "erp-api-background") {
			t.Errorf("got %s", a.body)
		}
		if n := len(h.Operations()); n != 3 {
			t.Errorf("%d operations, want 3", n)
		}
	})
}
