package queue

import (
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
)

// A tombstone tells the same as the job did, but for what is gone.
func TestTombstonesKeepWhatIsAskedFor(t *testing.T) {
	at := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	now := at
	clock := func(string) time.Time { return now }
	q := NewMemory()
	for _, n := range []string{"1", "2"} {
		job := &Job{
			Operation: operation.Operation{ID: n, Company: "c", Method: "PUT", Path: "/api/v1/x?y=" + n, Header: "none", Received: at},
			Base:      "http://b/api", Tail: "/v1/x?y=" + n, Background: "none", HasBody: true, Request: Request{URL: "/" + n, Body: []byte("{}")},
		}
		if err := q.Add(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	jobs, err := q.Take(t.Context(), clock, Limits{Max: 2, PerCompany: 2})
	if err != nil || len(jobs) != 2 {
		t.Fatal(len(jobs), err)
	}
	var want []*Job
	for _, job := range jobs {
		r := Result{
			State: operation.Finished, StatusCode: 200, Ended: at, Expires: at.Add(time.Hour),
			Answer: map[string]string{"ETag": "1"}, Content: []byte("x"), ContentType: "text/plain",
		}
		if err := q.Finish(t.Context(), job.Lease(), r); err != nil {
			t.Fatal(err)
		}
		q.Count(job.ID, 2, 1)
		kept, err := q.Get(t.Context(), job.ID, clock)
		if err != nil {
			t.Fatal(err)
		}
		kept.State, kept.Answer, kept.Epoch = operation.Expired, nil, 0
		want = append(want, kept)
	}
	now = now.Add(time.Hour)
	got, err := q.List(t.Context(), clock)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v %v, want %+v", got[0], err, want[0])
	}
	if body, err := q.Content(t.Context(), "1", clock); body != nil || err != nil {
		t.Errorf("content %q %v", body, err)
	}
}

// All tombstones together take less than 10 MiB, their places in the lists
// included.
func TestTombstonesAreSmall(t *testing.T) {
	const n = MaxTombstones
	at := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	now := func(string) time.Time { return at }
	q := NewMemory()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	begun := heap()
	for i := range n {
		id := strconv.Itoa(i)
		job := &Job{
			Operation: operation.Operation{ID: id, Company: strings.Clone("company"), Path: strings.Clone("/v1/customerinvoice/003547"), Header: strings.Clone("https://hook.example/hook"), Received: at},
			Tail:      strings.Clone("/v1/customerinvoice/003547"), Background: strings.Clone("https://hook.example/hook"), Base: strings.Clone("http://127.0.0.1:8787"),
		}
		if err := q.Add(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		jobs, err := q.Take(t.Context(), now, Limits{Max: 1, PerCompany: 1})
		if err != nil || len(jobs) != 1 {
			t.Fatal(len(jobs), err)
		}
		if err := q.Finish(t.Context(), jobs[0].Lease(), Result{State: operation.Finished, Ended: at, Expires: at.Add(time.Hour), Content: make([]byte, 100)}); err != nil {
			t.Fatal(err)
		}
	}
	alive := heap() - begun
	at = at.Add(time.Hour)
	if _, err := q.Take(t.Context(), now, Limits{}); err != nil {
		t.Fatal(err)
	}
	dead := heap() - begun
	t.Logf("%d bytes each, then %d", alive/n, dead/n)
	if dead > 10<<20 || dead > alive || len(q.tombstones) != n {
		t.Errorf("%d tombstones take %d bytes, the jobs took %d", len(q.tombstones), dead, alive)
	}
	runtime.KeepAlive(q)
}
