// Package queuetest holds the tests that every [mockserver.Queue] must pass.
//
//	func TestQueue(t *testing.T) {
//		queuetest.Run(t, func(t *testing.T) mockserver.Queue { return New() })
//	}
package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// epoch is when the tests take place.
var epoch = time.Now().Truncate(time.Second)

// fixture is a queue and shorthands for its methods.
type fixture struct {
	mockserver.Queue
	t *testing.T
}

// Run tests the queues that open returns. Each of them is empty, and is closed
// by a Cleanup of its own.
func Run(t *testing.T, open func(*testing.T) mockserver.Queue) {
	for name, test := range map[string]func(*fixture){
		"a job keeps all that it was added with": testRoundTrip,
		"the life of a job":                      testLife,
		"an id is added once":                    testDuplicate,
		"a lease ends a job once":                testLease,
		"content is there with the state":        testContentWithState,
		"large bodies":                           testLargeBodies,
		"a company's jobs start in order":        testOrder,
		"a shuffled company":                     testShuffle,
		"a limit for each company":               testPerCompany,
		"companies take turns":                   testFairness,
		"held jobs are passed":                   testHeld,
		"retention":                              testRetention,
		"expiry at once":                         testExpire,
		"looks are counted":                      testCounts,
		"many at a time":                         testManyAtATime,
	} {
		t.Run(name, func(t *testing.T) { test(&fixture{open(t), t}) })
	}
}

// job makes a job of a company.
func job(id, company string) *mockserver.Job {
	return &mockserver.Job{
		Operation: mockserver.Operation{ID: id, Company: company, Method: "POST", Path: "/v2/customerinvoice", Received: epoch},
		Request:   mockserver.StoredRequest{URL: "/v2/customerinvoice", Host: "erp.mock"},
		Base:      "https://erp.mock", Tail: "/v2/customerinvoice", Background: "none",
	}
}

func (f *fixture) add(jobs ...*mockserver.Job) {
	f.t.Helper()
	for _, j := range jobs {
		if err := f.Add(f.t.Context(), j); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) take(r mockserver.Rules) []*mockserver.Job {
	f.t.Helper()
	jobs, err := f.Take(f.t.Context(), epoch.Add(time.Second), r)
	if err != nil {
		f.t.Fatal(err)
	}
	return jobs
}

// takeOne takes the only job that can be taken.
func (f *fixture) takeOne() *mockserver.Job {
	f.t.Helper()
	jobs := f.take(mockserver.Rules{Max: 9, PerCompany: 1})
	if len(jobs) != 1 {
		f.t.Fatalf("took %v, want one", ids(jobs))
	}
	return jobs[0]
}

func result() mockserver.Result {
	return mockserver.Result{
		State: mockserver.Finished, StatusCode: 201, Ended: epoch.Add(2 * time.Second), Expires: epoch.Add(time.Hour),
		Answer: map[string]string{"Location": "/x"}, Content: []byte(`{"a":1}`), ContentType: "application/json",
	}
}

func (f *fixture) finish(j *mockserver.Job, r mockserver.Result) {
	f.t.Helper()
	if err := f.Finish(f.t.Context(), j.Lease(), r); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) get(id string, now time.Time) *mockserver.Job {
	f.t.Helper()
	j, err := f.Get(f.t.Context(), id, now)
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

func (f *fixture) wantState(id string, want mockserver.State) {
	f.t.Helper()
	if j := f.get(id, epoch); j.State != want {
		f.t.Errorf("%s is %s, want %s", id, j.State, want)
	}
}

func ids(jobs []*mockserver.Job) []string {
	list := make([]string, len(jobs))
	for i, j := range jobs {
		list[i] = j.ID
	}
	return list
}

func (f *fixture) wantTaken(r mockserver.Rules, want ...string) []*mockserver.Job {
	f.t.Helper()
	jobs := f.take(r)
	if !slices.Equal(ids(jobs), want) {
		f.t.Fatalf("took %v, want %v", ids(jobs), want)
	}
	return jobs
}

func testRoundTrip(f *fixture) {
	in := job("aa", "1")
	in.Header, in.HasBody, in.ExecTime, in.Background = "subscription", true, 3*time.Second, "subscription:a=b"
	in.Fault = mockserver.QueueFault{Fail: "out of paper", Late: true}
	in.Request.RemoteAddr = "127.0.0.1:1"
	in.Request.Header = http.Header{"X-Many": {"1", "2"}, "Authorization": {"Bearer x"}}
	in.Request.Body = []byte("{\"æ\":\x00}")
	f.add(in)
	got := f.takeOne()
	want := *in
	want.State, want.Started, want.Attempts, want.Epoch = mockserver.Running, epoch.Add(time.Second), 1, got.Epoch
	if g, w := show(got), show(&want); g != w {
		f.t.Errorf("took %s\nwant %s", g, w)
	}
	if g := f.get("AA", epoch); g.ID != "aa" || g.Request.Body != nil || g.Request.URL != "" {
		f.t.Errorf("Get gives %+v", g)
	}
}

// show writes a job down; times in UTC.
func show(j *mockserver.Job) string {
	c := *j
	for _, t := range []*time.Time{&c.Received, &c.Started, &c.Ended, &c.Expires, &c.NotBefore} {
		*t = t.UTC()
	}
	return fmt.Sprintf("%+v", c)
}

func testLife(f *fixture) {
	if _, err := f.Get(f.t.Context(), "aa", epoch); !errors.Is(err, mockserver.ErrUnknownJob) {
		f.t.Errorf("got %v, want ErrUnknownJob", err)
	}
	f.add(job("aa", "1"))
	f.wantState("aa", mockserver.Queued)
	j := f.takeOne()
	f.wantState("aa", mockserver.Running)
	f.finish(j, result())
	got := f.get("aa", epoch)
	if got.State != mockserver.Finished || got.StatusCode != 201 || !got.Ended.Equal(epoch.Add(2*time.Second)) ||
		!got.Expires.Equal(epoch.Add(time.Hour)) || got.Answer["Location"] != "/x" || !got.HasContent || got.ContentType != "application/json" {
		f.t.Errorf("got %+v", got)
	}
	f.add(job("bb", "1"))
	r := result()
	r.State, r.ErrorMessage, r.Content, r.Answer = mockserver.Failed, "lost", nil, nil
	f.finish(f.takeOne(), r)
	if got := f.get("bb", epoch); got.State != mockserver.Failed || got.ErrorMessage != "lost" || got.HasContent || got.Answer != nil {
		f.t.Errorf("got %+v", got)
	}
	if body, err := f.Content(f.t.Context(), "bb", epoch); body != nil || err != nil {
		f.t.Errorf("content %q, %v", body, err)
	}
	list, err := f.List(f.t.Context(), epoch)
	if err != nil || !slices.Equal(ids(list), []string{"aa", "bb"}) {
		f.t.Errorf("listed %v, %v", ids(list), err)
	}
}

func testDuplicate(f *fixture) {
	f.add(job("aa", "1"))
	if err := f.Add(f.t.Context(), job("aa", "2")); !errors.Is(err, mockserver.ErrDuplicate) {
		f.t.Errorf("got %v, want ErrDuplicate", err)
	}
	f.finish(f.takeOne(), result())
}

func testLease(f *fixture) {
	f.add(job("aa", "1"))
	if err := f.Finish(f.t.Context(), mockserver.Lease{ID: "aa"}, result()); !errors.Is(err, mockserver.ErrLeaseLost) {
		f.t.Errorf("finished before it was taken: %v", err)
	}
	lease := f.takeOne().Lease()
	for _, wrong := range []mockserver.Lease{{ID: "aa", Epoch: lease.Epoch - 1}, {ID: "aa", Epoch: lease.Epoch + 1}, {ID: "bb", Epoch: lease.Epoch}} {
		if err := f.Finish(f.t.Context(), wrong, result()); !errors.Is(err, mockserver.ErrLeaseLost) {
			f.t.Errorf("%v: got %v, want ErrLeaseLost", wrong, err)
		}
	}
	if err := f.Finish(f.t.Context(), lease, result()); err != nil {
		f.t.Fatal(err)
	}
	again := result()
	again.StatusCode, again.Content = 500, []byte("other")
	if err := f.Finish(f.t.Context(), lease, again); !errors.Is(err, mockserver.ErrLeaseLost) {
		f.t.Errorf("finished twice: %v", err)
	}
	body, err := f.Content(f.t.Context(), "aa", epoch)
	if got := f.get("aa", epoch); got.StatusCode != 201 || string(body) != `{"a":1}` || err != nil {
		f.t.Errorf("the second end changed it: %+v %s %v", got, body, err)
	}
}

// Whoever reads Finished can read the content.
func testContentWithState(f *fixture) {
	var readers sync.WaitGroup
	defer readers.Wait()
	for i := range 20 {
		id := fmt.Sprintf("%04d", i)
		f.add(job(id, "1"))
		readers.Go(func() {
			for {
				j, err := f.Get(context.Background(), id, epoch)
				if err != nil {
					f.t.Error(err)
					return
				}
				if j.State != mockserver.Finished {
					continue
				}
				body, err := f.Content(context.Background(), id, epoch)
				if err != nil || len(body) != 7 {
					f.t.Errorf("content %q, %v", body, err)
				}
				return
			}
		})
		f.finish(f.takeOne(), result())
	}
}

func testLargeBodies(f *fixture) {
	large := func(n int, b byte) []byte { return bytes.Repeat([]byte{b}, n) }
	for i, size := range []int{0, 1, 32 << 10, 32<<10 + 1, 3 << 20} {
		j := job(fmt.Sprint("id", i), "1")
		j.Request.Body = large(size, 'q')
		f.add(j)
		taken := f.takeOne()
		if !bytes.Equal(taken.Request.Body, j.Request.Body) {
			f.t.Errorf("%d bytes came back as %d", size, len(taken.Request.Body))
		}
		r := result()
		r.Content = large(size, 'c')
		f.finish(taken, r)
		body, err := f.Content(f.t.Context(), j.ID, epoch)
		if err != nil || body == nil || !bytes.Equal(body, r.Content) || !f.get(j.ID, epoch).HasContent {
			f.t.Errorf("%d bytes of content came back as %d, %v", size, len(body), err)
		}
	}
}

func testOrder(f *fixture) {
	for _, id := range []string{"c", "a", "d", "b"} {
		f.add(job(id, "1"))
	}
	for _, want := range []string{"c", "a", "d", "b"} {
		f.finish(f.wantTaken(mockserver.Rules{Max: 9, PerCompany: 1}, want)[0], result())
	}
	f.wantTaken(mockserver.Rules{Max: 9, PerCompany: 1})
}

func testShuffle(f *fixture) {
	for _, id := range []string{"c", "a", "d", "b"} {
		f.add(job(id, "1"))
	}
	for _, want := range []string{"a", "b", "c", "d"} {
		f.finish(f.wantTaken(mockserver.Rules{Max: 9, PerCompany: 1, Order: mockserver.OrderShuffle}, want)[0], result())
	}
}

func testPerCompany(f *fixture) {
	for i := range 4 {
		f.add(job(fmt.Sprint("a", i), "1"))
	}
	f.add(job("b0", "2"))
	first := f.wantTaken(mockserver.Rules{Max: 9, PerCompany: 2}, "a0", "b0", "a1")
	f.wantTaken(mockserver.Rules{Max: 9, PerCompany: 2})
	f.finish(first[0], result())
	f.wantTaken(mockserver.Rules{Max: 9, PerCompany: 2}, "a2")
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
		j := f.take(mockserver.Rules{Max: 1, PerCompany: 1})[0]
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
	f.finish(f.wantTaken(mockserver.Rules{Max: 9, PerCompany: 1}, "a1")[0], result())
	later, err := f.Take(f.t.Context(), epoch.Add(time.Minute), mockserver.Rules{Max: 9, PerCompany: 1})
	if err != nil || !slices.Equal(ids(later), []string{"a0"}) {
		f.t.Errorf("took %v, %v; want a0 back in its place", ids(later), err)
	}
}

func testRetention(f *fixture) {
	f.add(job("aa", "1"))
	f.finish(f.takeOne(), result())
	for _, tt := range []struct {
		at   time.Time
		want mockserver.State
	}{{epoch.Add(time.Hour - 1), mockserver.Finished}, {epoch.Add(time.Hour), mockserver.Expired}, {epoch.Add(1000 * time.Hour), mockserver.Expired}} {
		j := f.get("aa", tt.at)
		body, err := f.Content(f.t.Context(), "aa", tt.at)
		if err != nil || j.State != tt.want || !j.HasContent || (body != nil) != (tt.want == mockserver.Finished) ||
			(j.Answer != nil) != (tt.want == mockserver.Finished) {
			f.t.Errorf("at %v: %+v, content %q, %v", tt.at.Sub(epoch), j, body, err)
		}
	}
}

func testExpire(f *fixture) {
	f.add(job("aa", "1"))
	expire := func(id string, want bool) {
		f.t.Helper()
		if got, err := f.Expire(f.t.Context(), id); got != want || err != nil {
			f.t.Errorf("Expire: %v %v, want %v", got, err, want)
		}
	}
	expire("bb", false)
	expire("aa", false)
	j := f.takeOne()
	expire("aa", false)
	f.finish(j, result())
	expire("AA", true)
	f.wantState("aa", mockserver.Expired)
	if body, err := f.Content(f.t.Context(), "aa", epoch); body != nil || err != nil {
		f.t.Errorf("content %q, %v", body, err)
	}
	expire("aa", true)
}

func testCounts(f *fixture) {
	f.add(job("aa", "1"))
	f.Count("aa", 1, 0)
	f.Count("AA", 1, 1)
	f.Count("unknown", 1, 1)
	if j := f.get("aa", epoch); j.StateReads != 2 || j.ContentReads != 1 {
		f.t.Errorf("got %d and %d looks, want 2 and 1", j.StateReads, j.ContentReads)
	}
}

// Several goroutines add, take and finish: every job is run by one of them.
func testManyAtATime(f *fixture) {
	const jobs, companies = 200, 5
	rules := mockserver.Rules{Max: 3, PerCompany: 2}
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
				taken, err := f.Take(context.Background(), epoch.Add(time.Second), rules)
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
