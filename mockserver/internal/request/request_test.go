package request

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver/internal/call"
)

func TestWhatARequestAsksFor(t *testing.T) {
	for _, tt := range []struct {
		path, header string
		id           string
		content      bool
		background   bool
	}{
		{"/v1/customerinvoice", "", "", false, false},
		{"/v1/customerinvoice", "none", "", false, true},
		{"/V1/Background/ABC", "", "abc", false, false},
		{"/v1/background/abc", "none", "abc", false, false},
		{"/v1/background/abc/Content", "", "abc", true, false},
		{"/connect/token", "none", "", false, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if tt.header != "" {
			r.Header.Set("erp-api-background", tt.header)
		}
		q := &Request{HTTP: r, Path: tt.path}
		if q.OperationID() != tt.id || q.AsksForContent() != tt.content || q.AsksForBackground() != tt.background {
			t.Errorf("%s, header %q: got %q %v %v, want %q %v %v", tt.path, tt.header,
				q.OperationID(), q.AsksForContent(), q.AsksForBackground(), tt.id, tt.content, tt.background)
		}
	}
}

// A request can be made as often as somebody wants it.
func TestARequestForAnEndpoint(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/API/controller/api/v1/CUSTOMERINVOICE/a%2Fb?x=é", nil)
	r.Header.Set("erp-api-background", "none")
	q := &Request{HTTP: r, Body: []byte("body"), Company: "1", Base: "http://b", Path: "/v1/CUSTOMERINVOICE/a%2Fb"}
	for range 2 {
		got := q.ForEndpoint(t.Context(), "/v1/customerinvoice/a%2Fb", "7", 2)
		body, err := io.ReadAll(got.Body)
		if err != nil || string(body) != "body" || got.ContentLength != 4 {
			t.Errorf("body %q of %d bytes, %v", body, got.ContentLength, err)
		}
		if got.URL.Path != "/v1/customerinvoice/a/b" || got.URL.EscapedPath() != "/v1/customerinvoice/a%2Fb" || got.URL.RawQuery != r.URL.RawQuery {
			t.Errorf("got %s", got.URL)
		}
		want := call.Call{Company: "1", Base: "http://b", OperationID: "7", Attempt: 2}
		if c, _ := call.From(got.Context()); c != want || got.Header.Get("erp-api-background") != "" {
			t.Errorf("got %+v, header %v", c, got.Header)
		}
	}
	if r.Header.Get("erp-api-background") != "none" || q.Tail() != "/v1/CUSTOMERINVOICE/a%2Fb?x=%C3%A9" || !strings.HasPrefix(q.URI(), "/API/") {
		t.Errorf("the original is %v, %s, %s", r.Header, q.Tail(), q.URI())
	}
	if got, _ := io.ReadAll(q.Copy(context.Background()).Body); string(got) != "body" {
		t.Errorf("a copy has the body %q", got)
	}
}

func TestBodiesAreRead(t *testing.T) {
	for _, length := range []int64{-1, 0, 3, 5, 100, soon + 1} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("12345"))
		r.ContentLength = length
		if got, err := ReadBody(httptest.NewRecorder(), r, 5); string(got) != "12345" || err != nil {
			t.Errorf("said to be of %d bytes: got %q, %v", length, got, err)
		}
		r = httptest.NewRequest(http.MethodPost, "/", strings.NewReader("123456"))
		r.ContentLength = length
		if _, err := ReadBody(httptest.NewRecorder(), r, 5); !isTooLarge(err) {
			t.Errorf("a byte too many, said to be of %d bytes: %v", length, err)
		}
	}
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

func TestTheBaseOfLinks(t *testing.T) {
	for host, want := range map[string]string{"erp.test:80": "http://erp.test:80/api", "": "http://localhost/api", "a b/c": "http://localhost/api"} {
		r := &http.Request{Host: host}
		if got := BaseOf(r, "/api"); got != want {
			t.Errorf("%q: got %s, want %s", host, got, want)
		}
	}
	for _, tt := range []struct{ headers, want string }{
		{"X-Forwarded-Proto: https", "https://h"},
		{"X-Forwarded-Host: erp.test", "http://erp.test"},
		{"X-Forwarded-Proto: HTTPS, http\nX-Forwarded-Host: erp.test:8443, inner", "https://erp.test:8443"},
		{`Forwarded: for=192.0.2.1;proto=https;host="erp.test:1", for=192.0.2.2;host=inner`, "https://erp.test:1"},
		{"Forwarded: Host=erp.test\nX-Forwarded-Host: other", "http://erp.test"},
		{"X-Forwarded-Proto: javascript", "http://h"},
		{"X-Forwarded-Host: a b/c", "http://localhost"},
	} {
		r := &http.Request{Host: "h", Header: make(http.Header)}
		for line := range strings.Lines(tt.headers) {
			name, value, _ := strings.Cut(line, ": ")
			r.Header.Set(name, strings.TrimSpace(value))
		}
		if got := BaseOf(r, ""); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.headers, got, tt.want)
		}
	}
	if got := BaseOf(&http.Request{Host: "h", TLS: new(tls.ConnectionState)}, ""); got != "https://h" {
		t.Errorf("got %s", got)
	}
}
