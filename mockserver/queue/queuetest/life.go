package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

func testRoundTrip(f *fixture) {
	in := job("aa", "1")
	in.Header, in.HasBody, in.ExecTime, in.Background = "subscription", true, 3*time.Second, "subscription:a=b"
	in.Fault = fault.Queue{Fail: "out of paper", Late: true}
	in.Request.RemoteAddr = "127.0.0.1:1"
	in.Request.Header = http.Header{"X-Many": {"1", "2"}, "Authorization": {"Bearer x"}}
	in.Request.Body = []byte("{\"æ\":\x00}")
	f.add(in)
	got := f.takeOne()
	want := *in
	want.State, want.Started, want.Attempts, want.Epoch = operation.Running, epoch.Add(time.Second), 1, got.Epoch
	if g, w := show(got), show(&want); g != w {
		f.t.Errorf("took %s\nwant %s", g, w)
	}
	if g := f.get("AA", epoch); g.ID != "aa" || g.Request.Body != nil || g.Request.URL != "" {
		f.t.Errorf("Get gives %+v", g)
	}
}

// show writes a job down; times in UTC.
func show(j *queue.Job) string {
	c := *j
	for _, t := range []*time.Time{&c.Received, &c.Started, &c.Ended, &c.Expires, &c.NotBefore} {
		*t = t.UTC()
	}
	return fmt.Sprintf("%+v", c)
}

func testLife(f *fixture) {
	if _, err := f.Get(f.t.Context(), "aa", at(epoch)); !errors.Is(err, queue.ErrUnknownJob) {
		f.t.Errorf("got %v, want ErrUnknownJob", err)
	}
	f.add(job("aa", "1"))
	f.wantState("aa", operation.Queued)
	j := f.takeOne()
	f.wantState("aa", operation.Running)
	f.finish(j, result())
	got := f.get("aa", epoch)
	if got.State != operation.Finished || got.StatusCode != 201 || !got.Ended.Equal(epoch.Add(2*time.Second)) ||
		!got.Expires.Equal(epoch.Add(time.Hour)) || got.Answer["Location"] != "/x" || !got.HasContent || got.ContentType != "application/json" {
		f.t.Errorf("got %+v", got)
	}
	f.add(job("bb", "1"))
	r := result()
	r.State, r.ErrorMessage, r.Content, r.Answer = operation.Failed, "lost", nil, nil
	f.finish(f.takeOne(), r)
	if got := f.get("bb", epoch); got.State != operation.Failed || got.ErrorMessage != "lost" || got.HasContent || got.Answer != nil {
		f.t.Errorf("got %+v", got)
	}
	if body, err := f.Content(f.t.Context(), "bb", at(epoch)); body != nil || err != nil {
		f.t.Errorf("content %q, %v", body, err)
	}
	list, err := f.List(f.t.Context(), at(epoch))
	if err != nil || !slices.Equal(ids(list), []string{"aa", "bb"}) {
		f.t.Errorf("listed %v, %v", ids(list), err)
	}
}

func testDuplicate(f *fixture) {
	f.add(job("aa", "1"))
	if err := f.Add(f.t.Context(), job("aa", "2")); !errors.Is(err, queue.ErrDuplicate) {
		f.t.Errorf("got %v, want ErrDuplicate", err)
	}
	f.finish(f.takeOne(), result())
}

func testLease(f *fixture) {
	f.add(job("aa", "1"))
	if err := f.Finish(f.t.Context(), queue.Lease{ID: "aa"}, result()); !errors.Is(err, queue.ErrLeaseLost) {
		f.t.Errorf("finished before it was taken: %v", err)
	}
	lease := f.takeOne().Lease()
	for _, wrong := range []queue.Lease{{ID: "aa", Epoch: lease.Epoch - 1}, {ID: "aa", Epoch: lease.Epoch + 1}, {ID: "bb", Epoch: lease.Epoch}} {
		if err := f.Finish(f.t.Context(), wrong, result()); !errors.Is(err, queue.ErrLeaseLost) {
			f.t.Errorf("%v: got %v, want ErrLeaseLost", wrong, err)
		}
	}
	if err := f.Finish(f.t.Context(), lease, result()); err != nil {
		f.t.Fatal(err)
	}
	again := result()
	again.StatusCode, again.Content = 500, []byte("other")
	if err := f.Finish(f.t.Context(), lease, again); !errors.Is(err, queue.ErrLeaseLost) {
		f.t.Errorf("finished twice: %v", err)
	}
	body, err := f.Content(f.t.Context(), "aa", at(epoch))
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
				j, err := f.Get(context.Background(), id, at(epoch))
				if err != nil {
					f.t.Error(err)
					return
				}
				if j.State != operation.Finished {
					continue
				}
				body, err := f.Content(context.Background(), id, at(epoch))
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
		body, err := f.Content(f.t.Context(), j.ID, at(epoch))
		if err != nil || body == nil || !bytes.Equal(body, r.Content) || !f.get(j.ID, epoch).HasContent {
			f.t.Errorf("%d bytes of content came back as %d, %v", size, len(body), err)
		}
	}
}

func testRetention(f *fixture) {
	f.add(job("aa", "1"))
	f.finish(f.takeOne(), result())
	for _, tt := range []struct {
		at   time.Time
		want operation.State
	}{{epoch.Add(time.Hour - 1), operation.Finished}, {epoch.Add(time.Hour), operation.Expired}, {epoch.Add(1000 * time.Hour), operation.Expired}} {
		j := f.get("aa", tt.at)
		body, err := f.Content(f.t.Context(), "aa", at(tt.at))
		if err != nil || j.State != tt.want || !j.HasContent || (body != nil) != (tt.want == operation.Finished) ||
			(j.Answer != nil) != (tt.want == operation.Finished) {
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
	f.wantState("aa", operation.Expired)
	if body, err := f.Content(f.t.Context(), "aa", at(epoch)); body != nil || err != nil {
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
		f.t.Errorf("got %d and %d polls, want 2 and 1", j.StateReads, j.ContentReads)
	}
}
