package mockserver_test

import (
	"bytes"
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
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
)

func (h *harness) reset(company string) {
	h.t.Helper()
	if err := h.Reset(testkit.Within(h.t, time.Minute), company); err != nil {
		h.t.Fatal(err)
	}
}

// lines is a company's journal, or all of it.
func (h *harness) lines(company string) string {
	h.t.Helper()
	var out bytes.Buffer
	if _, err := h.Journal().Select(journal.Filter{Company: company}).WriteTo(&out); err != nil {
		h.t.Fatal(err)
	}
	return out.String()
}

// play lets something of everything happen to a company, which is at it first
// time, and leaves work behind.
func (h *harness) play(company string) {
	h.t.Helper()
	as := []string{"ipp-company-id", company}
	call := func(method, path, body, background string) answer {
		return h.do(method, path, body, append(as, "erp-api-background", background)...)
	}
	advance := func(d time.Duration) {
		if err := h.Clock(company).Advance(testkit.Within(h.t, time.Minute), d); err != nil {
			h.t.Fatal(err)
		}
	}
	h.do("PUT", "/v1/customerinvoice/003547", `{"note":{"value":"changed"}}`, as...)
	call("POST", "/v1/customerinvoice/003547/action/release", "", "http://hook.test/")
	call("DELETE", "/v1/customerinvoice/003546", "", "http://hook.test/fails")
	advance(3 * time.Second)
	h.do("GET", "/v1/customerinvoice/003547", "", as...)
	for range 3 { // of which the last is refused
		h.do("GET", "/v1/customerinvoice/003501", "", as...)
	}
	h.Queue(company).Pause()
	call("PUT", "/v1/customerinvoice/003545", `{"note":{"value":"waits"}}`, "http://hook.test/")
	h.Queue(company).Resume()
	call("PUT", "/v1/customerinvoice/003544", `{"note":{"value":"waits"}}`, "http://hook.test/")
	h.Queue(company).Pause()
	call("PUT", "/v1/customerinvoice/003543", `{"note":{"value":"waits"}}`, "http://hook.test/")
}

func resettable(t *testing.T) *harness {
	h := manual(t, mockserver.Config{
		Seed: 7, ExecTime: mockserver.Fixed(time.Second), RateLimit: mockserver.RateLimit{Limit: 10, Window: hour},
		Faults: []fault.Rule{
			{Name: "second", On: fault.OnForeground, Every: 2, Do: fault.Answer{Header: http.Header{"X-Second": {"1"}}}},
			{Name: "chance", Probability: 0.5, Do: fault.Notify{Duplicates: 1}},
			{Name: "hour", On: fault.OnForeground, Between: fault.Span{From: time.Minute}, Do: fault.Answer{Status: 500}},
		},
	})
	h.hook.answer = func(int) int { return 500 }
	return h
}

// A company that was reset goes the same way again, to the last byte, and the
// other one does not notice.
func TestACompanyIsAsNewAfterAReset(t *testing.T) {
	h := resettable(t)
	h.play("1")
	first := h.lines("1")
	h.play("2")
	other := h.lines("2")
	if err := h.Clock("1").Advance(testkit.Within(t, time.Minute), 3*hour); err != nil {
		t.Fatal(err)
	}
	h.do("GET", "/v1/customerinvoice", "", "ipp-company-id", "1")
	for range 3 {
		h.reset("1")
		for _, op := range h.Operations() {
			if op.Company == "1" {
				t.Fatalf("it is still there: %+v", op)
			}
		}
		for _, d := range h.Deliveries() {
			if d.Company == "1" {
				t.Fatalf("it is still there: %+v", d)
			}
		}
		if now, n := h.Clock("1").Now(), len(h.Clock("1").Planned()); !now.Equal(day1) || n != 0 || h.lines("1") != "" {
			t.Fatalf("it is %v, %d things are planned, %s", now, n, h.lines("1"))
		}
		h.play("1")
		if again := h.lines("1"); again != first {
			t.Fatalf("first\n%sagain\n%s", first, again)
		}
	}
	if got := h.lines("2"); got != other {
		t.Errorf("before\n%safter\n%s", other, got)
	}
	if h.Queue("2").Len() != 2 {
		t.Error("the other company's pause is over")
	}
	h.reset("")
	if len(h.Operations()) != 0 || len(h.Deliveries()) != 0 || h.lines("") != "" || len(h.Faults().Hits("")) != 0 {
		t.Error("something is left")
	}
	h.play("2")
	if got := h.lines("2"); got != other {
		t.Errorf("before\n%safter a reset of everything\n%s", other, got)
	}
}

// With the same seed a new operation has the id of one whose handler still
// runs: that one's result is nobody's.
func TestALateHandlerEndsNothingNew(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		h := manual(t, mockserver.Config{Seed: 7, ExecTime: mockserver.Fixed(time.Second), Workers: 1})
		entered, release := make(chan bool, 9), make(chan struct{})
		h.Handle("POST /v1/slow", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered <- true
			if stubborn {
				<-release
			} else {
				<-r.Context().Done()
				if !errors.Is(context.Cause(r.Context()), mockserver.ErrReset) {
					t.Errorf("cause %v", context.Cause(r.Context()))
				}
			}
			fmt.Fprint(w, "late")
		}))
		late := h.submit("http://hook.test/late", "POST", "/v1/slow", "")
		go func() { _ = h.Clock("").Advance(testkit.Within(t, time.Minute), time.Minute) }()
		<-entered
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := h.Reset(ctx, "1000001")
		cancel()
		if stubborn != (err != nil) || stubborn && (!errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "operation POST /v1/slow (operation "+late+")")) {
			t.Errorf("got %v", err)
		}
		id := h.submit("http://hook.test/new", "GET", "/v1/customerinvoice/003501", "")
		if id != late {
			t.Fatalf("the new one is %s, want %s again", id, late)
		}
		close(release)
		time.Sleep(20 * time.Millisecond)
		if op, _ := h.Operation(id); op.State != operation.Running {
			t.Errorf("got %+v", op)
		}
		if busy := h.Clock("").Busy(); len(busy) != 0 {
			t.Errorf("busy: %v", busy)
		}
		h.advance(time.Minute)
		if a := h.want(200, "GET", "/v1/background/"+id+"/content", ""); strings.Contains(a.body, "late") {
			t.Errorf("got %s", a.body)
		}
		if got := h.hook.all(); len(got) != 1 || got[0].path != "/new" {
			t.Errorf("told %+v", got)
		}
	}
}

// What waits for the clock when the company is reset ends, with an error.
func TestAResetWakesWhatWaits(t *testing.T) {
	h := manual(t, mockserver.Config{Faults: []fault.Rule{{On: fault.OnForeground, Times: 1, Do: fault.Answer{Delay: hour}}}})
	slept := make(chan error, 1)
	h.Handle("POST /v1/sleep", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		slept <- mockserver.Sleep(r.Context(), hour)
	}))
	h.submit("none", "POST", "/v1/sleep", "")
	h.advance(time.Second)
	delayed := make(chan error)
	go func() { _, err := h.try("GET", "/v1/customerinvoice/003501", ""); delayed <- err }()
	testkit.Eventually(t, "what other goroutines do", func() bool { return len(h.Clock("").Planned()) == 3 })
	h.reset("1000001")
	if err := <-slept; !errors.Is(err, mockserver.ErrReset) {
		t.Errorf("got %v", err)
	}
	if err := <-delayed; err == nil {
		t.Error("a delayed request was answered")
	}
	h.advance(10 * hour)
	if n := len(h.Operations()); n != 0 {
		t.Errorf("%d operations", n)
	}
}

func TestAResetEndsAnAdvance(t *testing.T) {
	h := manual(t, mockserver.Config{})
	entered := make(chan bool)
	h.Handle("POST /v1/slow", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		entered <- true
		<-r.Context().Done()
	}))
	h.submit("none", "POST", "/v1/slow", "")
	moved := make(chan error)
	go func() { moved <- h.Clock("").Advance(testkit.Within(t, time.Minute), hour) }()
	<-entered
	h.reset("")
	if err := <-moved; !errors.Is(err, mockserver.ErrReset) {
		t.Errorf("got %v", err)
	}
	if now := h.Clock("").Now(); !now.Equal(day1) {
		t.Errorf("it is %v", now)
	}
}

func TestAResetInRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)})
		h.hook.answer = func(int) int { return 500 }
		if err := h.Clock("").Advance(t.Context(), hour); err != nil {
			t.Fatal(err)
		}
		h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(2 * time.Second)
		h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		if err := h.Reset(t.Context(), "1000001"); err != nil {
			t.Fatal(err)
		}
		if !h.Clock("").Now().Equal(time.Now()) {
			t.Errorf("it is %v", h.Clock("").Now())
		}
		time.Sleep(24 * hour)
		if n := len(h.hook.all()); n != 1 {
			t.Errorf("%d notifications, want the one before the reset", n)
		}
	})
}

// Companies that are reset again and again do not disturb those that work.
func TestResetsInParallel(t *testing.T) {
	h := start(t, mockserver.Config{Seed: 3, ExecTime: mockserver.Fixed(1), Workers: 2, MaxRunning: 4})
	h.hook.answer = func(n int) int { return map[bool]int{true: 500, false: 200}[n%3 == 0] }
	var wg sync.WaitGroup
	for c := range 4 {
		company := fmt.Sprint("c", c)
		wg.Go(func() {
			for round := range 5 {
				var first string
				for n := range 6 {
					id := h.submit("http://hook.test/", "PUT", "/v1/customerinvoice/003547", `{"note":{"value":"x"}}`, "ipp-company-id", company)
					if n == 0 {
						first = id
					}
				}
				if c%2 == 0 {
					h.reset(company)
					if id := h.submit("none", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", company); id != first {
						t.Errorf("%s, round %d: id %s, want %s again", company, round, id, first)
					}
					h.reset(company)
				}
			}
			if c%2 == 1 {
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
		})
	}
	wg.Wait()
}

// Everything is reset while companies that nobody knew come in.
func TestAResetOfAllWhileOthersBegin(t *testing.T) {
	h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(1)})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", fmt.Sprint(w, "-", n))
				}
			}
		})
	}
	for range 20 {
		h.reset("")
	}
	close(stop)
	wg.Wait()
	testkit.Eventually(t, "what other goroutines do", func() bool { // what was accepted after the last reset ends
		for _, op := range h.Operations() {
			if op.State != operation.Finished {
				return false
			}
		}
		return true
	})
}
