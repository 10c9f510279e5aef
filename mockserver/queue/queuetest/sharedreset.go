package queuetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// What another worker has of a company that is reset is void: jobs, notices,
// and its copy of the ERP's data.
func testSharedReset(t *testing.T, open func() queue.Shared) {
	qa, qb := open(), open()
	a, b := &fixture{qa, t}, &fixture{qb, t}
	for _, id := range []string{"aa", "bb"} {
		j := job(id, "1")
		j.Notice = []byte("planned")
		b.add(j)
	}
	b.finish(b.takeOne(), result())
	runs := b.takeOne()
	for v := int64(1); v <= 3; v++ {
		if err := qb.WriteState(t.Context(), &queue.Changes{Company: "1", Version: v, Docs: map[string][]byte{"x": []byte("old")}}); err != nil {
			t.Fatal(err)
		}
	}
	a.reset("1")
	if err := qb.SaveNotice(t.Context(), "aa", []byte("late"), true); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("notice saved: %v", err)
	}
	if all, err := qa.Notices(t.Context(), 9); len(all) != 0 || err != nil {
		t.Errorf("notices %q, %v", all, err)
	}
	r := result()
	r.Changes = &queue.Changes{Company: "1", Version: 4, Docs: map[string][]byte{"x": []byte("late")}}
	if err := qb.Finish(t.Context(), runs.Lease(), r); !errors.Is(err, queue.ErrLeaseLost) {
		t.Errorf("late result: %v", err)
	}
	if err := qb.WriteState(t.Context(), &queue.Changes{Company: "1", Version: 4, Docs: r.Changes.Docs}); !errors.Is(err, queue.ErrConflict) {
		t.Errorf("late change: %v, want ErrConflict", err)
	}
	for _, since := range []int64{0, 3} {
		if c, err := qb.ReadState(t.Context(), "1", since); err != nil || !c.Anew || len(c.Docs) != 0 || c.Version <= 3 {
			t.Errorf("since %d: %+v, %v", since, c, err)
		}
	}
	c, err := qa.ReadState(t.Context(), "1", 0)
	if err != nil {
		t.Fatal(err)
	}
	next := &queue.Changes{Company: "1", Version: c.Version + 1, Docs: map[string][]byte{"y": []byte("new")}}
	if err := qa.WriteState(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if c, err := qb.ReadState(t.Context(), "1", 3); err != nil || !c.Anew || len(c.Docs) != 1 || string(c.Docs["y"]) != "new" {
		t.Errorf("got %+v, %v", c, err)
	}
	if c, err := qb.ReadState(t.Context(), "1", c.Version); err != nil || c.Anew || len(c.Docs) != 1 {
		t.Errorf("got %+v, %v", c, err)
	}
}

// What Watch does about retention follows the clock that it is given, neither
// the machine's nor that of another company.
func testSweep(t *testing.T, open func() queue.Shared) {
	q := open()
	f := &fixture{q, t}
	c := clocks{"past": epoch.Add(-5000 * time.Hour), "over": epoch.Add(5000 * time.Hour)}
	for _, company := range []string{"past", "over"} {
		f.add(jobAt(company, company, c[company]))
		f.finish(f.takeAt(c, queue.Limits{Max: 9, PerCompany: 1}, company)[0], resultAt(c[company]))
	}
	now := clocks{"past": c["past"], "over": c["over"].Add(time.Hour)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); q.Watch(ctx, now.now, nothing, nothing) }()
	t.Cleanup(func() { cancel(); <-done })
	// Once it is a tombstone, it stays one, whatever the clock says.
	eventually(t, "the retention of one company ends", func() bool { return f.getAt(c, "over").State == operation.Expired })
	f.wantAt(c, "past", operation.Finished)
}
