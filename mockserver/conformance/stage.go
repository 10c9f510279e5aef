package conformance

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/internal/answer"
)

const (
	company = "1000001"

	// clockHeader carries the time of a candidate with a clock of its own.
	clockHeader = "x-conformance-time"
)

// clockStart is when the time of candidates with a clock of their own begins.
var clockStart = time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)

// A stage is where a scenario is played: the ERP, another host, and what a candidate
// is told of both.
type stage struct {
	settings
	mock    *mockserver.Server
	home    *listener // the ERP
	foreign *listener // a host that gets no token
	virtual bool      // the candidate has a clock of its own
	token   string
	secret  string // of the candidate's credentials

	hookSecret string // for its webhook addresses
	dir        string
	log        wireLog
	active     atomic.Int64
	cancel     context.CancelFunc // ends the play
	life       context.Context

	mu       sync.Mutex // guards all below
	onPoll   func()     // called once after a poll; nil: nothing
	counts   map[point]int
	accepted []acceptance
	breaches []Breach
}

// settings are what a scenario changes of a stage.
type settings struct {
	config      mockserver.Config // of the mock
	base        string            // path of the API's root
	poll        time.Duration
	callTimeout time.Duration
	uncertain   time.Duration
	patience    time.Duration // how long what comes is waited for, in real time: it is no measure of quality
	awaits      time.Duration // how long an end is awaited that comes, of the candidate's time
	mostCalls   int64         // a candidate that makes so many polls without a pause
	closed      bool          // nothing listens at the address of the ERP
	strict      bool          // the candidate gets its tokens itself
	ahead       time.Duration // how far the mock's clock is ahead of the candidate's
	alters      []alter
	elsewhere   http.HandlerFunc // what the foreign host answers
	keys        []string         // of the subscription, the newest first
}

// An acceptance is a request that the mock took.
type acceptance struct{ method, uri, op string }

// A Breach is one way in which a rule was broken.
type Breach struct {
	Rule   string `json:"rule"`
	Seen   string `json:"seen"`
	Wanted string `json:"wanted"`
}

// newStage sets up a stage. Close it.
func newStage(ctx context.Context, set settings, virtual bool, dir string) (*stage, error) {
	s := &stage{settings: set, virtual: virtual, token: "token-" + crand.Text(), secret: "secret-" + crand.Text(), hookSecret: crand.Text() + crand.Text(), dir: dir, counts: make(map[point]int)}
	s.life, s.cancel = context.WithCancel(ctx)
	cfg := set.config
	cfg.Auth.Mode = mockserver.AuthAny
	cfg.Companies = map[string]string{s.token: company}
	cfg.Clock.Start = time.Now().Add(set.ahead)
	if virtual {
		cfg.Clock = mockserver.ClockConfig{Manual: true, Start: clockStart.Add(set.ahead)}
	}
	if set.strict {
		cfg.Auth.Mode = mockserver.AuthStrict
		cfg.Companies = nil
		cfg.Auth.Clients = map[string]mockserver.AuthClient{clientID: {Secret: s.secret}}
		cfg.Auth.Tenants = map[string]string{tenantID: company}
	}
	var err, err2 error
	if s.mock, err = mockserver.New(cfg); err != nil {
		return nil, err
	}
	addEndpoints(s.mock)
	s.home, err = listen(http.HandlerFunc(s.serveHome))
	s.foreign, err2 = listen(http.HandlerFunc(s.serveForeign))
	if err := errors.Join(err, err2); err != nil {
		s.close()
		return nil, err
	}
	if set.closed {
		s.home.close()
	}
	return s, nil
}

// Who the candidate is where it gets tokens itself.
const (
	clientID = "conformance"
	tenantID = "5f0c9a1e-64a7-4a0e-9d53-6a6f4ad2b001"
)

func (s *stage) close() {
	s.cancel()
	s.home.close()
	s.foreign.close()
	_ = s.mock.Close() // it returns nil
}

// now is the time of the mock.
func (s *stage) now() time.Time { return s.mock.Clock(company).Now() }

// env is what a candidate is told.
func (s *stage) env(role Role) ([]string, error) {
	port, err := freePort()
	env := map[string]string{
		"PROTOCOL": strconv.Itoa(Version), "ROLE": string(role), "URL": s.home.url() + s.base,
		"POLL_MS": millis(s.poll), "CALL_TIMEOUT_MS": millis(s.callTimeout), "UNCERTAIN_MS": millis(s.uncertain),
		"WEBHOOK_PORT": port, "SIGNING_KEYS": strings.Join(s.keys, ","), "SECRET": s.hookSecret, "DIR": s.dir,
	}
	if s.strict {
		env["TOKEN_URL"], env["CLIENT_ID"], env["CLIENT_SECRET"], env["TENANT_ID"] = s.home.url()+"/connect/token", clientID, s.secret, tenantID
		env["SCOPE"] = strings.Join([]string{mockserver.ScopeRead, mockserver.ScopeCreate, mockserver.ScopeUpdate, mockserver.ScopeDelete}, " ")
	} else {
		env["TOKEN"] = s.token
	}
	if s.virtual {
		env["CLOCK"], env["CLOCK_START"] = "virtual", strconv.FormatInt(clockStart.UnixMilli(), 10)
	}
	var list []string
	for name, value := range env {
		list = append(list, "BACKGROUND_"+name+"="+value)
	}
	return list, err
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// Ports for candidates lie below those that systems give to outgoing connections, one
// of which could take a port before the candidate does.
const firstPort, ports = 20_000, 10_000

// nextPort counts the ports that were given, from anywhere, so that two runs at a time
// rarely meet.
var nextPort = func() *atomic.Int64 {
	n := new(atomic.Int64)
	n.Store(rand.Int64N(ports))
	return n
}()

// freePort is a port that nobody uses now.
func freePort() (string, error) {
	for range ports {
		port := strconv.FormatInt(firstPort+nextPort.Add(1)%ports, 10)
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			return port, l.Close()
		}
	}
	return "", errors.New("there is no free port for the candidate's webhook on 127.0.0.1")
}

// subscribe has notifications of the subscription sent to the candidate.
func (s *stage) subscribe(webhook string) error {
	return s.mock.SetSubscription(company, mockserver.Subscription{URL: webhook, SigningKey: s.keys[0]})
}

// broke notes that a rule was broken.
func (s *stage) broke(rule, seen, wanted string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaches = append(s.breaches, Breach{rule, seen, fmt.Sprintf(wanted, args...)})
}

// take takes out what was found so far, and put adds it again.
func (s *stage) take() []Breach {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.breaches
	s.breaches = nil
	return list
}

func (s *stage) put(list []Breach) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaches = append(s.breaches, list...)
}

// found are the rules that were broken.
func (s *stage) found() []Breach {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.breaches
}

func (s *stage) accept(method, uri, op string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = append(s.accepted, acceptance{method, uri, op})
}

// operations are the ids under which the mock took a request, oldest first.
func (s *stage) operations(method, uri string) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accepted {
		if a.method == method && a.uri == uri {
			ids = append(ids, a.op)
		}
	}
	return ids
}

// count counts a call at a point.
func (s *stage) count(p point) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[p]++
	return s.counts[p]
}

// content is the stored answer of an operation, as the mock has it.
func (s *stage) content(op string) answer.Outcome {
	token := s.token
	if s.strict {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {s.secret}, "tenant_id": {tenantID}}
		var got struct {
			Token string `json:"access_token"`
		}
		if json.Unmarshal(s.ask(http.MethodPost, "/connect/token", form, "").Body, &got) == nil {
			token = got.Token
		}
	}
	return s.ask(http.MethodGet, s.base+"/v1/background/"+op+"/content", nil, token)
}

// polled has f called once, when a poll has been answered.
func (s *stage) polled(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onPoll = f
}

// tellPolled calls what polled was given.
func (s *stage) tellPolled() {
	s.mu.Lock()
	f := s.onPoll
	s.onPoll = nil
	s.mu.Unlock()
	if f != nil {
		f()
	}
}

// ask has the mock answer a call of the runner's own.
func (s *stage) ask(method, path string, form url.Values, token string) answer.Outcome {
	r, err := http.NewRequestWithContext(s.life, method, s.home.url()+path, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // the runner made it
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+token)
	return answer.Invoke(s.mock, r, nil)
}

// A listener is a server on loopback.
type listener struct {
	addr   string
	server *http.Server
}

func listen(h http.Handler) (*listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }() // it ends with close
	return &listener{l.Addr().String(), server}, nil
}

func (l *listener) url() string { return "http://" + l.addr }

func (l *listener) close() {
	if l != nil {
		_ = l.server.Close()
	}
}
