package queuetest

import (
	"errors"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/queue"
)

// A notice outlives its job: past the retention, whether that ended by itself or by
// hand, one that is not done can be saved, and goes to others when its worker falls
// silent.
func testNoticesOfExpired(t *testing.T, open func() queue.Shared) {
	qa, qb := open(), open()
	a := &fixture{qa, t}
	a.addNoticed("aa", "bb")
	stop := watch(t, qa, nothing, nothing)
	for _, taken := range a.take(queue.Limits{Max: 9, PerCompany: 1}) {
		r := result()
		r.Expires = epoch.Add(time.Hour)
		a.finish(taken, r)
	}
	if ok, err := qa.Expire(t.Context(), "aa"); !ok || err != nil {
		t.Fatalf("expire aa: %v, %v; want true", ok, err)
	}
	late := epoch.Add(2 * time.Hour)
	for _, id := range []string{"aa", "bb"} {
		if got := a.get(id, late).State; got != "Expired" {
			t.Fatalf("%s is %s, want it expired", id, got)
		}
		if err := qa.SaveNotice(t.Context(), id, []byte("once"), false); err != nil {
			t.Errorf("save the notice of %s, which is expired: %v", id, err)
		}
	}
	stop()
	watch(t, qb, nothing, nothing)
	taken := make(map[string]string)
	eventually(t, "the other worker takes both notices", func() bool {
		jobs, err := qb.TakeNotices(t.Context(), 9)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			taken[j.ID] = string(j.Notice)
		}
		return len(taken) == 2
	})
	for _, id := range []string{"aa", "bb"} {
		if taken[id] != "once" {
			t.Errorf("took over the notice of %s as %q, want it as it was saved, once", id, taken[id])
		}
		if err := qa.SaveNotice(t.Context(), id, []byte("late"), true); !errors.Is(err, queue.ErrLeaseLost) {
			t.Errorf("the silent worker saves %s: %v, want ErrLeaseLost", id, err)
		}
		if err := qb.SaveNotice(t.Context(), id, []byte("done"), true); err != nil {
			t.Errorf("save %s as done: %v", id, err)
		}
	}
}
