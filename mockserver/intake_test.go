package mockserver_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

func TestCredentialsAndRoutes(t *testing.T) {
	known := map[string]string{"secret": "7"}
	tests := []struct {
		name   string
		cfg    mockserver.Config
		path   string
		header []string
		want   int
	}{
		{"no token needed", mockserver.Config{}, "/v1/customerinvoice", nil, 200},
		{"any token", mockserver.Config{}, "/v1/customerinvoice", []string{"Authorization", "Bearer x"}, 200},
		{"token missing", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}}, "/v1/customerinvoice", nil, 401},
		{"token missing, background", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}}, "/v1/customerinvoice", []string{"erp-api-background", "none"}, 401},
		{"token missing, state", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}}, "/v1/background/x", nil, 401},
		{"not a bearer", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}}, "/v1/customerinvoice", []string{"Authorization", "Basic eDp5"}, 401},
		{"empty token", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}}, "/v1/customerinvoice", []string{"Authorization", "Bearer "}, 401},
		{"any token will do", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}}, "/v1/customerinvoice", []string{"Authorization", "Bearer x"}, 200},
		{"unknown token", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}, Companies: known}, "/v1/customerinvoice", []string{"Authorization", "Bearer x"}, 401},
		{"known token", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}, Companies: known}, "/v1/customerinvoice", []string{"Authorization", "Bearer secret"}, 200},
		{"company token", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}, Companies: known}, "/v1/customerinvoice", []string{"Authorization", "Bearer company:9"}, 200},
		{"unknown route", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}}, "/v1/nothing", nil, 404},
		{"unknown route, background", mockserver.Config{}, "/v1/nothing", []string{"erp-api-background", "none"}, 404},
		{"no version", mockserver.Config{}, "/customerinvoice", nil, 404},
		{"root", mockserver.Config{}, "/", nil, 404},
		{"unknown method", mockserver.Config{}, "/v2/customerinvoice", nil, 405},
		{"header on the state itself", mockserver.Config{}, "/v1/background/x", []string{"erp-api-background", "none"}, 404},
		{"health", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}}, "/__mock/health", nil, 200},
		{"no such mock page", mockserver.Config{}, "/__mock/x", nil, 404},
		{"two values of a header", mockserver.Config{}, "/v1/customerinvoice", []string{"branchid", "1", "branchid", "2"}, 400},
		{"bad parameter", mockserver.Config{}, "/v1/customerinvoice?pageNumber=one", nil, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, tt.cfg)
			a := h.want(tt.want, "GET", tt.path, "", tt.header...)
			mock := strings.HasPrefix(tt.path, "/__mock/")
			if tt.want >= 400 && !mock && decode[map[string]any](t, a.body)["message"] == nil {
				t.Errorf("no message in %s", a.body)
			}
			if limit := a.header.Get("X-RateLimit-Limit"); (limit == "") != mock {
				t.Errorf("X-RateLimit-Limit %q", limit)
			}
		})
	}
}

func TestCompaniesHaveTheirOwnInvoices(t *testing.T) {
	h := start(t, mockserver.Config{DefaultCompany: "9", Companies: map[string]string{"secret": "7"}})
	h.want(204, "DELETE", "/v1/customerinvoice/003547", "", "Authorization", "Bearer secret")
	for _, header := range [][]string{{"Authorization", "Bearer company:7"}, {"ipp-company-id", "7"}} {
		h.want(404, "GET", "/v1/customerinvoice/003547", "", header...)
	}
	for _, header := range [][]string{nil, {"Authorization", "Bearer company:9"}, {"ipp-company-id", "8", "Authorization", "Bearer secret"}} {
		h.want(200, "GET", "/v1/customerinvoice/003547", "", header...)
	}
	var companies []string
	requests := h.Journal().Requests("")
	for _, r := range requests {
		companies = append(companies, r.Company)
	}
	if got := strings.Join(companies, ""); got != "777998" {
		t.Errorf("companies %s", got)
	}
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 3, Policy: "6-fixed-window"}})
		id := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(90*time.Second + 1)
		h.want(200, "GET", "/v1/background/"+id, "") // polls count
		a := h.want(200, "GET", "/v1/customerinvoice/003501", "")
		limits := func(a answer) string {
			return fmt.Sprint(a.header.Get("X-RateLimit-Limit"), " ", a.header.Get("X-RateLimit-Remaining"), " ",
				a.header.Get("X-RateLimit-Reset"), " ", a.header.Get("X-RateLimit-Policy"), " ", a.header.Get("Retry-After"))
		}
		if got := limits(a); got != "3 0 3510 6-fixed-window " {
			t.Errorf("got %s", got)
		}
		for _, header := range [][]string{nil, {"erp-api-background", "none"}} {
			a = h.want(429, "GET", "/v1/customerinvoice/003501", "", header...)
			if got := limits(a); got != "3 0 3510 6-fixed-window 3510" {
				t.Errorf("got %s", got)
			}
			if a.body != `{"statusCode":429,"message":"Rate limit is exceeded. Try again in 3510 seconds."}` {
				t.Errorf("got %s", a.body)
			}
		}
		h.want(200, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", "2")
		time.Sleep(3510*time.Second - 1)
		h.want(200, "GET", "/v1/customerinvoice/003501", "")
		if n := len(h.Operations()); n != 1 {
			t.Errorf("%d operations, want 1", n)
		}
	})
}

func TestFaultsOfRequests(t *testing.T) {
	isReset := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
	tests := []struct {
		name       string
		fault      fault.Answer
		status     int // 0: a reset
		body       string
		operations int
		took       time.Duration
	}{
		{"answer instead", fault.Answer{Status: 503, Body: "<html>"}, 503, "<html>", 0, 0},
		{"429", fault.Answer{Status: 429, Header: http.Header{"retry-after": {"7"}}, Body: "{}"}, 429, "{}", 0, 0},
		{"reset before it was stored", fault.Answer{Drop: true}, 0, "", 0, 0},
		{"reset after it was stored", fault.Answer{Process: true, Drop: true}, 0, "", 1, 0},
		{"stored and answered 500", fault.Answer{Process: true, Status: 500}, 500, "", 1, 0},
		{"stored and answered without an id", fault.Answer{Process: true, Status: 202, Body: "{}"}, 202, "{}", 1, 0},
		{"late", fault.Answer{Delay: time.Minute}, 202, "", 1, time.Minute},
		{"late and lost", fault.Answer{Delay: time.Minute, Process: true, Drop: true}, 0, "", 1, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				once := &tt.fault
				h := start(t, mockserver.Config{Faults: []fault.Rule{{On: fault.OnIntake, Do: fault.Func(func(e fault.Event) fault.Effect {
					if body, err := io.ReadAll(e.Request.Body); err != nil || string(body) != newInvoice {
						t.Errorf("the rule read %q, %v", body, err)
					}
					f := once
					if once = nil; f == nil {
						return nil
					}
					return *f
				})}}})
				begin := time.Now()
				a, err := h.try("POST", "/v2/customerinvoice", newInvoice, "erp-api-background", "none")
				switch {
				case tt.status == 0 && !isReset(err):
					t.Errorf("got %v, %v; want a reset", a, err)
				case tt.status != 0 && (err != nil || a.status != tt.status || tt.body != "" && a.body != tt.body):
					t.Errorf("got %v, %v; want %d %s", a, err, tt.status, tt.body)
				case tt.name == "429" && a.header.Get("Retry-After") != "7":
					t.Errorf("headers %v", a.header)
				}
				if took := time.Since(begin); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				time.Sleep(time.Second)
				if ops := h.Operations(); len(ops) != tt.operations || tt.operations == 1 && ops[0].StatusCode != 201 {
					t.Errorf("operations: %+v", ops)
				}
				requests := h.Journal().Requests("")
				if r := requests[0]; r.StatusCode != tt.status || (r.OperationID != "") != (tt.operations == 1) {
					t.Errorf("journal: %+v", r)
				}
				h.want(202, "POST", "/v2/customerinvoice", newInvoice, "erp-api-background", "none")
			})
		})
	}
}

func TestAClientThatLeavesDuringADelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Faults: []fault.Rule{{On: fault.OnIntake, Do: fault.Answer{Delay: hour}}}})
		h.client.Timeout = time.Minute
		if _, err := h.try("GET", "/v1/customerinvoice", "", "erp-api-background", "none"); err == nil {
			t.Error("no error")
		}
		time.Sleep(2 * hour)
		if n := len(h.Operations()); n != 0 {
			t.Errorf("%d operations, want none", n)
		}
	})
}

func TestTheJournalKeepsTheLatestRequests(t *testing.T) {
	h := start(t, mockserver.Config{JournalBytes: 100 << 10})
	h.want(400, "POST", "/v2/customerinvoice", strings.Repeat("x", 1<<20))
	list := h.Journal().Requests("")
	if len(list[0].Body) != 64<<10 {
		t.Errorf("%d bytes of the body, want 64 KiB", len(list[0].Body))
	}
	for i := range 300 {
		h.want(200, "GET", fmt.Sprintf("/v1/customerinvoice?pageSize=1&x=%d", i), "", "x-mine", "1")
	}
	list, forgotten := h.Journal().Requests(""), h.Journal().Forgotten()
	last := list[len(list)-1]
	if len(list)+forgotten != 301 || len(list) < 50 || forgotten < 50 {
		t.Errorf("%d kept, %d forgotten", len(list), forgotten)
	}
	if last.Path != "/v1/customerinvoice?pageSize=1&x=299" || last.Header.Get("X-Mine") != "1" || last.StatusCode != 200 {
		t.Errorf("last: %+v", last)
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	h := start(t, mockserver.Config{MaxBody: 1000})
	h.want(413, "POST", "/v2/customerinvoice", strings.Repeat("x", 1001), "erp-api-background", "none")
	h.want(202, "POST", "/v2/customerinvoice", strings.Repeat("x", 1000), "erp-api-background", "none")
}

// broken is a request body that ends with an error.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	srv, err := mockserver.New(mockserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/v2/customerinvoice", broken{})
	r.Header.Set("erp-api-background", "none")
	srv.ServeHTTP(w, r)
	if w.Code != 400 || len(srv.Operations()) != 0 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestUserHandlersGoBeforeTheERP(t *testing.T) {
	h := start(t, mockserver.Config{})
	h.Handle("GET /v1/CustomerInvoice/{number}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "mine "+r.PathValue("number"))
	}))
	if a := h.want(200, "GET", "/v1/customerinvoice/003547", ""); a.body != "mine 003547" {
		t.Errorf("got %s", a.body)
	}
	h.want(204, "DELETE", "/V1/customerinvoice/003547", "") // still the ERP's
	h.want(200, "GET", "/v1/customerinvoice", "")
}

func TestAForegroundAnswerStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		h.Handle("GET /v1/stream", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-r.Context().Done()
		}))
		resp, err := h.client.Get(mockserver.BaseURL + "/v1/stream")
		if err != nil {
			t.Fatal(err)
		}
		if requests := h.Journal().Requests(""); requests[0].StatusCode != 200 {
			t.Errorf("journal: %+v", requests[0])
		}
		resp.Body.Close()
	})
}
