package handler_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/store"
)

func TestWhatARunReturnsDecides(t *testing.T) {
	failed := errors.New("no room")
	for _, tt := range []struct {
		name string
		run  handler.Run
		want handler.Outcome
		does store.Decision
	}{
		{"nil", handler.Run{Attempt: 3}, handler.Acknowledged, store.AcknowledgeDecision{}},
		{"nil in a shutdown", handler.Run{Attempt: 1, Interrupted: true}, handler.Acknowledged, store.AcknowledgeDecision{}},
		{"an error in a shutdown", handler.Run{Attempt: 3, Err: failed, Interrupted: true}, handler.Interrupted, store.InterruptDecision{}},
		{"the last error", handler.Run{Attempt: 3, Err: failed}, handler.Dead, store.DeadLetterDecision{Reason: "no room"}},
		{"one too many", handler.Run{Attempt: 4, Err: failed}, handler.Dead, store.DeadLetterDecision{Reason: "no room"}},
		{"Discard", handler.Run{Attempt: 1, Err: handler.Discard(failed)}, handler.Discarded, store.DeadLetterDecision{Reason: "no room"}},
		{"Discard in a shutdown", handler.Run{Attempt: 1, Err: handler.Discard(failed), Interrupted: true}, handler.Discarded, store.DeadLetterDecision{Reason: "no room"}},
		{"Discard, wrapped", handler.Run{Attempt: 1, Err: fmt.Errorf("order: %w", handler.Discard(failed))}, handler.Discarded, store.DeadLetterDecision{Reason: "order: no room"}},
		{"Discard of nothing", handler.Run{Attempt: 1, Err: handler.Discard(nil)}, handler.Discarded, store.DeadLetterDecision{Reason: "discarded"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, decision := tt.run.Follows(3)
			if got != tt.want || decision != tt.does {
				t.Errorf("got %s and %+v, want %s and %+v", got, decision, tt.want, tt.does)
			}
			again := tt.want == handler.Interrupted
			if got.Again() != again {
				t.Errorf("%s: again %t, want %t", got, got.Again(), again)
			}
		})
	}
}

func TestAFailedRunIsRepeatedAfterAGrowingWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for attempt := 1; attempt < 40; attempt++ {
			outcome, decision := handler.Run{Attempt: attempt, Err: errors.New("busy")}.Follows(100)
			retry, ok := decision.(store.RetryDecision)
			if !ok || outcome != handler.Retried || !outcome.Again() || retry.Reason != "busy" {
				t.Fatalf("attempt %d: got %s and %+v", attempt, outcome, decision)
			}
			limit := time.Hour
			if attempt < 13 {
				limit = min(limit, time.Second<<(attempt-1))
			}
			if wait := time.Until(retry.Due); wait < limit/2 || wait > limit {
				t.Errorf("wait after run %d: %v, want between %v and %v", attempt, wait, limit/2, limit)
			}
		}
	})
}

func TestTheLastRunWithoutAnOutcomeIsToldOf(t *testing.T) {
	for before, want := range map[string]string{
		"":     "the process ended during run 3 of the handler, or lost its lease",
		"busy": "the process ended during run 3 of the handler, or lost its lease; a run before that failed: busy",
	} {
		decision, err := handler.LastLost(3, before)
		if decision != (store.DeadLetterDecision{Reason: want}) || err.Error() != want {
			t.Errorf("after %q: got %+v and %v, want %q", before, decision, err, want)
		}
	}
}

func TestAReasonFitsAnyStore(t *testing.T) {
	run := handler.Run{Attempt: 1, Err: handler.Discard(errors.New("\xff\x00" + strings.Repeat("å", 5000)))}
	_, decision := run.Follows(3)
	got := decision.(store.DeadLetterDecision).Reason
	if len(got) > 1100 || !utf8.ValidString(got) || strings.Contains(got, "\x00") || !strings.HasPrefix(got, "åå") || !strings.HasSuffix(got, "å…") {
		t.Errorf("%d bytes: %.20q", len(got), got)
	}
}

// What [handler.Delay] says in its table.
func TestTheSumOfTheWaits(t *testing.T) {
	waited := time.Duration(0)
	for runs := 1; runs <= 19; runs++ {
		waited += handler.Doubled(time.Second, runs, handler.MaxDelay)
	}
	if waited < 7*time.Hour || waited > 9*time.Hour {
		t.Errorf("20 runs wait for up to %v, want some 8 h", waited)
	}
}
