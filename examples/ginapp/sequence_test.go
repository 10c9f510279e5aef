package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// inSequence is good under another number, in a sequence.
func inSequence(number string) string {
	return replaced(`"4711"`, fmt.Sprintf(`%q,"sequence":"bikes"`, number))
}

func TestOrdersOfASequenceAreMadeOneAfterAnother(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, nil, func(w *world) {
		for _, number := range []string{"1", "2", "3"} {
			w.post(inSequence(number), http.StatusAccepted)
		}
		time.Sleep(30 * time.Second)
		for number, want := range map[string]string{"1": stateWaiting, "2": stateQueued, "3": stateQueued} {
			if s := w.status(number); s.State != want || want == stateQueued && !strings.Contains(s.Problem, "before it in the sequence bikes") {
				w.Errorf("order %s is %+v, want it %s", number, s, want)
			}
		}
		w.wantWaiting()
		if err := w.end(); err != nil {
			w.Fatal(err)
		}
		w.start()
		for i, number := range []string{"1", "2", "3"} {
			if s, want := w.await(number, stateDone), fmt.Sprintf("00%d", 3549+i); s.Invoice != want {
				w.Errorf("order %s got the invoice %s, want %s", number, s.Invoice, want)
			}
		}
		if n := w.sent(invoices); n != 3 {
			w.Errorf("%d invoices were sent, want 3", n)
		}
	})
}

// listed returns what the list for people says of the only order in it.
func (w *world) listed() waiting {
	w.Helper()
	_, answer := w.do(http.MethodGet, "/attention", "")
	var got struct{ Orders []waiting }
	if err := json.Unmarshal([]byte(answer), &got); err != nil || len(got.Orders) != 1 {
		w.Fatalf("GET /attention: %s, want one order", answer)
	}
	return got.Orders[0]
}

// An order that fails stops those behind it, until it is made, or a person has the
// others go on.
func TestAnOrderThatFailsStopsItsSequence(t *testing.T) {
	const (
		retry = `{"outcome":"retry","reason":"the customer is there now"}`
		skip  = `{"outcome":"skip","reason":"a mistake of ours"}`
	)
	for name, tt := range map[string]struct {
		remedy func(w *world)
		first  string // its state in the end
		posts  int
	}{
		"it is corrected": {func(w *world) { w.post(inSequence("1"), http.StatusAccepted) }, stateDone, 3},
		"retry, which fails, then skip": {func(w *world) {
			w.tell("1", `{"outcome":"retry"}`, http.StatusBadRequest) // without a reason
			w.tell("1", foundIt, http.StatusBadRequest)
			w.tell("1", retry, http.StatusOK)
			w.await("1", stateFailed)
			w.tell("1", skip, http.StatusOK)
		}, stateFailed, 3},
		"skip":                     {func(w *world) { w.tell("1", skip, http.StatusOK) }, stateFailed, 2},
		"skip, then it is correct": {func(w *world) { w.tell("1", skip, http.StatusOK); w.post(inSequence("1"), http.StatusAccepted) }, stateDone, 3},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{}, nil, func(w *world) {
				w.post(strings.Replace(inSequence("1"), "10045", "99999", 1), http.StatusAccepted)
				w.post(inSequence("2"), http.StatusAccepted)
				w.post(good, http.StatusAccepted) // in no sequence
				w.await("4711", stateDone)
				w.await("1", stateFailed)
				time.Sleep(time.Hour)
				w.wantWaiting("1 invoice failed")
				if l := w.listed(); l.Sequence != "bikes" || l.Behind != 1 || l.Phase != string(store.Dead) {
					w.Errorf("got %+v, want one order behind it in its sequence", l)
				}
				if s := w.status("2"); s.State != stateQueued {
					w.Errorf("the order behind it is %+v, want it queued", s)
				}
				tt.remedy(w)
				w.await("1", tt.first)
				w.await("2", stateDone)
				w.wantWaiting()
				if n := w.sent(invoices) - 1; n != tt.posts {
					w.Errorf("%d invoices were sent for both, want %d", n, tt.posts)
				}
				if _, answer := do(w.app.internal(), http.MethodGet, "/readyz", ""); !strings.Contains(answer, `"attention":{}`) {
					w.Errorf("readyz tells %s, want that nobody is needed", answer)
				}
			})
		})
	}
}

// What was in its way is mended, and it is sent once more.
func TestAnOrderIsRetriedInItsSequence(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{Path: invoices, Times: 1, Do: fault.Queue{Fail: "The period is closed."}})
		w.post(inSequence("1"), http.StatusAccepted)
		w.post(inSequence("2"), http.StatusAccepted)
		w.await("1", stateFailed)
		w.wantWaiting("1 invoice failed")
		w.tell("1", `{"outcome":"retry","reason":"the period is open"}`, http.StatusOK)
		if s := w.await("1", stateDone); s.Invoice != "003549" || s.Problem != "" {
			w.Errorf("got %+v, want it made", s)
		}
		if s := w.await("2", stateDone); s.Invoice != "003550" {
			w.Errorf("got %+v, want it made after the first", s)
		}
		w.wantWaiting()
		if n := w.rows("1"); n != 2 {
			w.Errorf("%d rows, want one for the invoice and one for the release", n)
		}
	})
}

// Whoever finds out what became of the first one has those behind it go on.
func TestAnOrderThatIsUncertainStopsItsSequence(t *testing.T) {
	for name, tt := range map[string]struct {
		told    string
		waiting []string
	}{
		"done":     {foundIt, nil},
		"not done": {notDone, nil},
		"given up": {`{"outcome":"given-up","reason":"nobody knows"}`, nil},
		"skip":     {`{"outcome":"skip","reason":"the others are urgent"}`, []string{"1 invoice uncertain"}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{}, nil, func(w *world) {
				w.add(lose(invoices)...)
				w.post(inSequence("1"), http.StatusAccepted)
				w.post(inSequence("2"), http.StatusAccepted)
				w.await("1", stateUncertain)
				if l := w.listed(); l.Sequence != "bikes" || l.Behind != 1 || !strings.Contains(l.Attention, "skip") {
					w.Errorf("got %+v, want one order behind it", l)
				}
				w.tell("1", tt.told, http.StatusOK)
				w.await("2", stateDone)
				w.wantWaiting(tt.waiting...)
			})
		})
	}
}

// The ERP has forgotten it, and a person has found the invoice.
func TestAnOrderThatExpiredStopsItsSequence(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.add(fault.Rule{Path: invoices, Times: 1, Do: fault.Notify{Drop: true}})
		w.post(inSequence("1"), http.StatusAccepted)
		w.post(inSequence("2"), http.StatusAccepted)
		synctest.Wait() // the first one is sent
		if err := w.end(); err != nil {
			w.Fatal(err)
		}
		time.Sleep(30 * time.Hour)
		w.start()
		w.await("1", stateFailed)
		w.wantWaiting("1 invoice failed")
		w.tell("1", foundIt, http.StatusOK)
		w.await("1", stateDone)
		w.await("2", stateDone)
		w.wantWaiting()
		if n := w.sent(invoices); n != 2 {
			w.Errorf("%d invoices were sent, want 2", n)
		}
	})
}
