package memhttp

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A responseWriter is the handler's end of the answer. Like every
// http.ResponseWriter it belongs to one goroutine.
type responseWriter struct {
	x       *exchange
	h       http.Header
	sent    bool
	status  int
	length  int64 // declared Content-Length, -1: none
	written int64
}

var _ http.Flusher = (*responseWriter)(nil)

// Header implements http.ResponseWriter.
func (w *responseWriter) Header() http.Header { return w.h }

// WriteHeader sends the header, and with it lets RoundTrip return.
func (w *responseWriter) WriteHeader(status int) {
	if w.sent || status < 200 {
		return
	}
	w.sent, w.status = true, status
	header := w.h.Clone()
	if header.Get("Date") == "" {
		header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	w.length = contentLength(header)
	if !w.hasBody() {
		w.x.stream.end(io.EOF)
	}
	w.x.header <- w.response(header)
}

func contentLength(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

func (w *responseWriter) response(header http.Header) *http.Response {
	resp := &http.Response{
		Status:     strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode: w.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: w.length,
		Body: &responseBody{x: w.x}, Request: w.x.req,
	}
	switch {
	case w.x.req.Method == http.MethodHead:
	case !w.bodyAllowed():
		resp.ContentLength = 0
	case w.length < 0:
		resp.TransferEncoding = []string{"chunked"}
	}
	if w.x.req.URL.Scheme == "https" {
		resp.TLS = w.x.tls()
	}
	return resp
}

// bodyAllowed tells whether this answer has a body on the wire.
func (w *responseWriter) bodyAllowed() bool {
	return w.x.req.Method != http.MethodHead && w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

// hasBody tells whether there is anything to read after the header.
func (w *responseWriter) hasBody() bool { return w.bodyAllowed() && w.length != 0 }

// Write sends the header if need be, then p. It blocks while the client has
// more than a socket's buffer of it unread.
func (w *responseWriter) Write(p []byte) (int, error) {
	if !w.sent {
		if w.h.Get("Content-Type") == "" && w.h.Get("Content-Encoding") == "" && len(p) > 0 {
			w.h.Set("Content-Type", http.DetectContentType(p))
		}
		w.WriteHeader(http.StatusOK)
	}
	if !w.bodyAllowed() {
		if w.x.req.Method == http.MethodHead {
			return len(p), nil
		}
		return 0, http.ErrBodyNotAllowed
	}
	if w.length >= 0 && w.written+int64(len(p)) > w.length {
		return 0, http.ErrContentLength
	}
	n, err := w.x.stream.write(p)
	w.written += int64(n)
	if w.length >= 0 && w.written == w.length {
		w.x.stream.end(io.EOF) // a client sees the end before the handler returns
	}
	return n, err
}

// Flush sends the header if that has not happened; the body is never held back.
func (w *responseWriter) Flush() {
	if !w.sent {
		w.WriteHeader(http.StatusOK)
	}
}

// end is the handler's return.
func (w *responseWriter) end() {
	if !w.sent && w.h.Get("Content-Length") == "" {
		w.h.Set("Content-Length", "0")
	}
	w.Flush()
	if w.bodyAllowed() && w.length >= 0 && w.written < w.length {
		w.x.stream.end(io.ErrUnexpectedEOF)
		return
	}
	w.x.stream.end(io.EOF)
}

// A responseBody is the client's end of the answer.
type responseBody struct{ x *exchange }

// Read implements io.Reader.
func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.x.stream.read(p)
	if err != nil {
		b.x.stop() // the client's context no longer concerns a finished answer
	}
	return n, err
}

// Close gives up the rest of the answer.
func (b *responseBody) Close() error {
	if b.x.stream.close() {
		b.x.hangUp(errClosed)
	}
	b.x.stop()
	return nil
}

var errClosed = errors.New("http: read on closed response body")

// streamBuffer is how much a handler may write before the client reads.
const streamBuffer = 64 << 10

// A stream carries the body from handler to client. It is a pipe with a
// buffer, so that a handler does not wait for a client that looks only at the
// header.
type stream struct {
	mu   sync.Mutex // guards all below
	wake sync.Cond
	buf  bytes.Buffer
	done error // the writer's end: io.EOF or why the answer broke off
	gone error // the reader's end
}

func newStream() *stream {
	s := &stream{}
	s.wake.L = &s.mu
	return s
}

func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 {
		for s.buf.Len() >= streamBuffer && s.gone == nil && s.done == nil {
			s.wake.Wait()
		}
		if s.gone != nil {
			return n, s.gone
		}
		if s.done != nil {
			return n, io.ErrClosedPipe
		}
		part := p[:min(len(p), streamBuffer-s.buf.Len())]
		s.buf.Write(part)
		n += len(part)
		p = p[len(part):]
		s.wake.Broadcast()
	}
	return n, nil
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 && s.buf.Len() == 0 && s.done == nil && s.gone == nil {
		s.wake.Wait()
	}
	switch {
	case s.gone != nil:
		return 0, s.gone
	case s.buf.Len() > 0:
		n, _ := s.buf.Read(p)
		s.wake.Broadcast()
		return n, nil
	}
	return 0, s.done
}

// end sets the writer's end; the first one counts.
func (s *stream) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done = err
	}
	s.wake.Broadcast()
}

// abort sets the reader's end; the first one counts.
func (s *stream) abort(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone == nil {
		s.gone = err
	}
	s.wake.Broadcast()
}

// close is the client's Close; it reports whether the handler is still
// producing what nobody will read.
func (s *stream) close() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone == nil {
		s.gone = errClosed
	}
	s.wake.Broadcast()
	return s.done == nil
}
