package queuetest

import (
	"errors"
	"testing"

	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// A redelivery takes the notice of a job that has ended from whoever has it,
// done or not; from then on only the one who took it may save it.
func testTakeNotice(t *testing.T, open func() queue.Shared) {
	qa, qb := open(), open()
	a := &fixture{qa, t}
	j := job("aa", "1")
	j.Notice = []byte("planned")
	unknown := func(when, id string) {
		t.Helper()
		if got, err := qb.TakeNotice(t.Context(), id); !errors.Is(err, queue.ErrUnknownJob) {
			t.Errorf("%s: took %+v, %v; want ErrUnknownJob", when, got, err)
		}
	}
	save := func(q queue.Shared, notice string, done bool, want error) {
		t.Helper()
		if err := q.SaveNotice(t.Context(), "aa", []byte(notice), done); !errors.Is(err, want) {
			t.Errorf("save %q: %v, want %v", notice, err, want)
		}
	}
	take := func(q queue.Shared, notice string) {
		t.Helper()
		got, err := q.TakeNotice(t.Context(), "aa")
		if err != nil || got.ID != "aa" || string(got.Notice) != notice || got.State != operation.Finished || got.StatusCode != 201 {
			t.Fatalf("took %+v, %v; want aa as it ended, with %q", got, err, notice)
		}
	}
	a.add(j, job("bb", "2")) // bb: nobody is told
	unknown("no such job", "cc")
	unknown("while it waits", "aa")
	taken := a.take(queue.Limits{Max: 9, PerCompany: 1})
	unknown("while it runs", "aa")
	for _, j := range taken {
		a.finish(j, result())
	}
	unknown("nobody is told", "bb")

	take(qb, "planned") // from the one who finished it
	save(qa, "late", false, queue.ErrLeaseLost)
	save(qb, "once", false, nil)
	take(qb, "once") // from itself
	save(qb, "done", true, nil)
	take(qa, "done")
	save(qb, "late", true, queue.ErrLeaseLost)
	save(qa, "again", true, nil)
	if jobs, err := qb.TakeNotices(t.Context(), 9); len(jobs) != 0 || err != nil {
		t.Errorf("took notices of %v, %v; want none: it is done", ids(jobs), err)
	}
	a.reset("1")
	unknown("after a reset", "aa")
}

// A notice that was taken for a redelivery goes to others when that worker
// falls silent, unless it is done.
func testTakenNoticeOfSilent(t *testing.T, open func() queue.Shared) {
	qa, qb := open(), open()
	a := &fixture{qa, t}
	a.addNoticed("aa", "bb")
	watch(t, qa, nothing, nothing)
	for _, taken := range a.take(queue.Limits{Max: 9, PerCompany: 1}) {
		a.finish(taken, result())
	}
	if err := qa.SaveNotice(t.Context(), "bb", []byte("done"), true); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"aa", "bb"} {
		if _, err := qb.TakeNotice(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	var jobs []*queue.Job
	eventually(t, "the notice comes back", func() bool { // qb is not watched, so it falls silent
		var err error
		if jobs, err = qa.TakeNotices(t.Context(), 9); err != nil {
			t.Fatal(err)
		}
		return len(jobs) > 0
	})
	if len(jobs) != 1 || jobs[0].ID != "aa" {
		t.Errorf("took notices of %v, want aa", ids(jobs))
	}
	if err := qb.SaveNotice(t.Context(), "aa", []byte("late"), true); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("the silent worker: %v, want ErrLeaseLost", err)
	}
}
