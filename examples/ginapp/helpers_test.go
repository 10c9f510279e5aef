package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

const (
	hookURL    = "https://orders.test" + webhookPath
	signingKey = "c2lnbi1rZXktZm9yLXRlc3Rz"
	apiToken   = "a-token-of-the-tests"
	good       = `{"number":"4711","customer":"10045","date":"2026-09-01","lines":[{"item":"SYK-01","quantity":2}]}`
)

// testConfig is a configuration for a service of the tests.
func testConfig(dir string) config {
	return config{
		dataDir: dir, shutdown: 20 * time.Second, apiToken: apiToken, release: true, tenant: "1000001",
		notify: "subscription", webhookURL: hookURL, signingKeys: []string{signingKey}, secrets: []string{"a-secret-of-the-tests"},
	}
}

// world is a service and the ERP that it talks to, in memory and in virtual
// time; only its databases are real.
type world struct {
	*testing.T
	mock *mockserver.Server
	cfg  config
	logs *safeBuffer

	app    *app
	front  http.Handler
	up     atomic.Pointer[http.Handler] // front, nil while the service is down
	stop   context.CancelFunc
	ended  chan error
	access erpAccess
}

// play runs f in a bubble with a service that works.
func play(t *testing.T, mc mockserver.Config, change func(*config), f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, cfg: testConfig(t.TempDir()), logs: &safeBuffer{}}
		if change != nil {
			change(&w.cfg)
		}
		mc.Subscription = mockserver.Subscription{URL: hookURL, SigningKey: signingKey}
		mc.NotifyClient = mockserver.MemoryClient(map[string]http.Handler{"orders.test": w})
		mock, err := mockserver.New(mc)
		if err != nil {
			t.Fatal(err)
		}
		defer mock.Close()
		w.mock, w.access = mock, erpAccess{baseURL: mockserver.BaseURL, http: mock.Client()}
		w.start()
		defer func() { // also after a Fatal: a service left behind would hide it
			if err := w.end(); err != nil {
				t.Errorf("the service ended with %v", err)
			}
		}()
		f(w)
	})
}

// ServeHTTP is the service as the ERP reaches it.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	front := w.up.Load()
	if front == nil {
		http.Error(rw, "down", http.StatusBadGateway)
		return
	}
	(*front).ServeHTTP(rw, r)
}

// start opens a service on the data directory and lets it run.
func (w *world) start() {
	w.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ready := make(chan struct{})
	w.stop, w.ended = stop, make(chan error, 1)
	go func() {
		w.ended <- open(ctx, w.cfg, w.access, slog.New(slog.NewJSONHandler(w.logs, nil)), func(a *app) error {
			front, err := a.public()
			if err != nil {
				return err
			}
			w.app, w.front = a, front
			w.up.Store(&front)
			close(ready)
			return a.run(ctx)
		})
	}()
	select {
	case <-ready:
		time.Sleep(accessTimeout) // it has asked the ERP whether it is let in
		synctest.Wait()
	case err := <-w.ended:
		w.Fatalf("the service did not start: %v", err)
	}
}

// end stops the service, closes it, and returns what it ended with.
func (w *world) end() error {
	if w.up.Swap(nil) == nil {
		return nil
	}
	w.stop()
	return <-w.ended
}

// do makes a call as a caller does who has the token.
func (w *world) do(method, target, body string) (int, string) {
	w.Helper()
	return do(w.front, method, target, body, "Authorization", "Bearer "+apiToken)
}

func do(h http.Handler, method, target, body string, header ...string) (int, string) {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String()
}

// post posts an order and wants a status code.
func (w *world) post(body string, want int) string {
	w.Helper()
	code, answer := w.do(http.MethodPost, "/orders", body)
	if code != want {
		w.Fatalf("POST /orders: got %d %s, want %d", code, answer, want)
	}
	return answer
}

// status asks for an order.
func (w *world) status(number string) status {
	w.Helper()
	code, answer := w.do(http.MethodGet, "/orders/"+number, "")
	var s status
	if err := json.Unmarshal([]byte(answer), &s); err != nil || code != http.StatusOK {
		w.Fatalf("GET /orders/%s: %d %s", number, code, answer)
	}
	return s
}

// await waits until an order is in a state.
func (w *world) await(number, state string) status {
	w.Helper()
	for wait := 100 * time.Millisecond; wait < 24*time.Hour; wait += wait / 4 {
		if s := w.status(number); s.State == state {
			return s
		}
		time.Sleep(wait) // of virtual time
	}
	w.Fatalf("order %s is not %s: %+v\n%s", number, state, w.status(number), w.logs)
	return status{}
}

// taken are the operations that the ERP took, but for the check of the access.
func (w *world) taken() []operation.Operation { return taken(w.mock) }

func taken(mock *mockserver.Server) []operation.Operation {
	return slices.DeleteFunc(mock.Operations(), func(op operation.Operation) bool { return op.Method == http.MethodGet })
}

// operations counts the operations that the ERP took whose path has a part.
func (w *world) operations(part string) (n int) {
	for _, op := range w.taken() {
		if strings.Contains(op.Path, part) {
			n++
		}
	}
	return n
}

// rows counts what the book holds of an order.
func (w *world) rows(number string) (n int) {
	w.Helper()
	if err := w.app.book.db.QueryRow("SELECT count(*) FROM outcomes WHERE number = ?", number).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}

// metric returns the value of a series, as it stands in the exposition.
func (w *world) metric(series string) string {
	_, body := do(w.app.internal(), http.MethodGet, "/metrics", "")
	for text := range strings.Lines(body) {
		if value, found := strings.CutPrefix(strings.TrimSpace(text), series+" "); found {
			return value
		}
	}
	return "none"
}

// add adds rules to the ERP.
func (w *world) add(rules ...fault.Rule) {
	w.Helper()
	if err := w.mock.Faults().Add(rules...); err != nil {
		w.Fatal(err)
	}
}

// safeBuffer may be written to and read at the same time.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

var _ io.Writer = (*safeBuffer)(nil)

// replaced is good with something else in it.
func replaced(pairs ...string) string {
	out := strings.NewReplacer(pairs...).Replace(good)
	if out == good {
		panic(fmt.Sprint("nothing was replaced: ", pairs))
	}
	return out
}
