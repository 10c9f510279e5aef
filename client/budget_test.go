package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// refused counts the calls that the mock refused for its limit.
func refused(w *world) (n int) {
	for _, r := range w.mock.Journal().Requests("") {
		if r.StatusCode == http.StatusTooManyRequests {
			n++
		}
	}
	return n
}

// TestReplicasShareOneBudget has three replicas submit and await more than a window
// of the company allows: nothing is lost, the rest waits for the next windows, and
// one call at most is refused in each.
func TestReplicasShareOneBudget(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), RateLimit: mockserver.RateLimit{Limit: 60, Window: time.Hour}}
	play(t, mc, client.Config{}, func(w *world) {
		t := w.T
		began := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			c, err := client.New(client.Config{BaseURL: base, HTTPClient: w.mock.Client(), Store: w.store})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range 20 {
				wg.Go(func() {
					op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := op.Wait(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		if n, windows := refused(w), int(time.Since(began)/time.Hour)+1; n > windows || windows > 5 {
			t.Errorf("%d calls were refused in %d windows of 60 calls, want one in each at most, and 5 windows for 60 operations", n, windows)
		}
		if n := w.calls("POST", "/v2/customerinvoice"); n > 60+refused(w) {
			t.Errorf("%d requests were sent for 60 operations", n)
		}
	})
}

// TestOverdueOperationsArePolledFirst has an ERP that allows ten calls an hour, and
// fifteen operations that run for days: each is polled in the hours before the ERP
// would forget it, ahead of the polls of others.
func TestOverdueOperationsArePolledFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		polled := make(map[string]time.Duration) // the last age before 20 h, by id
		began, window, used, n := time.Now(), time.Now(), 0, 0
		var mu sync.Mutex
		c, _ := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if time.Since(window) >= time.Hour {
				window, used = window.Add(time.Since(window).Truncate(time.Hour)), 0
			}
			if used++; used > 10 {
				write(429, ``, "Retry-After", "600")(w, r)
				return
			}
			w.Header().Set("X-RateLimit-Limit", "10")
			w.Header().Set("X-RateLimit-Remaining", string(rune('0'+min(9, 10-used))))
			w.Header().Set("X-RateLimit-Reset", "3600")
			if r.Header.Get("Erp-Api-Background") != "" {
				n++
				write(202, `{"id":"id-`+string(rune('a'+n))+`"}`)(w, r)
				return
			}
			id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			if age := time.Since(began); age < 20*time.Hour+2*time.Hour { // the last of them were accepted in the second hour
				polled[id] = age
			}
			write(200, `{"id":"`+id+`","status":"Started"}`)(w, r)
		})
		defer c.Close()
		var wg sync.WaitGroup
		for range 15 {
			op := post(t, c)
			wg.Go(func() { _, _ = op.Wait(t.Context()) })
		}
		time.Sleep(24 * time.Hour)
		mu.Lock()
		for id, age := range polled {
			if age < 18*time.Hour {
				t.Errorf("%s was polled last after %v, want a poll between 18 h and 20 h", id, age)
			}
		}
		if len(polled) != 15 {
			t.Errorf("%d operations were polled, want 15", len(polled))
		}
		mu.Unlock()
		c.Close()
		wg.Wait()
	})
}

// TestCallsInTheForegroundCount has them use the window as well.
func TestCallsInTheForegroundCount(t *testing.T) {
	mc := mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 20, Window: time.Hour}}
	play(t, mc, client.Config{}, func(w *world) {
		t := w.T
		began := time.Now()
		for range 30 {
			resp, err := w.client.Do(request("GET", "/v1/customerinvoice?pageSize=1", "").WithContext(client.InForeground(t.Context())))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("answered %d, want 200", resp.StatusCode)
			}
		}
		if took := time.Since(began); refused(w) != 0 || took < 50*time.Minute || took > 2*time.Hour {
			t.Errorf("30 calls took %v and %d were refused, want the second window and none", took, refused(w))
		}
	})
}

// TestStoreOfABudgetThatFails has nobody wait for documents that the store cannot
// give.
func TestStoreOfABudgetThatFails(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Second), RateLimit: mockserver.RateLimit{Limit: 1000, Window: time.Hour}}
	play(t, mc, client.Config{Store: withoutDocuments(), Tenant: "fjord"}, func(w *world) {
		t := w.T
		began := time.Now()
		for range 10 {
			w.wait(w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
		}
		if took := time.Since(began); took > 10*time.Minute {
			t.Errorf("ten operations of 10 s took %v", took)
		}
	})
}

// withoutDocuments returns a store that cannot read or write documents.
func withoutDocuments() store.Store {
	st := faultstore.NewMemory()
	st.Fail("GetDocument", faultstore.Always, errDisk)
	st.Fail("PutDocument", faultstore.Always, errDisk)
	return st
}

// TestPollsAreBroughtForward plans a poll an hour ahead, because calls are scarce. Ten
// minutes later a window begins and they are plenty: the poll does not wait for its
// hour.
func TestPollsAreBroughtForward(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), RateLimit: mockserver.RateLimit{Limit: 100, Window: 10 * time.Minute}}
	cc := client.Config{Schedule: func(p client.PollInfo) time.Duration {
		if p.Scarcity > 0.9 {
			return time.Hour
		}
		return time.Minute
	}}
	play(t, mc, cc, func(w *world) {
		t := w.T
		for range 97 {
			resp, err := w.client.Do(request("GET", "/v1/customerinvoice?pageSize=1", "").WithContext(client.InForeground(t.Context())))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		began := time.Now()
		w.wait(w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
		if took := time.Since(began); took < 10*time.Minute || took > 20*time.Minute {
			t.Errorf("the end was known after %v, want that soon after the window of 10 minutes", took)
		}
	})
}

// TestWhatNobodyWaitsForIsNotScarce leaves operations in the store that nobody polls:
// who waits for one has all calls for it.
func TestWhatNobodyWaitsForIsNotScarce(t *testing.T) {
	scarcest := 0.0
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Hour), RateLimit: mockserver.RateLimit{Limit: 1000, Window: 24 * time.Hour}}
	cc := client.Config{Schedule: func(p client.PollInfo) time.Duration {
		scarcest = max(scarcest, p.Scarcity)
		return time.Minute
	}}
	play(t, mc, cc, func(w *world) {
		t := w.T
		for range 400 {
			w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		}
		time.Sleep(10 * time.Minute) // no more submits are expected
		op := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		time.Sleep(10 * time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		scarcest = 0
		if _, err := op.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || scarcest != 0 {
			t.Errorf("%v; the scarcity was %.2f, want 0: there are 590 calls for one operation", err, scarcest)
		}
	})
}
