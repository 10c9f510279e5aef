package mockserver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
)

// numbers are reference numbers of one's own that a URL cannot hold as they are.
var numbers = []string{
	"ÅR-1", "100%", "A+B", "50%25", "A/B", "A//action/release", "A B", `"quoted"`, "it's", "a?b=c&d", "a#b", "a;b,c", "a\\b",
	"b64(QUI)", "B64(", "b64(x)y", ".", "..", "...", "日本", "a@b:c", "<x>", "~-._", "x\u00a0y",
}

// invoiceNumbered is an invoice with a number of one's own.
func invoiceNumbered(number string) string {
	return fmt.Sprintf(`{"referenceNumber":{"value":%q},"overrideNumberSeries":{"value":true},"customerNumber":{"value":"10045"},
		"documentDate":{"value":"2026-09-01"},"invoiceLines":[{"operation":"Insert","description":{"value":"x"},"quantity":{"value":1}}]}`, number)
}

// checkURL wants a URL in ASCII that needs no more escaping.
func checkURL(t *testing.T, what, text string) {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r) }) {
		t.Errorf("%s: %q is no URL: %v", what, text, err)
	}
}

// A number of one's own makes a Location that is a URL, names the number, and
// can be followed; over a socket, and from the state of an operation.
func TestTheLocationOfAnyNumberIsAURL(t *testing.T) {
	h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Nanosecond), Clock: mockserver.ClockConfig{Manual: true}})
	socket := httptest.NewServer(h.Server)
	defer socket.Close()
	h.client = socket.Client()
	for i, number := range numbers {
		t.Run(number, func(t *testing.T) {
			company := fmt.Sprint("c-", i)
			own := []string{"ipp-company-id", company}
			id := h.submit("none", "POST", socket.URL+"/v2/customerinvoice", invoiceNumbered(number), own...)
			if err := h.Clock(company).Advance(t.Context(), time.Second); err != nil {
				t.Fatal(err)
			}
			state := decode[struct {
				OriginalURI     string
				ResponseHeaders map[string]string
			}](t, h.want(200, "GET", socket.URL+"/v1/background/"+id, "", own...).body)
			location := state.ResponseHeaders["Location"]
			checkURL(t, "Location", location)
			checkURL(t, "originalUri", state.OriginalURI)
			u, err := url.Parse(location)
			if err != nil {
				t.Fatal(err)
			}
			last, err := url.PathUnescape(path.Base(u.EscapedPath()))
			if encoded := strings.HasPrefix(last, "b64("); err != nil || last != number && !encoded {
				t.Errorf("Location %s names %q, %v", location, last, err)
			}
			a := h.want(200, "GET", location, "", own...)
			if got := decode[map[string]any](t, a.body)["referenceNumber"]; got != number {
				t.Errorf("%s leads to %q", location, got)
			}
			h.want(200, "POST", location+"/action/release", "{}", own...)
		})
	}
	for _, number := range []string{"a\nb", "a\x00b", " a", "a ", " ", "003501"} {
		if a := h.do("POST", socket.URL+"/v2/customerinvoice", strings.ReplaceAll(invoiceNumbered(number), `\x00`, `\u0000`)); a.status != 400 || !strings.Contains(a.body, "cannot be used") {
			t.Errorf("%q: got %d %s, want a refusal", number, a.status, a.body)
		}
	}
}

// Whatever a caller writes into the request line, the company's header or the
// Host, links are URLs.
func TestLinksAreURLsWhateverTheCallerWrites(t *testing.T) {
	h := start(t, mockserver.Config{})
	for name, tt := range map[string]struct{ target, host, company string }{
		"query":   {"/v1/customerinvoice?customer=Å \"<x>&b=%zz", "erp.mock", "1"},
		"path":    {"/v1/customerinvoice/%C3%85%2F1", "erp.mock", "1"},
		"company": {"/v1/customerinvoice", "erp.mock", `Å/ %?"`},
		"host":    {"/v1/customerinvoice", `erp"%zz`, "1"},
		"no host": {"/v1/customerinvoice", "", "1"},
		"base":    {"/%41PI/controller/api/v1/customerinvoice", "erp.mock", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			target, query, _ := strings.Cut(tt.target, "?")
			u, err := url.ParseRequestURI(target)
			if err != nil {
				t.Fatal(err)
			}
			u.RawQuery, r.URL, r.Host = query, u, tt.host
			r.Header = http.Header{"Erp-Api-Background": {"none"}, "Ipp-Company-Id": {tt.company}}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusAccepted {
				t.Fatal(w.Code, w.Body)
			}
			checkURL(t, "Location", w.Header().Get("Location"))
			id := decode[map[string]string](t, w.Body.String())["id"]
			state := decode[map[string]any](t, h.want(200, "GET", "/v1/background/"+id, "", "ipp-company-id", tt.company).body)
			checkURL(t, "originalUri", state["originalUri"].(string))
		})
	}
	for _, root := range []string{"http://h/å", "http://h/?x=1", "http://h/#x", "http://h/a b"} {
		_, err := mockserver.New(mockserver.Config{ExternalURL: root, Profile: profile.Profile{OriginalURIBase: root}})
		if err == nil || !strings.Contains(err.Error(), "ExternalURL ") || !strings.Contains(err.Error(), "Profile.OriginalURIBase ") {
			t.Errorf("%s: got %v, want both fields refused", root, err)
		}
	}
}

// Paths are read without regard to case, needless escapes and a slash at the end.
func TestSpellingsOfAPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		h.Handle("GET /v1/own/{name}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.PathValue("name")+" "+r.URL.Path)
		}))
		h.Handle("GET /v1/tree/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }))
		id := h.submit("none", "GET", "/v1/customerinvoice/003501/", "")
		time.Sleep(time.Second)
		for target, want := range map[string]string{
			"/v1/customerinvoice/003501":             `"003501"`,
			"/v1/CustomerInvoice/003501/":            `"003501"`,
			"/v1/customer%69nvoice/%30%30%33501":     `"003501"`,
			"/%76%31/customerinvoice/003501//":       `"003501"`,
			"/v1/customerinvoice/b64(MDAzNTAx)":      `"003501"`,
			"/v1/customerinvoice/b64%28MDAzNTAx%29":  `"003501"`,
			"/v1/customerinvoice/B64%28MDAzNTAx%29/": `"003501"`,
			"/v1/customerinvoice/?pageSize=1":        `"003501"`,
			"/v1/background/" + id + "/":             `"Finished"`,
			"/V1/Background/" + id + "/Content/":     `"003501"`,
			"/v1/b%61ckground/" + id + "/c%6Fntent":  `"003501"`,
			"/api/v1/customerinvoice/003501/":        `"003501"`,
			"/v1/own/a%2Fb%25":                       "a/b% /v1/own/a/b%",
			"/v1/own/b64(L2E)/":                      "/a /v1/own//a",
			"/v1/OWN/%61":                            "a /v1/own/a",
			"/v1/tree/x/":                            "/v1/tree/x/", // it is the handler's
			"/v1/tree/":                              "/v1/tree/",
			"/v1/own/..%2F..%2Fx":                    "../../x ",
			"/v1/own/%2e%2e":                         ".. ",
		} {
			if a := h.do("GET", target, ""); a.status != 200 || !strings.Contains(a.body, want) {
				t.Errorf("%s: got %d %.300s, want %s", target, a.status, a.body, want)
			}
		}
		for target, want := range map[string]int{
			"/v1/own/": 404, "/v1/nothing/": 404, "/v1/": 404, "/": 404, "/v1/customerinvoice/%2e%2e": 404, "/v1/background//content": 404,
			"/__mock/health/": 200, "/connect/token/": 405, "/Connect/Token": 405,
		} {
			if a := h.do("GET", target, ""); a.status != want {
				t.Errorf("%s: got %d %s, want %d", target, a.status, a.body, want)
			}
		}
	})
}

// Names in a query are matched without regard to case, for every one that the
// contract has.
func TestSpellingsOfAQuery(t *testing.T) {
	h := start(t, mockserver.Config{Profile: profile.Profile{RequirePaging: true}})
	for query, want := range map[string]int{
		"pageNumber=1&pageSize=2": 2, "pagenumber=1&pagesize=2": 2, "PageNumber=2&PAGESIZE=3": 3, "%70ageNumber=1&page%53ize=2": 2,
		"pagenumber=1&pagesize=50&CUSTOMER=10045&status=%4fpen": len(h.rows("pageNumber=1&pageSize=50&customer=10045&status=Open")),
		"pagenumber=1&pagesize=50&greaterthanvalue=003540":      8,
		"pagenumber=1&pagesize=50&unknown=x&=&&a=b=c&%zz=1":     48,
	} {
		if got := h.rows(query); len(got) != want {
			t.Errorf("%s: %d rows, want %d", query, len(got), want)
		}
	}
	source, err := os.ReadFile("../openapi/server/server.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"form", true, false, "(\w+)", r.URL.Query\(\)`).FindAllSubmatch(source, -1)
	if len(found) < 20 {
		t.Fatalf("found %d parameters", len(found))
	}
	for _, f := range found {
		upper := strings.ToUpper(string(f[1]))
		if got := mockserver.Spelled(upper + "=Ab+c"); got != string(f[1])+"=Ab+c" {
			t.Errorf("%s: got %s", upper, got)
		}
	}
}

// rows is the list of invoices for a query.
func (h *harness) rows(query string) []any {
	h.t.Helper()
	return decode[[]any](h.t, h.want(200, "GET", "/v1/customerinvoice?"+query, "").body)
}

// Every 405 says what is allowed.
func TestAllow(t *testing.T) {
	h := start(t, mockserver.Config{})
	h.Handle("PUT /v1/own", http.NotFoundHandler())
	h.Handle("POST /v1/customerinvoice/{number}", http.NotFoundHandler())
	for _, tt := range []struct{ method, path, allow string }{
		{"DELETE", "/v1/customerinvoice", "GET, HEAD"},
		{"DELETE", "/V1/CustomerInvoice/", "GET, HEAD"},
		{"PATCH", "/v1/customerinvoice/003501", "POST, GET, HEAD, PUT, DELETE"},
		{"GET", "/v1/customerinvoice/003501/action/release", "POST"},
		{"GET", "/v2/customerinvoice", "POST"},
		{"POST", "/v1/background/" + firstID, "GET, HEAD"},
		{"DELETE", "/v1/background/" + firstID + "/content", "GET, HEAD"},
		{"OPTIONS", "/v2/customerinvoice", "POST"},
		{"GET", "/v1/own", "PUT"},
		{"GET", "/connect/token", "POST"},
		{"POST", "/__mock/health", "GET, HEAD"},
	} {
		for _, background := range []string{"", "none"} {
			a := h.do(tt.method, tt.path, "", "erp-api-background", background)
			got := a.header.Get("Allow")
			if tt.path == "/v1/customerinvoice" || strings.HasPrefix(tt.path, "/V1") {
				got = strings.Replace(got, "GET, HEAD, POST", tt.allow, 1) // a version of the contract may have a POST
			}
			if a.status != 405 || got != tt.allow {
				t.Errorf("%s %s: got %d, Allow %q; want %q", tt.method, tt.path, a.status, got, tt.allow)
			}
		}
	}
}
