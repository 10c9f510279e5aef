package mockservertest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/mockservertest"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A fakeTB is a test whose failures are kept.
type fakeTB struct {
	testing.TB
	ctx      context.Context
	failures []string
	cleanups []func()
}

func (f *fakeTB) Helper()                  {}
func (f *fakeTB) Context() context.Context { return f.ctx }
func (f *fakeTB) Cleanup(fn func())        { f.cleanups = append(f.cleanups, fn) }
func (f *fakeTB) Errorf(format string, args ...any) {
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// failure runs a test that is to fail, to its end, and returns what it said.
func failure(t *testing.T, test func(t testing.TB)) string {
	t.Helper()
	fake := &fakeTB{TB: t, ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for i := len(fake.cleanups) - 1; i >= 0; i-- {
				fake.cleanups[i]()
			}
		}()
		test(fake)
	}()
	<-done
	return strings.Join(fake.failures, "\n")
}

const newInvoice = `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},
 "invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2.0}}]}`

// send calls the mock; headers are pairs of name and value.
func send(t testing.TB, s *mockservertest.Server, method, path, body string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("%v", err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return resp.StatusCode, string(data)
}

// Both ways to start a mock, with all that can be required of it.
func TestRequirements(t *testing.T) {
	use := func(t *testing.T, s *mockservertest.Server) {
		send(t, s, "POST", "/api/v2/customerInvoice?dryRun=no", newInvoice, "erp-api-background", "subscription:order=4711", "ipp-company-id", "7")
		send(t, s, "GET", "/v1/customerinvoice/003501", "", "erp-api-background", s.Hook.URL+"?x=1")
		send(t, s, "GET", "/v1/customerinvoice/003501", "", "erp-api-background", s.Hook.URL+"?x=2")

		r := mockservertest.RequireRequest(t, s, mockservertest.Request{
			Company: "7", Method: "post", Path: "/v2/customerinvoice", Query: map[string]string{"dryRun": "no"},
			Header: map[string]string{"IPP-Company-ID": "7"}, Background: "subscription:order=4711", StatusCode: 202,
			Body: map[string]any{"customerNumber": map[string]string{"value": "10045"}, "invoiceLines": []any{map[string]any{"quantity": map[string]int{"value": 2}}}},
		})
		op := mockservertest.RequireOperation(t, s, mockservertest.Operation{
			ID: strings.ToUpper(r.OperationID), Company: "7", Method: "POST", Path: "/{v}/customerinvoice", State: operation.Finished, StatusCode: 201,
		})
		d := mockservertest.RequireDelivered(t, s, mockservertest.Delivery{
			OperationID: op.ID, Company: "7", Method: "POST", Path: "/v2/{rest...}", Mode: "subscription", URL: s.Hook.URL, Attempts: 1,
			Header: map[string]string{"order": "4711"}, Body: fmt.Sprintf(`{"id":%q,"contentLocation":null}`, op.ID),
		})
		if d.OperationID != op.ID {
			t.Errorf("got %+v", d)
		}
		get := mockservertest.Delivery{Method: "GET"}
		one, two := mockservertest.RequireDelivered(t, s, get), mockservertest.RequireDelivered(t, s, get)
		if one.URL == two.URL {
			t.Errorf("the same one twice: %+v", one)
		}
		mockservertest.RequireNoMore(t, s, mockservertest.Delivery{}, mockservertest.Request{Method: "PUT"}, mockservertest.Operation{Company: "7"})
		paths := make(map[string]bool)
		for _, n := range s.Hook.Notifications() {
			paths[n.Path] = true
			if len(n.Body) == 0 || n.Header.Get("Content-Type") == "" || n.Time.IsZero() {
				t.Errorf("got %+v", n)
			}
		}
		if fmt.Sprint(paths) != "map[/erp:true /erp?x=1:true /erp?x=2:true]" {
			t.Errorf("got %v", paths)
		}
	}
	t.Run("in memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := mockservertest.Start(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)})
			use(t, s)
			if s.URL() != mockserver.BaseURL {
				t.Errorf("at %s", s.URL())
			}
		})
	})
	t.Run("on sockets", func(t *testing.T) {
		s := mockservertest.StartSocket(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Millisecond)})
		use(t, s)
		if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") || !strings.HasPrefix(s.Hook.URL, "http://127.0.0.1:") {
			t.Errorf("at %s and %s", s.URL(), s.Hook.URL)
		}
	})
}

func TestWhatTheHookAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mockservertest.Start(t, mockserver.Config{})
		var forwarded []string
		s.Hook.Forward(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			forwarded = append(forwarded, string(body))
			w.WriteHeader(http.StatusNoContent)
		}))
		s.Hook.Answer(500, 503)
		send(t, s, "GET", "/v1/customerinvoice/003501", "", "erp-api-background", "subscription")
		d := mockservertest.RequireDelivered(t, s, mockservertest.Delivery{Attempts: 3, Within: time.Hour})
		if d.Attempts[1].StatusCode != 503 || d.Attempts[2].StatusCode != 204 || len(forwarded) != 1 || forwarded[0] != string(d.Body) {
			t.Errorf("got %+v, forwarded %v", d, forwarded)
		}
	})
}

func TestAConfigurationOfOnesOwnStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &mockservertest.Hook{}
		s := mockservertest.Start(t, mockserver.Config{
			NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"own.test": own}),
			Subscription: mockserver.Subscription{URL: "https://own.test/"},
		})
		send(t, s, "GET", "/v1/customerinvoice/003501", "", "erp-api-background", "subscription")
		mockservertest.RequireDelivered(t, s, mockservertest.Delivery{})
		if len(own.Notifications()) != 1 || len(s.Hook.Notifications()) != 0 {
			t.Error("it went to the hook")
		}
	})
}

func TestAnEndpointThatPanicsFailsTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := failure(t, func(t testing.TB) {
			s := mockservertest.Start(t, mockserver.Config{})
			s.Handle("POST /v1/broken", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of paper") }))
			send(t, s, "POST", "/v1/broken", "", "erp-api-background", "none")
			time.Sleep(time.Second)
		})
		if want := "mockserver: the endpoint of POST /v1/broken panicked: out of paper"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		got = failure(t, func(t testing.TB) { mockservertest.Start(t, mockserver.Config{Workers: -1}) })
		if want := "mockserver: Workers: must not be negative"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestRequirementsEndWithTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := mockservertest.Start(t, mockserver.Config{})
		begin := time.Now()
		failure(t, func(t testing.TB) {
			t.(*fakeTB).ctx = ctx
			mockservertest.RequireRequest(t, s, mockservertest.Request{Within: time.Hour})
		})
		if took := time.Since(begin); took != time.Second {
			t.Errorf("waited %v, want 1s", took)
		}
	})
}
