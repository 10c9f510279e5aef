package mockserver

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/openapi"
)

func TestRetryWaits(t *testing.T) {
	r := Retry{}.withDefaults(5)
	var got []time.Duration
	for n := 1; n <= 9; n++ {
		got = append(got, r.before(n))
	}
	s := time.Second
	want := []time.Duration{5 * s, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 320 * s, 600 * s, 600 * s}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for n := range 200 {
		far := Retry{Interval: time.Hour, MaxInterval: math.MaxInt64 - 1}
		if got := far.before(n + 1); got < time.Hour {
			t.Errorf("before attempt %d: %v", n+2, got)
		}
	}
	if got := r.before(10_000); got != 10*time.Minute {
		t.Errorf("after 10 000 attempts: got %v, want 10m", got)
	}
}

// Headers cost what they take in memory, not what they are on the wire.
func TestTheCostOfHeaders(t *testing.T) {
	h := make(http.Header)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range 5000 {
		h.Add(strconv.Itoa(i), "x")
		h.Add("many", "x")
	}
	runtime.ReadMemStats(&after)
	// What a copy takes is less than what building it did.
	if cost, took := headerCost(h), int(after.TotalAlloc-before.TotalAlloc); cost*10 < took || cost > took {
		t.Errorf("counted as %d bytes, took %d", cost, took)
	}
}

func TestOnlyLoopbackAndPrivateTargets(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "10.1.2.3:1": true, "192.168.0.7:1": true, "172.16.0.1:443": true,
		"[fd00::1]:80": true, "[::ffff:127.0.0.1]:80": true,
		"8.8.8.8:53": false, "169.254.169.254:80": false, "0.0.0.0:80": false, "[::]:80": false, "[fe80::1]:80": false,
		"[::ffff:8.8.8.8]:80": false, "172.32.0.1:80": false, "nonsense": false,
	} {
		if err := privateOnly("tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v, want allowed: %v", address, err, ok)
		}
	}
}

// The document that was captured from the real system in November 2022, made
// again from what is known of its operation.
func TestCapturedStateDocument(t *testing.T) {
	at := func(s string) time.Time {
		v, err := openapi.ParseTime(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	op := &operation{
		Operation: Operation{
			ID: "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", Company: "0921001005", State: Finished, StatusCode: 400,
			Received: at("2022-11-10T10:20:53.75+01:00"), Started: at("2022-11-10T10:20:54.393+01:00"), Ended: at("2022-11-10T10:20:55.788+01:00"),
		},
		base:       "https://integration.visma.net/API/controller/api",
		tail:       "/v1/customerPayment/400654/action/release",
		background: wire.Background{Mode: wire.NotifyURL, URL: "https://google.com"},
		hasBody:    true,
		content:    []byte(`{"message":"Payment can't be updated because it is already released."}`),
	}
	want, err := os.ReadFile("testdata/state-captured-2022.json")
	if err != nil {
		t.Fatal(err)
	}
	p := Profile{ResponseHeaders: []string{}}.withDefaults()
	if got := wire.JSON(p.stateDocument(op)); string(got)+"\n" != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTombstonesAreBounded(t *testing.T) {
	q := NewMemoryQueue()
	src, now := wire.NewIDs(1), time.Unix(0, 0)
	clock := func(string) time.Time { return now }
	var first, last string
	for range maxTombstones + 1 {
		job := &Job{Operation: Operation{ID: src.GUID("operation", "1"), Company: "1", Received: now}}
		first, last = cmp.Or(first, job.ID), job.ID
		if err := q.Add(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		taken, err := q.Take(t.Context(), clock, Rules{Max: 1, PerCompany: 1})
		if err != nil || len(taken) != 1 {
			t.Fatal(len(taken), err)
		}
		if err := q.Finish(t.Context(), taken[0].Lease(), Result{State: Finished, Ended: now, Expires: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	q.sweep(q.lanes["1"], now.Add(time.Hour))
	if len(q.byID) != maxTombstones/2 || len(q.order) != maxTombstones/2 || len(q.graves) != maxTombstones/2 || len(q.lanes["1"].expiring) != 0 {
		t.Errorf("%d, %d, %d, %d left", len(q.byID), len(q.order), len(q.graves), len(q.lanes["1"].expiring))
	}
	if job, err := q.Get(t.Context(), last, clock); err != nil || job.State != Expired {
		t.Errorf("the latest: %+v %v", job, err)
	}
	if _, err := q.Get(t.Context(), first, clock); !errors.Is(err, ErrUnknownJob) {
		t.Errorf("the oldest: %v", err)
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	_, err := New(Config{
		ExternalURL: "erp.mock", Workers: -1, ExecTime: -1, Companies: map[string]string{"": "1"},
		Subscription: Subscription{URL: "/hook", Retry: Retry{Attempts: -1}},
		Profile:      Profile{TimeFormat: "sundial", ExpiredStateStatus: 500},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{
		"ExternalURL", "Workers", "ExecTime", "Companies", "Subscription.URL", "Subscription.Retry.Attempts",
		"Profile.TimeFormat", "Profile.ExpiredStateStatus",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in:\n%v", field, err)
		}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) < 6 {
		t.Errorf("want the faults joined, got %T", err)
	}
}
