package admin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
	"github.com/vismanet-go/background/mockserver/scenario"
)

// loadDocument is the API's document, as the router of the validator wants it.
var loadDocument = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: mockserver.BaseURL + "/__mock/v1"}}
	return doc, doc.Validate(context.Background())
})

func document(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := loadDocument()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// A checker holds every call against the document: the request, unless it is
// meant to be wrong, and always the answer.
type checker struct {
	t      testing.TB
	router routers.Router
	next   http.RoundTripper

	mu   sync.Mutex     // guards seen
	seen map[string]int // calls by operation id
}

type wrongKey struct{}

// meantToBeWrong is a context of calls whose requests break the document.
func meantToBeWrong(ctx context.Context) context.Context {
	return context.WithValue(ctx, wrongKey{}, true)
}

func (c *checker) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, "/__mock/v1/") {
		return c.next.RoundTrip(r)
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = http.NoBody
		if len(body) > 0 {
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
	}
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		if r.Context().Value(wrongKey{}) == nil {
			c.t.Errorf("%s %s is not in the document: %v", r.Method, r.URL.Path, err)
		}
		return c.next.RoundTrip(r)
	}
	c.mu.Lock()
	c.seen[route.Operation.OperationID]++
	c.mu.Unlock()
	asked := r.Clone(r.Context())
	asked.Body = io.NopCloser(bytes.NewReader(body))
	input := &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if r.Context().Value(wrongKey{}) == nil {
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			c.t.Errorf("%s %s %s breaks the document: %v", r.Method, r.URL, body, err)
		}
	}
	resp, err := c.next.RoundTrip(r)
	if err != nil || strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return resp, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	options := &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: kind != "application/json"}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(answer)), Options: options,
	})
	if err != nil {
		c.t.Errorf("%s %s: the answer %d %.300s breaks the document: %v", r.Method, r.URL, resp.StatusCode, answer, err)
	}
	return resp, nil
}

// harness is a mock in memory, its control, a client for it, and a receiver of
// its notifications at http://hook.test.
type harness struct {
	*mockserver.Server
	*adminclient.ClientWithResponses
	t     testing.TB
	admin *admin.Admin
	http  *http.Client
	check *checker

	mu  sync.Mutex // guards all below
	got []string   // bodies of notifications
}

func start(t testing.TB, cfg mockserver.Config) *harness {
	t.Helper()
	h := &harness{t: t}
	if cfg.NotifyClient == nil {
		cfg.NotifyClient = mockserver.MemoryClient(map[string]http.Handler{"hook.test": http.HandlerFunc(h.receive)})
	}
	srv, err := mockserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	control, err := admin.Mount(srv, admin.Config{Contract: contract, Scenarios: scenarios, RunScenario: runScenario, Unused: func() []admin.UnusedAnswer { return []admin.UnusedAnswer{{Line: 4, Method: "GET", URL: "/x"}} }, Export: func(w io.Writer, srv *mockserver.Server, company, format string) error {
		return scenario.Export(w, srv, scenario.RecordOptions{Company: company}, format)
	}})
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(document(t))
	if err != nil {
		t.Fatal(err)
	}
	h.Server, h.admin = srv, control
	h.check = &checker{t: t, router: router, next: srv.Client().Transport, seen: make(map[string]int)}
	h.http = &http.Client{Transport: h.check, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	h.ClientWithResponses, err = adminclient.New(mockserver.BaseURL, adminclient.Options{Client: h.http})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *harness) receive(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, string(body))
	if r.URL.Path == "/refuses" {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (h *harness) received() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.got...)
}

// call makes a call to the mock, and returns status, header and body. Headers are
// pairs.
func (h *harness) call(ctx context.Context, method, path, body string, headers ...string) (int, http.Header, string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, mockserver.BaseURL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := h.http.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(data)
}

// submit makes a call that runs in the background, and returns the operation's
// id.
func (h *harness) submit(company, header, path string) string {
	h.t.Helper()
	status, at, body := h.call(h.t.Context(), "GET", path, "", "ipp-company-id", company, "erp-api-background", header)
	if status != http.StatusAccepted {
		h.t.Fatalf("submit: got %d %s", status, body)
	}
	location := at.Get("Location")
	return location[strings.LastIndex(location, "/")+1:]
}

// must returns the answer of a call that has to succeed.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused wants a call to be refused with a status, and returns why.
func refused(t testing.TB, status int, err error) *adminclient.Error {
	t.Helper()
	e, ok := errors.AsType[*adminclient.Error](err)
	if !ok || e.StatusCode != status {
		t.Fatalf("got %v (%+v), want a refusal with %d", err, e, status)
	}
	return e
}

// scenarios and runScenario are those that a mock under test runs.
func scenarios() []admin.Scenario {
	return []admin.Scenario{{Name: "late", About: "It comes late."}, {Name: "stuck", About: "It never ends."}}
}

func runScenario(ctx context.Context, name string) (admin.ScenarioReport, error) {
	if name == "stuck" {
		<-ctx.Done()
		return admin.ScenarioReport{}, ctx.Err()
	}
	return admin.ScenarioReport{Passed: true, Text: "ok " + name}, nil
}
