package mockserver_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

// everyFault is a rule for each thing that rules can do. At each point, each of
// them and none of them are about as likely.
func everyFault() []fault.Rule {
	var rules []fault.Rule
	add := func(on fault.Point, do ...fault.Effect) {
		for i, d := range do {
			rules = append(rules, fault.Rule{Name: fmt.Sprintf("r%02d", len(rules)), On: on, Probability: 1 / float64(len(do)-i+1), Do: d})
		}
	}
	add(fault.OnAuth, fault.Answer{Status: 401})
	add(
		fault.OnIntake, fault.Answer{Status: 429, RetryAfter: time.Minute, RetryAfterDate: true}, fault.Answer{Drop: true},
		fault.Answer{Process: true, Drop: true}, fault.Answer{Process: true, Status: 502, Body: "<html>"},
		fault.Answer{Omit: []string{"id"}}, fault.Answer{Foreground: true}, fault.Answer{Links: "https://elsewhere.test"},
	)
	add(fault.OnForeground, fault.Answer{Header: http.Header{"X-Odd": {"1"}}}, fault.Answer{Status: 500})
	add(
		fault.OnState, fault.Answer{Lag: time.Minute}, fault.Answer{Stuck: true}, fault.Answer{Set: map[string]any{"status": "Odd"}},
	)
	add(fault.OnContent, fault.Answer{CutAfter: 10}, fault.Answer{Status: 404})
	add(
		fault.OnQueue, fault.Queue{Hold: 30 * time.Second}, fault.Queue{Fail: "out of paper"},
		fault.Queue{Fail: "late", Late: true}, fault.Queue{Deaths: 1}, fault.Queue{Twice: true},
	)
	add(
		fault.OnNotification, fault.Notify{Drop: true}, fault.Notify{Delay: 10 * time.Second},
		fault.Notify{Reorder: true}, fault.Notify{Duplicates: 2}, fault.Notify{Forge: true},
		fault.Notify{Replay: true}, fault.Notify{Body: []byte("{}")},
	)
	return rules
}

// script plays the same calls against a new server and returns its journal.
// Notifications go over real sockets, whose ports are replaced.
func script(t *testing.T, seed uint64) string {
	t.Helper()
	var mu sync.Mutex
	told := 0
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		if told++; told%3 == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer hook.Close()
	srv, err := mockserver.New(mockserver.Config{
		Seed: seed, Clock: mockserver.ClockConfig{Start: day1, Manual: true}, Workers: 2, Retention: 10 * time.Minute,
		Faults: everyFault(), Subscription: mockserver.Subscription{URL: hook.URL + "/sub", SigningKey: "k"},
		RateLimit: mockserver.RateLimit{Limit: 25, Window: time.Minute},
		ExecTime: mockserver.ExecTimeFunc(func(r *http.Request) time.Duration {
			return map[string]time.Duration{"GET": 0, "PUT": time.Second, "POST": 5 * time.Second}[r.Method]
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	srv.Handle("/v1/note/{name}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"name":%q,"method":%q}`, r.PathValue("name"), r.Method)
	}))
	client := srv.Client()
	var ids []string
	call := func(company, method, path, body, background string) {
		req, err := http.NewRequest(method, mockserver.BaseURL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("ipp-company-id", company)
		if background != "" {
			req.Header.Set("erp-api-background", background)
		}
		resp, err := client.Do(req)
		if idle := srv.Clock(company).Idle(t.Context()); idle != nil { // some operations take no time
			t.Fatal(idle)
		}
		if err != nil {
			return // dropped
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if at := resp.Header.Get("Location"); resp.StatusCode == http.StatusAccepted && strings.Contains(at, "/v1/background/") {
			ids = append(ids, at[strings.LastIndexByte(at, '/')+1:])
		}
	}
	call("1", "PUT", "/v1/customerinvoice/003547", `{"note":{"value":"x"}}`, "none")
	for round := range 4 {
		for _, company := range []string{"1", "2", "3"} {
			ids = nil
			call(company, "POST", "/v1/note/a", "", hook.URL+"/a")
			call(company, "PUT", "/v1/note/b", `{"x":1}`, "subscription:a=b")
			call(company, "GET", "/v1/note/c", "", hook.URL+"/b")
			call(company, "GET", "/v1/note/d", "", "")
			if err := srv.Clock(company).Advance(t.Context(), time.Duration(round)*3*time.Second); err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				call(company, "GET", "/v1/background/"+id, "", "")
				call(company, "GET", "/v1/background/"+id+"/content", "", "")
			}
		}
	}
	for _, company := range []string{"1", "2", "3"} {
		if err := srv.Clock(company).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if _, err := srv.Journal().WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	if n := srv.Journal().Forgotten(); n > 0 {
		t.Fatalf("%d entries forgotten", n)
	}
	return ports.ReplaceAllString(out.String(), "127.0.0.1:PORT")
}

var ports = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// The same seed and the same calls give the same journal, to the last byte,
// however the scheduler runs the server's goroutines.
func TestTheSameSeedGivesTheSameJournal(t *testing.T) {
	first := script(t, 78) // a seed with which every fault happens
	seen := make(map[string]bool)
	for _, m := range regexp.MustCompile(`"fault":"(r\d\d)"`).FindAllStringSubmatch(first, -1) {
		seen[m[1]] = true
	}
	if want := len(everyFault()); len(seen) < want {
		t.Errorf("%d of %d faults happened: %v", len(seen), want, seen)
	}
	t.Logf("%d entries, %d bytes", strings.Count(first, "\n"), len(first))
	sum := sha256.Sum256([]byte(first))
	for i := range 100 {
		previous := runtime.GOMAXPROCS(1 + i%2)
		again := script(t, 78)
		runtime.GOMAXPROCS(previous)
		if sha256.Sum256([]byte(again)) != sum {
			t.Fatalf("run %d, GOMAXPROCS %d:\n%s", i, 1+i%2, firstDifference(first, again))
		}
	}
	if script(t, 11) == first {
		t.Error("another seed gives the same journal")
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d:\n%s\n%s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}
