package budget_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// busy lets workers call as much as they can until a time.
func busy(t *testing.T, b *budget.Budget, s *server, workers int, until time.Time, wg *sync.WaitGroup) {
	for i := range workers {
		wg.Go(func() {
			ctx, cancel := context.WithDeadline(t.Context(), until)
			defer cancel()
			for n := i; time.Now().Before(until); n++ {
				if _, err := do(ctx, b, s, budget.Class(n%6), time.Duration(100+n%7*30)*time.Millisecond); err != nil {
					return
				}
			}
		})
	}
}

// TestHostileServers have limits that do what they should not. None of that may stop
// calls for good, or have many of them refused.
func TestHostileServers(t *testing.T) {
	for name, tt := range map[string]struct {
		header func(s *server, n int) func(http.Header)
		most   int // calls refused in three hours
	}{
		"headers are missing on some answers": {func(_ *server, n int) func(http.Header) {
			return func(h http.Header) {
				if n++; n%3 != 0 {
					clear(h)
				}
			}
		}, 3},
		"no header ever, but on what is refused": {func(_ *server, _ int) func(http.Header) {
			return func(h http.Header) {
				if h.Get("Retry-After") == "" {
					clear(h)
				}
			}
		}, 24}, // those that are under way, in each window
		"a reset of 0": {func(_ *server, _ int) func(http.Header) {
			return func(h http.Header) { h["X-Ratelimit-Reset"] = []string{"0"} }
		}, 6},
		"garbage now and then": {func(_ *server, n int) func(http.Header) {
			return func(h http.Header) {
				if n++; n%5 == 0 {
					h["X-Ratelimit-Remaining"] = []string{[]string{"NaN", "-7", "1e300", "many"}[n%4]}
				}
				if n%7 == 0 {
					h["X-Ratelimit-Limit"] = []string{"-1"}
				}
			}
		}, 3},
		"an end as Unix time, by a clock that is ahead": {func(s *server, _ int) func(http.Header) {
			s.skew = 90 * time.Second
			return func(h http.Header) {
				in, _ := strconv.Atoi(h.Get("X-Ratelimit-Reset"))
				h["X-Ratelimit-Reset"] = []string{strconv.FormatInt(time.Now().Add(s.skew+time.Duration(in)*time.Second).Unix(), 10)}
			}
		}, 3},
		"a remainder that jumps up": {func(s *server, n int) func(http.Header) {
			return func(h http.Header) {
				if n++; n%11 == 0 {
					h["X-Ratelimit-Remaining"] = []string{strconv.Itoa(s.limit - 1)}
				}
			}
		}, 3},
		"two policies, one of them for submits": {func(_ *server, n int) func(http.Header) {
			return func(h http.Header) {
				if n++; n%6 == 0 {
					h["X-Ratelimit-Policy"], h["X-Ratelimit-Limit"], h["X-Ratelimit-Remaining"] = []string{"8"}, []string{"100000"}, []string{"99999"}
				}
			}
		}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				time.Sleep(30 * 365 * 24 * time.Hour) // to when Unix times are above 10⁹
				s := &server{limit: 600, window: time.Hour, policy: "4"}
				s.header = tt.header(s, 0)
				b := newBudget(t, config(t, nil, "a"))
				var wg sync.WaitGroup
				busy(t, b, s, 8, time.Now().Add(3*time.Hour-time.Minute), &wg)
				wg.Wait()
				t.Logf("%d of %d calls were refused", len(s.refused), s.calls)
				if len(s.refused) > tt.most {
					t.Errorf("%d of %d calls were refused, want %d at most", len(s.refused), s.calls, tt.most)
				}
				if used := s.calls - len(s.refused); used < 1500 {
					t.Errorf("%d calls were made in three windows of 600, want 1500 at least", used)
				}
			})
		})
	}
}

func TestAWindowThatTheServerBeginsEarly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(t, config(t, memory(t), "a"))
		left := func() int { return b.State().Remaining }
		answer := func(remaining, reset int) {
			must(t, b, budget.Content)
			b.Answered(budget.Content, 200, limits(5000, remaining, reset))
		}
		answer(100, 1800)
		time.Sleep(time.Minute)
		answer(4999, 3600) // one that tells of another window may be late
		if left() > 100 {
			t.Errorf("after one answer %d are left, want that one is not believed", left())
		}
		answer(98, 1740)
		answer(4997, 3600)
		answer(4996, 3600)
		answer(4995, 3600)
		if left() < 4900 {
			t.Errorf("after three answers %d are left, want that they are believed", left())
		}
		if reset := time.Until(b.State().Reset); reset != time.Hour {
			t.Errorf("the window ends in %v, want 1h", reset)
		}
	})
}

func TestALimitThatChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(t, config(t, nil, "a"))
		for _, tt := range []struct{ limit, remaining, want int }{{1000, 900, 900}, {500, 399, 399}, {2000, 1898, 1898}, {2000, 1990, 1897}} {
			must(t, b, budget.Content)
			b.Answered(budget.Content, 200, limits(tt.limit, tt.remaining, 3600))
			if got := b.State(); got.Limit != tt.limit || got.Remaining > tt.want || got.Remaining < tt.want-3 {
				t.Errorf("told %d of %d: %d of %d are left, want %d", tt.remaining, tt.limit, got.Remaining, got.Limit, tt.want)
			}
		}
	})
}

// TestTwoProcessesWithoutAStore share a limit, and nothing else.
func TestTwoProcessesWithoutAStore(t *testing.T) {
	for _, limit := range []int{500, 2000, 5000} {
		bubble(t, func(t *testing.T) {
			s := &server{limit: limit, window: time.Hour, policy: "4"}
			var wg sync.WaitGroup
			for _, owner := range []string{"a", "b"} {
				busy(t, newBudget(t, config(t, nil, owner)), s, 8, time.Now().Add(3*time.Hour-time.Minute), &wg)
			}
			wg.Wait()
			if len(s.refused)*50 > s.calls || s.calls < 2*limit {
				t.Errorf("limit %d: %d of %d calls were refused, want 2 %% at most", limit, len(s.refused), s.calls)
			}
		})
	}
}

// shifted is a store whose clock is not that of this process.
type shifted struct {
	store.Store
	by time.Duration
}

func (s shifted) GetDocument(ctx context.Context, tenant, name string) (store.Document, error) {
	d, err := s.Store.GetDocument(ctx, tenant, name)
	d.Now = d.Now.Add(s.by)
	return d, err
}

func (s shifted) PutDocument(ctx context.Context, d store.Document) (store.Document, error) {
	d, err := s.Store.PutDocument(ctx, d)
	d.Now = d.Now.Add(s.by)
	return d, err
}

// TestClocksThatDiffer: the store's clock is another one than the replicas', and the
// replicas read it differently.
func TestClocksThatDiffer(t *testing.T) {
	for name, by := range map[string][]time.Duration{
		"the store is ahead":           {90 * time.Second, 90 * time.Second, 90 * time.Second},
		"the store is days behind":     {-50 * time.Hour, -50 * time.Hour, -50 * time.Hour},
		"each has a clock of its own":  {0, 90 * time.Second, -90 * time.Second},
		"they differ by a few seconds": {0, 4 * time.Second, -3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &server{limit: 1000, window: time.Hour, policy: "4", skew: -time.Hour}
				st := memory(t)
				var wg sync.WaitGroup
				for i, d := range by {
					b := newBudget(t, config(t, shifted{st, d}, strconv.Itoa(i)))
					busy(t, b, s, 4, time.Now().Add(3*time.Hour-time.Minute), &wg)
				}
				wg.Wait()
				if len(s.refused) > 3 || s.calls < 2700 {
					t.Errorf("%d of %d calls were refused in three windows of 1000, want at most one in each", len(s.refused), s.calls)
				}
			})
		})
	}
}

// TestASliceOfOneThatIsGone is used by the others in the same window.
func TestASliceOfOneThatIsGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memory(t)
		s := &server{limit: 1000, window: time.Hour, policy: "4"}
		gone, stays := newBudget(t, config(t, st, "gone")), newBudget(t, config(t, st, "stays"))
		for range 100 {
			if _, err := do(t.Context(), gone, s, budget.Content, time.Second/10); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		for s.calls < 1000 && time.Since(begun) < 30*time.Minute {
			if _, err := do(t.Context(), stays, s, budget.Content, time.Second/5); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took > 10*time.Minute {
			t.Errorf("%d of 1000 calls were made after %v, want all in 10m", s.calls, took)
		}
		if len(s.refused) > 0 {
			t.Errorf("%d calls were refused, want none", len(s.refused))
		}
	})
}

// TestCloseGivesBack what is left of a slice.
func TestCloseGivesBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memory(t)
		s := &server{limit: 1000, window: 2 * time.Hour, policy: "4"}
		a, b := newBudget(t, config(t, st, "a")), newBudget(t, config(t, st, "b"))
		for _, each := range []*budget.Budget{a, b} {
			if _, err := do(t.Context(), each, s, budget.Content, time.Second/10); err != nil {
				t.Fatal(err)
			}
		}
		must(t, b, budget.Content) // leases a slice
		b.Return(budget.Content)
		b.Close()
		if got := a.State().Remaining; got < 900 {
			t.Errorf("%d are left by what the first knew, want about 980", got)
		}
		must(t, a, budget.Content)
		a.Return(budget.Content)
		if got := a.State().Remaining; got != 998 {
			t.Errorf("%d are left when one is closed, want 998", got)
		}
	})
}

// TestOneThatSleptForAnHour does not use the slice that it had: others have.
func TestOneThatSleptForAnHour(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memory(t)
		s := &server{limit: 1000, window: 3 * time.Hour, policy: "4"}
		b, busy := newBudget(t, config(t, st, "sleeps")), newBudget(t, config(t, st, "busy"))
		for range 30 {
			if _, err := do(t.Context(), b, s, budget.Content, time.Second/10); err != nil {
				t.Fatal(err)
			}
		}
		for s.calls < 1000 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			_, err := do(ctx, busy, s, budget.Content, time.Second)
			if cancel(); err != nil {
				t.Fatalf("after %d calls: %v", s.calls, err)
			}
		}
		time.Sleep(time.Hour - 20*time.Minute)
		refuses(t, b, budget.Content, "one that slept while others used all there was")
		refuses(t, busy, budget.Content, "one that used all there was")
		if len(s.refused) > 0 {
			t.Errorf("%d calls were refused, want none", len(s.refused))
		}
	})
}

// TestPoliciesOfOneClassDoNotStopAnother: a limit on submits is none on polls.
func TestPoliciesOfOneClassDoNotStopAnother(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(t, config(t, nil, "a"))
		told := func(policy string, remaining int) http.Header {
			h := limits(500, remaining, 1800)
			h["X-Ratelimit-Policy"] = []string{policy}
			return h
		}
		must(t, b, budget.Submit)
		b.Answered(budget.Submit, 202, told("4", 400))
		must(t, b, budget.Submit)
		b.Answered(budget.Submit, 202, told("8", 0))
		refuses(t, b, budget.Submit, "a submit, of which one policy is used up")
		must(t, b, budget.Poll) // nobody knows yet
		b.Answered(budget.Poll, 200, told("4", 399))
		for range 100 {
			must(t, b, budget.Content)
			b.Answered(budget.Content, 200, told("4", 398))
		}
	})
}

// TestManyReplicas: the document has room for them.
func TestManyReplicas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memory(t)
		s := &server{limit: 50_000, window: time.Hour, policy: "4"}
		name := documentOf(t, st).Name
		for i := range 400 {
			b := newBudget(t, config(t, st, fmt.Sprintf("a replica with a rather long name, number %d", i)))
			for range 2 {
				if _, err := do(t.Context(), b, s, budget.Poll, time.Millisecond); err != nil {
					t.Fatal(err)
				}
			}
		}
		d, err := st.GetDocument(t.Context(), "fjord", name)
		if n := strings.Count(string(d.Body), "rather long"); err != nil || n < 192 || len(d.Body) > store.MaxDocument {
			t.Errorf("the document is of %d bytes and names %d replicas, %v; want 192 at least", len(d.Body), n, err)
		}
	})
}

// troubled is a store that fails, or hangs.
type troubled struct {
	store.Store
	mu     sync.Mutex // guards the rest
	err    error
	hangs  bool
	writes int
}

func (s *troubled) set(err error, hangs bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.hangs = err, hangs
}

func (s *troubled) trouble(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.err
}

func (s *troubled) GetDocument(ctx context.Context, tenant, name string) (store.Document, error) {
	if err := s.trouble(ctx); err != nil {
		return store.Document{}, err
	}
	return s.Store.GetDocument(ctx, tenant, name)
}

func (s *troubled) PutDocument(ctx context.Context, d store.Document) (store.Document, error) {
	if err := s.trouble(ctx); err != nil {
		return store.Document{}, err
	}
	s.mu.Lock()
	s.writes++
	s.mu.Unlock()
	return s.Store.PutDocument(ctx, d)
}

func TestAStoreThatFailsStopsNothing(t *testing.T) {
	for name, hangs := range map[string]bool{"fails": false, "hangs": true} {
		for _, from := range []time.Duration{0, 10 * time.Minute} {
			t.Run(fmt.Sprint(name, " after ", from), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					st := &troubled{Store: memory(t)}
					broken := errors.New("disk full")
					if hangs {
						broken = nil
					}
					time.AfterFunc(from, func() { st.set(broken, hangs) })
					time.AfterFunc(90*time.Minute, func() { st.set(nil, false) })
					s := &server{limit: 1000, window: time.Hour, policy: "4"}
					var logged bytes.Buffer
					cfg := config(t, st, "a")
					cfg.Log = slog.New(slog.NewTextHandler(&logged, nil))
					b := newBudget(t, cfg)
					time.Sleep(time.Second)
					longest, last := time.Duration(0), time.Now()
					for range 900 {
						if _, err := do(t.Context(), b, s, budget.Content, time.Second); err != nil {
							t.Fatal(err)
						}
						longest, last = max(longest, time.Since(last)), time.Now()
					}
					if longest > 4*time.Second {
						t.Errorf("a call took %v, want 1s and at most 3 more", longest)
					}
					var wg sync.WaitGroup
					busy(t, b, s, 4, time.Now().Add(2*time.Hour), &wg)
					wg.Wait()
					if len(s.refused) > 0 {
						t.Errorf("%d calls were refused, want none", len(s.refused))
					}
					if n := strings.Count(logged.String(), "is not shared"); n != 1 {
						t.Errorf("the log was told %d times, want once:\n%s", n, logged.String())
					}
					if !strings.Contains(logged.String(), "is shared with other replicas again") {
						t.Errorf("the log does not say that the store works again:\n%s", logged.String())
					}
				})
			})
		}
	}
}

// documentOf is the document that a budget of the tests writes.
func documentOf(t *testing.T, st store.Store) (d store.Document) {
	t.Helper()
	w := st.WatchDocuments("fjord")
	defer w.Close()
	b := newBudget(t, config(t, st, "who writes it"))
	must(t, b, budget.Poll)
	b.Answered(budget.Poll, 200, limits(1000, 999, 3600))
	<-w.C()
	names, _ := w.Take()
	if len(names) != 1 {
		t.Fatalf("documents that were written: %q, want one", names)
	}
	d, err := st.GetDocument(t.Context(), "fjord", names[0])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDocumentsThatCannotBeRead(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		kept bool
	}{
		"garbage":                     {"\x00\xff", false},
		"another shape":               {`[1,2]`, false},
		"too much":                    {`{"v":1,"windows":[{"policy":"4","limit":5,"left":6,"end":1}]}`, false},
		"a newer version":             {`{"v":2,"pause":"until noon"}`, true},
		"a pause two hours ahead":     {fmt.Sprintf(`{"v":1,"pause":{"until":%d}}`, time.Date(2000, 1, 1, 2, 0, 0, 0, time.UTC).UnixMilli()), false},
		"a window that ends next day": {fmt.Sprintf(`{"v":1,"windows":[{"policy":"4","limit":5,"left":0,"end":%d,"length":1000}]}`, time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC).UnixMilli()), false},
		"a probe that lasts for ever": {fmt.Sprintf(`{"v":1,"probe":{"owner":"x","until":%d},"pause":{"until":1}}`, time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC).UnixMilli()), false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				st := memory(t)
				d := documentOf(t, st)
				d.Body = []byte(tt.body)
				if _, err := st.PutDocument(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				b := newBudget(t, config(t, st, "b"))
				begun := time.Now()
				for range 10 {
					must(t, b, budget.Content)
					b.Answered(budget.Content, 200, limits(1000, 500, 3600))
				}
				if took := time.Since(begun); took > time.Minute {
					t.Errorf("ten calls took %v, want that such a document stops nobody", took)
				}
				b.Close()
				now, err := st.GetDocument(t.Context(), "fjord", d.Name)
				if err != nil || (string(now.Body) == tt.body) != tt.kept {
					t.Errorf("the document is %s, %v; want that it is left as it is: %v", now.Body, err, tt.kept)
				}
			})
		})
	}
}

// TestTheDocument is what replicas of this version read: a change of it needs another
// version.
func TestTheDocument(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memory(t)
		name := documentOf(t, st).Name
		b := newBudget(t, config(t, st, "another"))
		b.Scarcity(7, 9)
		for range 3 {
			must(t, b, budget.Submit)
		}
		b.Answered(budget.Submit, 429, http.Header{"Retry-After": {"60"}})
		synctest.Wait()
		d, err := st.GetDocument(t.Context(), "fjord", name)
		if err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, "testdata/document.golden", string(d.Body)+"\n")
	})
}
