package main

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/store"
)

const (
	invoices = "/v2/customerinvoice"
	releases = "/v1/customerinvoice/{number}/action/release"
)

func TestAnOrderBecomesAReleasedInvoice(t *testing.T) {
	for _, notify := range []string{"subscription", "url"} {
		t.Run(notify, func(t *testing.T) {
			play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)}, func(c *config) { c.notify = notify }, func(w *world) {
				answer := w.post(good, http.StatusAccepted)
				if !strings.Contains(answer, `"status":"/orders/4711"`) {
					w.Errorf("answered %s", answer)
				}
				synctest.Wait() // it is sent
				if s := w.status("4711"); s.State != stateWaiting || s.Invoice != "" {
					w.Errorf("at once: %+v", s)
				}
				begun := time.Now()
				if s := w.await("4711", stateDone); s.Invoice != "003549" || s.Problem != "" {
					w.Errorf("got %+v", s)
				}
				// Two operations of a second each: notified, not polled for.
				if took := time.Since(begun); took > 3*time.Second {
					w.Errorf("took %v", took)
				}
				if n, m := w.operations(invoices), w.operations("/action/release"); n != 1 || m != 1 {
					w.Errorf("%d invoices and %d releases, want 1 of each", n, m)
				}
				if strings.Contains(w.logs.String(), webhookPath+"/") && !strings.Contains(w.logs.String(), webhookPath+"/[redacted]") {
					w.Error("the log shows the address of a webhook")
				}
			})
		})
	}
}

func TestAnOrderIsDoneOnceItsInvoiceIsMadeWhereNothingIsReleased(t *testing.T) {
	play(t, mockserver.Config{}, func(c *config) { c.release = false }, func(w *world) {
		w.post(good, http.StatusAccepted)
		if s := w.await("4711", stateDone); s.Invoice != "003549" || w.operations("/action/release") != 0 {
			w.Errorf("got %+v and %d releases", s, w.operations("/action/release"))
		}
	})
}

func TestALostAnswerIsUncertainUntilTheNotification(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(
			fault.Rule{On: fault.OnIntake, Path: invoices, Times: 1, Do: fault.Answer{Process: true, Drop: true}},
			fault.Rule{Path: invoices, Times: 1, Do: fault.Notify{Delay: time.Minute}},
		)
		w.post(good, http.StatusAccepted)
		time.Sleep(time.Second)
		w.post(good, http.StatusAccepted) // a caller that repeats itself
		if s := w.status("4711"); s.State != stateUncertain {
			w.Errorf("got %+v", s)
		}
		if got := w.metric(`background_client_operations{phase="uncertain"}`); got != "1" {
			w.Errorf("%s uncertain operations are measured", got)
		}
		time.Sleep(30 * time.Second)
		if s := w.status("4711"); s.State != stateUncertain {
			w.Errorf("half a minute later: %+v", s)
		}
		if s := w.await("4711", stateDone); s.Invoice != "003549" {
			w.Errorf("got %+v", s)
		}
		if n := w.operations(invoices); n != 1 {
			w.Errorf("%d invoices", n)
		}
	})
}

// Neither the answer nor the notification comes, and the invoice is there.
func TestAnInvoiceThatNobodyToldOfIsFound(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(
			fault.Rule{On: fault.OnIntake, Path: invoices, Times: 1, Do: fault.Answer{Process: true, Drop: true}},
			fault.Rule{Path: invoices, Times: 1, Do: fault.Notify{Drop: true}},
		)
		w.post(good, http.StatusAccepted)
		time.Sleep(14 * time.Minute)
		if s := w.status("4711"); s.State != stateUncertain {
			w.Errorf("got %+v while a notification may come, want it uncertain", s)
		}
		if s := w.await("4711", stateDone); s.Invoice != "003549" {
			w.Errorf("got %+v, want the invoice that was made", s)
		}
		if n := w.operations(invoices); n != 1 {
			w.Errorf("%d invoices, want 1", n)
		}
	})
}

// No answer comes, and no invoice: posting the order again is left to a person.
func TestAnInvoiceThatIsNotFoundWaitsForAPerson(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{On: fault.OnIntake, Path: invoices, Times: 1, Do: fault.Answer{Drop: true}})
		w.post(good, http.StatusAccepted)
		time.Sleep(12 * time.Hour)
		if s := w.status("4711"); s.State != stateUncertain {
			w.Errorf("got %+v, want it uncertain", s)
		}
		w.post(good, http.StatusAccepted)
		if n := w.sent(invoices); n != 1 {
			w.Errorf("sent %d times, want once", n)
		}
	})
}

func TestARefusedOrderCanBeCorrected(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		wrong := replaced("10045", "99999")
		w.post(wrong, http.StatusAccepted)
		s := w.await("4711", stateFailed)
		if want := "Customer '99999' cannot be found in the system."; s.Problem != want || s.Invoice != "" {
			w.Errorf("got %+v, want the problem %s", s, want)
		}
		w.post(wrong, http.StatusAccepted) // says nothing new, so does nothing
		if s := w.status("4711"); s.State != stateFailed || w.operations(invoices) != 1 {
			w.Errorf("after the same order again: %+v, %d operations", s, w.operations(invoices))
		}
		w.post(good, http.StatusAccepted)
		if s := w.await("4711", stateDone); s.Invoice != "003549" || s.Problem != "" {
			w.Errorf("got %+v", s)
		}
		w.post(wrong, http.StatusConflict)
		if n := w.rows("4711"); n != 3 { // refused, made, released
			w.Errorf("%d rows", n)
		}
	})
}

func TestAnOrderIsNotCorrectedWhereTheERPMayHaveMadeItsInvoice(t *testing.T) {
	for name, do := range map[string]fault.Rule{
		"it failed after its effect": {Path: invoices, Do: fault.Queue{Fail: "The server was restarted.", Late: true}},
		"it is uncertain":            {On: fault.OnIntake, Path: invoices, Do: fault.Answer{Status: 503}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{}, nil, func(w *world) {
				w.add(do)
				w.post(good, http.StatusAccepted)
				time.Sleep(10 * time.Second)
				if s := w.status("4711"); s.State != stateFailed && s.State != stateUncertain {
					w.Errorf("got %+v", s)
				}
				w.post(replaced(":2}", ":3}"), http.StatusConflict)
			})
		})
	}
}

func TestANumberIsForOneOrder(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)}, nil, func(w *world) {
		other := replaced(":2}", ":3}")
		w.post(good, http.StatusAccepted)
		w.post(other, http.StatusConflict) // while it is under way
		w.await("4711", stateDone)
		w.post(other, http.StatusConflict)
		w.post(" "+good, http.StatusAccepted) // the same order
		if n := w.operations(invoices); n != 1 {
			w.Errorf("%d invoices", n)
		}
	})
}

func TestWhatThePurgeTookIsStillInTheBook(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.post(replaced("10045", "99999"), http.StatusAccepted)
		w.await("4711", stateFailed)
		w.post(good, http.StatusAccepted)
		w.await("4711", stateDone)
		late := outcome{ref: "of-an-earlier-attempt", order: "4711", kind: kindInvoice, code: 400, problem: "old"}
		if err := w.app.book.record(w.Context(), late); err != nil {
			w.Fatal(err)
		}
		if n, err := w.app.store.Purge(w.Context(), store.AnyTenant, store.Retention{Ended: time.Now().Add(time.Hour)}); err != nil || n.Total() != 3 {
			w.Fatalf("purged %+v, %v", n, err)
		}
		if s := w.status("4711"); s.State != stateDone || s.Invoice != "003549" {
			w.Errorf("got %+v", s)
		}
		w.post(good, http.StatusAccepted)
		w.post(replaced(":2}", ":3}"), http.StatusConflict)
		if n := w.operations(invoices); n != 2 {
			w.Errorf("%d operations, want the refused one and the other", n)
		}
	})
}

func TestAReleaseThatTheERPRefusesIsToldWithTheInvoice(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{Path: releases, Do: fault.Queue{Fail: "The period is closed."}})
		w.post(good, http.StatusAccepted)
		if s := w.await("4711", stateFailed); s.Invoice != "003549" || s.Problem != "The period is closed." {
			w.Errorf("got %+v", s)
		}
		w.post(replaced(":2}", ":3}"), http.StatusConflict) // its invoice exists
	})
}

// The ERP runs the order at once, and the store fails before that is recorded:
// the caller must not take it for not sent.
func TestAnOrderThatRanAtOnceAndIsNotRecordedIsTaken(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{On: fault.OnIntake, Path: invoices, Do: fault.Answer{Foreground: true, Delay: 2 * time.Second}})
		go func() {
			time.Sleep(time.Second)
			if err := w.app.store.Close(); err != nil {
				w.Error(err)
			}
		}()
		w.post(good, http.StatusAccepted)
		w.up.Store(nil)
		if err := <-w.ended; !errors.Is(err, client.ErrClosed) { // nothing goes on without a store
			w.Errorf("ended with %v", err)
		}
		time.Sleep(time.Minute)
		w.start()
		w.post(good, http.StatusAccepted) // nobody knows any more, so it is not sent again
		if s := w.status("4711"); s.State != stateUncertain {
			w.Errorf("got %+v", s)
		}
		sent := w.mock.Journal().Requests("")
		sent = slices.DeleteFunc(sent, func(r journal.Request) bool { return r.Method != http.MethodPost || r.Path != invoices })
		if len(sent) != 1 {
			w.Errorf("sent %d times", len(sent))
		}
	})
}

// What the ERP does not take is kept, and sent again by itself.
func TestWhatTheERPDoesNotTakeIsSentAgain(t *testing.T) {
	tests := map[string]struct {
		fault   fault.Answer
		problem string
	}{
		"rate limit":   {fault.Answer{Status: 429, RetryAfter: 10 * time.Minute}, "answered 429"},
		"unauthorized": {fault.Answer{Status: 401}, "answered 401"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{}, nil, func(w *world) {
				w.add(fault.Rule{Name: "no", On: fault.OnIntake, Do: tt.fault})
				w.post(good, http.StatusAccepted)
				time.Sleep(time.Minute)
				if s := w.status("4711"); s.State != stateQueued || s.Problem != tt.problem || s.Attention != "" {
					w.Errorf("got %+v, want it queued, because it was %s", s, tt.problem)
				}
				w.post(replaced(":2}", ":3}"), http.StatusConflict) // the number is taken
				w.mock.Faults().Remove("no")
				w.await("4711", stateDone)
				if n := w.operations(invoices); n != 1 {
					w.Errorf("%d invoices, want 1", n)
				}
			})
		})
	}
}

// What it refuses for good is told, also where that is no fault of the order.
func TestACallThatTheERPRefusesWaitsForAPerson(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{On: fault.OnIntake, Path: invoices, Times: 1, Do: fault.Answer{Status: 403}})
		w.post(good, http.StatusAccepted)
		if s := w.await("4711", stateFailed); !strings.Contains(s.Problem, "403") {
			w.Errorf("got %+v, want the 403 as its problem", s)
		}
		w.post(replaced(":2}", ":3}"), http.StatusConflict)
		w.wantWaiting("4711 invoice failed")
		w.tell("4711", notDone, http.StatusOK)
		w.post(replaced(":2}", ":3}"), http.StatusAccepted)
		w.await("4711", stateDone)
	})
}
