package sqlitequeue_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

// day1 is far from the machine's time, so that nothing goes by that.
var day1 = time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)

func standing(at time.Time) mockserver.Config {
	return mockserver.Config{Clock: mockserver.ClockConfig{Start: at, Manual: true}, ExecTime: mockserver.Fixed(time.Minute), Retention: 24 * time.Hour}
}

func (s *site) advance(d time.Duration) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if err := s.Clock("").Advance(ctx, d); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) status(want int, path string) {
	s.t.Helper()
	if status, body := s.do("GET", path, "", ""); status != want {
		s.t.Errorf("%s: got %d %s, want %d", path, status, body, want)
	}
}

// A manual clock moves all that is kept in a directory: runs, retries, holds
// and retention.
func TestAManualClock(t *testing.T) {
	for _, at := range []time.Time{day1, time.Date(1999, time.March, 3, 9, 0, 0, 0, time.UTC)} {
		told := &hook{status: 500}
		cfg := standing(at)
		cfg.Faults = []fault.Rule{{Method: "DELETE", Do: fault.Queue{Hold: time.Hour}}}
		s := serve(t, t.TempDir(), cfg, told)
		held := s.submit("DELETE", "/v1/customerinvoice/003547", "", "none")
		id := s.submit("GET", "/v1/customerinvoice/003501", "", "http://hook.test/")
		s.advance(time.Minute)
		op, _ := s.Operation(id)
		if op.State != operation.Finished || !op.Received.Equal(at) || !op.Ended.Equal(at.Add(time.Minute)) || told.count(id) != 1 {
			t.Errorf("told %d times, %+v", told.count(id), op)
		}
		s.advance(5 * time.Second)
		told.set(200)
		s.advance(10 * time.Second)
		d := s.Deliveries()[0]
		if d.State != operation.DeliveryDelivered || len(d.Attempts) != 3 || !d.Attempts[2].Started.Equal(at.Add(75*time.Second)) {
			t.Errorf("got %+v", d)
		}
		s.advance(time.Hour)
		if op, _ := s.Operation(held); !op.Started.Equal(at.Add(time.Hour)) || op.StatusCode != 204 {
			t.Errorf("got %+v", op)
		}
		time.Sleep(lease) // and nobody buries it by another clock
		s.status(200, "/v1/background/"+id+"/content")
		s.advance(23*time.Hour - 15*time.Second)
		s.status(404, "/v1/background/"+id)
		s.status(410, "/v1/background/"+id+"/content")
		s.status(200, "/v1/background/"+held)
	}
}

// What one server held, another starts at its time, by its own clock.
func TestAHoldOutlivesItsServer(t *testing.T) {
	dir, told := t.TempDir(), &hook{}
	cfg := standing(day1)
	cfg.Faults = []fault.Rule{{Do: fault.Queue{Hold: time.Hour}}}
	first := serve(t, dir, cfg, told)
	id := first.submit("GET", "/v1/customerinvoice/003501", "", "none")
	first.advance(time.Minute)
	if err := errors.Join(first.Close(), first.queue.Close()); err != nil {
		t.Fatal(err)
	}
	second := serve(t, dir, standing(day1.Add(30*time.Minute)), told)
	second.Start()
	second.advance(29 * time.Minute)
	if op, _ := second.Operation(id); op.State != operation.Queued {
		t.Errorf("got %+v", op)
	}
	second.advance(time.Minute)
	second.advance(time.Minute)
	if op, _ := second.Operation(id); op.State != operation.Finished || !op.Ended.Equal(day1.Add(61*time.Minute)) {
		t.Errorf("got %+v", op)
	}
}

func TestCompaniesOfASharedQueueHaveTheirOwnTime(t *testing.T) {
	s := serve(t, t.TempDir(), standing(day1), &hook{})
	ids := make(map[string]string)
	submit := func(company string) {
		req, err := http.NewRequest("GET", mockserver.BaseURL+"/v1/customerinvoice/003501", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("erp-api-background", "none")
		req.Header.Set("ipp-company-id", company)
		resp, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		at := resp.Header.Get("Location")
		ids[company] = at[strings.LastIndexByte(at, '/')+1:]
	}
	for n := range 5 {
		company := fmt.Sprint("c", n)
		submit(company)
		if err := s.Clock(company).Advance(t.Context(), time.Duration(n)*8*time.Hour+time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	for n, want := range []operation.State{"Finished", "Finished", "Finished", "Expired", "Expired"} {
		if op, _ := s.Operation(ids[fmt.Sprint("c", n)]); op.State != want {
			t.Errorf("company %d: %+v, want %s", n, op, want)
		}
	}
}

func TestSteppingThroughASharedQueue(t *testing.T) {
	dir, told := t.TempDir(), &hook{}
	a, b := serve(t, dir, mockserver.Config{}, told), serve(t, dir, mockserver.Config{}, told)
	a.Queue("").Pause()
	b.Queue("1000001").Pause()
	one := a.submit("GET", "/v1/customerinvoice/003501", "", "none")
	two := b.submit("GET", "/v1/customerinvoice/003501", "", "none")
	op, err := b.Queue("1000001").Step(t.Context())
	if err != nil || op.ID != one || op.State != operation.Finished {
		t.Errorf("got %+v, %v", op, err)
	}
	time.Sleep(2 * lease) // in which nothing else starts
	if op, _ := a.Operation(two); op.State != operation.Queued || a.Queue("").Len() != 1 {
		t.Errorf("got %+v", op)
	}
	a.Queue("").Resume() // the pause of b is its own
	a.ended(two)
}

// A reset empties the company's part of the directory, also for the other
// server, and what that one runs of it is discarded.
func TestAResetOfASharedQueue(t *testing.T) {
	dir, told := t.TempDir(), &hook{status: 500}
	cfg := mockserver.Config{URLRetry: mockserver.Retry{Interval: time.Hour}}
	a, b := serve(t, dir, cfg, told), serve(t, dir, cfg, told)
	entered, release := make(chan bool), make(chan bool)
	b.Handle("POST /v1/slow", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { entered <- true; <-release }))
	a.Queue("").Pause()
	for n := range 3 {
		b.ended(b.submit("POST", "/v2/customerinvoice", newInvoice(fmt.Sprint(n)), "http://hook.test/"))
	}
	b.status(200, "/v1/customerinvoice/003551")
	a.status(200, "/v1/customerinvoice/003551")
	slow := b.submit("POST", "/v1/slow", "", "none")
	<-entered
	waits := b.submit("GET", "/v1/customerinvoice/003501", "", "none")
	if err := a.Reset(t.Context(), "1000001"); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*site{a, b} {
		s.status(404, "/v1/customerinvoice/003551")
		s.status(404, "/v1/background/"+slow)
		s.status(404, "/v1/background/"+waits)
		if n, m := len(s.Operations()), len(s.Deliveries()); n != 0 || m != 0 {
			t.Errorf("%d operations, %d deliveries", n, m)
		}
	}
	close(release)
	op := b.ended(b.submit("POST", "/v2/customerinvoice", newInvoice("new"), "none"))
	if op.StatusCode != 201 || len(a.Operations()) != 1 {
		t.Errorf("got %+v", a.Operations())
	}
	a.status(200, "/v1/customerinvoice/003549")
	a.status(404, "/v1/customerinvoice/003550")
	if err := a.Reset(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	b.status(404, "/v1/customerinvoice/003549")
}
