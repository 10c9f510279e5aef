package mockserver_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
)

// day1 is when manual clocks begin.
var day1 = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// manual starts a server whose clocks stand at day1.
func manual(t *testing.T, cfg mockserver.Config) *harness {
	t.Helper()
	cfg.Clock = mockserver.ClockConfig{Start: day1, Manual: true}
	return start(t, cfg)
}

func (h *harness) advance(d time.Duration) {
	h.t.Helper()
	if err := h.Clock("").Advance(testkit.Within(h.t, time.Minute), d); err != nil {
		h.t.Fatal(err)
	}
}

// story tells when what happened, in a line for each entry of some kinds.
func (h *harness) story(kinds ...journal.Kind) string {
	var out strings.Builder
	for _, e := range h.Journal().Entries() {
		if !slices.Contains(kinds, e.Kind) {
			continue
		}
		fmt.Fprintf(&out, "%v %s", e.Time.Sub(day1), e.Kind)
		switch {
		case e.Operation != nil:
			fmt.Fprintf(&out, " %s", e.Operation.Path)
		case e.Attempt != nil:
			fmt.Fprintf(&out, " %d", e.Attempt.StatusCode)
		case e.Move != nil:
			fmt.Fprintf(&out, " %s", e.Move.Action)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func TestAManualClockStands(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)})
	id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
	if s := h.state(id); s["status"] != "Started" || s["receivedUtc"] != "2026-03-02T10:00:00+01:00" {
		t.Errorf("got %v", s)
	}
	h.advance(time.Second - 1)
	if op, _ := h.Operation(id); op.State != operation.Running || len(h.hook.all()) != 0 {
		t.Errorf("got %+v", op)
	}
	h.advance(1)
	if op, _ := h.Operation(id); op.State != operation.Finished || !op.Ended.Equal(day1.Add(time.Second)) || len(h.hook.all()) != 1 {
		t.Errorf("got %+v, %d notifications", op, len(h.hook.all()))
	}
	if now := h.Clock("").Now(); !now.Equal(day1.Add(time.Second)) {
		t.Errorf("it is %v", now)
	}
}

// An Advance that crosses retries and the retention: everything at its time,
// and in its order.
func TestAdvanceCrossesWhatIsDue(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Retention: 3 * hour})
	h.hook.answer = func(n int) int { return map[bool]int{true: 500, false: 200}[n < 3] }
	id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
	h.advance(10 * time.Minute)
	if got, want := h.story(journal.KindAccepted, journal.KindStarted, journal.KindEnded, journal.KindAttempt, journal.KindClock), `0s accepted /v1/customerinvoice/003501
0s started /v1/customerinvoice/003501
0s clock advance
1m0s ended /v1/customerinvoice/003501
1m0s attempt 500
1m5s attempt 500
1m15s attempt 200
`; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	h.want(200, "GET", "/v1/background/"+id, "")
	h.advance(3*hour - 9*time.Minute - 1)
	h.want(200, "GET", "/v1/background/"+id+"/content", "")
	h.advance(1)
	h.want(404, "GET", "/v1/background/"+id, "")
	h.want(410, "GET", "/v1/background/"+id+"/content", "")
}

func TestEqualTimesGoInTheOrderOfPlanning(t *testing.T) {
	h := manual(t, mockserver.Config{Workers: 100, ExecTime: mockserver.Fixed(time.Second)})
	var mu sync.Mutex
	running, order := 0, ""
	h.Handle("POST /v1/note/{name}", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		running++
		if running > 1 {
			t.Error("two at a time")
		}
		order += r.PathValue("name")
		mu.Unlock()
		time.Sleep(time.Millisecond) // so that others could interfere
		mu.Lock()
		running--
		mu.Unlock()
	}))
	var want string
	for i := range 26 {
		name := string(rune('a' + i))
		want += name
		h.submit("http://hook.test/"+name, "POST", "/v1/note/"+name, "")
	}
	h.advance(time.Second)
	if order != want {
		t.Errorf("ran %s, want %s", order, want)
	}
	var told string
	for _, r := range h.hook.all() {
		told += r.path[1:]
	}
	if told != want {
		t.Errorf("told %s, want %s", told, want)
	}
}

func TestAHandlerSleeps(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second), ExecTimeout: hour, Workers: 9})
	h.Handle("POST /v1/sleep", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, _ := time.ParseDuration(r.URL.Query().Get("d"))
		err := mockserver.Sleep(r.Context(), d)
		fmt.Fprint(w, err)
	}))
	one := h.submit("none", "POST", "/v1/sleep?d=10m", "")
	long := h.submit("none", "POST", "/v1/sleep?d=10h", "")
	h.advance(5 * time.Minute)
	if busy := h.Clock("").Busy(); len(busy) != 0 {
		t.Errorf("busy: %v", busy)
	}
	var plans []string
	for _, p := range h.Clock("").Planned() {
		plans = append(plans, fmt.Sprint(p.Due.Sub(day1), " ", strings.NewReplacer(one, "ONE", long, "LONG").Replace(p.What)))
	}
	if got, want := strings.Join(plans, "\n"), `10m1s sleep in operation POST /v1/sleep?d=10m (operation ONE)
1h0m1s timeout of POST /v1/sleep?d=10m (operation ONE)
1h0m1s timeout of POST /v1/sleep?d=10h (operation LONG)
10h0m1s sleep in operation POST /v1/sleep?d=10h (operation LONG)`; got != want {
		t.Errorf("planned\n%s\nwant\n%s", got, want)
	}
	h.advance(2 * hour)
	if op, _ := h.Operation(one); op.Ended.Sub(op.Started) != 10*time.Minute+time.Second || op.StatusCode != 200 {
		t.Errorf("got %+v", op)
	}
	if op, _ := h.Operation(long); op.Ended.Sub(op.Started) != hour+time.Second || op.State != operation.Failed {
		t.Errorf("got %+v", op)
	}
}

// In the foreground, the caller waits as long as the handler sleeps.
func TestAHandlerSleepsInTheForeground(t *testing.T) {
	h := manual(t, mockserver.Config{})
	h.Handle("GET /v1/sleep", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := mockserver.Sleep(r.Context(), time.Minute); err == nil {
			fmt.Fprint(w, "awake")
		}
	}))
	answered := make(chan answer)
	go func() { answered <- h.want(200, "GET", "/v1/sleep", "") }()
	testkit.Eventually(t, "what other goroutines do", func() bool { return len(h.Clock("").Planned()) == 1 })
	h.advance(time.Minute - 1)
	select {
	case a := <-answered:
		t.Fatalf("answered too early: %+v", a)
	default:
	}
	h.advance(1)
	if a := <-answered; a.body != "awake" {
		t.Errorf("got %+v", a)
	}
}

func TestAnAdvanceNamesWhatIsBusy(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)})
	release := make(chan struct{})
	h.Handle("POST /v1/stuck", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	id := h.submit("none", "POST", "/v1/stuck", "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	want := "operation POST /v1/stuck (operation " + id + ")"
	err := h.Clock("").Advance(ctx, hour)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "under way: "+want) {
		t.Errorf("got %v", err)
	}
	if busy := h.Clock("").Busy(); !slices.Equal(busy, []string{want}) {
		t.Errorf("busy: %q", busy)
	}
	if now := h.Clock("").Now(); !now.Equal(day1.Add(time.Second)) {
		t.Errorf("it is %v, want the time that it got to", now)
	}
	if err := h.Clock("").Idle(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := h.Clock("").Idle(testkit.Within(t, time.Minute)); err != nil {
		t.Error(err)
	}
	h.advance(hour)
	if op, _ := h.Operation(id); !op.Ended.Equal(day1.Add(time.Second)) {
		t.Errorf("got %+v", op)
	}
}

func TestCloseEndsAnAdvance(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)})
	began := make(chan struct{})
	h.Handle("POST /v1/stuck", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
	}))
	h.submit("none", "POST", "/v1/stuck", "")
	errs := make(chan error, 2)
	go func() { errs <- h.Clock("").Advance(testkit.Within(t, time.Minute), hour) }()
	<-began
	go func() { errs <- h.Clock("").Advance(testkit.Within(t, time.Minute), hour) }() // waits for the first
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-errs; !errors.Is(err, mockserver.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
	for _, err := range []error{h.Clock("").Advance(testkit.Within(t, time.Minute), 1), h.Clock("").Step(testkit.Within(t, time.Minute)), h.Clock("").Idle(testkit.Within(t, time.Minute)), h.Clock("new").Drain(testkit.Within(t, time.Minute))} {
		if !errors.Is(err, mockserver.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
}

// Each company's clock is its own, also while all of them move at once.
func TestCompaniesHaveTheirOwnTime(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second), Retention: hour})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			company := fmt.Sprint("c", i)
			clock := h.Clock(company)
			for n := range 10 {
				step := time.Duration(i+1) * time.Minute
				id := h.submit("http://hook.test/"+company, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", company)
				if err := clock.Advance(testkit.Within(t, time.Minute), step); err != nil {
					t.Error(err)
				}
				op, _ := h.Operation(id)
				if want := day1.Add(time.Duration(n) * step); !op.Received.Equal(want) || !op.Ended.Equal(want.Add(time.Second)) {
					t.Errorf("%s, round %d: %+v, want it received at %v", company, n, op, want)
				}
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		company := fmt.Sprint("c", i)
		expired := 0
		for _, op := range h.Operations() {
			if op.Company == company && op.State == operation.Expired {
				expired++
			}
		}
		// The n-th of ten ended (10-n)(i+1) minutes ago, less a second.
		want := 0
		for n := range 10 {
			if time.Duration((10-n)*(i+1))*time.Minute-time.Second >= hour {
				want++
			}
		}
		if expired != want {
			t.Errorf("%s: %d expired, want %d", company, expired, want)
		}
	}
	if now := h.Clock("").Now(); !now.Equal(day1) {
		t.Errorf("the clock of another company moved to %v", now)
	}
}

func TestStepAndDrain(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Workers: 1})
	h.hook.answer = func(int) int { return 500 }
	clock := h.Clock("")
	if err := clock.Step(testkit.Within(t, time.Minute)); !errors.Is(err, mockserver.ErrNothingPlanned) {
		t.Errorf("got %v", err)
	}
	if err := clock.Drain(testkit.Within(t, time.Minute)); err != nil || !clock.Now().Equal(day1) {
		t.Errorf("got %v at %v", err, clock.Now())
	}
	h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
	h.submit("none", "GET", "/v1/customerinvoice/003502", "")
	var at []time.Duration
	for range 4 {
		if err := clock.Step(testkit.Within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		at = append(at, clock.Now().Sub(day1))
	}
	s := time.Second
	if want := []time.Duration{60 * s, 65 * s, 75 * s, 120 * s}; !slices.Equal(at, want) {
		t.Errorf("steps to %v, want %v", at, want)
	}
	h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003503", "")
	if err := clock.Drain(testkit.Within(t, time.Minute)); err != nil || clock.Now().Sub(day1) != 195*s {
		t.Errorf("drained at %v: %v", clock.Now().Sub(day1), err)
	}
	if list := clock.Planned(); len(list) != 0 {
		t.Errorf("planned: %v", list)
	}
	if got := h.Deliveries(); got[0].State != operation.DeliveryDead || got[1].State != operation.DeliveryDead {
		t.Errorf("got %+v", got)
	}
}

func TestAClockDoesNotGoBack(t *testing.T) {
	h := manual(t, mockserver.Config{})
	clock := h.Clock("7")
	for name, err := range map[string]error{
		"a clock does not go back":   clock.Advance(testkit.Within(t, time.Minute), -1),
		"is before 2026-03-02T09:00": clock.AdvanceTo(testkit.Within(t, time.Minute), day1.Add(-1)),
		"after the year 2199":        clock.AdvanceTo(testkit.Within(t, time.Minute), day1.AddDate(300, 0, 0)),
		"rate: 0":                    clock.Run(0),
		"rate: -1":                   clock.Run(-1),
		"rate: NaN":                  clock.Run(math.NaN()),
		"rate: 200000":               clock.Run(200_000),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
	if !clock.Now().Equal(day1) {
		t.Errorf("it moved to %v", clock.Now())
	}
	if err := clock.AdvanceTo(testkit.Within(t, time.Minute), day1.Add(hour)); err != nil || !clock.Now().Equal(day1.Add(hour)) {
		t.Errorf("got %v at %v", err, clock.Now())
	}
}

func TestClockConfigIsChecked(t *testing.T) {
	for field, cfg := range map[string]mockserver.ClockConfig{
		"Clock.Start":              {Start: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)},
		"Clock.Start: 2200":        {Start: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)},
		"Clock.Rate: -1":           {Rate: -1},
		"Clock.Rate: +Inf":         {Rate: math.Inf(1)},
		"Clock.Rate: a manual one": {Manual: true, Rate: 2},
	} {
		_, err := mockserver.New(mockserver.Config{Clock: cfg})
		if want := strings.TrimSuffix(field, " one"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", cfg, err, want)
		}
	}
}
