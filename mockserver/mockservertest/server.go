package mockservertest

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/vismanet-go/background/mockserver"
)

// HookURL is where [Server.Hook] is with [Start].
const HookURL = "https://hook.test/erp"

// A Server is a mock that ends with its test. It is safe for concurrent use.
type Server struct {
	*mockserver.Server

	// Hook receives the notifications. If Config.NotifyClient is set, they go
	// where it sends them.
	Hook *Hook

	url    string
	client *http.Client

	mu    sync.Mutex // guards taken
	taken map[taken]bool
}

// taken is something that was required, by its company and what identifies it.
type taken struct{ company, key string }

// Reset does what [mockserver.Server.Reset] does, and forgets what was required
// of the company, as its ids and numbers may come again.
func (s *Server) Reset(ctx context.Context, company string) error {
	err := s.Server.Reset(ctx, company)
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.taken, func(t taken, _ bool) bool { return company == "" || t.company == company })
	return err
}

// URL is the API root of the mock.
func (s *Server) URL() string { return s.url }

// Client returns a client that reaches the mock: after [Start] in memory, and
// nothing else.
func (s *Server) Client() *http.Client { return s.client }

// Start starts a mock in memory. Unless cfg says otherwise, its notifications
// can reach the Hook only, which is also the subscription. At the end of the
// test the mock is closed; the test fails if an endpoint panicked in the
// background. A test that wants such a panic uses [mockserver.New].
func Start(t testing.TB, cfg mockserver.Config) *Server {
	t.Helper()
	hook := &Hook{URL: HookURL}
	if cfg.NotifyClient == nil {
		cfg.NotifyClient = mockserver.MemoryClient(map[string]http.Handler{"hook.test": hook})
		subscribe(&cfg, hook)
	}
	s := open(t, cfg, hook)
	s.url, s.client = mockserver.BaseURL, s.Server.Client()
	return s
}

// StartSocket is [Start] with mock and Hook on loopback addresses of their own.
func StartSocket(t testing.TB, cfg mockserver.Config) *Server {
	t.Helper()
	hook := &Hook{}
	receiver := httptest.NewServer(hook)
	t.Cleanup(receiver.Close)
	hook.URL = receiver.URL + "/erp"
	if cfg.NotifyClient == nil {
		subscribe(&cfg, hook)
	}
	listener := httptest.NewUnstartedServer(nil)
	t.Cleanup(listener.Close) // after the mock was closed, which ends every wait
	s := open(t, cfg, hook)
	listener.Config.Handler = s
	listener.Start()
	s.url, s.client = listener.URL, listener.Client()
	return s
}

func subscribe(cfg *mockserver.Config, hook *Hook) {
	if cfg.Subscription.URL == "" {
		cfg.Subscription.URL = hook.URL
	}
}

func open(t testing.TB, cfg mockserver.Config, hook *Hook) *Server {
	t.Helper()
	srv, err := mockserver.New(cfg)
	if err != nil {
		t.Fatalf("mockserver: %v", err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Errorf("mockserver: %v", err)
		}
		for _, op := range srv.Operations() {
			if value, ok := strings.CutPrefix(op.ErrorMessage, "Unhandled exception in the endpoint: "); ok {
				t.Errorf("mockserver: the endpoint of %s %s panicked: %s", op.Method, op.Path, value)
			}
		}
	})
	return &Server{Server: srv, Hook: hook, taken: make(map[taken]bool)}
}
