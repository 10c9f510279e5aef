package openapidoc_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/openapidoc"
)

// world is a mock with a document.
type world struct {
	t   *testing.T
	doc *openapidoc.Document
	srv *mockserver.Server
	log bytes.Buffer
}

// serve starts a mock with a document of its own, testdata/shop.yaml if none is named.
func serve(t *testing.T, cfg openapidoc.Config) *world {
	t.Helper()
	w := &world{t: t}
	if cfg.File == "" && cfg.Source == nil {
		cfg.File = "testdata/shop.yaml"
	}
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	cfg.Logger = slog.New(slog.NewTextHandler(&w.log, nil))
	var err error
	if w.doc, err = openapidoc.New(cfg); err != nil {
		t.Fatal(err)
	}
	if w.srv, err = mockserver.New(mockserver.Config{Seed: 1, Fallbacks: []mockserver.Fallback{w.doc}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// reply is an answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request; headers are pairs of name and value.
func (w *world) do(method, path, body string, headers ...string) reply {
	w.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = mockserver.BaseURL + path
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.srv.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(data)}
}

// want is do, for an expected status.
func (w *world) want(status int, method, path, body string, headers ...string) reply {
	w.t.Helper()
	a := w.do(method, path, body, headers...)
	if a.status != status {
		w.t.Fatalf("%s %s: got %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// object is the body of an answer.
func (r reply) object(t *testing.T) map[string]any {
	t.Helper()
	return decode[map[string]any](t, r.body)
}

func (r reply) rows(t *testing.T) []map[string]any {
	t.Helper()
	return decode[[]map[string]any](t, r.body)
}

func decode[T any](t *testing.T, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}
