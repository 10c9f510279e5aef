package mockserver_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/profile"
)

// answersAll is a fallback for every path.
func answersAll(h http.Handler) mockserver.Fallback {
	return mockserver.FallbackFunc(func(*http.Request) (mockserver.Route, bool) { return mockserver.Route{Handler: h}, true })
}

// paths is a fallback for single paths; says tells which one answered.
type paths struct {
	name  string
	knows map[string][]string // methods by path
	reset []string            // the companies that were
	calls []string            // that it was told of
}

func (p *paths) Route(r *http.Request) (mockserver.Route, bool) {
	methods, ok := p.knows[r.URL.EscapedPath()]
	route := mockserver.Route{Pattern: "pattern of " + r.URL.EscapedPath(), Methods: methods}
	for _, m := range methods {
		if m == r.Method {
			route.Handler = says(p.name)
		}
	}
	return route, ok
}

func (p *paths) Reset(company string) { p.reset = append(p.reset, company) }

func (p *paths) Called(r *http.Request, company string) {
	p.calls = append(p.calls, company+" "+r.Method+" "+r.URL.Path)
}

func says(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := mockserver.CallFrom(r.Context())
		fmt.Fprintf(w, "%s %s %s|%s|%s|%v", name, r.Method, r.URL.EscapedPath(), r.Pattern, c.Company, c.Background())
	})
}

func TestFallbacksAreAskedInTheirOrder(t *testing.T) {
	document := &paths{name: "document", knows: map[string][]string{
		"/v1/canned": {"GET", "PUT"}, "/v1/own": {"GET", "PUT"}, "/v1/customerinvoice/003501": {"GET", "PATCH"}, "/v2/customerinvoice": {"PATCH"}, "/v1/both": {"GET"},
		"/things": {"POST"},
	}}
	upstream := &paths{name: "upstream", knows: map[string][]string{
		"/v1/canned": {"DELETE"}, "/v1/both": {"GET", "PUT"}, "/v1/customerinvoice/003501": {"LOCK", "PATCH"}, "/v1/background/x": {"GET", "POST"},
		"/v1/background/x/content": {"DELETE"}, "/connect/token": {"GET"}, "/__mock/health": {"POST"},
	}}
	h := start(t, mockserver.Config{Fallbacks: []mockserver.Fallback{document, upstream}})
	if _, err := h.AddEndpoint(mockserver.Endpoint{Path: "/v1/canned", Body: []byte("canned")}); err != nil {
		t.Fatal(err)
	}
	h.Handle("GET /v1/own", says("own"))
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/v1/canned", "200 canned"},
		{"PUT", "/v1/canned", "200 document PUT"},
		{"DELETE", "/v1/canned", "200 upstream DELETE"},
		{"POST", "/v1/canned", "405 GET, PUT, DELETE"},
		{"GET", "/v1/own", "200 own GET"},
		{"PUT", "/v1/own", "200 document PUT"},
		{"GET", "/v1/customerinvoice/003501", `200 {`},
		{"PATCH", "/v1/customerinvoice/003501", "200 document PATCH"},
		{"LOCK", "/v1/customerinvoice/003501", "200 upstream LOCK"},
		{"UNLOCK", "/v1/customerinvoice/003501", "405 GET, HEAD, PUT, DELETE, PATCH, LOCK"},
		{"GET", "/v1/both", "200 document GET"},
		{"PUT", "/v1/both", "200 upstream PUT"},
		{"GET", "/v2/customerinvoice", "405 POST, PATCH"},
		{"POST", "/things", "200 document POST"},
		{"PUT", "/things", "405 POST"},
		{"POST", "/v1/background/x", "405 GET, HEAD"},
		{"GET", "/v1/background/x", "404 "},
		{"DELETE", "/v1/background/x/content", "405 GET, HEAD"},
		{"GET", "/connect/token", "405 POST"},
		{"POST", "/__mock/health", "405 GET, HEAD"},
		{"GET", "/nothing", "404 "},
		{"GET", "/v1/nothing", "404 "},
	} {
		for _, from := range []http.Handler{h.Server, h.Backdoor("1")} {
			h.client = mockserver.MemoryClient(map[string]http.Handler{"erp.mock": from})
			a := h.do(tt.method, tt.path, "")
			got := fmt.Sprint(a.status, " ", a.header.Get("Allow"), a.body)
			if a.status == 405 {
				got = fmt.Sprint(a.status, " ", a.header.Get("Allow"))
			}
			if strings.HasPrefix(tt.path, "/connect") || strings.HasPrefix(tt.path, "/__mock") {
				if from != h.Server {
					continue // they are none of the ERP's
				}
			}
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("%s %s: got %.200s, want %s", tt.method, tt.path, got, tt.want)
			}
		}
	}
}

// A fallback's paths take the background header whatever they begin with, and come
// to its handler as they were sent.
func TestAnyPathOfAFallbackHasABackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		document := &paths{name: "document", knows: make(map[string][]string)}
		all := []string{"/things", "/api/v1/pods/a%2Fb", "/API/controller/api/v1/thing", "/v3/x", "/a/v1/background/1", "/v1/Thing%41/"}
		for _, path := range all {
			document.knows[path] = []string{"POST"}
		}
		h := start(t, mockserver.Config{
			Fallbacks: []mockserver.Fallback{document},
			ExecTime: mockserver.ExecTimeFunc(func(r *http.Request) time.Duration {
				if r.Pattern == "pattern of /things" {
					return hour
				}
				return time.Millisecond
			}),
			Faults: []fault.Rule{
				{Name: "refused", On: fault.OnIntake, Path: "/things", After: 1, Do: fault.Answer{Status: 503}},
				{Name: "held", On: fault.OnQueue, Path: "/v1/pods/{name}", Do: fault.Queue{Fail: "lost"}},
			},
		})
		for _, path := range all {
			want := fmt.Sprintf("document POST %s|pattern of %[1]s|1000001|", path)
			if a := h.want(200, "POST", path, ""); a.body != want+"false" {
				t.Errorf("foreground: got %s, want %s", a.body, want)
			}
			a := h.want(202, "POST", path, "", "erp-api-background", "none")
			location := a.header.Get("Location")
			if strings.HasPrefix(strings.ToLower(path), "/api/") != strings.Contains(strings.ToLower(location), "/api/") {
				t.Errorf("%s: Location %s, want the base of the request", path, location)
			}
			time.Sleep(time.Minute)
			state := decode[map[string]any](t, h.want(200, "GET", location, "").body)
			switch {
			case path == "/things":
				if state["status"] != "Started" {
					t.Errorf("%s, an operation of an hour after a minute: %v", path, state)
				}
				time.Sleep(hour)
			case strings.Contains(path, "pods"):
				if state["status"] != "Failed" || state["errorMessage"] != "lost" {
					t.Errorf("%s, disturbed by a rule for its path: %v", path, state)
				}
				continue
			}
			if c := h.want(200, "GET", location+"/content", ""); c.body != want+"true" {
				t.Errorf("background: got %s, want %strue", c.body, want)
			}
		}
		h.want(503, "POST", "/things", "", "erp-api-background", "none")
		hits := h.Journal().Select(journal.Filter{Kind: journal.KindFault}).Entries()
		if len(hits) != 2 || hits[1].Hit.Path != "/things" {
			t.Errorf("faults in the journal: %+v", hits)
		}
		if got := h.want(200, "POST", "/things//", "").body; !strings.HasPrefix(got, "document POST /things|") {
			t.Errorf("with slashes at the end: %s", got)
		}
	})
}

func TestFallbacksUnderEachProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tagged := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", `"2"`) })
		document := mockserver.FallbackFunc(func(r *http.Request) (mockserver.Route, bool) {
			return mockserver.Route{Handler: tagged, Methods: []string{"GET", "PUT"}}, r.URL.Path == "/things/1" || r.URL.Path == "/things/1/action/x"
		})
		h := start(t, mockserver.Config{Fallbacks: []mockserver.Fallback{document}})
		for name, tt := range map[string]struct {
			p            profile.Profile
			method, path string
			headers      []string
			want         int
		}{
			"unknown routes":                 {profile.Profile{AcceptUnknownRoutes: true}, "PUT", "/v1/nothing", []string{"erp-api-background", "none"}, 202},
			"unknown routes, known":          {profile.Profile{AcceptUnknownRoutes: true}, "PUT", "/things/1", nil, 200},
			"unknown routes, elsewhere":      {profile.Profile{AcceptUnknownRoutes: true}, "PUT", "/nothing", []string{"erp-api-background", "none"}, 404},
			"a slash at the end":             {profile.Profile{}, "PUT", "/things/1/", nil, 200},
			"a slash at the end matters":     {profile.Profile{EndSlashMatters: true}, "PUT", "/things/1/", nil, 404},
			"a content type is demanded":     {profile.Profile{RequireContentType: true}, "PUT", "/things/1", nil, 415},
			"any content type will do":       {profile.Profile{RequireContentType: true}, "PUT", "/things/1", []string{"Content-Type", "image/png"}, 200},
			"a token is demanded":            {profile.Profile{RequireToken: true}, "PUT", "/things/1", nil, 401},
			"outdated, checked early":        {profile.Profile{CheckIfMatchEarly: true}, "PUT", "/things/1", []string{"erp-api-background", "none", "If-Match", `"1"`}, 412},
			"outdated action, checked early": {profile.Profile{CheckIfMatchEarly: true}, "PUT", "/things/1/action/x", []string{"erp-api-background", "none", "If-Match", `"1"`}, 412},
			"current, checked early":         {profile.Profile{CheckIfMatchEarly: true}, "PUT", "/things/1", []string{"erp-api-background", "none", "If-Match", `"2"`}, 202},
		} {
			if err := h.SetProfile("", tt.p); err != nil {
				t.Fatal(err)
			}
			if a := h.do(tt.method, tt.path, "{}", tt.headers...); a.status != tt.want {
				t.Errorf("%s: got %d %s, want %d", name, a.status, a.body, tt.want)
			}
		}
	})
}

// The root is the mock's own page where a browser asks, and a fallback's otherwise.
func TestTheRootOfAFallback(t *testing.T) {
	h := start(t, mockserver.Config{Fallbacks: []mockserver.Fallback{&paths{name: "document", knows: map[string][]string{"/": {"GET"}}}}})
	h.Mount("GET /__mock/{$}", says("page"))
	for accept, want := range map[string]string{"": "document", "*/*": "document", "text/html,*/*": "page"} {
		if got := h.want(200, "GET", "/", "", "Accept", accept).body; !strings.HasPrefix(got, want) {
			t.Errorf("Accept %q: got %s, want the %s", accept, got, want)
		}
	}
}

func TestFallbacksAreToldOfResets(t *testing.T) {
	document := new(paths)
	h := start(t, mockserver.Config{Fallbacks: []mockserver.Fallback{answersAll(http.NotFoundHandler()), document}})
	for _, company := range []string{"7", ""} {
		if err := h.Reset(t.Context(), company); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprintf("%q", document.reset); got != `["7" ""]` {
		t.Errorf("got %s", got)
	}
	_, err := mockserver.New(mockserver.Config{Fallbacks: []mockserver.Fallback{document, nil}})
	if err == nil || !strings.Contains(err.Error(), "Fallbacks[1]: must not be nil") {
		t.Errorf("got %v", err)
	}
}

// Each call is told of once, whoever answers it, and in the background as in the
// foreground; polls are none.
func TestFallbacksAreToldOfCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		document := &paths{name: "document", knows: map[string][]string{"/things": {"GET"}}}
		h := start(t, mockserver.Config{Fallbacks: []mockserver.Fallback{document}})
		h.do("GET", "/things", "", "ipp-company-id", "7")
		h.do("GET", "/nothing", "")
		h.finish("GET", "/v1/customerinvoice", "")
		h.do("POST", "/connect/token", "")
		h.do("GET", "/__mock/health", "")
		if got, want := fmt.Sprint(document.calls), "[7 GET /things 1000001 GET /nothing 1000001 GET /v1/customerinvoice]"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// Route sees the request without its body, which the handler gets.
func TestABodyIsForTheHandlerOfAFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := mockserver.FallbackFunc(func(r *http.Request) (mockserver.Route, bool) {
			if b, err := io.ReadAll(r.Body); len(b) > 0 || err != nil {
				t.Errorf("Route read %q, %v", b, err)
			}
			return mockserver.Route{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })}, true
		})
		h := start(t, mockserver.Config{Fallbacks: []mockserver.Fallback{f}})
		if a := h.want(200, "POST", "/x", "body"); a.body != "body" {
			t.Errorf("got %q", a.body)
		}
		id := h.submit("none", "POST", "/x", "body")
		time.Sleep(time.Second)
		if a := h.want(200, "GET", "/v1/background/"+id+"/content", ""); a.body != "body" {
			t.Errorf("in the background: got %q", a.body)
		}
	})
}
