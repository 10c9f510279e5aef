// Package queuetest holds the tests that every [queue.Queue] must pass.
//
//	func TestQueue(t *testing.T) {
//		queuetest.Run(t, func(t *testing.T) queue.Queue { return New() })
//	}
package queuetest

import (
	"slices"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// epoch is when the tests take place.
var epoch = time.Now().Truncate(time.Second)

// at is a time that is the same for all companies.
func at(t time.Time) queue.Now { return func(string) time.Time { return t } }

// fixture is a queue and shorthands for its methods.
type fixture struct {
	queue.Queue
	t *testing.T
}

// Run tests the queues that open returns. Each of them is empty, and is closed
// by a Cleanup of its own.
func Run(t *testing.T, open func(*testing.T) queue.Queue) {
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
		"polls are counted":                      testCounts,
		"many at a time":                         testManyAtATime,
		"companies that are stopped":             testHold,
		"one at a time by Hold":                  testHoldAllButOne,
		"companies have their own time":          testTimes,
		"holds by the company's time":            testHeldByCompany,
		"a clock far from the machine's":         testFarTimes,
		"a retention of centuries":               testFarRetention,
		"a reset company":                        testReset,
		"a reset of everything":                  testResetAll,
		"a late worker after a reset":            testResetEpochs,
	} {
		t.Run(name, func(t *testing.T) { test(&fixture{open(t), t}) })
	}
}

// job makes a job of a company.
func job(id, company string) *queue.Job {
	return &queue.Job{
		Operation: operation.Operation{ID: id, Company: company, Method: "POST", Path: "/v2/customerinvoice", Received: epoch},
		Request:   queue.Request{URL: "/v2/customerinvoice", Host: "erp.mock"},
		Base:      "https://erp.mock", Tail: "/v2/customerinvoice", Background: "none",
	}
}

func (f *fixture) add(jobs ...*queue.Job) {
	f.t.Helper()
	for _, j := range jobs {
		if err := f.Add(f.t.Context(), j); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) take(r queue.Limits) []*queue.Job {
	f.t.Helper()
	jobs, err := f.Take(f.t.Context(), at(epoch.Add(time.Second)), r)
	if err != nil {
		f.t.Fatal(err)
	}
	return jobs
}

// takeOne takes the only job that can be taken.
func (f *fixture) takeOne() *queue.Job {
	f.t.Helper()
	jobs := f.take(queue.Limits{Max: 9, PerCompany: 1})
	if len(jobs) != 1 {
		f.t.Fatalf("took %v, want one", ids(jobs))
	}
	return jobs[0]
}

func result() queue.Result {
	return queue.Result{
		State: operation.Finished, StatusCode: 201, Ended: epoch.Add(2 * time.Second), Expires: epoch.Add(time.Hour),
		Answer: map[string]string{"Location": "/x"}, Content: []byte(`{"a":1}`), ContentType: "application/json",
	}
}

func (f *fixture) finish(j *queue.Job, r queue.Result) {
	f.t.Helper()
	if err := f.Finish(f.t.Context(), j.Lease(), r); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) get(id string, now time.Time) *queue.Job {
	f.t.Helper()
	j, err := f.Get(f.t.Context(), id, at(now))
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

func (f *fixture) wantState(id string, want operation.State) {
	f.t.Helper()
	if j := f.get(id, epoch); j.State != want {
		f.t.Errorf("%s is %s, want %s", id, j.State, want)
	}
}

func ids(jobs []*queue.Job) []string {
	list := make([]string, len(jobs))
	for i, j := range jobs {
		list[i] = j.ID
	}
	return list
}

func (f *fixture) wantTaken(r queue.Limits, want ...string) []*queue.Job {
	f.t.Helper()
	jobs := f.take(r)
	if !slices.Equal(ids(jobs), want) {
		f.t.Fatalf("took %v, want %v", ids(jobs), want)
	}
	return jobs
}
