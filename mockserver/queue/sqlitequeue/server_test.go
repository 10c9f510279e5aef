package sqlitequeue_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

const lease = 400 * time.Millisecond

// A site is a server on a directory, and who it notifies.
type site struct {
	*mockserver.Server
	t     *testing.T
	queue *sqlitequeue.Queue
	http  *http.Client
}

func serve(t *testing.T, dir string, cfg mockserver.Config, hook http.Handler) *site {
	t.Helper()
	q := open(t, dir, sqlitequeue.Config{Lease: lease})
	cfg.Queue = q
	if cfg.ExecTime == nil {
		cfg.ExecTime = mockserver.Fixed(time.Millisecond)
	}
	cfg.NotifyClient = mockserver.MemoryClient(map[string]http.Handler{"hook.test": hook})
	srv, err := mockserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	return &site{srv, t, q, srv.Client()}
}

func (s *site) do(method, path, body, background string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, mockserver.BaseURL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if background != "" {
		req.Header.Set("erp-api-background", background)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func (s *site) submit(method, path, body, background string) (id string) {
	s.t.Helper()
	status, answer := s.do(method, path, body, background)
	var accepted struct{ ID string }
	if status != 202 || json.Unmarshal([]byte(answer), &accepted) != nil {
		s.t.Fatalf("got %d %s", status, answer)
	}
	return accepted.ID
}

func (s *site) ended(id string) operation.Operation {
	s.t.Helper()
	var op operation.Operation
	testkit.Eventually(s.t, "the end of "+id, func() bool {
		op, _ = s.Operation(id)
		return !op.Ended.IsZero()
	})
	return op
}

// A hook receives notifications, and answers as it is told.
type hook struct {
	mu     sync.Mutex // guards all below
	status int
	got    []string // notification ids, or bodies in URL mode
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, string(body))
	if h.status != 0 {
		w.WriteHeader(h.status)
	}
}

func (h *hook) set(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

func (h *hook) count(id string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, body := range h.got {
		if strings.Contains(body, id) {
			n++
		}
	}
	return n
}

func newInvoice(mark string) string {
	return fmt.Sprintf(`{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"externalReference":{"value":%q},`+
		`"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`, mark)
}

func TestServersSeeTheSameData(t *testing.T) {
	dir, told := t.TempDir(), &hook{}
	a, b := serve(t, dir, mockserver.Config{}, told), serve(t, dir, mockserver.Config{}, told)
	if op := b.ended(a.submit("POST", "/v2/customerinvoice", newInvoice("one"), "none")); op.StatusCode != 201 {
		t.Errorf("got %+v", op)
	}
	for _, step := range []struct {
		s            *site
		method, path string
		body         string
		status       int
		says         string
	}{
		{b, "GET", "/v1/customerinvoice/003549", "", 200, `"externalReference":"one"`},
		{b, "PUT", "/v1/customerinvoice/003549", `{"note":{"value":"from b"}}`, 204, ""},
		{a, "GET", "/v1/customerinvoice/003549", "", 200, `"note":"from b"`},
		{a, "POST", "/v2/customerinvoice", newInvoice("two"), 201, ""},
		{b, "POST", "/v1/customerinvoice/003550/action/release", "", 200, "Queued"},
		{a, "PUT", "/v1/customerinvoice/003550", `{"note":{"value":"x"}}`, 400, "already released"},
		{a, "DELETE", "/v1/customerinvoice/003547", "", 204, ""},
		{b, "GET", "/v1/customerinvoice/003547", "", 404, ""},
		{b, "GET", "/v1/customerinvoice?pageNumber=49&pageSize=1", "", 200, `"referenceNumber":"003550"`},
		{b, "GET", "/v1/customerinvoice/003501", "", 200, `"status":"Closed"`},
	} {
		if status, body := step.s.do(step.method, step.path, step.body, ""); status != step.status || !strings.Contains(body, step.says) {
			t.Errorf("%s %s: got %d %s, want %d %s", step.method, step.path, status, body, step.status, step.says)
		}
	}
}

// Several servers change one company at a time, in both ways: every change
// finds what the one before it left.
func TestNoChangeIsLostBetweenServers(t *testing.T) {
	dir, told := t.TempDir(), &hook{}
	sites := []*site{serve(t, dir, mockserver.Config{Workers: 4}, told), serve(t, dir, mockserver.Config{Workers: 4}, told)}
	const each = 30
	var wg sync.WaitGroup
	for i, s := range sites {
		for w := range 2 {
			wg.Go(func() {
				for n := range each {
					mark := fmt.Sprintf("%d-%d-%d", i, w, n)
					if w == 0 {
						if op := s.ended(s.submit("POST", "/v2/customerinvoice", newInvoice(mark), "none")); op.StatusCode != 201 {
							t.Errorf("got %+v", op)
						}
					} else if status, body := s.do("POST", "/v2/customerinvoice", newInvoice(mark), ""); status != 201 {
						t.Errorf("got %d %s", status, body)
					}
				}
			})
		}
	}
	wg.Wait()
	var rows []struct{ ReferenceNumber, ExternalReference, TimeStamp string }
	_, body := sites[0].do("GET", "/v1/customerinvoice?pageSize=1000", "", "")
	if err := json.Unmarshal([]byte(body), &rows); err != nil {
		t.Fatal(err)
	}
	numbers, marks, versions := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		numbers[r.ReferenceNumber], marks[r.ExternalReference], versions[r.TimeStamp] = true, true, true
	}
	if want := 48 + 4*each; len(rows) != want || len(numbers) != want || len(marks) != want || len(versions) != want {
		t.Errorf("%d invoices, %d numbers, %d marks, %d versions; want %d of each", len(rows), len(numbers), len(marks), len(versions), want)
	}
}

// The attempts of a notification outlive the server that made them.
func TestANotificationGoesOnWithTheNextServer(t *testing.T) {
	dir, told := t.TempDir(), &hook{status: 500}
	cfg := mockserver.Config{URLRetry: mockserver.Retry{Attempts: 4, Interval: 300 * time.Millisecond, MaxInterval: 300 * time.Millisecond}}
	first := serve(t, dir, cfg, told)
	id := first.submit("GET", "/v1/customerinvoice/003501", "", "http://hook.test/")
	testkit.Eventually(t, "the first attempts", func() bool { d := first.Deliveries(); return len(d) == 1 && len(d[0].Attempts) >= 2 })
	before := first.Deliveries()[0]
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.queue.Close(); err != nil {
		t.Fatal(err)
	}
	told.set(200)
	second := serve(t, dir, cfg, told)
	second.Start()
	testkit.Eventually(t, "the delivery", func() bool { return second.Deliveries()[0].State == operation.DeliveryDelivered })
	d := second.Deliveries()[0]
	if d.OperationID != id || d.NotificationID != before.NotificationID || len(d.Attempts) != len(before.Attempts)+1 || string(d.Body) != string(before.Body) {
		t.Errorf("got %+v", d)
	}
	if n := told.count(id); n != len(d.Attempts) {
		t.Errorf("%d attempts arrived, %d are listed", n, len(d.Attempts))
	}
	time.Sleep(2 * lease)
	if n := told.count(id); n != len(d.Attempts) {
		t.Errorf("told again after it was delivered: %d times", n)
	}
}

// A notification that overtakes the 202, with whichever server sends it.
func TestANotificationBeforeThe202(t *testing.T) {
	told := &hook{}
	s := serve(t, t.TempDir(), mockserver.Config{Faults: []fault.Rule{{Do: fault.Notify{Early: true}}}}, told)
	id := s.submit("GET", "/v1/customerinvoice/003501", "", "http://hook.test/")
	if told.count(id) != 1 {
		t.Error("the 202 was first")
	}
}

// Handlers of the user run at least once, and are told if it is not the first
// time; a handler that is gone fails its operations.
func TestHandlersAfterARestart(t *testing.T) {
	dir, told := t.TempDir(), &hook{}
	first := serve(t, dir, mockserver.Config{}, told)
	begun := make(chan bool, 9)
	first.Handle("POST /v1/slow", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		begun <- true
		<-r.Context().Done()
	}))
	first.Handle("POST /v1/gone", http.NotFoundHandler())
	id := first.submit("POST", "/v1/slow?x=1", `{"æ":1}`, "none")
	<-begun
	gone := first.submit("POST", "/v1/gone", "", "none") // waits behind
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.queue.Close(); err != nil {
		t.Fatal(err)
	}
	second := serve(t, dir, mockserver.Config{}, told)
	second.Handle("POST /v1/slow", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := mockserver.CallFrom(r.Context())
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, c.OperationID, " ", c.Attempt, " ", r.URL, " ", string(body))
	}))
	second.Start()
	second.ended(id)
	if _, got := second.do("GET", "/v1/background/"+id+"/content", "", ""); got != id+` 1 /v1/slow?x=1 {"æ":1}` {
		t.Errorf("got %s", got)
	}
	if op := second.ended(gone); op.State != operation.Failed || op.ErrorMessage != "The endpoint is not there any more." {
		t.Errorf("got %+v", op)
	}
}

func TestASharedQueueTakesNoSeed(t *testing.T) {
	q := open(t, t.TempDir(), sqlitequeue.Config{})
	if _, err := mockserver.New(mockserver.Config{Queue: q, Seed: 1}); err == nil || !strings.Contains(err.Error(), "Seed") {
		t.Errorf("got %v", err)
	}
}
