package contender

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/bench/internal/memerp"
	"github.com/vismanet-go/background/client"
)

func everyone(t *testing.T, s *memerp.Server) map[string]Contender {
	goog, err := Google(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	our, err := Ours(s, client.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Contender{"floor": Floor(s), "retryable": Retryable(s), "azcore": Azcore(s, 0), "google": goog, "ours": our}
}

// All contenders do the same work: what is counted of them can be compared.
func TestContendersDoTheSameCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memerp.Server{Running: 2}
		for name, c := range everyone(t, s) {
			before, _ := s.Tally()
			op, err := c.Submit(t.Context(), Path)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			polls := 0
			for ended := false; !ended; polls++ {
				if ended, err = op.Poll(t.Context()); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			inv, err := op.Result(t.Context())
			if err != nil || inv.InvoiceNumber != "300142" || len(inv.InvoiceLines) != 2 {
				t.Errorf("%s: got %+v, %v", name, inv, err)
			}
			after, _ := s.Tally()
			if got := after.Calls() - before.Calls(); polls != 3 || got != 5 {
				t.Errorf("%s: made %d polls and %d calls, want 3 and 5", name, polls, got)
			}
			if err := c.Close(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestContendersWaitUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memerp.Server{Runs: func(int) time.Duration { return 10 * time.Second }}
		for name, c := range everyone(t, s) {
			begun := time.Now()
			op, err := c.Submit(t.Context(), Path)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if inv, err := op.Wait(t.Context()); err != nil || inv.Amount != 1250.5 {
				t.Errorf("%s: got %+v, %v", name, inv, err)
			}
			if took := time.Since(begun); took < 10*time.Second || took > time.Minute {
				t.Errorf("%s: waited %v for an operation of 10 s", name, took)
			}
			if err := c.Close(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
