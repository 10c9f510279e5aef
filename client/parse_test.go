package client

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unicode/utf8"
)

// TestStateDocuments reads the documents in testdata/state: the one that was
// captured from the real API, and its neighbours.
func TestStateDocuments(t *testing.T) {
	oslo := time.FixedZone("", 3600)
	received := time.Date(2022, 11, 10, 10, 20, 53, 750e6, oslo)
	started := time.Date(2022, 11, 10, 10, 20, 54, 393e6, oslo)
	finished := time.Date(2022, 11, 10, 10, 20, 55, 788e6, oslo)
	tests := map[string]document{
		"captured.json": {
			id: "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", status: "Finished", statusCode: 400, received: received, started: started, finished: finished,
			webhook: "https://google.com", originalURI: "https://finance.visma.net/0921001005/api/v1/customerPayment/400654/action/release", hasContent: true, contentTold: true,
		},
		"running.json":   {id: "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", status: "Started", received: received, started: started, webhook: "none", contentTold: true},
		"queued.json":    {id: "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", status: "Started", received: received, webhook: "none"},
		"year-one.json":  {status: "Started"},
		"loose.json":     {id: "7", status: "FINISHED", statusCode: 201, received: received.UTC(), hasContent: true, contentTold: true, header: http.Header{"Location": {"/v1/customerinvoice/7"}, "Etag": {`"a"`, `"b"`}}},
		"machinery.json": {status: "Failed", statusCode: 500, errorMessage: "No worker was available.", contentTold: true},
		"unknown.json":   {status: "Sleeping", statusCode: 200},
	}
	files, _ := filepath.Glob("testdata/state/*.json")
	if len(files) != len(tests) {
		t.Fatalf("%d files, %d expectations", len(files), len(tests))
	}
	for name, want := range tests {
		data, err := os.ReadFile(filepath.Join("testdata/state", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseState(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, pair := range [][2]*time.Time{{&got.received, &want.received}, {&got.started, &want.started}, {&got.finished, &want.finished}} {
			if !pair[0].Equal(*pair[1]) {
				t.Errorf("%s: time %v, want %v", name, *pair[0], *pair[1])
			}
			*pair[0], *pair[1] = time.Time{}, time.Time{}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
		if want := name == "captured.json" || name == "loose.json" || name == "machinery.json"; got.terminal() != want {
			t.Errorf("%s: terminal is %v", name, got.terminal())
		}
	}
}

func TestStateDocumentWithoutAStatusIsNone(t *testing.T) {
	for _, doc := range []string{``, `null`, `[]`, `7`, `{}`, `{"status":null}`, `{"status":"  "}`, `{"status":{"a":1}}`, `{"status":"Finished"`, strings.Repeat(`[`, 1<<20)} {
		if d, err := parseState([]byte(doc)); err == nil {
			t.Errorf("%.40q was read as %+v", doc, d)
		}
	}
}

func FuzzState(f *testing.F) {
	files, _ := filepath.Glob("testdata/state/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parseState(data)
		if err != nil {
			return
		}
		if d.status == "" || (d.statusCode != 0 && (d.statusCode < 100 || d.statusCode > 999)) {
			t.Fatalf("read as %+v", d)
		}
		for name, values := range d.header {
			for _, v := range values {
				if !clean(name) || !clean(v) {
					t.Fatalf("header %q: %q could break out", name, v)
				}
			}
		}
		if d.terminal() != (strings.EqualFold(d.status, "finished") || strings.EqualFold(d.status, "failed")) {
			t.Fatalf("%q terminal: %v", d.status, d.terminal())
		}
	})
}

func FuzzAcceptedID(f *testing.F) {
	f.Add([]byte(`{"id":"2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10","stateLocation":"https://h/v1/background/x"}`), "")
	f.Add([]byte(`{"stateLocation":"/API/controller/api/v1/background/abc/content?x"}`), "")
	f.Add([]byte(`{}`), "https://h/v1/background/%2e%2e/x")
	f.Fuzz(func(t *testing.T, body []byte, location string) {
		id := acceptedID(body, http.Header{"Location": {location}})
		if id == "" {
			return
		}
		// Whatever was read can be put into a path and stays one segment.
		o := origin{scheme: "https", host: "erp.mock"}
		req, err := http.NewRequest("GET", o.url(statePath(id)), nil)
		if err != nil || req.URL.Host != "erp.mock" || req.URL.Path != "/v1/background/"+id || dotted(req.URL.Path) || strings.Count(req.URL.Path, "/") != 3 {
			t.Fatalf("id %q leads to %v, %v", id, req, err)
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"message":"Payment can't be updated because it is already released."}`))
	f.Add([]byte(`{"ExceptionMessage":"x","ExceptionFaultCode":"12027"}`))
	f.Add([]byte("<html>\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, fault := messageIn(body, "")
		if !utf8.ValidString(m) || !utf8.ValidString(fault) || len(m) > 2010 || len(fault) > 70 {
			t.Fatalf("message %q, fault %q", m, fault)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120", "")
	f.Add("Fri, 31 Dec 1999 23:59:59 GMT", "60")
	f.Add("1e300", "9e99")
	f.Add("NaN", "-1")
	f.Fuzz(func(t *testing.T, after, reset string) {
		h := http.Header{"Retry-After": {after}, "X-Ratelimit-Reset": {reset}}
		if d := retryAfter(h, time.Unix(1_700_000_000, 0)); d < time.Second || d > time.Hour {
			t.Fatalf("%q, %q: %v", after, reset, d)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, tt := range []struct {
		after, reset string
		want         time.Duration
	}{
		{"120", "", 2 * time.Minute},
		{"0", "", time.Second},
		{"1.5", "", 1500 * time.Millisecond},
		{"1743820800000", "", time.Hour}, // "retrying in 484 389 h"
		{now.Add(90 * time.Second).UTC().Format(http.TimeFormat), "", 90 * time.Second},
		{now.Add(-time.Hour).UTC().Format(http.TimeFormat), "", time.Second},
		{"", "30", 30 * time.Second},
		{"soon", "30", 30 * time.Second},
		{"", "1700000045", 45 * time.Second}, // the old gateway's epoch
		{"", "", time.Minute},
		{"-5", "x", time.Minute},
	} {
		if got := retryAfter(http.Header{"Retry-After": {tt.after}, "X-Ratelimit-Reset": {tt.reset}}, now); got != tt.want {
			t.Errorf("%q, %q: got %v, want %v", tt.after, tt.reset, got, tt.want)
		}
	}
}

func TestDefaultSchedule(t *testing.T) {
	for _, tt := range []struct {
		look Look
		want time.Duration
	}{
		{Look{Notified: -1}, 2 * time.Second},
		{Look{Notified: -1, Polls: 1}, 3600 * time.Millisecond},
		{Look{Notified: -1, Polls: 100}, 30 * time.Second},
		{Look{Notified: -1, Notify: true}, 30 * time.Second},
		{Look{Notified: -1, Notify: true, Polls: 100}, 5 * time.Minute},
		{Look{Notified: 0, Notify: true, Polls: 9}, 3 * time.Second},
		{Look{Notified: 20 * time.Second, Notify: true}, time.Minute},
		{Look{Notified: time.Hour, Notify: true}, 30 * time.Second},
		{Look{Notified: -1, Missing: true, Age: 10 * time.Second}, 2 * time.Second},
		{Look{Notified: -1, Missing: true, Age: time.Minute}, time.Minute},
		{Look{Notified: 0, Missing: true, Age: time.Hour, Polls: 50}, 5 * time.Minute},
	} {
		if got := DefaultSchedule(tt.look); got != tt.want {
			t.Errorf("%+v: got %v, want %v", tt.look, got, tt.want)
		}
	}
}

func TestJitterStaysClose(t *testing.T) {
	seen := map[time.Duration]bool{}
	check := func(ref string, polls int) bool {
		d := jitter(10*time.Second, ref, polls)
		seen[d] = true
		return d >= 9*time.Second && d <= 11*time.Second && d == jitter(10*time.Second, ref, polls)
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
	if len(seen) < 50 {
		t.Errorf("only %d different delays", len(seen))
	}
	for _, d := range []time.Duration{-1, 0, 1 << 62} {
		if got := jitter(d, "ref", 1); got < minDelay-minDelay/10 || got > maxDelay+maxDelay/10 {
			t.Errorf("%v became %v", d, got)
		}
	}
}
