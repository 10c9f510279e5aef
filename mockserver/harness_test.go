package mockserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
)

// harness is a mock, a client for it, and a receiver of its notifications at
// http://hook.test, all in memory.
type harness struct {
	*mockserver.Server
	t      *testing.T
	client *http.Client
	hook   *hook

	profile profile.Profile // set by startProfile only
}

// start makes a harness that ends with the test.
func start(t *testing.T, cfg mockserver.Config) *harness {
	t.Helper()
	h := &harness{t: t, hook: &hook{t: t}}
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	if cfg.NotifyClient == nil {
		cfg.NotifyClient = mockserver.MemoryClient(map[string]http.Handler{"hook.test": h.hook})
	}
	srv, err := mockserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	h.Server, h.client = srv, srv.Client()
	return h
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request; headers are pairs of name and value.
func (h *harness) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	a, err := h.try(method, path, body, headers...)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func (h *harness) try(method, path, body string, headers ...string) (answer, error) {
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
	resp, err := h.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(data)}, err
}

// want is do, for an expected status.
func (h *harness) want(status int, method, path, body string, headers ...string) answer {
	h.t.Helper()
	a := h.do(method, path, body, headers...)
	if a.status != status {
		h.t.Fatalf("%s %s: got %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// submit queues a request and returns its operation's id.
func (h *harness) submit(header, method, path, body string, headers ...string) string {
	h.t.Helper()
	a := h.want(http.StatusAccepted, method, path, body, append(headers, "erp-api-background", header)...)
	return decode[map[string]string](h.t, a.body)["id"]
}

// state reads a state document.
func (h *harness) state(id string, headers ...string) map[string]any {
	h.t.Helper()
	return decode[map[string]any](h.t, h.want(http.StatusOK, "GET", "/v1/background/"+id, "", headers...).body)
}

// finish submits, waits until the operation has ended, and returns its state.
// It works in a bubble only.
func (h *harness) finish(method, path, body string, headers ...string) map[string]any {
	h.t.Helper()
	id := h.submit("none", method, path, body, headers...)
	time.Sleep(time.Second)
	return h.state(id)
}

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// hook receives notifications.
type hook struct {
	t      *testing.T
	answer func(n int) int // the status for the n-th, from 1; nil: always 200

	mu  sync.Mutex // guards got
	got []received
}

type received struct {
	at     time.Time
	header http.Header
	host   string
	path   string
	body   string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Error(err)
	}
	if r.Method != http.MethodPost {
		h.t.Errorf("notification by %s, want POST", r.Method)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, received{time.Now(), r.Header, r.Host, r.URL.RequestURI(), string(body)})
	if h.answer != nil {
		w.WriteHeader(h.answer(len(h.got)))
	}
}

func (h *hook) all() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]received(nil), h.got...)
}

// slowHandler answers after d with a JSON text.
func slowHandler(d time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"done":true}`)
		case <-r.Context().Done():
		}
	})
}
