package scenario

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/vismanet-go/background/mockserver"
)

// HookURL is where the webhook receiver of a scenario is.
const HookURL = "https://hook.test/erp"

// A Mock is the mock of a scenario. Close it after use.
type Mock struct {
	*mockserver.Server

	// Hook receives the notifications. They reach nothing else.
	Hook *Hook

	scenario *Scenario
	gate     *gate

	mu    sync.Mutex // guards named
	named map[string]string
}

// Start sets up the mock of a scenario, and takes no step. Change, if it is not
// nil, changes its configuration before.
func Start(s *Scenario, change func(*mockserver.Config)) (*Mock, error) {
	cfg, err := s.Config()
	if err != nil {
		return nil, err
	}
	m := &Mock{Hook: &Hook{}, scenario: s, named: make(map[string]string)}
	m.Hook.Answer(s.Hook.Answers...)
	cfg.NotifyClient = mockserver.MemoryClient(map[string]http.Handler{"hook.test": m.Hook})
	if change != nil {
		change(&cfg)
	}
	if m.Server, err = mockserver.New(cfg); err != nil {
		return nil, err
	}
	if err := errors.Join(s.apply(m.Server), s.register(m.Server)); err != nil {
		return nil, errors.Join(err, m.Server.Close())
	}
	m.gate = &gate{to: m.Server}
	return m, nil
}

// Name gives an operation the name by which the scenario means it, for whoever
// takes the place of its steps.
func (m *Mock) Name(name, operationID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name != "" && operationID != "" {
		m.named[name] = operationID
	}
}

// ID is the id of the operation with a name, empty if there is none.
func (m *Mock) ID(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.named[name]
}

// A Hook is a webhook receiver. It answers 200, or what it is told to. It is safe
// for concurrent use.
type Hook struct {
	mu       sync.Mutex // guards all below
	statuses []int
	next     http.Handler
}

// Answer has the next notifications answered with these statuses, one each.
func (h *Hook) Answer(statuses ...int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses = append(h.statuses, statuses...)
}

// Forward passes notifications on to a receiver from now on, except those that are
// answered as Answer says.
func (h *Hook) Forward(to http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next = to
}

// ServeHTTP implements [http.Handler].
func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	status, next := h.turn()
	switch {
	case status != 0:
		w.WriteHeader(status)
	case next != nil:
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}
}

func (h *Hook) turn() (status int, next http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.statuses) > 0 {
		status, h.statuses = h.statuses[0], h.statuses[1:]
	}
	return status, h.next
}

// A gate counts the calls that the server is answering.
type gate struct {
	to http.Handler

	mu     sync.Mutex // guards inside
	inside int
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.count(1)
	defer g.count(-1)
	g.to.ServeHTTP(w, r)
}

func (g *gate) count(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside += n
}

func (g *gate) isEmpty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside == 0
}
