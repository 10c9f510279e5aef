package console_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/console"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// A service has operations of each kind that needs a person, and its console.
type service struct {
	*testing.T
	client *client.Client
	store  store.Store
	url    string // of the console
	log    *lines
	refs   map[string]string // by key
}

type lines struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

const hostile = `<script>alert("x")</script>`

func newService(t *testing.T, change func(*console.Config)) *service {
	t.Helper()
	srv, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(time.Millisecond), Workers: 8, Faults: []fault.Rule{
		{On: fault.OnIntake, Path: "/v1/customerinvoice/{n}/action/release", Do: fault.Answer{Drop: true}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	s := &service{T: t, store: store.NewMemory(store.MemoryConfig{}), log: &lines{}, refs: make(map[string]string)}
	t.Cleanup(func() { _ = s.store.Close() })
	s.client, err = client.New(client.Config{
		BaseURL: mockserver.BaseURL, HTTPClient: srv.Client(), Store: s.store, Tenant: "acme",
		Schedule: func(client.PollInfo) time.Duration { return 5 * time.Millisecond },
		OnComplete: map[string]client.Handler{"bad": func(context.Context, client.Completion) error {
			return client.Discard(errors.New("the database is down " + hostile))
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.client.Close() })
	cfg := console.Config{
		Client: s.client, Store: s.store, Tenant: "acme", Logger: slog.New(slog.NewTextHandler(s.log, nil)),
		Authorize: func(r *http.Request) (console.Principal, error) {
			switch r.Header.Get("X-User") {
			case "":
				return console.Principal{}, errors.New("who is that?")
			case "stranger":
				return console.Principal{}, console.ErrForbidden
			}
			return console.Principal{Name: r.Header.Get("X-User"), CanAct: r.Header.Get("X-User") == "boss"}, nil
		},
		Health: map[string]func(context.Context) error{"receiver": func(context.Context) error { return errors.New("no disk") }},
	}
	if change != nil {
		change(&cfg)
	}
	page, err := console.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/any/console/", http.StripPrefix("/any/console", page))
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	s.url = web.URL + "/any/console/"
	return s
}

func (s *service) submit(method, path, key, kind string) {
	s.Helper()
	req, err := http.NewRequest(method, path, nil)
	if err != nil {
		s.Fatal(err)
	}
	op, err := s.client.Submit(s.Context(), req, client.SubmitOptions{Key: key, Kind: kind, Metadata: map[string]string{"note": hostile}})
	if op == nil {
		s.Fatal(err)
	}
	s.refs[key] = op.Ref()
	if err == nil && kind != "open" {
		if _, err := op.Wait(s.Context()); err != nil {
			s.Logf("%s: %v", key, err)
		}
	}
}

// call calls the console as somebody and returns the status and the JSON.
func (s *service) call(user, method, path, body string) (int, map[string]any) {
	s.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("X-User", user)
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
	}
	return s.do(req)
}

func (s *service) do(req *http.Request) (int, map[string]any) {
	s.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil && resp.StatusCode != http.StatusNotFound {
		s.Errorf("%s %s: got %d %q, want JSON", req.Method, req.URL, resp.StatusCode, data)
	}
	return resp.StatusCode, v
}

func TestNobodySeesThePageUnasked(t *testing.T) {
	s := newService(t, nil)
	for _, path := range []string{"", "assets/ui.js", "page/main.js", "api/session", "api/overview", "api/operations", "api/operations/x", "api/operations/x/answer", "api/sequences", "api/events"} {
		for user, want := range map[string]int{"": 401, "stranger": 403} {
			if status, v := s.call(user, http.MethodGet, path, ""); status != want || len(v) == 0 || v["error"] == "" {
				t.Errorf("GET %s by %q: got %d %v, want %d", path, user, status, v, want)
			}
		}
	}
	for _, path := range []string{"api/operations/x/ack", "api/dead/replay"} {
		if status, _ := s.call("", http.MethodPost, path, "{}"); status != 401 {
			t.Errorf("POST %s by nobody: got %d, want 401", path, status)
		}
		if status, v := s.call("reader", http.MethodPost, path, "{}"); status != 403 || !strings.Contains(fmt.Sprint(v), "not change") {
			t.Errorf("POST %s by a reader: got %d %v, want 403", path, status, v)
		}
	}
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test", "Content-Type": "text/plain"} {
		req, err := http.NewRequest(http.MethodPost, s.url+"api/dead/replay", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-User", "boss")
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(header, value)
		if status, _ := s.do(req); status != 403 && status != 415 {
			t.Errorf("with %s: %s got %d, want it refused", header, value, status)
		}
	}
}

func TestAConsoleForReadingChangesNothing(t *testing.T) {
	s := newService(t, func(c *console.Config) { c.ReadOnly = true })
	s.submit(http.MethodPost, "/v1/customerinvoice/003541/action/release", "lost", "")
	if status, v := s.call("boss", http.MethodPost, "api/operations/"+s.refs["lost"]+"/give-up", `{"reason":"r"}`); status != 403 || !strings.Contains(fmt.Sprint(v), "reading only") {
		t.Errorf("got %d %v, want it refused", status, v)
	}
	if _, v := s.call("boss", http.MethodGet, "api/session", ""); v["canAct"] != false || v["readOnly"] != true {
		t.Errorf("got the session %v", v)
	}
}

func TestConfigurationsAreChecked(t *testing.T) {
	_, err := console.New(console.Config{})
	for _, field := range []string{"Client", "Store", "Tenant", "Authorize"} {
		if err == nil || !strings.Contains(err.Error(), field+": must be set") {
			t.Errorf("got %v, want that %s is missing", err, field)
		}
	}
}

// What is open is seen, found by every filter, told of as it changes, and everything
// that a person can say is said.
func TestOperationsAreLookedAfter(t *testing.T) {
	s := newService(t, nil)
	s.submit(http.MethodGet, "/v1/customerinvoice/003501", "fine", "report")
	s.submit(http.MethodGet, "/v1/customerinvoice/999999", "failed", "report")
	s.submit(http.MethodPost, "/v1/customerinvoice/003541/action/release", "lost", "release")
	s.submit(http.MethodPost, "/v1/customerinvoice/003542/action/release", "lost too", "release")
	s.submit(http.MethodPost, "/v1/customerinvoice/003543/action/release", "lost three", "release")
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"", []string{"lost three", "lost too", "lost", "failed", "fine"}},
		{"order=oldest&kind=report", []string{"fine", "failed"}},
		{"phase=uncertain", []string{"lost three", "lost too", "lost"}},
		{"phase=uncertain&phase=settled&kind=report", []string{"failed", "fine"}},
		{"outcome=failed", []string{"failed"}},
		{"outcome=succeeded", []string{"fine"}},
		{"text=999999", []string{"failed"}},
		{"text=RELEASE+003542", []string{"lost too"}},
		{"text=alert", []string{"lost three", "lost too", "lost", "failed", "fine"}},
		{"meta=note%3D" + strings.NewReplacer("<", "%3C", ">", "%3E", `"`, "%22", "/", "%2F").Replace(hostile) + "&kind=report", []string{"failed", "fine"}},
		{"meta=note%3Dno", nil},
		{"until=2020-01-01T00:00:00Z", nil},
	} {
		_, v := s.call("reader", http.MethodGet, "api/operations?"+tt.query, "")
		var got []string
		for _, o := range v["operations"].([]any) {
			got = append(got, o.(map[string]any)["key"].(string))
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: got %q, want %q", tt.query, got, tt.want)
		}
	}
	for _, query := range []string{"phase=no", "since=yesterday", "after=x", "meta=x"} {
		if status, v := s.call("reader", http.MethodGet, "api/operations?"+query, ""); status != 400 || v["error"] == "" {
			t.Errorf("%s: got %d %v, want 400", query, status, v)
		}
	}

	_, one := s.call("reader", http.MethodGet, "api/operations/"+s.refs["lost"], "")
	if text := fmt.Sprint(one["timeline"], one["acts"]); !strings.Contains(text, "not known whether the ERP accepted it") || !strings.Contains(text, "not-accepted") {
		t.Errorf("got %v", one)
	}
	_, v := s.call("reader", http.MethodGet, "api/operations/"+s.refs["fine"]+"/answer", "")
	if !strings.Contains(fmt.Sprint(v["text"]), `"referenceNumber":"003501"`) {
		t.Errorf("got the answer %v", v)
	}
	if status, _ := s.call("reader", http.MethodGet, "api/operations/"+s.refs["lost"]+"/answer", ""); status != 409 {
		t.Errorf("the answer of an uncertain one: got %d, want 409", status)
	}
	_, v = s.call("reader", http.MethodGet, "api/overview", "")
	if text := fmt.Sprint(v); !strings.Contains(text, "no disk") || !strings.Contains(text, "Uncertain:3") {
		t.Errorf("got the overview %v", v)
	}

	events := s.events()
	for _, tt := range []struct {
		key, act, body string
		status         int
		phase          string
	}{
		{"lost", "ended", `{"statusCode":201}`, 422, ""}, // without a reason
		{"lost", "ended", `{"statusCode":99,"reason":"r"}`, 422, ""},
		{"lost", "ended", `{"statusCode":201,"location":"/v1/x/1","body":"{\"a\":1}","reason":"it is there"}`, 200, "settled"},
		{"lost too", "accepted", `{"id":"3f2504e0-4f89-41d3-9a0c-0305e82c3301","reason":""}`, 422, ""},
		{"lost too", "not-accepted", `{"reason":"it is not there"}`, 200, "rejected"},
		{"lost three", "give-up", `{"reason":"nobody knows"}`, 200, "abandoned"},
		{"lost three", "replay", `{}`, 422, ""},
		{"fine", "ack", `{}`, 200, "acknowledged"},
		{"fine", "explode", `{}`, 404, ""},
		{"fine", "ack", `{"unknown":1}`, 400, ""},
	} {
		status, v := s.call("boss", http.MethodPost, "api/operations/"+s.refs[tt.key]+"/"+tt.act, tt.body)
		if status != tt.status || tt.phase != "" && v["phase"] != tt.phase {
			t.Errorf("%s %s: got %d %v, want %d and %s", tt.act, tt.key, status, v, tt.status, tt.phase)
		}
	}
	if status, _ := s.call("boss", http.MethodPost, "api/operations/none/ack", "{}"); status != 404 {
		t.Errorf("an operation that is not there: got %d, want 404", status)
	}
	for _, want := range []string{`principal=boss act=ended`, `reason="it is there"`, `act=give-up`} {
		if !strings.Contains(s.log.text(), want) {
			t.Errorf("no %s in the log:\n%s", want, s.log.text())
		}
	}
	if strings.Contains(s.log.text(), `{\"a\":1}`) {
		t.Errorf("a body is in the log:\n%s", s.log.text())
	}
	for !strings.Contains(<-events, s.refs["lost three"]) {
	}
}

func TestDeadLettersAreHandledInBulk(t *testing.T) {
	s := newService(t, nil)
	for i := range 3 {
		s.submit(http.MethodGet, "/v1/customerinvoice/003501", fmt.Sprint(i), "bad")
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.client.Run(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		n, err := s.client.CountDead(t.Context(), client.DeadFilter{})
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d are dead, %v, want 3", n, err)
		}
		if n == 3 {
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		act, body string
		status    int
		want      string
	}{
		{"count", `{"kind":"bad"}`, 200, "map[done:0 selected:3]"},
		{"count", `{"kind":"other"}`, 200, "map[done:0 selected:0]"},
		{"count", `{"text":"DATABASE"}`, 200, "map[done:0 selected:3]"},
		{"drop", `{"kind":"bad"}`, 422, "want a reason"},
		{"bury", `{}`, 404, ""},
		{"drop", `{"until":"2020-01-01T00:00:00Z","reason":"old"}`, 200, "map[done:0 selected:0]"},
		{"replay", `{"kind":"bad"}`, 200, "map[done:3 selected:3]"},
	} {
		if status, v := s.call("boss", http.MethodPost, "api/dead/"+tt.act, tt.body); status != tt.status || !strings.Contains(fmt.Sprint(v), tt.want) {
			t.Errorf("%s %s: got %d %v, want %d %s", tt.act, tt.body, status, v, tt.status, tt.want)
		}
	}
}

// events reads the stream of changes.
func (s *service) events() <-chan string {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+"api/events", nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("X-User", "reader")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { resp.Body.Close() })
	out := make(chan string, 100)
	in := bufio.NewScanner(resp.Body)
	if !in.Scan() || in.Text() != "id: 1" {
		s.Fatalf("got %q first, want the first event", in.Text())
	}
	go func() {
		for in.Scan() {
			if data, ok := strings.CutPrefix(in.Text(), "data: "); ok {
				out <- data
			}
		}
	}()
	return out
}
