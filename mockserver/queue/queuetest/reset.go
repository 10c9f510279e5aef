package queuetest

import (
	"bytes"
	"errors"
	"slices"

	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// fill brings jobs of two companies, and of each one that waits, one that runs,
// one that has ended and one that is gone.
func (f *fixture) fill() (running map[string]*queue.Job) {
	f.t.Helper()
	running = make(map[string]*queue.Job)
	for _, company := range []string{"1", "2"} {
		f.add(job("gone"+company, company))
		f.finish(f.takeOne(), result())
		if ok, err := f.Expire(f.t.Context(), "gone"+company); !ok || err != nil {
			f.t.Fatal(ok, err)
		}
		j := job("ended"+company, company)
		j.Request.Body = bytes.Repeat([]byte("q"), 40<<10)
		f.add(j)
		r := result()
		r.Content = bytes.Repeat([]byte("c"), 40<<10)
		f.finish(f.takeOne(), r)
		f.add(job("runs"+company, company))
		running[company] = f.takeOne()
		f.add(job("waits"+company, company))
		held := job("held"+company, company)
		held.NotBefore = epoch.Add(1 << 40)
		f.add(held)
	}
	return running
}

func (f *fixture) reset(company string) {
	f.t.Helper()
	if err := f.Reset(f.t.Context(), company); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) wantListed(want ...string) {
	f.t.Helper()
	list, err := f.List(f.t.Context(), at(epoch))
	if err != nil || !slices.Equal(ids(list), want) {
		f.t.Errorf("listed %v, %v; want %v", ids(list), err, want)
	}
}

func testReset(f *fixture) {
	running := f.fill()
	f.reset("nobody")
	f.reset("1")
	f.wantListed("gone2", "ended2", "runs2", "waits2", "held2")
	for _, id := range []string{"gone1", "ended1", "runs1", "waits1", "held1"} {
		if _, err := f.Get(f.t.Context(), id, at(epoch)); !errors.Is(err, queue.ErrUnknownJob) {
			f.t.Errorf("%s: %v, want ErrUnknownJob", id, err)
		}
		if _, err := f.Content(f.t.Context(), id, at(epoch)); !errors.Is(err, queue.ErrUnknownJob) {
			f.t.Errorf("content of %s: %v, want ErrUnknownJob", id, err)
		}
	}
	if err := f.Finish(f.t.Context(), running["1"].Lease(), result()); !errors.Is(err, queue.ErrLeaseLost) {
		f.t.Errorf("a job of before was finished: %v", err)
	}
	f.wantTaken(queue.Limits{Max: 9, PerCompany: 1}) // 2 runs one
	f.add(job("new", "1"))
	f.finish(f.wantTaken(queue.Limits{Max: 9, PerCompany: 1}, "new")[0], result())
	f.finish(running["2"], result())
	f.wantTaken(queue.Limits{Max: 9, PerCompany: 1}, "waits2")
	f.wantState("ended2", operation.Finished)
}

func testResetAll(f *fixture) {
	running := f.fill()
	f.reset("")
	f.wantListed()
	f.wantTaken(queue.Limits{Max: 9, PerCompany: 1})
	if err := f.Finish(f.t.Context(), running["2"].Lease(), result()); !errors.Is(err, queue.ErrLeaseLost) {
		f.t.Errorf("a job of before was finished: %v", err)
	}
	f.add(job("waits1", "1"))
	f.finish(f.takeOne(), result())
	f.wantListed("waits1")
}

// A job with the id of one that was forgotten is another job.
func testResetEpochs(f *fixture) {
	f.add(job("aa", "1"))
	late := f.takeOne().Lease()
	seen := map[int64]bool{late.Epoch: true}
	for range 3 {
		f.reset("1")
		f.add(job("aa", "1"))
		if err := f.Finish(f.t.Context(), late, result()); !errors.Is(err, queue.ErrLeaseLost) {
			f.t.Fatalf("finished before it was taken: %v", err)
		}
		now := f.takeOne()
		if seen[now.Epoch] {
			f.t.Errorf("epoch %d is given again", now.Epoch)
		}
		seen[now.Epoch] = true
		if err := f.Finish(f.t.Context(), late, result()); !errors.Is(err, queue.ErrLeaseLost) {
			f.t.Fatalf("a late worker finished another job: %v", err)
		}
		f.wantState("aa", operation.Running)
		late = now.Lease()
	}
}
