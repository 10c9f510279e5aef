package mockserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/mockserver/queue"
)

// An endpoint that answers 202 and goes on, as actions did in 2022.
func TestAnEndpointThatAnswers202AndGoesOn(t *testing.T) {
	for _, tt := range []struct {
		name    string
		profile profile.Profile
		ends    time.Duration // after it began
		content string
	}{
		{"is waited for", profile.Profile{}, hour, `{"begun":true}{"done":true}`},
		{"is reported at once", profile.Profile{ReportAccepted: true}, 0, `{"begun":true}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := start(t, mockserver.Config{Profile: tt.profile, ExecTimeout: 2 * hour})
				done := time.Time{}
				h.Handle("POST /v1/payment/{number}/action/release", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(http.StatusAccepted)
					fmt.Fprint(w, `{"begun":true}`)
					w.(http.Flusher).Flush()
					w.(http.Flusher).Flush()
					select {
					case <-time.After(hour):
						done = time.Now()
					case <-r.Context().Done():
						t.Error("it was cancelled:", context.Cause(r.Context()))
					}
					fmt.Fprint(w, `{"done":true}`)
				}))
				id := h.submit("http://hook.test/", "POST", "/v1/payment/1/action/release", "")
				next := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
				time.Sleep(3 * hour)
				synctest.Wait()
				op, _ := h.Operation(id)
				if op.State != operation.Finished || op.StatusCode != 202 || op.Ended.Sub(op.Started) != 20*time.Millisecond+tt.ends {
					t.Errorf("ended after %v: %+v", op.Ended.Sub(op.Started), op)
				}
				if a := h.want(200, "GET", "/v1/background/"+id+"/content", ""); a.body != tt.content {
					t.Errorf("content %s, want %s", a.body, tt.content)
				}
				if done.Sub(op.Started) != 20*time.Millisecond+hour || len(h.hook.all()) != 1 {
					t.Errorf("it went on until %v, %d notifications", done.Sub(op.Started), len(h.hook.all()))
				}
				if op, _ := h.Operation(next); op.State != operation.Finished {
					t.Errorf("the next: %+v", op)
				}
			})
		})
	}
}

func TestTheActionsOf2022(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Profile: profile.Profile{ReportAccepted: true}})
		const release = "/v1/customerinvoice/003547/action/release"
		ended := func(id string, status float64, says string) {
			t.Helper()
			if s := h.state(id); s["status"] != "Finished" || s["statusCode"] != status {
				t.Errorf("got %v, want %v", s, status)
			}
			if a := h.want(200, "GET", "/v1/background/"+id+"/content", ""); !strings.Contains(a.body, says) {
				t.Errorf("content %s", a.body)
			}
		}
		for range 2 { // the second one will fail, which nobody sees
			id := h.submit("none", "POST", release, "")
			time.Sleep(100 * time.Millisecond)
			ended(id, 202, `"actionResult":"Queued"`)
			if a := h.want(200, "GET", "/v1/customerinvoice/003547", ""); !strings.Contains(a.body, `"status":"Balanced"`) {
				t.Errorf("released already: %s", a.body)
			}
		}
		time.Sleep(time.Second)
		if a := h.want(200, "GET", "/v1/customerinvoice/003547", ""); !strings.Contains(a.body, `"status":"Open"`) {
			t.Errorf("not released: %s", a.body)
		}
		id := h.submit("none", "POST", release, "") // refused at once, as it was captured
		time.Sleep(100 * time.Millisecond)
		ended(id, 400, "already released")
		h.want(200, "POST", "/v1/customerinvoice/003546/action/release", "")
	})
}

func TestOperationsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{MaxRunning: 3, Workers: 2, ExecTime: mockserver.Fixed(time.Second)})
		begin := time.Now()
		for i := range 4 {
			for range 3 {
				h.submit("none", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", fmt.Sprint(i))
			}
		}
		time.Sleep(hour)
		var ends []int
		for _, op := range h.Operations() {
			ends = append(ends, int(op.Ended.Sub(begin)/time.Second))
		}
		slices.Sort(ends)
		if want := []int{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}; !slices.Equal(ends, want) {
			t.Errorf("ended after %v seconds, want %v", ends, want)
		}
	})
}

func TestTheOrderOfOperations(t *testing.T) {
	run := func(seed uint64, order queue.Order) (got string) {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, mockserver.Config{Seed: seed, Order: order})
			var mu sync.Mutex
			var names []string
			h.Handle("POST /v1/note/{name}", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				names = append(names, r.PathValue("name"))
			}))
			for i := range 10 {
				h.submit("none", "POST", fmt.Sprint("/v1/note/", i), "")
			}
			time.Sleep(hour)
			synctest.Wait()
			got = strings.Join(names, "")
		})
		return got
	}
	if got := run(7, queue.FIFO); got != "0123456789" {
		t.Errorf("first in, first out: %s", got)
	}
	one, same, other := run(7, queue.Shuffle), run(7, queue.Shuffle), run(8, queue.Shuffle)
	if one != same || one == other || one == "0123456789" || len(one) != 10 {
		t.Errorf("shuffled: %s, with the same seed %s, with another %s", one, same, other)
	}
}

// refusing is a queue whose disk is full.
type refusing struct{ *queue.Memory }

func (refusing) Add(context.Context, *queue.Job) error {
	return errors.New("no space left on device")
}

func TestWhatCannotBeStoredIsNotAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Queue: refusing{queue.NewMemory()}})
		a := h.want(503, "GET", "/v1/customerinvoice", "", "erp-api-background", "http://hook.test/")
		if a.header.Get("Retry-After") == "" || strings.Contains(a.body, "device") {
			t.Errorf("got %v %s", a.header, a.body)
		}
		if len(h.Operations()) != 0 || len(h.Deliveries()) != 0 {
			t.Error("something was kept of it")
		}
	})
}

// dying is a queue with jobs that were started before, by workers that died.
type dying struct {
	*queue.Memory
	before int
}

func (q dying) Take(ctx context.Context, now queue.Now, r queue.Limits) ([]*queue.Job, error) {
	jobs, err := q.Memory.Take(ctx, now, r)
	for _, j := range jobs {
		j.Attempts += q.before
	}
	return jobs, err
}

func TestHowOftenAnOperationIsStarted(t *testing.T) {
	for before, want := range map[int]operation.State{2: operation.Finished, 3: operation.Failed} {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, mockserver.Config{Queue: dying{queue.NewMemory(), before}, MaxAttempts: 3})
			var attempt int
			h.Handle("POST /v1/x", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				c, _ := mockserver.CallFrom(r.Context())
				attempt = c.Attempt
			}))
			id := h.submit("http://hook.test/", "POST", "/v1/x", "")
			time.Sleep(time.Second)
			synctest.Wait()
			op, _ := h.Operation(id)
			if op.State != want || (want == operation.Failed) != (op.ErrorMessage == "The operation was given up: its worker stopped 3 times.") {
				t.Errorf("after %d starts: %+v", before, op)
			}
			if want == operation.Finished && attempt != 3 {
				t.Errorf("the handler was told attempt %d", attempt)
			}
			if len(h.hook.all()) != 1 {
				t.Errorf("%d notifications", len(h.hook.all()))
			}
		})
	}
}

// flaky is a queue that cannot store results for a while.
type flaky struct {
	*queue.Memory
	until time.Time
}

func (q flaky) Finish(ctx context.Context, l queue.Lease, r queue.Result) error {
	if time.Now().Before(q.until) {
		return errors.New("no space left on device")
	}
	return q.Memory.Finish(ctx, l, r)
}

func TestAResultIsStoredWhenThatIsPossibleAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Queue: flaky{queue.NewMemory(), time.Now().Add(time.Minute)}})
		runs := 0
		h.Handle("POST /v1/x", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runs++ }))
		id := h.submit("none", "POST", "/v1/x", "")
		time.Sleep(59 * time.Second)
		if op, _ := h.Operation(id); op.State != operation.Running {
			t.Errorf("got %s, want Running", op.State)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if op, _ := h.Operation(id); op.State != operation.Finished || runs != 1 {
			t.Errorf("got %s after %d runs", op.State, runs)
		}
	})
}
