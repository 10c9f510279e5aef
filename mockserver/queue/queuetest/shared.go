package queuetest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// RunShared tests what a [queue.Shared] promises beyond [Run]. Start
// returns a function that opens one more queue on the same data, as another
// process would, with a lease of at most a second; each is closed by a Cleanup
// of its own.
func RunShared(t *testing.T, start func(*testing.T) (open func() queue.Shared)) {
	for name, test := range map[string]func(*testing.T, func() queue.Shared){
		"a silent worker's jobs go to others":  testSilentWorker,
		"an attentive worker keeps its leases": testAttentiveWorker,
		"limits and turns hold across workers": testAcrossWorkers,
		"one worker wakes the other":           testWake,
		"notices":                              testNotices,
		"a silent worker's notices":            testSilentNotices,
		"a notice for a redelivery":            testTakeNotice,
		"a silent worker's redelivery":         testTakenNoticeOfSilent,
		"the notice of an expired job":         testNoticesOfExpired,
		"state and result change together":     testState,
		"a reset that others notice":           testSharedReset,
		"retention by the clock of the server": testSweep,
	} {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// watch keeps a queue's leases until the test ends, or stop is called.
func watch(t *testing.T, q queue.Shared, wake, lost func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); q.Watch(ctx, at(epoch), wake, lost) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func nothing() {}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func testSilentWorker(t *testing.T, open func() queue.Shared) {
	a, b := &fixture{open(), t}, &fixture{open(), t}
	a.add(job("aa", "1"), job("bb", "1"))
	var lost atomic.Bool
	stop := watch(t, a.Queue.(queue.Shared), nothing, nothing)
	late := a.takeOne()
	stop() // it is not heard of any more
	watch(t, b.Queue.(queue.Shared), nothing, nothing)
	var next *queue.Job
	eventually(t, "the other worker takes the job", func() bool {
		jobs := b.take(queue.Limits{Max: 1, PerCompany: 1})
		if len(jobs) > 0 {
			next = jobs[0]
		}
		return next != nil
	})
	if next.ID != "aa" || next.Attempts != 2 || next.Epoch <= late.Epoch || next.Request.URL != late.Request.URL {
		t.Errorf("took %+v, want aa again, in its old place", next)
	}
	if err := a.Finish(t.Context(), late.Lease(), result()); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("the late worker: %v, want ErrLeaseLost", err)
	}
	b.wantState("aa", operation.Running)
	r := result()
	r.StatusCode = 204
	b.finish(next, r)
	if err := a.Finish(t.Context(), late.Lease(), result()); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("the late worker: %v, want ErrLeaseLost", err)
	}
	if j := a.get("aa", epoch); j.StatusCode != 204 {
		t.Errorf("got %+v", j)
	}
	watch(t, a.Queue.(queue.Shared), nothing, func() { lost.Store(true) })
	eventually(t, "the late worker hears of it", lost.Load)
	a.finish(a.takeOne(), result()) // and works on
}

func testAttentiveWorker(t *testing.T, open func() queue.Shared) {
	a, b := &fixture{open(), t}, &fixture{open(), t}
	var lost atomic.Bool
	watch(t, a.Queue.(queue.Shared), nothing, func() { lost.Store(true) })
	watch(t, b.Queue.(queue.Shared), nothing, func() { lost.Store(true) })
	a.add(job("aa", "1"))
	j := a.takeOne()
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if jobs := b.take(queue.Limits{Max: 1, PerCompany: 1}); len(jobs) > 0 || lost.Load() {
			t.Fatal("a lease went to another worker")
		}
	}
	a.finish(j, result())
}

func testAcrossWorkers(t *testing.T, open func() queue.Shared) {
	a, b := &fixture{open(), t}, &fixture{open(), t}
	a.add(job("a0", "1"), job("a1", "1"), job("a2", "1"))
	b.add(job("b0", "2"))
	first := a.wantTaken(queue.Limits{Max: 1, PerCompany: 1}, "a0")
	theirs := b.wantTaken(queue.Limits{Max: 9, PerCompany: 1}, "b0")
	b.wantTaken(queue.Limits{Max: 9, PerCompany: 1})
	a.finish(first[0], result())
	b.wantTaken(queue.Limits{Max: 9, PerCompany: 2}, "a1", "a2")
	if err := a.Finish(t.Context(), theirs[0].Lease(), result()); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("finished another's job: %v", err)
	}
}

func testWake(t *testing.T, open func() queue.Shared) {
	a, b := &fixture{open(), t}, &fixture{open(), t}
	var woken atomic.Int64
	watch(t, b.Queue.(queue.Shared), func() { woken.Add(1) }, nothing)
	eventually(t, "the first look", func() bool { return woken.Load() > 0 })
	before := woken.Load()
	a.add(job("aa", "1"))
	eventually(t, "the other worker wakes", func() bool { return woken.Load() > before })
}

func testNotices(t *testing.T, open func() queue.Shared) {
	qa, qb := open(), open()
	a := &fixture{qa, t}
	j := job("aa", "1")
	j.Notice = []byte("planned")
	a.add(j, job("bb", "2")) // bb: nobody is told
	wantNotices := func(q queue.Shared, want ...string) {
		t.Helper()
		jobs, err := q.TakeNotices(t.Context(), 9)
		if err != nil || !slices.Equal(ids(jobs), want) {
			t.Errorf("took notices of %v, %v; want %v", ids(jobs), err, want)
		}
	}
	wantNotices(qb)
	if err := qa.SaveNotice(t.Context(), "aa", []byte("x"), false); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("saved before the end: %v", err)
	}
	for _, taken := range a.take(queue.Limits{Max: 9, PerCompany: 1}) {
		a.finish(taken, result())
	}
	wantNotices(qb) // it is with the one who finished
	if err := qb.SaveNotice(t.Context(), "aa", []byte("x"), false); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("another worker saved it: %v", err)
	}
	if err := qa.SaveNotice(t.Context(), "aa", []byte("once"), false); err != nil {
		t.Error(err)
	}
	if got := a.get("aa", epoch).Notice; string(got) != "once" {
		t.Errorf("got %q", got)
	}
	if err := qa.SaveNotice(t.Context(), "aa", []byte("done"), true); err != nil {
		t.Error(err)
	}
	all, err := qb.Notices(t.Context(), 9)
	if err != nil || len(all) != 1 || string(all[0]) != "done" {
		t.Errorf("notices %q, %v", all, err)
	}
}

// addNoticed adds a job for each id, of the company of that name, with a notice.
func (f *fixture) addNoticed(list ...string) {
	f.t.Helper()
	for _, id := range list {
		j := job(id, id)
		j.Notice = []byte("planned")
		f.add(j)
	}
}

func testSilentNotices(t *testing.T, open func() queue.Shared) {
	qa, qb := open(), open()
	a := &fixture{qa, t}
	a.addNoticed("aa", "bb")
	stop := watch(t, qa, nothing, nothing)
	for _, taken := range a.take(queue.Limits{Max: 9, PerCompany: 1}) {
		a.finish(taken, result())
	}
	if err := qa.SaveNotice(t.Context(), "bb", []byte("done"), true); err != nil {
		t.Fatal(err)
	}
	stop()
	watch(t, qb, nothing, nothing)
	var jobs []*queue.Job
	eventually(t, "the other worker takes the notice", func() bool {
		var err error
		if jobs, err = qb.TakeNotices(t.Context(), 9); err != nil {
			t.Fatal(err)
		}
		return len(jobs) > 0
	})
	if len(jobs) != 1 || jobs[0].ID != "aa" || string(jobs[0].Notice) != "planned" || jobs[0].State != operation.Finished {
		t.Errorf("took %+v", jobs)
	}
	if err := qa.SaveNotice(t.Context(), "aa", []byte("late"), true); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("the late worker: %v, want ErrLeaseLost", err)
	}
	if err := qb.SaveNotice(t.Context(), "aa", []byte("done"), true); err != nil {
		t.Error(err)
	}
}

func testState(t *testing.T, open func() queue.Shared) {
	qa, qb := open(), open()
	a := &fixture{qa, t}
	read := func(since, version int64, want ...string) {
		t.Helper()
		c, err := qb.ReadState(t.Context(), "1", since)
		var got []string
		for key, doc := range c.Docs {
			got = append(got, key+"="+string(doc))
			if doc == nil {
				got[len(got)-1] = key + " deleted"
			}
		}
		slices.Sort(got)
		if err != nil || c.Version != version || !slices.Equal(got, want) {
			t.Errorf("since %d: version %d, %v, %v; want %d, %v", since, c.Version, got, err, version, want)
		}
	}
	changes := func(version int64, docs map[string][]byte) *queue.Changes {
		return &queue.Changes{Company: "1", Version: version, Docs: docs}
	}
	read(0, 0)
	if err := qa.WriteState(t.Context(), changes(1, map[string][]byte{"x": []byte("1"), "y": []byte("1")})); err != nil {
		t.Fatal(err)
	}
	if err := qb.WriteState(t.Context(), changes(1, map[string][]byte{"x": []byte("2")})); !errors.Is(err, queue.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	read(0, 1, "x=1", "y=1")
	a.add(job("aa", "1"))
	j := a.takeOne()
	r := result()
	r.Changes = changes(3, map[string][]byte{"x": []byte("3")})
	if err := qa.Finish(t.Context(), j.Lease(), r); !errors.Is(err, queue.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	a.wantState("aa", operation.Running)
	r.Changes = changes(2, map[string][]byte{"x": nil, "z": []byte("2")})
	if err := qa.Finish(t.Context(), queue.Lease{ID: "aa", Epoch: j.Epoch + 1}, r); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("got %v, want ErrLeaseLost", err)
	}
	read(1, 1)
	a.finish(j, r)
	read(1, 2, "x deleted", "z=2")
	read(0, 2, "x deleted", "y=1", "z=2")
}
