package mockserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

// states are those of some operations, by their first letters.
func (h *harness) states(ids ...string) string {
	var out strings.Builder
	for _, id := range ids {
		op, ok := h.Operation(id)
		if !ok {
			op.State = "-"
		}
		out.WriteByte(op.State[0])
	}
	return out.String()
}

func TestAPausedQueueIsSteppedThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)})
		q := h.Queue("7")
		if _, err := q.Step(t.Context()); !errors.Is(err, mockserver.ErrNotPaused) {
			t.Errorf("got %v", err)
		}
		q.Pause()
		if _, err := q.Step(t.Context()); !errors.Is(err, mockserver.ErrNothingWaiting) {
			t.Errorf("got %v", err)
		}
		var ids []string
		for range 4 {
			ids = append(ids, h.submit("none", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", "7"))
		}
		other := h.submit("none", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", "8")
		time.Sleep(hour)
		if got := h.states(append(ids, other)...); got != "QQQQF" || q.Len() != 4 || h.Queue("8").Len() != 0 || h.Queue("").Len() != 4 {
			t.Errorf("got %s, %d wait", got, q.Len())
		}
		begin := time.Now()
		op, err := q.Step(t.Context())
		if err != nil || op.ID != ids[0] || op.State != operation.Finished || time.Since(begin) != time.Minute {
			t.Errorf("after %v: %+v, %v", time.Since(begin), op, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if op, err := q.Step(ctx); !errors.Is(err, context.DeadlineExceeded) || op.ID != ids[1] || op.State != operation.Running {
			t.Errorf("got %+v, %v", op, err)
		}
		if got := h.states(ids...); got != "FRQQ" {
			t.Errorf("got %s", got)
		}
		// The second runs: the third begins when that has ended.
		op, err = q.Next(t.Context())
		if err != nil || op.ID != ids[2] || h.states(ids...) != "FFRQ" {
			t.Errorf("got %+v, %v, %s", op, err, h.states(ids...))
		}
		if list := q.Waiting(); len(list) != 1 || list[0].ID != ids[3] {
			t.Errorf("waiting: %+v", list)
		}
		q.Resume()
		time.Sleep(hour)
		if got := h.states(ids...); got != "FFFF" {
			t.Errorf("got %s", got)
		}
	})
}

func TestPausingAllCompanies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		h.Queue("").Pause()
		var ids []string
		for _, company := range []string{"1", "2", "3", "4"} {
			ids = append(ids, h.submit("none", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", company))
		}
		h.Queue("2").Resume()
		time.Sleep(hour)
		if got := h.states(ids...); got != "QFQQ" {
			t.Errorf("got %s", got)
		}
		if op, err := h.Queue("4").Step(t.Context()); err != nil || op.ID != ids[3] {
			t.Errorf("got %+v, %v", op, err)
		}
		if op, err := h.Queue("").Step(t.Context()); err != nil || op.ID != ids[0] {
			t.Errorf("got %+v, %v", op, err)
		}
		h.Queue("").Resume()
		time.Sleep(hour)
		if got := h.states(ids...); got != "FFFF" {
			t.Errorf("got %s", got)
		}
	})
}

func TestSteppingOnAManualClock(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Faults: []fault.Rule{{Times: 1, Do: fault.Queue{Hold: hour}}}})
	q := h.Queue("")
	h.Queue("1000001").Pause()
	held := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
	if _, err := q.Next(t.Context()); !errors.Is(err, mockserver.ErrNothingWaiting) {
		t.Errorf("it is held: %v", err)
	}
	id := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
	if op, err := q.Next(t.Context()); err != nil || op.ID != id {
		t.Errorf("got %+v, %v", op, err)
	}
	h.advance(hour)
	if got := h.states(held, id); got != "QF" {
		t.Errorf("got %s", got)
	}
	if op, err := q.Next(t.Context()); err != nil || op.ID != held {
		t.Errorf("got %+v, %v", op, err)
	}
}

// While a queue is paused and resumed, others work, and nothing starts in a
// pause.
func TestPausesAndOthersAtOneTime(t *testing.T) {
	h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(1), Workers: 3})
	var wg sync.WaitGroup
	for c := range 4 {
		company := fmt.Sprint("c", c)
		var mu sync.Mutex
		paused, begun := false, 0
		h.Handle("POST /v1/"+company, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			begun++
		}))
		wg.Go(func() {
			q := h.Queue(company)
			for range 10 {
				q.Pause()
				mu.Lock()
				paused = true
				mu.Unlock()
				for range 3 {
					h.submit("none", "POST", "/v1/"+company, "", "ipp-company-id", company)
				}
				if n := q.Len(); n != 3 {
					t.Errorf("%s: %d wait, want 3", company, n)
				}
				if _, err := q.Step(t.Context()); err != nil {
					t.Error(err)
				}
				q.Resume()
				testkit.Eventually(t, "what other goroutines do", func() bool { return q.Len() == 0 })
				if err := h.Clock(company).Idle(testkit.Within(t, time.Minute)); err != nil {
					t.Error(err)
				}
			}
		})
		t.Cleanup(func() {
			if mu.Lock(); begun != 30 || !paused {
				t.Errorf("%s: %d ran, want 30", company, begun)
			}
			mu.Unlock()
		})
	}
	wg.Wait()
	for c := range 4 {
		company := fmt.Sprint("c", c)
		testkit.Eventually(t, "what other goroutines do", func() bool {
			n := 0
			for _, op := range h.Operations() {
				if op.Company == company && op.State == operation.Finished {
					n++
				}
			}
			return n == 30
		})
	}
}
