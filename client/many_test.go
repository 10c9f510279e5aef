package client_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// lasting is an ERP whose operations each take as long as their path says:
// /v1/wait/90 ends 90 s after it was submitted, with status 200, or with the
// one in /v1/wait/90/400.
func lasting() http.HandlerFunc {
	var mu sync.Mutex
	ends := map[string]time.Time{}
	codes := map[string]string{}
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		segs := strings.Split(r.URL.Path, "/")
		if r.Header.Get("Erp-Api-Background") != "" {
			id := "id-" + strconv.Itoa(len(ends))
			seconds, _ := strconv.Atoi(segs[3])
			ends[id], codes[id] = time.Now().Add(time.Duration(seconds)*time.Second), "200"
			if len(segs) > 4 {
				codes[id] = segs[4]
			}
			write(202, `{"id":"`+id+`"}`)(w, r)
			return
		}
		id := segs[3]
		if time.Now().Before(ends[id]) {
			write(200, `{"status":"Started"}`)(w, r)
			return
		}
		write(200, `{"status":"Finished","statusCode":`+codes[id]+`}`)(w, r)
	}
}

func submitAll(t *testing.T, c *client.Client, paths ...string) []*client.Operation {
	t.Helper()
	var ops []*client.Operation
	for _, p := range paths {
		op, err := c.Submit(t.Context(), request("POST", p, ""), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, op)
	}
	return ops
}

func TestAsCompletedYieldsInTheOrderOfTheEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, lasting())
		defer c.Close()
		ops := submitAll(t, c, "/v1/wait/100", "/v1/wait/5/400", "/v1/wait/40", "/v1/wait/1")
		ops = append(ops, ops[0]) // twice
		var order []string
		for op, err := range client.AsCompleted(t.Context(), ops...) {
			_, failed := errors.AsType[*client.OperationError](err)
			order = append(order, fmt.Sprint(op.ID(), failed))
			if res, _ := op.Wait(t.Context()); res == nil {
				t.Errorf("%v has no result", op)
			}
		}
		if got := strings.Join(order, " "); got != "id-3false id-1true id-2false id-0false" {
			t.Errorf("got %s", got)
		}
	})
}

func TestAsCompletedTellsWhatRemains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, lasting())
		defer c.Close()
		ops := submitAll(t, c, "/v1/wait/5", "/v1/wait/1000", "/v1/wait/2000")
		pending := 0
		for op, err := range client.AsCompleted(testkit.Within(t, time.Minute), ops...) {
			if p, ok := errors.AsType[*client.PendingError](err); ok && p.ID == op.ID() && errors.Is(err, context.DeadlineExceeded) {
				pending++
			} else if err != nil {
				t.Error(err)
			}
		}
		if pending != 2 {
			t.Errorf("%d pending", pending)
		}
		for range client.AsCompleted(t.Context()) {
			t.Error("something came of nothing")
		}
	})
}

func TestAsCompletedIsCleanOnBreakAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, lasting())
		ops := submitAll(t, c, "/v1/wait/1", "/v1/wait/1000", "/v1/wait/2000")
		for op := range client.AsCompleted(t.Context(), ops...) {
			if op != ops[0] {
				t.Errorf("first: %v", op)
			}
			break
		}
		synctest.Wait()
		go func() {
			time.Sleep(time.Minute)
			c.Close()
		}()
		closed := 0
		for _, err := range client.AsCompleted(t.Context(), ops[1:]...) {
			if errors.Is(err, client.ErrClosed) {
				closed++
			}
		}
		if closed != 2 {
			t.Errorf("%d ended by Close", closed)
		}
	})
}

func TestAsCompletedOverSeveralClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := serving(t, client.Config{}, lasting())
		defer a.Close()
		b, _ := serving(t, client.Config{}, lasting())
		defer b.Close()
		ops := append(submitAll(t, a, "/v1/wait/60"), submitAll(t, b, "/v1/wait/10")...)
		var order []*client.Operation
		for op, err := range client.AsCompleted(t.Context(), ops...) {
			if err != nil {
				t.Error(err)
			}
			order = append(order, op)
		}
		if len(order) != 2 || order[0] != ops[1] {
			t.Errorf("got %v", order)
		}
	})
}

func TestAsCompletedWithNotificationsAndUncertainOnes(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Workers: 10, Faults: lost202(1)}
	play(t, mc, client.Config{Notify: client.Subscription()}, func(w *world) {
		lost, err := w.client.Submit(w.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		if _, ok := errors.AsType[*client.UncertainError](err); !ok {
			t.Fatal(err)
		}
		ops := []*client.Operation{lost}
		for range 9 {
			ops = append(ops, w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
		}
		start, n := time.Now(), 0
		for op, err := range client.AsCompleted(w.Context(), ops...) {
			if n++; err != nil {
				t.Errorf("%v: %v", op, err)
			}
		}
		if n != 10 || time.Since(start) > 62*time.Second {
			t.Errorf("%d after %v", n, time.Since(start))
		}
	})
}

func TestWaitAllKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, lasting())
		defer c.Close()
		ops := submitAll(t, c, "/v1/wait/50", "/v1/wait/5/400", "/v1/wait/1", "/v1/wait/100000")
		ops = append(ops, ops[2])
		results, err := client.WaitAll(testkit.Within(t, time.Hour), ops...)
		if len(results) != 5 || results[0].StatusCode != 200 || results[1].StatusCode != 400 || results[2].ID != "id-2" || results[3] != nil || results[4].ID != "id-2" {
			t.Errorf("got %+v", results)
		}
		_, failed := errors.AsType[*client.OperationError](err)
		_, pending := errors.AsType[*client.PendingError](err)
		if !failed || !pending || strings.Contains(err.Error(), "id-0") {
			t.Errorf("got %v", err)
		}
		if results, err := client.WaitAll(t.Context()); len(results) != 0 || err != nil {
			t.Errorf("of nothing: %v, %v", results, err)
		}
	})
}

func TestThousandsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		erp := lasting()
		c, hits := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "GET" {
				n := now.Add(1)
				defer now.Add(-1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				time.Sleep(10 * time.Millisecond)
			}
			erp(w, r)
		})
		defer c.Close()
		var paths []string
		for i := range 3000 {
			paths = append(paths, "/v1/wait/"+strconv.Itoa(i%100))
		}
		ops := submitAll(t, c, paths...)
		before := runtime.NumGoroutine()
		n, goroutines := 0, 0
		for _, err := range client.AsCompleted(t.Context(), ops...) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			goroutines = max(goroutines, runtime.NumGoroutine()-before)
		}
		if n != 3000 || most.Load() > 8 || goroutines > 60 {
			t.Errorf("%d ended, up to %d polls at a time, %d goroutines", n, most.Load(), goroutines)
		}
		if calls := hits.of("GET"); calls > 3000*12 {
			t.Errorf("%d polls", calls)
		}
	})
}

func items(reqs ...*http.Request) iter.Seq[client.Item] {
	return func(yield func(client.Item) bool) {
		for _, r := range reqs {
			if !yield(client.Item{Request: r}) {
				return
			}
		}
	}
}

// TestSubmitAllIsBoundedAndYieldsWhatIsDone has the first item take the longest: it
// holds no other up.
func TestSubmitAllIsBoundedAndYieldsWhatIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, taken atomic.Int32
		c, _ := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			if n > most.Load() {
				most.Store(n)
			}
			number := strings.TrimPrefix(r.URL.Path, "/v1/n/")
			switch number {
			case "0":
				time.Sleep(25 * time.Second)
			case "3":
				time.Sleep(time.Second)
				write(400, `{"message":"three"}`)(w, r)
				return
			default:
				time.Sleep(10 * time.Second)
			}
			write(202, `{"id":"id-`+number+`"}`)(w, r)
		})
		defer c.Close()
		endless := func(yield func(client.Item) bool) {
			for i := range 1_000_000 {
				taken.Add(1)
				if !yield(client.Item{Request: request("POST", "/v1/n/"+strconv.Itoa(i), "")}) {
					return
				}
			}
		}
		seen := make(map[int]int) // when, by index
		began, first := time.Now(), -1
		for item, err := range c.SubmitAll(t.Context(), endless, 4) {
			if first < 0 {
				first = item.Index
			}
			seen[item.Index] = int(time.Since(began).Seconds())
			refused, ok := errors.AsType[*client.ResponseError](err)
			if item.Index == 3 && (!ok || refused.Message != "three" || item.Operation != nil) || item.Index != 3 && (err != nil || item.Operation.ID() != "id-"+strconv.Itoa(item.Index)) {
				t.Errorf("item %d: %v, %v", item.Index, item.Operation, err)
			}
			if len(seen) == 10 {
				break
			}
		}
		if first != 3 || seen[3] != 1 || seen[1] != 10 || seen[2] != 10 || seen[4] != 11 || seen[0] != 25 {
			t.Errorf("the first is %d, and they came after %v seconds, want 3, and each when it was done: 3:1 1:10 2:10 4:11 … 0:25", first, seen)
		}
		if most.Load() != 4 || taken.Load() > 15 || now.Load() != 0 {
			t.Errorf("%d at a time, %d taken, %d still in flight after the break", most.Load(), taken.Load(), now.Load())
		}
		for range c.SubmitAll(t.Context(), items(), 0) {
			t.Error("something came of nothing")
		}
	})
}

// TestSubmitAllSaysThatItWaits has more items than the window allows: what was accepted
// is yielded at once, and the log and the statistics tell that the rest waits.
func TestSubmitAllSaysThatItWaits(t *testing.T) {
	logger, logged := logTo()
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Hour), RateLimit: mockserver.RateLimit{Limit: 20, Window: time.Hour}}
	play(t, mc, client.Config{Logger: logger}, func(w *world) {
		t := w.T
		var reqs []*http.Request
		for range 45 {
			reqs = append(reqs, request("POST", "/v2/customerinvoice", invoice))
		}
		began, soon := time.Now(), 0
		time.AfterFunc(10*time.Minute, func() {
			if s, err := w.client.Stats(t.Context()); err != nil || s.Budget.Waiting.Submit != 8 || s.Budget.LongestWait < 9*time.Minute {
				t.Errorf("got %+v, %v, want 8 submits that have waited for 10 minutes", s.Budget, err)
			}
		})
		for item, err := range w.client.SubmitAll(t.Context(), items(reqs...), 8) {
			if err != nil {
				t.Errorf("item %d: %v", item.Index, err)
			}
			if time.Since(began) < time.Minute {
				soon++
			}
		}
		if soon < 16 || soon > 20 {
			t.Errorf("%d were yielded at once, want what the window allows, up to 20", soon)
		}
		synctest.Wait()
		const words = "SubmitAll waits for the limit"
		if n := strings.Count(logged.String(), words); n != 1 || !strings.Contains(logged.String(), "waiting=8 ") {
			t.Errorf("told %d times, want once, of 8 that wait:\n%s", n, logged)
		}
	})
}

// TestSubmitAllSaysNothingOfAnERPThatIsSlow has the ERP take its time.
func TestSubmitAllSaysNothingOfAnERPThatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, logged := logTo()
		c, _ := serving(t, client.Config{Logger: logger}, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(25 * time.Second)
			write(202, `{"id":"`+id1+`"}`)(w, r)
		})
		defer c.Close()
		for _, err := range c.SubmitAll(t.Context(), items(request("POST", "/v1/x", "")), 1) {
			if err != nil {
				t.Error(err)
			}
		}
		if strings.Contains(logged.String(), "waits") {
			t.Errorf("the log says\n%s", logged)
		}
	})
}

// TestTenThousandCancelledWaitsLeaveNothing counts goroutines, watchers (by the
// memory that they would hold) and looks.
func TestTenThousandCancelledWaitsLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		c, _ := serving(t, client.Config{Store: st}, lasting())
		defer c.Close()
		op := submitAll(t, c, "/v1/wait/1000000")[0]
		cancelled := func() {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := op.Wait(ctx); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if _, err := op.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		for range 100 {
			cancelled()
		}
		measure := func() (int, uint64) {
			synctest.Wait()
			runtime.GC()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return runtime.NumGoroutine(), m.HeapAlloc
		}
		goroutines, heap := measure()
		for range 5000 {
			cancelled()
		}
		goroutinesAfter, heapAfter := measure()
		if goroutinesAfter > goroutines+3 { // a poll may be in flight
			t.Errorf("%d goroutines, before %d", goroutinesAfter, goroutines)
		}
		if grown := int64(heapAfter) - int64(heap); grown > 10_000*32 {
			t.Errorf("the heap grew by %d bytes in 10 000 waits", grown)
		}
	})
}
