package mockservertest

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Hook receives notifications and keeps them. It answers 200, or what it is
// told to. Its zero value is ready; it is safe for concurrent use.
type Hook struct {
	// URL is its address.
	URL string

	mu       sync.Mutex // guards all below
	got      []Notification
	statuses []int
	next     http.Handler
}

// A Notification is what a [Hook] received.
type Notification struct {
	Time   time.Time
	Path   string // as asked for, with the query
	Header http.Header
	Body   []byte
}

// Notifications lists what arrived, oldest first.
func (h *Hook) Notifications() []Notification {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

// Answer has the next notifications answered with these statuses, one each.
func (h *Hook) Answer(statuses ...int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses = append(h.statuses, statuses...)
}

// Forward passes notifications on to the receiver under test from now on,
// except those that are answered as Answer says.
func (h *Hook) Forward(to http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next = to
}

// ServeHTTP implements http.Handler.
func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	status, next := h.note(r, body)
	switch {
	case status != 0:
		w.WriteHeader(status)
	case next != nil:
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}
}

// note keeps a notification, and returns how to answer it.
func (h *Hook) note(r *http.Request, body []byte) (status int, next http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, Notification{time.Now(), r.URL.RequestURI(), r.Header.Clone(), body})
	if len(h.statuses) > 0 {
		status, h.statuses = h.statuses[0], h.statuses[1:]
	}
	return status, h.next
}
