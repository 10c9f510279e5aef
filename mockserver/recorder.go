package mockserver

import (
	"bytes"
	"maps"
	"net/http"
)

// A recorder keeps a handler's answer. It behaves as a server's writer does:
// the header is fixed by the first write, 204 and 304 have no body, a missing
// content type is guessed.
type recorder struct {
	header http.Header
	sent   http.Header // nil until fixed
	status int
	body   bytes.Buffer
	early  func(outcome) // gets a 202 once it is flushed; nil: nobody does
}

func newRecorder() *recorder { return &recorder{header: make(http.Header)} }

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.sent != nil || status < 200 {
		return
	}
	r.status, r.sent = status, r.header.Clone()
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
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
func (r *recorder) Flush() {
	r.WriteHeader(http.StatusOK)
	if r.early != nil && r.status == http.StatusAccepted {
		early := r.early
		r.early = nil
		o := r.answer()
		o.body = bytes.Clone(o.body) // the handler may write on
		early(o)
	}
}

// outcome is the answer once the handler has returned.
func (r *recorder) outcome() outcome {
	r.WriteHeader(http.StatusOK)
	return r.answer()
}

// answer is what was written so far.
func (r *recorder) answer() outcome {
	o := outcome{status: r.status, header: r.sent}
	if r.body.Len() > 0 {
		o.body = r.body.Bytes()
	}
	return o
}

// replay gives the answer to another writer.
func (r *recorder) replay(w http.ResponseWriter) {
	o := r.outcome()
	maps.Copy(w.Header(), o.header)
	w.WriteHeader(o.status)
	_, _ = w.Write(o.body) // the client may be gone
}
