package mockserver_test

import (
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A scaled clock needs no more than its share of real time, here a bubble's.
func TestAScaledClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Clock: mockserver.ClockConfig{Start: day1, Rate: 60}, ExecTime: mockserver.Fixed(10 * time.Minute)})
		h.hook.answer = func(n int) int { return map[bool]int{true: 500, false: 200}[n < 3] }
		begin := time.Now()
		id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(11 * time.Second)
		synctest.Wait()
		var real []time.Duration
		for _, r := range h.hook.all() {
			real = append(real, r.at.Sub(begin).Round(time.Millisecond))
		}
		if want := []time.Duration{10 * time.Second, 10*time.Second + 83*time.Millisecond, 10*time.Second + 250*time.Millisecond}; !slices.Equal(real, want) {
			t.Errorf("attempts after %v, want %v", real, want)
		}
		op, _ := h.Operation(id)
		if got := op.Ended.Sub(day1).Round(time.Millisecond); got != 10*time.Minute {
			t.Errorf("ended after %v", got)
		}
		clock := h.Clock("")
		clock.Freeze()
		at := clock.Now()
		time.Sleep(hour)
		if !clock.Now().Equal(at) {
			t.Errorf("a frozen clock went on to %v", clock.Now())
		}
		if err := clock.Advance(t.Context(), hour); err != nil {
			t.Error(err)
		}
		if err := clock.Run(1); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if got := clock.Now().Sub(at); got != hour+time.Minute {
			t.Errorf("went on by %v", got)
		}
	})
}

// The clock that nobody asks for is package time's; it can be moved all the
// same, and goes on from there.
func TestARealClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		clock := h.Clock("")
		if !clock.Now().Equal(time.Now()) {
			t.Errorf("it is %v", clock.Now())
		}
		id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		begin := time.Now()
		if err := clock.Advance(t.Context(), 2*hour); err != nil {
			t.Fatal(err)
		}
		if op, _ := h.Operation(id); op.State != operation.Finished || !op.Ended.Equal(begin.Add(20*time.Millisecond)) || !time.Now().Equal(begin) {
			t.Errorf("%v later: %+v", time.Since(begin), op)
		}
		id = h.submit("none", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(20 * time.Millisecond)
		if err := clock.Idle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if op, _ := h.Operation(id); !op.Ended.Equal(begin.Add(2*hour + 20*time.Millisecond)) {
			t.Errorf("got %+v", op)
		}
		h.want(200, "GET", "/v1/background/"+id, "")
		if err := clock.Advance(t.Context(), 24*hour); err != nil {
			t.Fatal(err)
		}
		h.want(404, "GET", "/v1/background/"+id, "")
		if !h.Clock("other").Now().Equal(time.Now()) {
			t.Error("another company's clock jumped too")
		}
	})
}

// A clock that stands costs no goroutine and no timer: the bubble would tell.
func TestAdvanceInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)})
		begin := time.Now()
		done := make(chan struct{})
		h.Handle("POST /v1/slow", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Minute) // real, that is the bubble's: the clock waits
			_, _ = io.WriteString(w, "done")
			close(done)
		}))
		id := h.submit("http://hook.test/", "POST", "/v1/slow", "")
		if err := h.Clock("").Advance(t.Context(), 2*time.Second); err != nil {
			t.Fatal(err)
		}
		<-done
		if op, _ := h.Operation(id); !op.Ended.Equal(day1.Add(time.Second)) || time.Since(begin) != time.Minute || len(h.hook.all()) != 1 {
			t.Errorf("%v later: %+v", time.Since(begin), op)
		}
	})
}
