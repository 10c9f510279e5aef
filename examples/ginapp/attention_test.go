package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// lose has the ERP take what is posted to a path, and tell nobody.
func lose(path string) []fault.Rule {
	return []fault.Rule{
		{On: fault.OnIntake, Path: path, Times: 1, Do: fault.Answer{Process: true, Drop: true}},
		{Path: path, Times: 1, Do: fault.Notify{Drop: true}},
	}
}

// tell tells of an order and wants a status code.
func (w *world) tell(order, body string, want int) string {
	w.Helper()
	code, answer := w.do(http.MethodPost, "/attention/"+order, body)
	if code != want {
		w.Fatalf("POST /attention/%s %s: got %d %s, want %d", order, body, code, answer, want)
	}
	return answer
}

// waiting lists what waits for a person, as "order step state".
func (w *world) waiting() (list []string) {
	w.Helper()
	code, answer := w.do(http.MethodGet, "/attention", "")
	var got struct{ Orders []waiting }
	if err := json.Unmarshal([]byte(answer), &got); err != nil || code != http.StatusOK {
		w.Fatalf("GET /attention: %d %s", code, answer)
	}
	for _, o := range got.Orders {
		list = append(list, o.Order+" "+o.Step+" "+o.State)
		if o.Attention == "" || o.Problem == "" {
			w.Errorf("nothing tells what to do: %+v", o)
		}
	}
	return list
}

func (w *world) wantWaiting(want ...string) {
	w.Helper()
	if got := w.waiting(); !slices.Equal(got, want) {
		w.Errorf("got %q, want %q", got, want)
	}
}

// sent counts the requests that reached the ERP by a POST whose path has an end.
func (w *world) sent(end string) (n int) {
	for _, r := range w.mock.Journal().Requests("") {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, end) {
			n++
		}
	}
	return n
}

const (
	foundIt  = `{"outcome":"done","invoice":"003549","reason":"seen in the ERP"}`
	released = `{"outcome":"done","reason":"seen in the ERP"}`
	notDone  = `{"outcome":"not-done","reason":"not in the ERP"}`
)

func TestAPersonTellsOfAnInvoice(t *testing.T) {
	for name, tt := range map[string]struct {
		told           string
		state          string // after it
		again          bool   // the order is posted again
		invoice        string // in the end
		posts, release int    // that were sent
	}{
		"done":     {foundIt, stateDone, false, "003549", 1, 1},
		"not done": {notDone, stateDone, false, "003550", 2, 1}, // it is sent once more by itself
		"given up": {`{"outcome":"given-up","reason":"nobody knows"}`, stateFailed, true, "003550", 2, 1},
		"accepted": {`{"outcome":"accepted","id":"ID"}`, stateDone, false, "003549", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{}, nil, func(w *world) {
				w.add(lose(invoices)...)
				w.post(good, http.StatusAccepted)
				time.Sleep(time.Minute)
				w.wantWaiting("4711 invoice uncertain")
				w.tell("4711", strings.Replace(tt.told, "ID", w.taken()[0].ID, 1), http.StatusOK)
				w.await("4711", tt.state)
				w.wantWaiting()
				w.tell("4711", foundIt, http.StatusConflict)
				if tt.again {
					w.post(good, http.StatusAccepted)
				}
				if s := w.await("4711", stateDone); s.Invoice != tt.invoice || s.Attention != "" {
					w.Errorf("got %+v, want the invoice %s", s, tt.invoice)
				}
				if n, m := w.sent(invoices), w.sent("/action/release"); n != tt.posts || m != tt.release {
					w.Errorf("%d invoices and %d releases were sent, want %d and %d", n, m, tt.posts, tt.release)
				}
			})
		})
	}
}

// Whoever gives an order up may be wrong. Then there are two invoices, of which
// one is released, and a person hears of the other.
func TestTwoInvoicesOfAnOrderThatWasGivenUpAreTold(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(lose(invoices)...)
		w.post(good, http.StatusAccepted)
		w.await("4711", stateUncertain)
		first, err := w.app.client.OperationByKey(w.Context(), "4711")
		if err != nil {
			w.Fatal(err)
		}
		w.tell("4711", `{"outcome":"given-up","reason":"nobody knows"}`, http.StatusOK)
		w.post(good, http.StatusAccepted)
		w.await("4711", stateDone)
		if err := first.Resolve(w.Context(), client.AcceptedAs(w.taken()[0].ID)); err != nil {
			w.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if n := strings.Count(w.logs.String(), "two invoices were made of one order"); n != 1 {
			w.Errorf("it is told %d times, want once", n)
		}
		if s := w.status("4711"); s.State != stateDone || s.Invoice != "003550" || w.sent("/action/release") != 1 {
			w.Errorf("got %+v and %d releases", s, w.sent("/action/release"))
		}
		w.wantWaiting()
	})
}

func TestAPersonTellsOfARelease(t *testing.T) {
	for name, tt := range map[string]struct {
		told  string
		posts int
	}{"done": {released, 1}, "not done": {notDone, 2}} {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{}, nil, func(w *world) {
				w.add(lose(releases)...)
				w.post(good, http.StatusAccepted)
				w.await("4711", stateUncertain)
				w.wantWaiting("4711 release uncertain")
				w.tell("4711", tt.told, http.StatusOK)
				if tt.posts == 2 { // the first one was done, so the second is refused
					s := w.await("4711", stateFailed)
					w.wantWaiting("4711 release failed")
					w.tell("4711", released, http.StatusOK)
					if s.Invoice != "003549" {
						w.Errorf("got %+v", s)
					}
				}
				if s := w.await("4711", stateDone); s.Invoice != "003549" {
					w.Errorf("got %+v", s)
				}
				if n := w.sent("/action/release"); n != tt.posts {
					w.Errorf("%d releases were sent, want %d", n, tt.posts)
				}
				w.wantWaiting()
			})
		})
	}
}

func TestWhatAPersonTellsIsChecked(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(lose(invoices)...)
		w.post(good, http.StatusAccepted)
		time.Sleep(time.Minute)
		for body, want := range map[string]string{
			``:                                "body: EOF",
			`[]`:                              "body: want an object",
			`{"result":"done"}`:               `unknown field`,
			`{"outcome":1}`:                   "outcome: want a string",
			`{"reason":"x"}`:                  "outcome: want done or not-done or accepted or given-up for the invoice, which is uncertain",
			`{"outcome":"maybe"}`:             "outcome: want done or",
			`{"outcome":"done","reason":"x"}`: "invoice: want the number",
			`{"outcome":"done","invoice":"../1","reason":"x"}`:                   "invoice: want the number",
			`{"outcome":"done","invoice":"003549"}`:                              "reason: want how you know",
			`{"outcome":"done","invoice":"1","id":"2","reason":"x"}`:             "id: goes with the outcome accepted",
			`{"outcome":"not-done","invoice":"003549","reason":"x"}`:             "invoice: goes with the outcome done",
			`{"outcome":"not-done"}`:                                             "reason: want how you know",
			`{"outcome":"accepted"}`:                                             "id: want that of the operation",
			`{"outcome":"accepted","id":"003549"}`:                               "id: ",
			`{"outcome":"accepted","id":"2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"}`: "id: ",
		} {
			if answer := w.tell("4711", body, http.StatusBadRequest); !strings.Contains(answer, want) {
				w.Errorf("%s: got %s, want %s", body, answer, want)
			}
		}
		w.tell("4712", foundIt, http.StatusNotFound)
		w.wantWaiting("4711 invoice uncertain")
		if n := w.sent(invoices); n != 1 {
			w.Errorf("%d invoices were sent", n)
		}
	})
}

func TestAPersonTellsOfAnOrderThatFailedAndMayHaveBeenMade(t *testing.T) {
	for name, made := range map[string]bool{"it was": true, "it was not": false} {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{}, nil, func(w *world) {
				w.add(fault.Rule{Path: invoices, Times: 1, Do: fault.Queue{Fail: "The server was restarted.", Late: made}})
				w.post(good, http.StatusAccepted)
				w.await("4711", stateFailed)
				w.wantWaiting("4711 invoice failed")
				w.tell("4711", `{"outcome":"accepted","id":"x"}`, http.StatusBadRequest)
				if made {
					w.tell("4711", foundIt, http.StatusOK)
				} else {
					w.tell("4711", notDone, http.StatusOK)
					w.wantWaiting()
					w.post(good, http.StatusAccepted)
				}
				if s := w.await("4711", stateDone); s.Invoice != "003549" {
					w.Errorf("got %+v", s)
				}
				if n := w.sent(invoices); n != map[bool]int{true: 1, false: 2}[made] {
					w.Errorf("%d invoices were sent", n)
				}
				w.wantWaiting()
			})
		})
	}
}

// That a call is not allowed says nothing of the order, and a person mends it.
func TestAnOrderWhoseReleaseIsForbiddenWaitsForAPerson(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{Name: "forbidden", On: fault.OnIntake, Path: releases, Do: fault.Answer{Status: 403}})
		w.post(good, http.StatusAccepted)
		s := w.await("4711", stateFailed)
		if s.Invoice != "003549" || !strings.Contains(s.Problem, "403") {
			w.Errorf("got %+v", s)
		}
		w.wantWaiting("4711 release failed")
		w.mock.Faults().Remove("forbidden")
		w.tell("4711", notDone, http.StatusOK)
		w.await("4711", stateDone)
		w.wantWaiting()
	})
}

// The book cannot be written for a day, and then the cause is mended.
func TestAnOrderWhoseHandlerFailsForGoodWaitsForAPerson(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)}, nil, func(w *world) {
		w.post(good, http.StatusAccepted)
		if err := w.app.book.close(); err != nil {
			w.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if err := w.end(); err != nil {
			w.Fatal(err)
		}
		w.start()
		if s := w.status("4711"); s.State != stateFailed || !strings.Contains(s.Attention, "replay") {
			w.Errorf("got %+v, want a failed order that can be replayed", s)
		}
		w.wantWaiting("4711 invoice failed")
		if _, answer := do(w.app.internal(), http.MethodGet, "/readyz", ""); !strings.Contains(answer, `"attention":{"dead":1}`) {
			w.Errorf("readyz tells %s", answer)
		}
		w.tell("4711", foundIt, http.StatusBadRequest)
		w.tell("4711", `{"outcome":"replay"}`, http.StatusOK)
		w.await("4711", stateDone)
		w.wantWaiting()
	})
}

func TestAnUnclearEndWaitsForAPerson(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Hour)}, nil, func(w *world) {
		w.post(good, http.StatusAccepted)
		time.Sleep(time.Minute)
		op, err := w.app.client.OperationByKey(w.Context(), "4711")
		if err != nil {
			w.Fatal(err)
		}
		fact := store.UnclearFact{ID: op.ID(), Outcome: store.Outcome{Status: "Completed", StatusCode: 201}}
		if _, err := w.app.store.Report(w.Context(), w.cfg.tenant, op.Ref(), fact); err != nil {
			w.Fatal(err)
		}
		if s := w.status("4711"); s.State != stateUnclear || !strings.Contains(s.Problem, `"Completed"`) {
			w.Errorf("got %+v", s)
		}
		w.post(replaced(":2}", ":3}"), http.StatusConflict)
		w.tell("4711", `{"outcome":"accepted","id":"2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"}`, http.StatusBadRequest)
		time.Sleep(2 * time.Hour)
		w.tell("4711", foundIt, http.StatusOK)
		if s := w.await("4711", stateDone); s.Invoice != "003549" {
			w.Errorf("got %+v", s)
		}
	})
}

// What nobody noted before it was purged is neither done nor forgotten.
func TestAPurgedOrderThatNobodyNotedWaitsForAPerson(t *testing.T) {
	play(t, mockserver.Config{}, func(c *config) { c.release = false }, func(w *world) {
		w.post(good, http.StatusAccepted)
		w.await("4711", stateDone)
		if _, err := w.app.store.Purge(w.Context(), store.AnyTenant, store.Retention{Ended: time.Now().Add(time.Hour)}); err != nil {
			w.Fatal(err)
		}
		if _, err := w.app.book.db.Exec("DELETE FROM outcomes"); err != nil {
			w.Fatal(err)
		}
		w.post(good, http.StatusAccepted)
		w.wantWaiting("4711 invoice failed")
		w.tell("4711", foundIt, http.StatusOK)
		if s := w.status("4711"); s.State != stateDone || s.Invoice != "003549" || w.sent(invoices) != 1 {
			w.Errorf("got %+v", s)
		}
	})
}

func TestOnlyARefusalLetsAnOrderBeCorrected(t *testing.T) {
	for code, want := range map[int]bool{
		0: false, 200: false, 201: false, 400: true, 401: false, 403: false, 404: true, 408: false, 409: false, 413: true, 415: true, 422: true,
		425: false, 429: false, 499: false, 500: false, 502: false, 503: false, 504: false,
	} {
		if got := (outcome{ref: "r", code: code, problem: "p"}).refused(); got != want {
			t.Errorf("after a %d: got %t, want %t", code, got, want)
		}
	}
	if (outcome{ref: "r", code: 400}).refused() {
		t.Error("a success is refused")
	}
}

// What the ERP made has a number of its own, whatever is in it; without one a
// person has to look.
func TestTheNumberIsReadFromWhatTheERPTells(t *testing.T) {
	for location, want := range map[string]string{
		"/v2/customerinvoice/003549": "003549", "https://erp.test/v2/customerinvoice/A%20100%25": "A 100%", "/v2/customerinvoice/%C3%85R-1/": "ÅR-1",
		"": "", "/": "", "/v2/customerinvoice/..": "", "/v2/customerinvoice/a%2Fb": "",
	} {
		res := &client.Result{StatusCode: http.StatusCreated, Header: http.Header{"Location": {location}}}
		if got := invoiceOf(res); got != want {
			t.Errorf("Location %q: got %q, want %q", location, got, want)
		}
	}
}

func TestAFileIsNamedToTheDriverOnEverySystem(t *testing.T) {
	for path, want := range map[string]string{
		"/data/orders.db": "file:///data/orders.db", "C:/my data/orders.db": "file:///C:/my%20data/orders.db", "/a?b#c%d": "file:///a%3Fb%23c%25d",
	} {
		if got := sourceOf(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}
