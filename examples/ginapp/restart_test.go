package main

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

func TestARestartGoesOnWhereItStopped(t *testing.T) {
	for name, down := range map[string]time.Duration{"while the ERP works": time.Second, "until long after it": 20 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, nil, func(w *world) {
				w.post(good, http.StatusAccepted)
				synctest.Wait() // it is sent
				if err := w.end(); err != nil {
					w.Fatal(err)
				}
				time.Sleep(down)
				w.start()
				if s := w.status("4711"); s.State != stateWaiting {
					w.Errorf("after the restart: %+v", s)
				}
				if s := w.await("4711", stateDone); s.Invoice != "003549" {
					w.Errorf("got %+v", s)
				}
				if n, m := w.operations(invoices), w.operations("/action/release"); n != 1 || m != 1 {
					w.Errorf("%d invoices and %d releases", n, m)
				}
			})
		})
	}
}

// An order that was not sent yet is on disk.
func TestARestartSendsWhatWasQueued(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{Name: "busy", On: fault.OnIntake, Do: fault.Answer{Status: 429, RetryAfter: time.Minute}})
		w.post(good, http.StatusAccepted)
		time.Sleep(10 * time.Second)
		if err := w.end(); err != nil {
			w.Fatal(err)
		}
		time.Sleep(30 * time.Hour)
		w.mock.Faults().Remove("busy")
		w.start()
		if s := w.await("4711", stateDone); s.Invoice != "003549" || w.operations(invoices) != 1 {
			w.Errorf("got %+v and %d invoices, want it done once", s, w.operations(invoices))
		}
	})
}

// The handler of an invoice noted it, and was killed before it enqueued the release.
// Everything it does is done again, and shows once.
func TestAHandlerThatIsCutOffIsDoneAgainAndHasItsEffectOnce(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, nil, func(w *world) {
		w.post(good, http.StatusAccepted)
		op, err := w.app.client.OperationByKey(w.Context(), "4711")
		if err != nil {
			w.Fatal(err)
		}
		noted := outcome{ref: op.Ref(), order: "4711", kind: kindInvoice, invoice: "003549", code: http.StatusCreated}
		if err := w.app.book.record(w.Context(), noted); err != nil {
			w.Fatal(err)
		}
		if s := w.await("4711", stateDone); s.Invoice != "003549" {
			w.Errorf("got %+v", s)
		}
		if n, m, rows := w.operations(invoices), w.operations("/action/release"), w.rows("4711"); n != 1 || m != 1 || rows != 2 {
			w.Errorf("%d invoices, %d releases, %d rows: want 1, 1 and 2", n, m, rows)
		}
	})
}

// The process ends after a handler did everything, and before that is
// recorded: it runs once more, from the start.
func TestAHandlerThatRunsTwiceHasItsEffectOnce(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.post(good, http.StatusAccepted)
		before := w.await("4711", stateDone)
		for key, handler := range map[string]client.Handler{"4711": w.app.invoiced, releaseKey("4711"): w.app.released} {
			op, err := w.app.client.OperationByKey(w.Context(), key)
			if err != nil {
				w.Fatal(err)
			}
			res, err := op.Wait(w.Context())
			meta := map[string]string{"order": "4711", "invoice": before.Invoice}
			if err := handler(w.Context(), client.Completion{Client: w.app.client, Ref: op.Ref(), Kind: kindInvoice, Metadata: meta, Result: res, Err: err}); err != nil {
				w.Error(err)
			}
		}
		time.Sleep(time.Minute)
		if after := w.status("4711"); after != before {
			w.Errorf("got %+v, before it was %+v", after, before)
		}
		if n, m, rows := w.operations(invoices), w.operations("/action/release"), w.rows("4711"); n != 1 || m != 1 || rows != 2 {
			w.Errorf("%d invoices, %d releases, %d rows: want 1, 1 and 2", n, m, rows)
		}
	})
}

// A handler that cannot do its work does it later.
func TestAHandlerThatFailsIsRepeatedAndHasItsEffectOnce(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)}, nil, func(w *world) {
		w.post(good, http.StatusAccepted)
		if err := w.app.book.close(); err != nil {
			w.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		if got := w.metric(`background_client_runs_total{kind="invoice",outcome="retried"}`); got == "none" {
			w.Error("the handler did not fail, want it to without its book")
		}
		if err := w.end(); err != nil {
			w.Fatal(err)
		}
		w.start()
		w.await("4711", stateDone)
		if n, rows := w.operations("/action/release"), w.rows("4711"); n != 1 || rows != 2 {
			w.Errorf("%d releases, %d rows: want 1 and 2", n, rows)
		}
	})
}

// What an earlier attempt of a corrected order left is noted late, and changes
// nothing.
func TestALateOutcomeOfACorrectedOrderChangesNothing(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.post(replaced("10045", "99999"), http.StatusAccepted)
		w.await("4711", stateFailed)
		w.post(replaced("10045", "88888"), http.StatusAccepted)
		s := w.await("4711", stateFailed)
		late := outcome{ref: "of-an-earlier-attempt", order: "4711", kind: kindInvoice, code: 400, problem: "old"}
		if err := w.app.book.record(w.Context(), late); err != nil {
			w.Fatal(err)
		}
		if again := w.status("4711"); again != s || !strings.Contains(s.Problem, "88888") {
			w.Errorf("got %+v, before it was %+v", again, s)
		}
		w.post(good, http.StatusAccepted)
		w.await("4711", stateDone)
		late.ref = "of-another"
		if err := w.app.book.record(w.Context(), late); err != nil {
			w.Fatal(err)
		}
		if s := w.status("4711"); s.State != stateDone {
			w.Errorf("got %+v", s)
		}
	})
}

// A request that is being sent gets the time to be answered: cut off, it would be
// uncertain.
func TestAShutdownWaitsForWhatIsBeingSent(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{On: fault.OnIntake, Path: invoices, Times: 1, Do: fault.Answer{Delay: 5 * time.Second}})
		w.post(good, http.StatusAccepted)
		synctest.Wait() // the ERP has the request now
		begun := time.Now()
		if err := w.end(); err != nil {
			w.Errorf("ended with %v", err)
		}
		if took := time.Since(begun); took < 4*time.Second || took > 6*time.Second {
			w.Errorf("it took %v to end, want the 5 s of the answer", took)
		}
		w.start()
		if s := w.status("4711"); s.State != stateWaiting && s.State != stateDone {
			w.Errorf("got %+v, want what the answer told", s)
		}
		w.await("4711", stateDone)
		if n := w.sent(invoices); n != 1 {
			w.Errorf("sent %d times, want once", n)
		}
	})
}

func TestReadinessTellsWhatFails(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		ready := func(want int, reasons ...string) {
			w.Helper()
			code, answer := do(w.app.internal(), http.MethodGet, "/readyz", "")
			if code != want {
				w.Errorf("got %d %s, want %d", code, answer, want)
			}
			for _, r := range reasons {
				if !strings.Contains(answer, r) {
					w.Errorf("no %q in %s", r, answer)
				}
			}
		}
		alive := func() {
			w.Helper()
			if code, _ := do(w.app.internal(), http.MethodGet, "/healthz", ""); code != http.StatusOK {
				w.Errorf("not alive: %d", code)
			}
		}
		ready(http.StatusOK)
		w.app.draining.Store(true)
		ready(http.StatusServiceUnavailable, "shutting down")
		w.app.draining.Store(false)
		if err := w.app.book.close(); err != nil {
			w.Fatal(err)
		}
		ready(http.StatusServiceUnavailable, `"orders: `)
		alive()
		if err := w.app.store.Close(); err != nil {
			w.Fatal(err)
		}
		ready(http.StatusServiceUnavailable, `"orders: `, `"store: `, `"receiver: `)
		alive() // a restart would mend nothing
		if got := w.metric("background_receiver_up"); got != "0" {
			w.Errorf("background_receiver_up is %s", got)
		}
		w.post(good, http.StatusServiceUnavailable)
		w.up.Store(nil)
		if err := <-w.ended; !errors.Is(err, client.ErrClosed) { // nothing goes on without a store
			w.Errorf("ended with %v", err)
		}
	})
}

func TestTheCountersCount(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.post(good, http.StatusAccepted)
		w.post(replaced("4711", "4712", "10045", "99999"), http.StatusAccepted)
		w.await("4711", stateDone)
		w.await("4712", stateFailed)
		for series, want := range map[string]string{
			`background_client_submits_total{kind="invoice",verdict="accepted"}`:                                 "2",
			`background_client_submits_total{kind="release",verdict="accepted"}`:                                 "1",
			`background_client_settled_total{by="notification",kind="invoice",late="false",outcome="succeeded"}`: "1",
			`background_client_settled_total{by="notification",kind="invoice",late="false",outcome="failed"}`:    "1",
			`background_client_settled_total{by="notification",kind="release",late="false",outcome="succeeded"}`: "1",
			`background_client_runs_total{kind="invoice",outcome="acknowledged"}`:                                "2",
			`background_client_runs_total{kind="release",outcome="acknowledged"}`:                                "1",
			`background_client_operations{phase="settled"}`:                                                      "0",
			`background_client_up`: "1",
			`background_client_call_duration_seconds_count{call="submit",code="202"}`: "3",
			`background_client_call_duration_seconds_count{call="verify",code="200"}`: "1",
			`background_receiver_up`: "1",
			`background_receiver_request_duration_seconds_count{code="200",mode="subscription"}`: "3",
		} {
			if got := w.metric(series); got != want {
				w.Errorf("%s is %s, want %s", series, got, want)
			}
		}
	})
}

// The ERP forgets after 24 hours. What was not looked at by then is not known,
// and is not done again either.
func TestAnOutageOfMoreThanADayLeavesTheOrderToAPerson(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{Path: invoices, Do: fault.Notify{Drop: true}})
		w.post(good, http.StatusAccepted)
		synctest.Wait() // it is sent
		if err := w.end(); err != nil {
			w.Fatal(err)
		}
		time.Sleep(30 * time.Hour)
		w.start()
		if s := w.await("4711", stateFailed); !strings.Contains(s.Problem, "no longer knows") {
			w.Errorf("got %+v", s)
		}
		w.post(good, http.StatusAccepted) // the same answer, and nothing is sent
		w.post(replaced(":2}", ":3}"), http.StatusConflict)
		if n := w.operations(invoices); n != 1 {
			w.Errorf("%d invoices", n)
		}
	})
}

func TestManyCallersWithOneOrderMakeOneInvoice(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)}, nil, func(w *world) {
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				if code, answer := w.do(http.MethodPost, "/orders", good); code != http.StatusAccepted {
					w.Errorf("answered %d %s", code, answer)
				}
			})
		}
		callers.Wait()
		w.await("4711", stateDone)
		if n, m := w.operations(invoices), w.operations("/action/release"); n != 1 || m != 1 {
			w.Errorf("%d invoices and %d releases", n, m)
		}
	})
}
