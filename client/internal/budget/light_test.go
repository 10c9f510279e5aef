package budget_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
)

// TestACallAllocatesNothing while no limit is known, and within a slice. With a limit
// there is one write for each slice.
func TestACallAllocatesNothing(t *testing.T) {
	const calls = 4000
	for name, tt := range map[string]struct {
		header http.Header
		writes int
	}{
		"no limit": {http.Header{"Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}}, 0},
		"a limit":  {limits(10_000, 9_000, 3600), 60},
	} {
		t.Run(name, func(t *testing.T) {
			st := &troubled{Store: memory(t)}
			b := newBudget(t, config(t, st, "a"))
			must(t, b, budget.Content)
			b.Answered(budget.Content, 200, tt.header)
			ctx := t.Context()
			n := testing.AllocsPerRun(calls, func() {
				if err := b.Take(ctx, budget.Content); err != nil {
					t.Fatal(err)
				}
				b.Answered(budget.Content, 200, tt.header)
			})
			if n != 0 {
				t.Errorf("a call allocates %v times, want 0", n)
			}
			st.mu.Lock()
			defer st.mu.Unlock()
			if st.writes > tt.writes {
				t.Errorf("%d calls wrote the document %d times, want %d at most", calls, st.writes, tt.writes)
			}
		})
	}
}

// TestFewCallsGoOutBeforeTheFirstAnswer, and nobody waits long for it.
func TestFewCallsGoOutBeforeTheFirstAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(t, config(t, nil, "a"))
		begun := time.Now()
		for range 16 {
			must(t, b, budget.Submit)
		}
		refuses(t, b, budget.Content, "16 calls without an answer")
		must(t, b, budget.Submit)
		if took := time.Since(begun); took != time.Second {
			t.Errorf("the 17th call was granted after %v, want 1s", took)
		}
		b = newBudget(t, config(t, nil, "b"))
		for range 16 {
			must(t, b, budget.Submit)
		}
		begun = time.Now()
		b.Answered(budget.Submit, 200, nil)
		for range 1000 {
			must(t, b, budget.Submit)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("a thousand calls after the first answer took %v, want 0", took)
		}
	})
}

func BenchmarkCall(b *testing.B) {
	for name, header := range map[string]http.Header{"none": {}, "limited": limits(100_000_000, 100_000_000, 3600)} {
		b.Run(name, func(b *testing.B) {
			bu := budget.New(budget.Config{Tenant: "fjord", Owner: "a"})
			defer bu.Close()
			b.ReportAllocs()
			ctx := b.Context()
			for b.Loop() {
				if err := bu.Take(ctx, budget.Poll); err != nil {
					b.Fatal(err)
				}
				bu.Answered(budget.Poll, 200, header)
			}
		})
	}
}
