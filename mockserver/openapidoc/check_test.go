package openapidoc_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/openapidoc"
)

func TestRequestsThatDoNotFit(t *testing.T) {
	strict, warn, off := serve(t, openapidoc.Config{Validate: openapidoc.Strict}), serve(t, openapidoc.Config{Validate: openapidoc.Warn}), serve(t, openapidoc.Config{})
	for _, tt := range []struct {
		method, path, body, contentType string
		want                            []string // in the message
	}{
		{"GET", "/v1/supplierInvoice?pageSize=x", "", "", []string{"query /pageSize: "}},
		{"GET", "/v1/supplierInvoice?status=Other&pageNumber=1.5", "", "", []string{"query /status: ", "query /pageNumber: "}},
		{"GET", "/pets/abc", "", "", []string{"path /petId: "}},
		{"GET", "/pets?limit=4", "", "", []string{"query /limit: "}},
		{"POST", "/v1/supplierInvoice", "", "", []string{"body: is required"}},
		{"POST", "/v1/supplierInvoice", `{"lines":[{"quantity":"1"}]}`, "application/json", []string{"body /amount: is missing", "body /lines/0/quantity: "}},
		{"POST", "/v1/supplierInvoice", `{"amount":`, "application/json", []string{"body: want JSON"}},
		{"POST", "/v1/supplierInvoice", `<a/>`, "application/xml", []string{"body: its media type is application/xml, want application/json"}},
		{"POST", "/pets", `id=x&name=a`, "application/x-www-form-urlencoded", []string{"body /id: "}},
	} {
		headers := []string{"Content-Type", tt.contentType}
		a := strict.want(400, tt.method, tt.path, tt.body, headers...)
		message, _ := a.object(t)["message"].(string)
		for _, want := range tt.want {
			if !strings.HasPrefix(message, "The request is not valid. ") || !strings.Contains(message, want) {
				t.Errorf("%s %s %s: got %s, want %s in it", tt.method, tt.path, tt.body, message, want)
			}
		}
		told := warn.do(tt.method, tt.path, tt.body, headers...)
		if told.status >= 400 || !strings.Contains(told.header.Get(openapidoc.ViolationsHeader), tt.want[0]) || !strings.Contains(warn.log.String(), tt.want[0]) {
			t.Errorf("%s %s: %d, told %q, log %s", tt.method, tt.path, told.status, told.header.Get(openapidoc.ViolationsHeader), warn.log.String())
		}
		if a := off.do(tt.method, tt.path, tt.body, headers...); a.status != told.status || a.header.Get(openapidoc.ViolationsHeader) != "" || off.log.Len() > 0 {
			t.Errorf("%s %s, not looked at: %d, %v, %s", tt.method, tt.path, a.status, a.header, off.log.String())
		}
	}
}

func TestRequestsThatFit(t *testing.T) {
	w := serve(t, openapidoc.Config{Validate: openapidoc.Strict})
	for _, tt := range []struct{ method, path, body, contentType string }{
		{"GET", "/v1/supplierInvoice?pageSize=2&PAGENUMBER=1&status=Open", "", ""},
		{"GET", "/pets/7", "", ""},
		{"POST", "/v1/supplierInvoice", `{"amount":{"value":1}}`, "application/json; charset=utf-8"}, // its header is the mock's
		{"POST", "/pets", `{"id":1,"name":"a","tag":null}`, "application/json"},
		{"POST", "/pets", `id=1&name=a`, "application/x-www-form-urlencoded"},
		{"POST", "/pets", ``, ""},
		{"GET", "/files/a.pdf", "", ""},
	} {
		if a := w.do(tt.method, tt.path, tt.body, "Content-Type", tt.contentType); a.status >= 400 || a.header.Get(openapidoc.ViolationsHeader) != "" {
			t.Errorf("%s %s: got %d %s, %v", tt.method, tt.path, a.status, a.body, a.header)
		}
	}
	// The ERP ignores what it does not know in a query; so it is only told of.
	a := w.want(200, "GET", "/pets/7?color=red&x=1", "")
	if got := a.header.Get(openapidoc.ViolationsHeader); got != "query /color: is none of the document's parameters; query /x: is none of the document's parameters" {
		t.Errorf("told %q", got)
	}
	if a := w.want(400, "GET", "/pets?limit=9&x=1", ""); strings.Contains(a.body, "/x") {
		t.Errorf("what is no fault is among them: %s", a.body)
	}
}

// In the background a request that does not fit is taken, and ends with the refusal.
func TestRequestsThatDoNotFitInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serve(t, openapidoc.Config{Validate: openapidoc.Strict, Stateful: true})
		a := w.want(202, "POST", "/v1/supplierInvoice", `{"amount":1}`, "erp-api-background", "none")
		time.Sleep(time.Second)
		if state := w.want(200, "GET", a.header.Get("Location"), "").object(t); state["status"] != "Finished" || state["statusCode"] != 400.0 {
			t.Errorf("got %v", state)
		}
		c := w.want(200, "GET", a.header.Get("Location")+"/content", "")
		if message, _ := c.object(t)["message"].(string); !strings.Contains(message, "body /amount: ") {
			t.Errorf("got %s", c.body)
		}
		if rows := w.want(200, "GET", "/v1/supplierInvoice", "").rows(t); len(rows) != 5 {
			t.Errorf("it was created all the same: %d rows", len(rows))
		}
	})
}

func TestConfigsAndDocumentsThatCannotBe(t *testing.T) {
	for want, cfg := range map[string]openapidoc.Config{
		"File: want either it or Source":         {},
		`Validate: "x" is not one of its values`: {File: "x", Validate: "x"},
		"Rows: must not be negative":             {File: "x", Rows: -1},
		"StateBytes: must not be negative":       {File: "x", StateBytes: -1},
		"Limits.Nodes: must not be negative":     {File: "x", Limits: openapidoc.Limits{Nodes: -1}},
		"document:2:":                            {Source: []byte("{\n"), Name: ""},
		"erp.json:1:12: this is Swagger 2.0":     {Source: []byte(`{"swagger":"2.0"}`), Name: "erp.json"},
		"erp.json:2:":                            {Source: []byte("{\n\"a\":1,\"a\":2}"), Name: "erp.json"},
		"larger than the limit of 10 bytes":      {File: "testdata/shop.yaml", Limits: openapidoc.Limits{Bytes: 10}},
	} {
		d, err := openapidoc.New(cfg)
		if err == nil || d != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := openapidoc.New(openapidoc.Config{File: filepath.Join(t.TempDir(), "none.yaml")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no such file", err)
	}
}

// Whatever a document says and a caller sends, there is an answer.
func FuzzServe(f *testing.F) {
	shop, err := os.ReadFile("testdata/shop.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(shop), "POST", "/pets?limit=2", `{"id":1}`, "code=201")
	f.Add(`{"openapi":"3.1.0","paths":{"/a/{b}.{c}":{"get":{"parameters":[{"name":"b","in":"path","style":"matrix"}],"responses":{"2XX":{"content":{"*/*":{}}}}}}}}`, "GET", "/a/;b=1.2", "", "dynamic")
	f.Fuzz(func(t *testing.T, source, method, target, body, prefer string) {
		if len(source) > 20_000 {
			return
		}
		d, err := openapidoc.New(openapidoc.Config{Source: []byte(source), Stateful: true, Validate: openapidoc.Warn})
		if err != nil {
			return
		}
		r, err := http.NewRequest(method, "http://h/", strings.NewReader(body))
		if err != nil {
			return
		}
		path, query, _ := strings.Cut(target, "?")
		r.URL.Path, r.URL.RawQuery = path, query
		r.Header.Set("Prefer", prefer)
		r.Header.Set("Content-Type", "application/json")
		route, ok := d.Route(r)
		if ok && route.Handler != nil {
			srv, err := mockserver.New(mockserver.Config{Fallbacks: []mockserver.Fallback{d}})
			if err != nil {
				t.Fatal(err)
			}
			defer srv.Close()
			w := &discard{header: make(http.Header)}
			srv.Backdoor("1").ServeHTTP(w, r)
			if w.status == 0 {
				t.Error("no answer")
			}
		}
	})
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
