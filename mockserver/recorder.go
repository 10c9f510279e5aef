package mockserver

import (
	"bytes"
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
func (r *recorder) Flush() { r.WriteHeader(http.StatusOK) }

// outcome is the answer once the handler has returned.
func (r *recorder) outcome() outcome {
	r.Flush()
	o := outcome{status: r.status, header: r.sent}
	if r.body.Len() > 0 {
		o.body = r.body.Bytes()
	}
	return o
}
