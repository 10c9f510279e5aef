package client_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

func TestConfigNamesEveryFault(t *testing.T) {
	_, err := client.New(client.Config{
		BaseURL: "ftp://x", KeepContent: -1, MaxContent: -1, MaxBuffer: -1, CallTimeout: -time.Second,
		Notify: client.Subscription(client.Pair{Name: "x-vwd-tenant-id", Value: "1"}),
		Header: http.Header{"erp-api-background": {"none"}}, Store: struct{ store.Store }{},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{"BaseURL", "KeepContent", "MaxContent", "MaxBuffer", "CallTimeout", "Notify", "Header", "Tenant"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in: %v", field, err)
		}
	}
}

func TestBaseURL(t *testing.T) {
	for base, ok := range map[string]bool{
		"https://api.finance.visma.net":                     true,
		"https://integration.visma.net/API/controller/api":  true,
		"https://integration.visma.net/API/controller/api/": true,
		"http://127.0.0.1:8787":                             true,
		"http://[::1]:8787":                                 true,
		"http://localhost:8787":                             true,
		"http://api.finance.visma.net":                      false,
		"http://127.0.0.1.evil.example":                     false,
		"https://user:pass@api.finance.visma.net":           false,
		"https://api.finance.visma.net?x=1":                 false,
		"https://api.finance.visma.net/a/../b":              false,
		"https://api.finance.visma.net/%2e%2e/b":            false,
		"https://api.finance.visma.net/v1":                  false,
		"https://api.finance.visma.net/V2/":                 false,
		"https://api.finance.visma.net/v1/background":       false,
		"https://api.finance.visma.net/v1/Background/":      false,
		"https://gateway.example/background":                true,
		"https://gateway.example/v1/erp":                    true,
		"api.finance.visma.net":                             false,
		"":                                                  false,
		"https://":                                          false,
		"mailto:someone":                                    false,
	} {
		c, err := client.New(client.Config{BaseURL: base})
		if (err == nil) != ok {
			t.Errorf("%q: %v", base, err)
		}
		if err == nil {
			c.Close()
		}
		if err != nil && strings.Contains(err.Error(), "pass") && strings.Contains(err.Error(), "user:pass") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
	if _, err := client.New(client.Config{BaseURL: "https://api.finance.visma.net", Header: http.Header{"X-A": {"b\r\nX-B: c"}}}); err == nil || !strings.Contains(err.Error(), "Header") {
		t.Errorf("a header that breaks out: %v", err)
	}
	if _, err := client.New(client.Config{BaseURL: "http://api.finance.visma.net", AllowHTTP: true}); err != nil {
		t.Errorf("AllowHTTP: %v", err)
	}
}

func TestOldAndNewBaseURL(t *testing.T) {
	for _, root := range []string{"https://api.finance.visma.net", "https://integration.visma.net/API/controller/api", "https://integration.visma.net/API/controller/api/"} {
		synctest.Test(t, func(t *testing.T) {
			mock, err := mockserver.New(mockserver.Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer mock.Close()
			hc := mockserver.MemoryClient(map[string]http.Handler{"api.finance.visma.net": mock, "integration.visma.net": mock})
			c, err := client.New(client.Config{BaseURL: root, HTTPClient: hc, Header: http.Header{"Ipp-Company-Id": {"123456"}}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for _, path := range []string{"/v1/customerinvoice", strings.TrimRight(root, "/") + "/v1/CustomerInvoice"} {
				op, err := c.Submit(t.Context(), request("GET", path, ""), client.SubmitOptions{})
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if res, err := op.Wait(t.Context()); err != nil || res.StatusCode != 200 {
					t.Errorf("%s: %v", path, err)
				}
			}
			list := mock.Journal().Requests("")
			for _, r := range list {
				if r.Company != "123456" {
					t.Errorf("%s %s went to company %q", r.Method, r.Path, r.Company)
				}
			}
		})
	}
}

// spy records every host that is called, and whether with the token.
type spy struct {
	next  http.RoundTripper
	calls []string
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.calls = append(s.calls, r.URL.Host+" "+r.Host+" "+r.URL.Path)
	r.Header.Set("Authorization", "Bearer token-that-must-not-leak")
	return s.next.RoundTrip(r)
}

// TestCredentialsStayAtTheOrigin has the ERP name other hosts wherever it can.
func TestCredentialsStayAtTheOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const evil = "https://evil.example"
		erp := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == "POST":
				write(202, `{"id":"`+id1+`","stateLocation":"`+evil+`/v1/background/`+id1+`"}`, "Location", evil+"/v1/background/"+id1)(w, r)
			case r.URL.Query().Get("moved") == "" && r.Header.Get("Seen") == "" && strings.HasSuffix(r.URL.Path, "/content"):
				write(200, `{"message":"kept"}`)(w, r)
			default:
				write(200, `{"id":"`+id1+`","status":"Finished","statusCode":200,"hasResponseContent":true,
					"contentLocation":"`+evil+`/content","originalUri":"`+evil+`","responseHeaders":{"Location":"`+evil+`/x","X-A\r\nSet-Cookie":"b"}}`)(w, r)
			}
		})
		s := &spy{next: &memhttp.Transport{Hosts: map[string]http.Handler{"erp.mock": erp, "evil.example": http.NotFoundHandler()}}}
		c, err := client.New(client.Config{BaseURL: base, HTTPClient: &http.Client{Transport: s}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := op.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := res.Bytes(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, call := range s.calls {
			if !strings.HasPrefix(call, "erp.mock erp.mock /v") {
				t.Errorf("called %s", call)
			}
		}
		if len(s.calls) != 3 {
			t.Errorf("%d calls", len(s.calls))
		}
		for name := range res.Header {
			if strings.ContainsAny(name, "\r\n") {
				t.Errorf("header %q", name)
			}
		}
	})
}

func TestRequestsThatAreRefused(t *testing.T) {
	c, err := client.New(client.Config{BaseURL: "https://integration.visma.net/API/controller/api", HTTPClient: &http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			t.Errorf("called %s", r.URL)
			return nil, errors.New("no")
		}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	company := request("GET", "/v1/customerinvoice", "")
	company.Header["ipp-company-id"] = []string{"2"}
	lineEnd := request("POST", "/v1/customerinvoice/1/action/release", "")
	lineEnd.Header.Set("Authorization", "Bearer hush\n")
	noName := request("GET", "/v1/customerinvoice", "")
	noName.Header["a b"] = []string{"x"}
	header := request("GET", "/v1/customerinvoice", "")
	header.Header.Set("erp-api-background", "none")
	host := request("GET", "https://integration.visma.net/API/controller/api/v1/customerinvoice", "")
	host.Host = "evil.example"
	for want, req := range map[string]*http.Request{
		"missing":                                     nil,
		"it names https://evil.example":               request("GET", "https://evil.example/v1/customerinvoice", ""),
		"it names http://integration.visma.net":       request("GET", "http://integration.visma.net/API/controller/api/v1/x", ""),
		"not below":                                   request("GET", "https://integration.visma.net/v1/customerinvoice", ""),
		"its path is not below":                       request("GET", "https://integration.visma.net/API/controller/apix/v1/customerinvoice", ""),
		". or .. segments":                            request("GET", "/v1/%2e%2e/x", ""),
		"it names https://integration.visma.net:8443": request("GET", "https://integration.visma.net:8443/API/controller/api/v1/x", ""),
		"plain path":                                  request("GET", "https://u:p@integration.visma.net/API/controller/api/v1/x", ""),
		"starts with /":                               request("GET", "v1/x", ""),
		"not itself run in the background":            request("GET", "/v1/Background/"+id1, ""),
		"make a client for each company":              company,
		"control character":                           lineEnd,
		"is not a header name":                        noName,
		"is set by the client":                        header,
		"Host":                                        host,
	} {
		op, err := c.Submit(t.Context(), req, client.SubmitOptions{})
		if err == nil || op != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
		if req != nil && req.URL.Host == "evil.example" && !errors.Is(err, client.ErrUntrustedURL) {
			t.Errorf("%s: not ErrUntrustedURL: %v", want, err)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error shows a token: %v", want, err)
		}
	}
	_, err = c.Submit(t.Context(), request("GET", "/v1/x", ""), client.SubmitOptions{Pairs: []client.Pair{{Name: "order", Value: "1"}}})
	if err == nil || !strings.Contains(err.Error(), "Pairs") {
		t.Errorf("pairs without a subscription: %v", err)
	}
}

// TestNoSecretIsShown looks for the token, the capability and the bodies in
// everything that a program may print.
func TestNoSecretIsShown(t *testing.T) {
	var logged bytes.Buffer
	cc := client.Config{
		Notify: client.WebhookURL(hookBase+"/erp", secret),
		Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Header: http.Header{"Authorization": {"Bearer hush"}},
	}
	var refusals []fault.Rule
	for _, status := range []int{500, 429, 401} {
		refusals = append(refusals, fault.Rule{On: fault.OnState, Times: 1, Do: fault.Answer{Status: status}})
	}
	mc := mockserver.Config{Faults: refusals}
	play(t, mc, cc, func(w *world) {
		op := w.submit(request("POST", "/v2/customerinvoice?secretQuery=hush", invoice), client.SubmitOptions{})
		list := w.mock.Journal().Requests("")
		capability := strings.TrimPrefix(list[0].Background, hookBase+"/erp/")
		if len(capability) < 40 {
			t.Fatalf("capability %q", capability)
		}
		res := w.wait(op)
		s, _ := op.State(w.Context())
		_, refused := w.client.Submit(w.Context(), request("POST", "https://evil.example/hush", invoice), client.SubmitOptions{})
		shown := logged.String() + fmt.Sprintf("%v %+v %#v %v %+v %+v", op, cc.Notify, cc.Notify, res.StatusCode, s, refused)
		for _, secret := range []string{"Bearer", "hush", capability, secret, "Sykkelservice"} {
			if strings.Contains(strings.ReplaceAll(shown, "evil.example/hush", ""), secret) {
				t.Errorf("%q is shown in:\n%s", secret, shown)
			}
		}
		if !strings.Contains(logged.String(), "poll failed") {
			t.Errorf("nothing was logged: %s", logged.String())
		}
	})
}
