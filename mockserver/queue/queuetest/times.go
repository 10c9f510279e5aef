package queuetest

import (
	"slices"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// clocks are the times of companies; those that are not in it are at epoch.
type clocks map[string]time.Time

func (c clocks) now(company string) time.Time {
	if at, ok := c[company]; ok {
		return at
	}
	return epoch
}

// jobAt is a job that was received at a time.
func jobAt(id, company string, received time.Time) *queue.Job {
	j := job(id, company)
	j.Received = received
	return j
}

// resultAt is a result at a time, kept for an hour.
func resultAt(ended time.Time) queue.Result {
	r := result()
	r.Ended, r.Expires = ended, ended.Add(time.Hour)
	return r
}

func (f *fixture) takeAt(c clocks, r queue.Limits, want ...string) []*queue.Job {
	f.t.Helper()
	jobs, err := f.Take(f.t.Context(), c.now, r)
	if err != nil || !slices.Equal(ids(jobs), want) {
		f.t.Fatalf("took %v, %v; want %v", ids(jobs), err, want)
	}
	return jobs
}

func (f *fixture) wantAt(c clocks, id string, state operation.State) {
	f.t.Helper()
	j, err := f.Get(f.t.Context(), id, c.now)
	if err != nil || j.State != state {
		f.t.Errorf("%s is %+v, %v; want %s", id, j, err, state)
		return
	}
	body, err := f.Content(f.t.Context(), id, c.now)
	if err != nil || (body != nil) != (state == operation.Finished) {
		f.t.Errorf("content of %s: %q, %v", id, body, err)
	}
	list, err := f.List(f.t.Context(), c.now)
	i := slices.IndexFunc(list, func(j *queue.Job) bool { return j.ID == id })
	if err != nil || i < 0 || list[i].State != state {
		f.t.Errorf("%s is not listed as %s: %v", id, state, err)
	}
}

func testTimes(f *fixture) {
	c := clocks{"1": epoch, "2": epoch.Add(-1000 * time.Hour), "3": epoch.Add(1000 * time.Hour)}
	rules := queue.Limits{Max: 9, PerCompany: 1}
	for company, id := range map[string]string{"1": "aa", "2": "bb", "3": "cc"} {
		f.add(jobAt(id, company, c.now(company)))
		taken := f.takeAt(c, rules, id)[0]
		if !taken.Started.Equal(c.now(company)) {
			f.t.Errorf("company %s started at %v, want %v", company, taken.Started, c.now(company))
		}
		f.finish(taken, resultAt(c.now(company)))
	}
	for _, id := range []string{"aa", "bb", "cc"} {
		f.wantAt(c, id, operation.Finished)
	}
	c["2"] = c["2"].Add(time.Hour - 1)
	f.add(jobAt("b2", "2", c.now("2"))) // may sweep
	f.takeAt(c, rules, "b2")
	for _, id := range []string{"aa", "bb", "cc"} {
		f.wantAt(c, id, operation.Finished)
	}
	c["2"] = c["2"].Add(1)
	f.wantAt(c, "bb", operation.Expired)
	f.wantAt(c, "aa", operation.Finished)
	c["3"] = c["3"].Add(time.Hour)
	f.wantAt(c, "cc", operation.Expired)
	f.wantAt(c, "aa", operation.Finished)
}

func testHeldByCompany(f *fixture) {
	c := clocks{"2": epoch.Add(-time.Hour), "3": epoch.Add(time.Hour)}
	rules := queue.Limits{Max: 9, PerCompany: 1}
	for company, id := range map[string]string{"1": "aa", "2": "bb", "3": "cc"} {
		j := jobAt(id, company, c.now(company))
		j.NotBefore = j.Received.Add(time.Minute)
		f.add(j)
	}
	f.takeAt(c, rules)
	c["2"] = c["2"].Add(time.Minute)
	f.takeAt(c, rules, "bb")
	c["3"] = c["3"].Add(time.Minute)
	f.takeAt(c, rules, "cc")
	f.takeAt(c, rules)
	c["1"] = epoch.Add(time.Minute)
	f.takeAt(c, rules, "aa")
}

func testFarTimes(f *fixture) {
	c := clocks{"old": time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC), "new": time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, company := range []string{"old", "new"} {
		f.add(jobAt(company, company, c[company]))
		f.finish(f.takeAt(c, queue.Limits{Max: 9, PerCompany: 1}, company)[0], resultAt(c[company]))
		f.wantAt(c, company, operation.Finished)
		if j := f.getAt(c, company); !j.Ended.Equal(c[company]) || !j.Received.Equal(c[company]) {
			f.t.Errorf("got %+v", j)
		}
		c[company] = c[company].Add(time.Hour)
		f.wantAt(c, company, operation.Expired)
	}
}

func (f *fixture) getAt(c clocks, id string) *queue.Job {
	f.t.Helper()
	j, err := f.Get(f.t.Context(), id, c.now)
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

// A retention that ends beyond what a queue can say has not ended.
func testFarRetention(f *fixture) {
	f.add(job("aa", "1"))
	r := result()
	r.Expires = epoch.Add(290 * 365 * 24 * time.Hour)
	f.finish(f.takeOne(), r)
	f.take(queue.Limits{Max: 9, PerCompany: 1})
	f.wantState("aa", operation.Finished)
	if got, err := f.Content(f.t.Context(), "aa", at(epoch.Add(time.Hour))); err != nil || string(got) != string(r.Content) {
		f.t.Errorf("content %q, %v", got, err)
	}
}
