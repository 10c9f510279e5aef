package upstream_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/upstream"
)

const root = "https://api.test/base"

// harness is a mock before an API at api.test, all in memory.
type harness struct {
	*mockserver.Server
	t      *testing.T
	api    *upstream.Upstream
	client *http.Client
}

// start puts a mock before a handler, by which cfg is completed.
func start(t *testing.T, h http.HandlerFunc, cfg upstream.Config, mock mockserver.Config) *harness {
	t.Helper()
	if cfg.URL == "" && cfg.Cassette.Replay == "" {
		cfg.URL = root
	}
	if cfg.Transport == nil && h != nil {
		cfg.Transport = &memhttp.Transport{Hosts: map[string]http.Handler{"api.test": h}}
	}
	api, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mock.NoERP, mock.Fallbacks = true, append(mock.Fallbacks, api)
	srv, err := mockserver.New(mock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return &harness{Server: srv, t: t, api: api, client: srv.Client()}
}

// an answer was read to its end.
type answer struct {
	status  int
	header  http.Header
	trailer http.Header
	body    string
	err     error
}

// do makes a call; headers are pairs of name and value.
func (h *harness) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = mockserver.BaseURL + path
	}
	req, err := http.NewRequestWithContext(h.t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	client := *h.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, resp.Trailer, string(data), err}
}

// submit has a call made in the background, and returns the address of its state.
func (h *harness) submit(method, path, body string, headers ...string) string {
	h.t.Helper()
	a := h.do(method, path, body, append(headers, "erp-api-background", "none")...)
	if a.err != nil || a.status != http.StatusAccepted {
		h.t.Fatalf("%s %s: got %d %s %v, want 202", method, path, a.status, a.body, a.err)
	}
	return a.header.Get("Location")
}

// a state is what is told of an operation.
type state struct {
	Status          string
	StatusCode      int
	ErrorMessage    string
	HasContent      bool `json:"hasResponseContent"`
	ContentLocation string
	ResponseHeaders map[string]string
	StartedUtc      string
	FinishedUtc     string
}

// state reads the state at an address.
func (h *harness) state(at string) (s state) {
	h.t.Helper()
	a := h.do("GET", at, "")
	if err := json.Unmarshal([]byte(a.body), &s); err != nil {
		h.t.Fatalf("state at %s: got %d %s, %v, %v", at, a.status, a.body, a.err, err)
	}
	return s
}

// finish waits for the end of an operation, in the bubble's time.
func (h *harness) finish(method, path, body string, headers ...string) state {
	h.t.Helper()
	return h.wait(h.submit(method, path, body, headers...))
}

func (h *harness) wait(at string) state {
	h.t.Helper()
	for range 10000 {
		if s := h.state(at); s.Status != "Started" {
			return s
		}
		time.Sleep(time.Second)
	}
	h.t.Fatalf("%s never ended", at)
	return state{}
}

// content reads what an operation was answered.
func (h *harness) content(s state) answer {
	h.t.Helper()
	if s.ContentLocation == "" {
		return answer{}
	}
	return h.do("GET", s.ContentLocation, "")
}

// calls counts the calls that an API got.
type calls struct {
	mu   sync.Mutex
	list []string
}

func (c *calls) add(r *http.Request) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, r.Method+" "+r.RequestURI)
	return len(c.list)
}

func (c *calls) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.list...)
}
