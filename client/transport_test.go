package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/openapi/erp"
	"github.com/vismanet-go/background/store"
)

func TestTransportSendsWritesThroughTheBackground(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Minute)}, client.Config{Notify: client.Subscription()}, func(w *world) {
		hc := &http.Client{Transport: w.client.Transport()}
		resp, err := hc.Post(base+"/v2/customerinvoice", "application/json", strings.NewReader(invoice))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		at := resp.Header.Get("Location")
		if resp.StatusCode != 201 || at == "" || resp.Header.Get("Etag") == "" || resp.Request.URL.Path != "/v2/customerinvoice" {
			t.Fatalf("got %+v", resp)
		}
		if got := w.mock.Operations(); len(got) != 1 {
			t.Errorf("%d operations", len(got))
		}
		start := time.Now()
		resp, err = hc.Get(base + "/v1/customerinvoice/" + at[strings.LastIndex(at, "/")+1:])
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || !strings.Contains(string(body), "Sykkelservice") || time.Since(start) > time.Second || len(w.mock.Operations()) != 1 {
			t.Errorf("the read went through the background: %d operations, %v", len(w.mock.Operations()), time.Since(start))
		}
	})
}

func TestTransportFillsTypedGetters(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		transport := w.client.Transport()
		transport.Match = client.MatchAll
		var accepted []string
		transport.OnAccepted = func(_ context.Context, op *client.Operation) { accepted = append(accepted, op.ID()) }
		api, err := erp.NewClientWithResponses(base, erp.WithHTTPClient(&http.Client{Transport: transport}))
		if err != nil {
			t.Fatal(err)
		}
		list, err := api.ListCustomerInvoicesWithResponse(w.Context(), &erp.ListCustomerInvoicesParams{})
		if err != nil || list.JSON200 == nil || len(*list.JSON200) == 0 {
			t.Fatalf("%v, %+v", err, list)
		}
		number := (*list.JSON200)[0].ReferenceNumber
		one, err := api.GetCustomerInvoiceWithResponse(w.Context(), number, nil)
		if err != nil || one.JSON200 == nil || one.JSON200.ReferenceNumber != number || one.HTTPResponse.Header.Get("Etag") == "" {
			t.Errorf("%v, %+v", err, one)
		}
		none, err := api.GetCustomerInvoiceWithResponse(w.Context(), "999999", nil)
		if err != nil || none.StatusCode() != 404 {
			t.Errorf("%v, %+v", err, none)
		}
		if len(accepted) != 3 || accepted[0] != w.mock.Operations()[0].ID {
			t.Errorf("accepted %v", accepted)
		}
	})
}

func TestContextChoosesBetweenBackgroundAndForeground(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		hc := &http.Client{Transport: w.client.Transport()}
		do := func(ctx context.Context, method, path, body string) int {
			t.Helper()
			req := request(method, base+path, body)
			resp, err := hc.Do(req.WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return len(w.mock.Operations())
		}
		if n := do(client.InBackground(w.Context(), client.SubmitOptions{Key: "list", Kind: "nightly"}), "GET", "/v1/customerinvoice", ""); n != 1 {
			t.Errorf("%d operations after a GET in the background", n)
		}
		if rec, err := w.store.GetByKey(w.Context(), "default", "list"); err != nil || rec.Kind != "nightly" || rec.Phase != store.Acknowledged {
			t.Errorf("recorded %+v, %v", rec, err)
		}
		if n := do(client.InForeground(w.Context()), "POST", "/v2/customerinvoice", invoice); n != 1 {
			t.Errorf("%d operations after a POST in the foreground", n)
		}
		if n := do(w.Context(), "GET", "/v1/background/"+w.mock.Operations()[0].ID, ""); n != 1 {
			t.Errorf("%d operations after a poll", n)
		}
		if n := do(w.Context(), "POST", "/v3/salesorders", "{}"); n != 1 {
			t.Errorf("%d operations after a POST to v3", n)
		}
	})
}

func TestMatchers(t *testing.T) {
	for _, tt := range []struct {
		method, url string
		writes, all bool
	}{
		{"GET", base + "/v1/customerinvoice", false, true},
		{"", base + "/v1/customerinvoice", false, true},
		{"HEAD", base + "/v1/customerinvoice", false, true},
		{"POST", base + "/V2/CustomerInvoice", true, true},
		{"PUT", "https://integration.visma.net/API/controller/api/v1/customerinvoice/1", true, true},
		{"DELETE", base + "/v1/Background/" + id1, false, false},
		{"GET", base + "/v1/background/" + id1 + "/content", false, false},
		{"POST", base + "/v3/salesorders", false, false},
		{"POST", base + "/connect/token", false, false},
		{"POST", base + "/v1", false, false},
		{"POST", base + "/", false, false},
	} {
		req := request("GET", tt.url, "")
		req.Method = tt.method
		if client.MatchWrites(req) != tt.writes || client.MatchAll(req) != tt.all {
			t.Errorf("%s %s: %v, %v", tt.method, tt.url, client.MatchWrites(req), client.MatchAll(req))
		}
	}
}

func TestTransportErrors(t *testing.T) {
	play(t, mockserver.Config{Faults: lost202(0)}, client.Config{}, func(w *world) {
		transport := w.client.Transport()
		var seen *client.Operation
		transport.OnAccepted = func(_ context.Context, op *client.Operation) { seen = op }
		hc := &http.Client{Transport: transport}
		_, err := hc.Post(base+"/v2/customerinvoice", "application/json", strings.NewReader(invoice))
		unclear, ok := errors.AsType[*client.UncertainError](err)
		if !ok || seen == nil || unclear.Ref != seen.Ref() || w.calls("POST", "") != 1 {
			t.Errorf("lost answer: %v", err)
		}
		for name, req := range map[string]*http.Request{
			"background": request("POST", "https://evil.example/v1/x", "{}"),
			"foreground": request("GET", "https://evil.example/v1/x", ""),
			"other port": request("GET", "https://erp.mock:8443/v1/x", ""),
			"plain http": request("GET", "http://erp.mock/v1/x", ""),
			"host":       func() *http.Request { r := request("GET", base+"/v1/x", ""); r.Host = "evil.example"; return r }(),
		} {
			if _, err := hc.Do(req); !errors.Is(err, client.ErrUntrustedURL) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.client.Close()
		for _, method := range []string{"GET", "POST"} {
			if _, err := hc.Do(request(method, base+"/v1/customerinvoice", "")); !errors.Is(err, client.ErrClosed) {
				t.Errorf("closed: %v", err)
			}
		}
	})
}

func TestRedirectThroughTheTransportIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ids := 0
		c, hits := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/refused"):
				write(307, ``, "Location", "https://evil.example/v1/x")(w, r)
			case r.Method == "POST":
				ids++
				write(202, `{"id":"id-`+strconv.Itoa(ids)+`"}`)(w, r)
			default:
				write(200, `{"status":"Finished","statusCode":302,"responseHeaders":{"Location":"`+base+`/v1/elsewhere"}}`)(w, r)
			}
		})
		defer c.Close()
		hc := &http.Client{Transport: c.Transport()}
		for _, path := range []string{"/v1/moved", "/v1/refused"} {
			resp, err := hc.Post(base+path, "text/plain", strings.NewReader("x"))
			moved, ok := errors.AsType[*client.OperationError](err)
			if !ok || moved.StatusCode/100 != 3 || resp != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		if hits.of("POST") != 2 || hits.of("GET") != 1 {
			t.Errorf("%d POSTs, %d GETs", hits.of("POST"), hits.of("GET"))
		}
		resp, err := c.Do(request("POST", "/v1/moved", "x")) // Do is not followed by anybody
		if err != nil || resp.StatusCode != 302 {
			t.Errorf("Do: %v", err)
		}
	})
}

// TestTimeoutOfTheHTTPClientIsATrap shows why the doc comment of Transport
// opens with it, and what helps.
func TestTimeoutOfTheHTTPClientIsATrap(t *testing.T) {
	var logged bytes.Buffer
	cc := client.Config{Logger: slog.New(slog.NewTextHandler(&logged, nil))}
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(5 * time.Minute)}, cc, func(w *world) {
		transport := w.client.Transport()
		var op *client.Operation
		transport.OnAccepted = func(_ context.Context, accepted *client.Operation) { op = accepted }
		hc := &http.Client{Transport: transport, Timeout: 30 * time.Second}
		_, err := hc.Post(base+"/v2/customerinvoice", "application/json", strings.NewReader(invoice))
		if err == nil || op == nil {
			t.Fatalf("got %v", err)
		}
		if !strings.Contains(logged.String(), "Timeout") {
			t.Errorf("no warning: %s", logged.String())
		}
		pending := 0
		for again, err := range w.client.Pending(w.Context()) {
			if pending++; err != nil || again.ID() != op.ID() {
				t.Errorf("pending: %v, %v", again, err)
			}
		}
		if res := w.wait(op); res.StatusCode != 201 || pending != 1 {
			t.Errorf("status %d, %d pending", res.StatusCode, pending)
		}
		// A deadline of the context is always found, with the id.
		ctx, cancel := context.WithTimeout(w.Context(), 30*time.Second)
		defer cancel()
		req := request("POST", base+"/v2/customerinvoice", invoice).WithContext(ctx)
		_, err = (&http.Client{Transport: transport}).Do(req)
		if p, ok := errors.AsType[*client.PendingError](err); !ok || p.ID == "" {
			t.Errorf("got %v", err)
		}
	})
}

func TestForegroundKeepsTheRequestAndAddsTheHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{Header: http.Header{"ipp-company-id": {"7"}, "X-Own": {"config"}}}, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			write(200, r.Header.Get("Ipp-Company-Id")+" "+r.Header.Get("X-Own")+" "+string(body))(w, r)
		})
		defer c.Close()
		req := request("POST", base+"/v3/x", "body")
		req.Header.Set("X-Own", "request")
		resp, err := c.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(got) != "7 request body" || req.Header.Get("Ipp-Company-Id") != "" {
			t.Errorf("got %s; the request has %v", got, req.Header)
		}
	})
}

// TestATransportBelowThatDoesNotReturn has the application's transport panic and end
// its goroutine: its caller does the same.
func TestATransportBelowThatDoesNotReturn(t *testing.T) {
	for how, fail := range map[string]func(){"panics": func() { panic("boom") }, "ends its goroutine": runtime.Goexit} {
		t.Run(how, func(t *testing.T) {
			below := roundTripper(func(*http.Request) (*http.Response, error) { fail(); return nil, nil })
			c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: below}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var recovered any
			returned := false
			var call sync.WaitGroup
			call.Go(func() {
				defer func() { recovered = recover() }()
				_, _ = c.Do(request("POST", "/v1/x", `{}`))
				returned = true
			})
			call.Wait()
			if want := map[string]any{"panics": "boom"}[how]; returned || recovered != want {
				t.Errorf("got returned %t, recovered %v, want it not to return, and %v", returned, recovered, want)
			}
		})
	}
}
