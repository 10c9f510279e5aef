package queuetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/queue"
)

func testOrder(f *fixture) {
	for _, id := range []string{"c", "a", "d", "b"} {
		f.add(job(id, "1"))
	}
	for _, want := range []string{"c", "a", "d", "b"} {
		f.finish(f.wantTaken(queue.Limits{Max: 9, PerCompany: 1}, want)[0], result())
	}
	f.wantTaken(queue.Limits{Max: 9, PerCompany: 1})
}

func testShuffle(f *fixture) {
	for _, id := range []string{"c", "a", "d", "b"} {
		f.add(job(id, "1"))
	}
	for _, want := range []string{"a", "b", "c", "d"} {
		f.finish(f.wantTaken(queue.Limits{Max: 9, PerCompany: 1, Order: queue.Shuffle}, want)[0], result())
	}
}

func testPerCompany(f *fixture) {
	for i := range 4 {
		f.add(job(fmt.Sprint("a", i), "1"))
	}
	f.add(job("b0", "2"))
	first := f.wantTaken(queue.Limits{Max: 9, PerCompany: 2}, "a0", "b0", "a1")
	f.wantTaken(queue.Limits{Max: 9, PerCompany: 2})
	f.finish(first[0], result())
	f.wantTaken(queue.Limits{Max: 9, PerCompany: 2}, "a2")
}

func testFairness(f *fixture) {
	for i := range 6 {
		f.add(job(fmt.Sprint("a", i), "1"))
	}
	for i := range 2 {
		f.add(job(fmt.Sprint("b", i), "2"))
	}
	f.add(job("c0", "3"))
	var got []string
	for range 9 {
		j := f.take(queue.Limits{Max: 1, PerCompany: 1})[0]
		got = append(got, j.ID)
		f.finish(j, result())
	}
	if want := []string{"a0", "b0", "c0", "a1", "b1", "a2", "a3", "a4", "a5"}; !slices.Equal(got, want) {
		f.t.Errorf("taken one by one: %v, want %v", got, want)
	}
}

func testHeld(f *fixture) {
	held := job("a0", "1")
	held.NotBefore = epoch.Add(time.Minute)
	f.add(held, job("a1", "1"), job("a2", "1"))
	f.finish(f.wantTaken(queue.Limits{Max: 9, PerCompany: 1}, "a1")[0], result())
	later, err := f.Take(f.t.Context(), at(epoch.Add(time.Minute)), queue.Limits{Max: 9, PerCompany: 1})
	if err != nil || !slices.Equal(ids(later), []string{"a0"}) {
		f.t.Errorf("took %v, %v; want a0 back in its place", ids(later), err)
	}
}

// Several goroutines add, take and finish: every job is run by one of them.
func testManyAtATime(f *fixture) {
	const jobs, companies = 200, 5
	rules := queue.Limits{Max: 3, PerCompany: 2}
	var mu sync.Mutex
	running, ended := make(map[string]int), make(map[string]int)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range jobs / 4 {
				if err := f.Add(context.Background(), job(fmt.Sprintf("%d-%d", w, i), fmt.Sprint(i%companies))); err != nil {
					f.t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for end := time.Now().Add(time.Minute); ; {
				taken, err := f.Take(context.Background(), at(epoch.Add(time.Second)), rules)
				mu.Lock()
				for _, j := range taken {
					if running[j.Company]++; running[j.Company] > rules.PerCompany {
						f.t.Errorf("%d of company %s run", running[j.Company], j.Company)
					}
				}
				all := len(ended) == jobs
				mu.Unlock()
				if err != nil || all || time.Now().After(end) {
					if err != nil || !all {
						f.t.Error(err, "or not in time")
					}
					return
				}
				for _, j := range taken {
					mu.Lock()
					running[j.Company]--
					ended[j.ID]++
					mu.Unlock()
					if err := f.Finish(context.Background(), j.Lease(), result()); err != nil {
						f.t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for id, n := range ended {
		if n != 1 {
			f.t.Errorf("%s was taken %d times", id, n)
		}
	}
}

func testHold(f *fixture) {
	for i := range 3 {
		f.add(job(fmt.Sprint("a", i), "1"))
	}
	f.add(job("b0", "2"), job("c0", "3"))
	stopped := map[string]bool{"1": true, "3": true}
	rules := queue.Limits{Max: 1, PerCompany: 1, Hold: func(company string) bool { return stopped[company] }}
	first := f.wantTaken(rules, "b0")
	f.wantTaken(rules)
	f.finish(first[0], result())
	f.add(job("b1", "2"))
	f.finish(f.wantTaken(rules, "b1")[0], result())
	delete(stopped, "1")
	f.finish(f.wantTaken(rules, "a0")[0], result())
	stopped["1"] = true
	f.wantTaken(rules)
	rules.Hold = nil
	rules.Max = 9
	f.wantTaken(rules, "c0", "a1") // whose turn is longest ago
}

func testHoldAllButOne(f *fixture) {
	for i := range 20 {
		f.add(job(fmt.Sprint("x", i), fmt.Sprint("other", i)))
	}
	f.add(job("a0", "1"), job("a1", "1"))
	rules := queue.Limits{Max: 1, PerCompany: 1, Hold: func(company string) bool { return company != "1" }}
	f.finish(f.wantTaken(rules, "a0")[0], result())
	f.finish(f.wantTaken(rules, "a1")[0], result())
	f.wantTaken(rules)
	if jobs := f.take(queue.Limits{Max: 99, PerCompany: 1}); len(jobs) != 20 {
		f.t.Errorf("took %v of the others", ids(jobs))
	}
}
