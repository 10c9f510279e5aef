package client_test

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

func stats(t *testing.T, c *client.Client) client.Stats {
	t.Helper()
	s, err := c.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStatsOfAnIdleClientAreZero(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		if got := stats(w.T, w.client); !reflect.DeepEqual(got, client.Stats{}) {
			w.Errorf("got %+v, want none of anything", got)
		}
	})
}

func TestStatsWhileOperationsRun(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Hour), Workers: 10, RateLimit: mockserver.RateLimit{Limit: 1000, Window: time.Hour}}
	play(t, mc, client.Config{}, func(w *world) {
		t := w.T
		var wg sync.WaitGroup
		for i := range 6 {
			op := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
			if i < 4 {
				wg.Go(func() { _, _ = op.Wait(t.Context()) })
			}
		}
		synctest.Wait()
		s := stats(t, w.client)
		if s.Pending != (client.PendingStats{Accepted: 6}) || s.Person != (client.PersonStats{}) {
			t.Errorf("pending %+v and for a person %+v, want 6 accepted", s.Pending, s.Person)
		}
		if s.Polls.Due != 0 || s.Polls.Soon+s.Polls.Later != 4 || s.Polls.Soon == 0 {
			t.Errorf("polls %+v, want those of the four that are waited for, some within a minute", s.Polls)
		}
		b := s.Budget
		if b.Limit != 1000 || b.Left != 994 || time.Until(b.ResetsAt).Round(time.Minute) != time.Hour || b.Calls != (client.CallCounts{Submit: 6}) || b.Needed != 12 {
			t.Errorf("budget %+v, want 994 of 1000 left for an hour after 6 submits, and 12 needed", b)
		}
		if len(b.Policies) != 1 || b.Policies[0].Name != "4-fixed-window" || b.Policies[0].Left != 994 || b.Policies[0].Calls.Total() != 5 {
			t.Errorf("policies %+v, want one with the 5 calls after that which told of it", b.Policies)
		}
		if b.Waiting.Total() != 0 || b.LongestWait != 0 || b.PollDelay != 0 || !b.PausedUntil.IsZero() || b.Limited != 0 {
			t.Errorf("budget %+v, want that nothing waits", b)
		}
		time.Sleep(90 * time.Minute)
		wg.Wait()
		if s := stats(t, w.client); s.Pending != (client.PendingStats{Accepted: 2, Settled: 4}) || s.Polls != (client.PollStats{}) {
			t.Errorf("after the end of four: %+v, want them settled and no poll planned", s)
		}
	})
}

// TestStatsWhileCallsWait has more to do than the window allows: what waits shows for
// how long it has, how long it will, and the log says once in each window what would
// help.
func TestStatsWhileCallsWait(t *testing.T) {
	logger, logged := logTo()
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Workers: 100, RateLimit: mockserver.RateLimit{Limit: 50, Window: time.Hour}}
	play(t, mc, client.Config{Logger: logger}, func(w *world) {
		t := w.T
		began := time.Now()
		var wg sync.WaitGroup
		for range 70 {
			wg.Go(func() {
				op, err := w.client.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
				if err == nil {
					_, err = op.Wait(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		s := stats(t, w.client)
		b := s.Budget
		if b.Waiting.Submit == 0 || b.Waiting.Submit+s.Pending.Accepted+s.Pending.Settled != 70 || b.LongestWait < 19*time.Minute || b.LongestWait > 20*time.Minute {
			t.Errorf("%+v of %+v, want all of the 70 that were not sent to wait for 20 minutes", b, s.Pending)
		}
		if b.Waiting.Poll != s.Polls.Due || b.PollDelay < 99*time.Minute || b.PollDelay > 101*time.Minute {
			t.Errorf("a poll is said to wait for %v, want 40 minutes until the next window, which has no room for all polls, and one more: %+v", b.PollDelay, s)
		}
		if b.Needed != 2*s.Pending.Accepted+3*b.Waiting.Submit || b.Needed <= b.Left {
			t.Errorf("%d calls are needed and %d are left with %+v, want more than are left", b.Needed, b.Left, s)
		}
		wg.Wait()
		synctest.Wait()
		const words = "cannot carry the load"
		windows := int(time.Since(began)/time.Hour) + 1
		if n := strings.Count(logged.String(), words); n == 0 || n > windows {
			t.Errorf("told %d times in %d windows, want once in each that cannot carry it:\n%s", n, windows, logged)
		}
		if first := logged.String(); !strings.Contains(first, "Config.Notify") || !strings.Contains(first, "limit=50") || strings.Contains(first, "one Store") {
			t.Errorf("the log does not name what would help, with numbers:\n%s", first)
		}
	})
}

// TestALimitThatCarriesTheLoadIsNotToldOf has a batch that fits.
func TestALimitThatCarriesTheLoadIsNotToldOf(t *testing.T) {
	logger, logged := logTo()
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Workers: 100, RateLimit: mockserver.RateLimit{Limit: 200, Window: time.Hour}}
	play(t, mc, client.Config{Logger: logger}, func(w *world) {
		var ops []*client.Operation
		for range 40 {
			ops = append(ops, w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
		}
		if _, err := client.WaitAll(w.Context(), ops...); err != nil {
			w.Error(err)
		}
		if strings.Contains(logged.String(), "carry") {
			w.Errorf("the log says\n%s", logged)
		}
	})
}

func TestStatsOfAStoreThatFailsHaveTheRest(t *testing.T) {
	st := faultstore.NewMemory()
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Hour), RateLimit: mockserver.RateLimit{Limit: 100, Window: time.Hour}}
	play(t, mc, client.Config{Store: st, Tenant: "fjord"}, func(w *world) {
		w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		st.Fail("Count", faultstore.Always, errDisk)
		s, err := w.client.Stats(w.Context())
		if err == nil || !strings.Contains(err.Error(), "queued") {
			w.Errorf("got %v, want what could not be counted", err)
		}
		if s.Budget.Left != 99 || s.Pending != (client.PendingStats{}) {
			w.Errorf("got %+v, want the budget and no counts", s)
		}
	})
}

// TestNotificationsThatStopAreToldOf has five in a row lost; the next that comes ends it.
func TestNotificationsThatStopAreToldOf(t *testing.T) {
	logger, logged := logTo()
	d := &diary{}
	mc := mockserver.Config{ExecTime: mockserver.Fixed(5 * time.Second), Faults: []fault.Rule{{Times: 6, Do: fault.Notify{Drop: true}}}}
	play(t, mc, client.Config{Logger: logger, Notify: client.Subscription(), Observer: d}, func(w *world) {
		const stopped, again = "notifications have stopped", "notifications come again"
		for i := range 8 {
			w.wait(w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
			want := i + 1
			if i >= 6 {
				want = 0
			}
			if got := stats(w.T, w.client).Missed; got != want {
				w.Errorf("after %d operations, of which 6 were not told of, %d are missed in a row, want %d", i+1, got, want)
			}
			if told := strings.Count(logged.String(), stopped); told != 0 && i < 4 || told != 1 && i >= 4 {
				w.Errorf("told %d times after %d operations, want once after the fifth", told, i+1)
			}
			if ended := strings.Count(logged.String(), again); ended != 0 && i < 6 || ended != 1 && i >= 6 {
				w.Errorf("told %d times that they come again after %d operations, want once after the seventh", ended, i+1)
			}
		}
		if got := d.about("attention"); len(got) != 1 || !strings.HasPrefix(got[0], "attention no_notifications POST") {
			w.Errorf("the observer was told %q, want of the notifications, once", got)
		}
	})
}

// TestEndsThatAreFoundAtOnceMissNothing has a schedule that is quicker than a
// notification has to be.
func TestEndsThatAreFoundAtOnceMissNothing(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(5 * time.Second), Faults: []fault.Rule{{Do: fault.Notify{Drop: true}}}}
	cc := client.Config{Notify: client.Subscription(), Schedule: func(client.PollInfo) time.Duration { return 3 * time.Second }}
	play(t, mc, cc, func(w *world) {
		for range 6 {
			w.wait(w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
		}
		if got := stats(w.T, w.client).Missed; got != 0 {
			w.Errorf("%d notifications are missed, want none", got)
		}
	})
}

// TestStatsDuringRunHaveThePollsOfTheTenant has operations that another client submitted.
func TestStatsDuringRunHaveThePollsOfTheTenant(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Hour), Workers: 40}, client.Config{}, func(w *world) {
		t := w.T
		other, err := client.New(client.Config{BaseURL: base, HTTPClient: w.mock.Client(), Store: w.store})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		for range 40 {
			w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := other.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if got := stats(t, other).Polls; got.Due+got.Soon+got.Later != 40 || got.Soon < 30 {
			t.Errorf("polls %+v, want 40, most of them within a minute", got)
		}
		if got := stats(t, w.client).Polls; got != (client.PollStats{}) {
			t.Errorf("the client that does not run plans %+v, want none", got)
		}
		stop()
		wg.Wait()
		if got := stats(t, other).Polls; got != (client.PollStats{}) {
			t.Errorf("after Run %+v are planned, want none", got)
		}
	})
}

// TestPollsThatWereAskedForMissNothing has none asked for.
func TestPollsThatWereAskedForMissNothing(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(5 * time.Second)}, client.Config{}, func(w *world) {
		for range 6 {
			w.wait(w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
		}
		if got := stats(w.T, w.client).Missed; got != 0 {
			w.Errorf("%d notifications are missed, want none", got)
		}
	})
}
