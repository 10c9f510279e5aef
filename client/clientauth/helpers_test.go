package clientauth_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/internal/memhttp"
)

const (
	erpBase = "https://erp.mock"
	secret  = "s3cr3t/with+signs"
)

// endpoint is a token endpoint. It issues "token-1", "token-2" and so on,
// each for an hour.
type endpoint struct {
	life  time.Duration // of a token; 0: an hour
	delay time.Duration // before each answer
	// answer, if set, is asked first; it reports false to leave the answer
	// to the endpoint. n counts the calls from 1.
	answer func(w http.ResponseWriter, r *http.Request, n int) bool

	mu    sync.Mutex // guards the rest
	forms []url.Values
	basic []string
	times []time.Time
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	e.forms = append(e.forms, r.PostForm)
	id, password, _ := r.BasicAuth()
	e.basic = append(e.basic, id+":"+password)
	e.times = append(e.times, time.Now())
	n := len(e.forms)
	e.mu.Unlock()
	if e.delay > 0 {
		select {
		case <-time.After(e.delay):
		case <-r.Context().Done():
			return
		}
	}
	if e.answer != nil && e.answer(w, r, n) {
		return
	}
	life := e.life
	if life == 0 {
		life = time.Hour
	}
	say(w, 200, fmt.Sprintf(`{"access_token":"token-%d","expires_in":%d,"token_type":"Bearer","scope":"x"}`, n, int(life.Seconds())))
}

func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func (e *endpoint) calls() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.forms)
}

// hosts is an in-memory network with the vendor's token endpoint.
func hosts(e http.Handler, more map[string]http.Handler) *memhttp.Transport {
	m := map[string]http.Handler{"connect.visma.com": e}
	for host, h := range more {
		m[host] = h
	}
	return &memhttp.Transport{Hosts: m}
}

// config is a complete configuration that reaches the endpoint in memory.
func config(e *endpoint) clientauth.Config {
	return clientauth.Config{
		BaseURLs: []string{erpBase}, ClientID: "app", ClientSecret: secret, TenantID: "company",
		HTTPClient: &http.Client{Transport: hosts(e, nil)},
	}
}

func mustNew(t *testing.T, cfg clientauth.Config) *clientauth.Source {
	t.Helper()
	s, err := clientauth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// play runs f in virtual time with a source that asks the endpoint.
func play(t *testing.T, e *endpoint, f func(*testing.T, *clientauth.Source)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, mustNew(t, config(e))) })
}

// want fails unless the source's token is the given one.
func want(t *testing.T, s *clientauth.Source, text string) {
	t.Helper()
	token, err := s.Token(t.Context())
	if err != nil {
		t.Fatalf("token: %v", err)
	}
	if token.AccessToken != text {
		t.Fatalf("got %s, want %s", token.AccessToken, text)
	}
}

// logbook returns a logger and what it wrote.
func logbook() (*slog.Logger, *locked) {
	b := &locked{}
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})), b
}

type locked struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
