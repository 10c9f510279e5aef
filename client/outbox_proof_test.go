package client_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/store"
)

var manyEnqueued = flag.Int("outbox", 100, "operations of the sequence in TestTheOutboxThroughEverything, and half of the others")

// severed is a process that can be cut off from its store and from the ERP at any
// moment, as one that is killed.
type severed struct {
	cut  atomic.Bool
	next http.RoundTripper
}

var errSevered = errors.New("the process was killed")

func (s *severed) RoundTrip(req *http.Request) (*http.Response, error) {
	if s.cut.Load() {
		return nil, errSevered
	}
	resp, err := s.next.RoundTrip(req)
	if s.cut.Load() { // the answer finds nobody
		return nil, errSevered
	}
	return resp, err
}

// severedStore is the store as such a process sees it.
type severedStore struct {
	store.Store
	p *severed
}

func severing[T any](p *severed, call func() (T, error)) (T, error) {
	var none T
	if p.cut.Load() {
		return none, errSevered
	}
	return call()
}

func (s severedStore) Get(ctx context.Context, tenant, ref string) (store.Record, error) {
	return severing(s.p, func() (store.Record, error) { return s.Store.Get(ctx, tenant, ref) })
}

func (s severedStore) Due(ctx context.Context, tenant string, q store.DueQuery) (store.DueList, error) {
	return severing(s.p, func() (store.DueList, error) { return s.Store.Due(ctx, tenant, q) })
}

func (s severedStore) Report(ctx context.Context, tenant, ref string, fact store.Fact) (store.Record, error) {
	return severing(s.p, func() (store.Record, error) { return s.Store.Report(ctx, tenant, ref, fact) })
}

func (s severedStore) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (l store.Lease, rec store.Record, err error) {
	if s.p.cut.Load() {
		return l, rec, errSevered
	}
	return s.Store.Acquire(ctx, tenant, ref, owner, purpose, ttl)
}

func (s severedStore) Extend(ctx context.Context, l store.Lease, ttl time.Duration) (store.Lease, error) {
	return severing(s.p, func() (store.Lease, error) { return s.Store.Extend(ctx, l, ttl) })
}

func (s severedStore) Release(ctx context.Context, l store.Lease) error {
	_, err := severing(s.p, func() (struct{}, error) { return struct{}{}, s.Store.Release(ctx, l) })
	return err
}

func (s severedStore) Decide(ctx context.Context, l store.Lease, d store.Decision) (store.Record, error) {
	return severing(s.p, func() (store.Record, error) { return s.Store.Decide(ctx, l, d) })
}

func (s severedStore) PutDocument(ctx context.Context, d store.Document) (store.Document, error) {
	return severing(s.p, func() (store.Document, error) { return s.Store.PutDocument(ctx, d) })
}

// limitedERP takes invoices as long as the calls of an hour last, and the credentials
// are right; it loses one answer in a hundred to a request.
type limitedERP struct {
	taken
	limit int
	wrong func() bool
	rnd   *rand.Rand

	window time.Time
	used   int
	lost   int
}

func (e *limitedERP) serve(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now := time.Now(); now.Sub(e.window) >= time.Hour {
		e.window, e.used = now.Truncate(time.Hour), 0
	}
	if e.used++; e.used > e.limit {
		write(429, ``, "Retry-After", fmt.Sprint(int(time.Until(e.window.Add(time.Hour)).Seconds())+1))(w, r)
		return
	}
	h := w.Header()
	h.Set("X-RateLimit-Limit", fmt.Sprint(e.limit))
	h.Set("X-RateLimit-Remaining", fmt.Sprint(e.limit-e.used))
	h.Set("X-RateLimit-Reset", fmt.Sprint(int(time.Until(e.window.Add(time.Hour)).Seconds())+1))
	if e.wrong() {
		w.WriteHeader(401)
		return
	}
	if r.Header.Get("Erp-Api-Background") == "" {
		id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		write(200, fmt.Sprintf(`{"id":%q,"status":"Finished","statusCode":201,"receivedUtc":%q,"finishedUtc":%q,"hasResponseContent":false}`, id,
			time.Now().Add(-time.Minute).UTC().Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339)))(w, r)
		return
	}
	e.list = append(e.list, referenceIn(r))
	if e.rnd.IntN(100) == 0 {
		e.lost++
		panic(http.ErrAbortHandler)
	}
	write(202, fmt.Sprintf(`{"id":"2f6f0a57-3c43-4d0e-9d0b-%012d"}`, len(e.list)))(w, r)
}

// TestTheOutboxThroughEverything hands a sequence and twice as many others over, to
// replicas of which one is killed again and again, with a limit that lasts for a
// fraction of it in an hour, an hour of a wrong secret, and answers that are lost. A
// person, who looks into the ERP, resolves what is uncertain. Each is executed once,
// those of the sequence in their order.
func TestTheOutboxThroughEverything(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { outboxThroughEverything(t, seed) }) })
	}
}

func outboxThroughEverything(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 13))
	n := *manyEnqueued
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()
	began := time.Now()
	erp := &limitedERP{limit: min(n/2+50, 500), rnd: rand.New(rand.NewPCG(seed, 14)), window: began.Truncate(time.Hour)}
	erp.wrong = func() bool { at := time.Since(began); return at > 90*time.Minute && at < 150*time.Minute }
	var done outcomes
	replica := func() (*client.Client, *severed, func() error) {
		process := &severed{next: &memhttp.Transport{Default: http.HandlerFunc(erp.serve)}}
		c, err := client.New(client.Config{
			BaseURL: base, Store: severedStore{st, process}, Tenant: "fjord", HTTPClient: &http.Client{Transport: process},
			OnComplete: map[string]client.Handler{"invoice": done.handler},
		})
		if err != nil {
			t.Fatal(err)
		}
		return c, process, start(t, c)
	}
	steady, _, stop := replica()
	defer steady.Close()
	for i := range n {
		opts := named(fmt.Sprintf("s%05d", i))
		opts.Sequence = "customer 17"
		enqueue(t, steady, fmt.Sprintf("s%05d", i), opts)
		for j := range 2 {
			reference := fmt.Sprintf("u%05d-%d", i, j)
			enqueue(t, steady, reference, named(reference))
		}
	}
	var killed sync.WaitGroup
	resolved := 0
	for hour := 0; hour < 60; hour++ {
		c, process, end := replica()
		time.Sleep(time.Duration(rnd.IntN(3600)) * time.Second)
		process.cut.Store(true)
		killed.Go(func() {
			_ = end() // in its own time: it is dead for the others
			c.Close()
		})
		time.Sleep(time.Until(began.Add(time.Duration(hour+1) * time.Hour)))
		resolved += resolveByLooking(t, steady, erp)
		left, err := st.Count(t.Context(), "fjord", store.Query{Phases: []store.Phase{
			store.Queued, store.Sending, store.Accepted, store.Uncertain, store.Settled, store.Unclear, store.Expired,
		}})
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
	}
	killed.Wait()
	if err := stop(); err != nil {
		t.Error(err)
	}
	got := erp.all()
	var ordered []string
	times := make(map[string]int)
	for _, reference := range got {
		if times[reference]++; times[reference] > 1 {
			t.Errorf("%s was executed %d times", reference, times[reference])
		}
		if reference[0] == 's' {
			ordered = append(ordered, reference)
		}
	}
	if len(times) != 3*n {
		t.Errorf("%d of %d operations were executed within %v", len(times), 3*n, time.Since(began))
	}
	if !slices.IsSorted(ordered) {
		t.Errorf("the sequence was executed as %v", ordered)
	}
	for reference := range times {
		if err, told := done.of(reference); !told || err != nil {
			t.Errorf("%s: its handler was told: %v, of %v", reference, told, err)
		}
	}
	for _, phase := range []store.Phase{store.Acknowledged} {
		if k, err := st.Count(t.Context(), "fjord", store.Query{Phases: []store.Phase{phase}}); err != nil || k != 3*n {
			t.Errorf("%d operations are %s, %v, want %d", k, phase, err, 3*n)
		}
	}
	t.Logf("%d operations in %v: %d answers were lost, %d operations resolved by a person", 3*n, time.Since(began), erp.lost, resolved)
}

// resolveByLooking tells what became of everything that is uncertain, by what the ERP
// has.
func resolveByLooking(t *testing.T, c *client.Client, erp *limitedERP) (n int) {
	t.Helper()
	for op, err := range c.Uncertain(context.WithoutCancel(t.Context())) {
		if err != nil {
			t.Fatal(err)
		}
		reference := op.Metadata()["reference"]
		word := client.NotAccepted("it is not there")
		if slices.Contains(erp.all(), reference) {
			word = client.EndedWith(client.Answer{StatusCode: 201}, "it is there")
		}
		if err := op.Resolve(t.Context(), word); err != nil {
			t.Logf("resolve %s: %v", reference, err)
		}
		n++
	}
	return n
}
