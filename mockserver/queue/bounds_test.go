package queue

import (
	"cmp"
	"errors"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/operation"
)

func TestTombstonesAreBounded(t *testing.T) {
	q := NewMemory()
	src, now := wire.NewIDs(1), time.Unix(0, 0)
	clock := func(string) time.Time { return now }
	var first, last string
	for range MaxTombstones + 1 {
		job := &Job{Operation: operation.Operation{ID: src.GUID("operation", "1"), Company: "1", Received: now}}
		first, last = cmp.Or(first, job.ID), job.ID
		if err := q.Add(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		taken, err := q.Take(t.Context(), clock, Limits{Max: 1, PerCompany: 1})
		if err != nil || len(taken) != 1 {
			t.Fatal(len(taken), err)
		}
		if err := q.Finish(t.Context(), taken[0].Lease(), Result{State: operation.Finished, Ended: now, Expires: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	q.sweep(q.lanes["1"], now.Add(time.Hour))
	if len(q.byID) != MaxTombstones/2 || len(q.order) != MaxTombstones/2 || len(q.tombstones) != MaxTombstones/2 || len(q.lanes["1"].expiring) != 0 {
		t.Errorf("%d, %d, %d, %d left", len(q.byID), len(q.order), len(q.tombstones), len(q.lanes["1"].expiring))
	}
	if job, err := q.Get(t.Context(), last, clock); err != nil || job.State != operation.Expired {
		t.Errorf("the latest: %+v %v", job, err)
	}
	if _, err := q.Get(t.Context(), first, clock); !errors.Is(err, ErrUnknownJob) {
		t.Errorf("the oldest: %v", err)
	}
}
