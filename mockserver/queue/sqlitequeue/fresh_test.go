package sqlitequeue

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// A job that is remembered is the same as one that is read back.
func TestFreshJobsAreAsTheyWouldBeRead(t *testing.T) {
	q, err := Open(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	at := time.Date(2026, 9, 1, 12, 0, 0, 5, time.UTC)
	now := func(string) time.Time { return at.Add(time.Minute) }
	for _, id := range []string{"Remembered", "Forgotten"} {
		for i, request := range []queue.Request{
			{URL: "/v1/x?y", Host: "h", RemoteAddr: "r", Header: http.Header{"A": {"1", "2"}}, Body: []byte("{}")},
			{URL: "/v1/x"},
		} {
			err := q.Add(t.Context(), &queue.Job{
				Operation: operation.Operation{ID: id + string(rune('0'+i)), Company: "c", Method: "PUT", Path: "/p", Header: "none", State: operation.Queued, Received: at},
				Request:   request, Base: "b", Tail: "t", Background: "none", HasBody: true, ExecTime: time.Second,
				NotBefore: at.Add(time.Duration(i)), Fault: fault.Queue{Fail: "x"}, Notice: []byte("n"),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	q.fresh.drop([]int64{3, 4})
	jobs, err := q.Take(t.Context(), now, queue.Limits{Max: 4, PerCompany: 4})
	if err != nil || len(jobs) != 4 {
		t.Fatalf("took %d, %v", len(jobs), err)
	}
	for i := range 2 {
		got, want := *jobs[i], *jobs[i+2]
		if !strings.HasPrefix(got.ID, "remembered") || !strings.HasPrefix(want.ID, "forgotten") {
			t.Fatalf("took %s and %s", got.ID, want.ID)
		}
		got.ID, got.Epoch, want.ID, want.Epoch = "", 0, "", 0
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	if len(q.fresh.jobs) > 0 {
		t.Errorf("%d jobs are still remembered", len(q.fresh.jobs))
	}
}

func TestFreshJobsAreBounded(t *testing.T) {
	var f fresh
	for seq := range int64(3 * maxFresh) {
		f.add(seq, &queue.Job{})
	}
	f.add(-1, &queue.Job{Request: queue.Request{Body: make([]byte, maxFreshBody+1)}})
	if len(f.jobs) != maxFresh || f.get(3*maxFresh-1) == nil || f.get(0) != nil || f.get(-1) != nil {
		t.Errorf("%d jobs are remembered", len(f.jobs))
	}
}
