package mockserver

import (
	"bytes"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Request is one call that the mock received.
type Request struct {
	Time        time.Time
	Company     string
	Method      string
	Path        string // as asked for, with the query
	Header      http.Header
	Body        []byte // at most the first 64 KiB
	Background  string // the value of its erp-api-background header
	OperationID string // of the operation it was accepted as
	StatusCode  int    // of the answer; 0 while there is none, or if it was dropped
	Fault       string // name of the rule that disturbed it, or "Config.Fault"
}

const (
	journalBody     = 64 << 10 // of each body
	journalOverhead = 512      // what an entry costs besides its texts, about
)

// journal remembers the latest requests, as far as a budget of bytes reaches.
type journal struct {
	budget int

	mu      sync.Mutex // guards all below, and the entries
	entries []*Request
	size    int
	dropped int
}

// add records a request at its arrival.
func (j *journal) add(in *incoming, now time.Time) *Request {
	e := &Request{
		Time: now, Company: in.company, Method: in.r.Method, Path: in.r.URL.RequestURI(),
		Header: in.r.Header.Clone(), Background: in.r.Header.Get(backgroundHeader),
		Body: bytes.Clone(in.body[:min(len(in.body), journalBody)]),
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	j.size += e.cost()
	for j.size > j.budget && len(j.entries) > 0 {
		j.size -= j.entries[0].cost()
		j.entries[0] = nil
		j.entries = j.entries[1:]
		j.dropped++
	}
	return e
}

func (r *Request) cost() int {
	n := journalOverhead + len(r.Path) + len(r.Body)
	for name, values := range r.Header {
		n += len(name)
		for _, v := range values {
			n += len(v)
		}
	}
	return n
}

func (j *journal) update(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
}

// Requests lists the requests that the mock received, oldest first, without
// those to /__mock/. The oldest are forgotten when Config.JournalBytes is
// used up; the second result counts them.
func (s *Server) Requests() (list []Request, forgotten int) {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	list = make([]Request, len(s.journal.entries))
	for i, e := range s.journal.entries {
		list[i] = *e
		list[i].Header = e.Header.Clone()
		list[i].Body = slices.Clone(e.Body)
	}
	return list, s.journal.dropped
}

// statusWriter notes the status of an answer in the journal before the client
// can see it.
type statusWriter struct {
	http.ResponseWriter
	note func(status int)
	done bool
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	if !w.done && status >= 200 {
		w.done = true
		w.note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(p []byte) (int, error) {
	if !w.done {
		w.done = true
		w.note(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush implements http.Flusher for handlers that stream in the foreground.
func (w *statusWriter) Flush() {
	if !w.done {
		w.done = true
		w.note(http.StatusOK)
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush() // not every writer can
}
