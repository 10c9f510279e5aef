package answer

import (
	"bytes"
	"maps"
	"net/http"
)

// A Recorder keeps a handler's answer. It behaves as a server's writer does:
// the header is fixed by the first write, 204 and 304 have no body, a missing
// content type is guessed.
type Recorder struct {
	header http.Header
	sent   http.Header // nil until fixed
	status int
	body   bytes.Buffer
	early  func(Outcome) // gets a 202 once it is flushed; nil: nobody does
}

// NewRecorder returns a recorder of an answer that has not begun.
func NewRecorder() *Recorder { return &Recorder{header: make(http.Header)} }

// Header implements http.ResponseWriter.
func (r *Recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *Recorder) WriteHeader(status int) {
	if r.sent != nil || status < 200 {
		return
	}
	r.status, r.sent = status, r.header.Clone()
}

// Write implements http.ResponseWriter.
func (r *Recorder) Write(p []byte) (int, error) {
	if r.sent == nil {
		if r.header.Get("Content-Type") == "" {
			r.header.Set("Content-Type", http.DetectContentType(p))
		}
		r.WriteHeader(http.StatusOK)
	}
	if r.status == http.StatusNoContent || r.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	return r.body.Write(p)
}

// Flush implements http.Flusher.
func (r *Recorder) Flush() {
	r.WriteHeader(http.StatusOK)
	if r.early != nil && r.status == http.StatusAccepted {
		early := r.early
		r.early = nil
		o := r.answer()
		o.Body = bytes.Clone(o.Body) // the handler may write on
		early(o)
	}
}

// Outcome is the answer once the handler has returned.
func (r *Recorder) Outcome() Outcome {
	r.WriteHeader(http.StatusOK)
	return r.answer()
}

// answer is what was written so far.
func (r *Recorder) answer() Outcome {
	o := Outcome{Status: r.status, Header: r.sent}
	if r.body.Len() > 0 {
		o.Body = r.body.Bytes()
	}
	return o
}

// Replay gives the answer to another writer.
func (r *Recorder) Replay(w http.ResponseWriter) {
	o := r.Outcome()
	maps.Copy(w.Header(), o.Header)
	w.WriteHeader(o.Status)
	_, _ = w.Write(o.Body) // the client may be gone
}
