package cassette

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/vismanet-go/background/internal/wire"
)

// Transport returns what makes calls with c: it answers them from the file of
// Replay, and has next make those that are missing, if they are recorded. Without
// Config.Record next is not used and may be nil; no call leaves the program then.
// Errors about calls that have no answer are [*MissingError].
//
// To be recorded as it is read by people, a call asks for an answer that is not
// compressed. A call is recorded when its answer has been read to its end; what is
// broken off is not recorded, and said to Config.Logger.
func (c *Cassette) Transport(next http.RoundTripper) http.RoundTripper {
	return &transport{c: c, next: next}
}

type transport struct {
	c    *Cassette
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := t.c
	call := &Entry{Method: r.Method, URL: c.relative(r), RequestHeader: r.Header}
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	if !c.replay {
		return t.recorded(r, call)
	}
	if err := r.Context().Err(); err != nil {
		closeBody(r)
		return nil, context.Cause(r.Context())
	}
	body, err := readBody(r)
	if err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	plain := *call
	plain.RequestBody = body
	c.redact.entry(&plain)
	found, err := c.take(&plain)
	if err == nil {
		return found.response(r), nil
	}
	if c.out == nil {
		return nil, err
	}
	again := r.Clone(r.Context())
	if r.Body != nil && r.Body != http.NoBody {
		again.Body = io.NopCloser(bytes.NewReader(body))
	}
	return t.recorded(again, call)
}

// relative is the URL of a request as it stands in the file.
func (c *Cassette) relative(r *http.Request) string {
	if c.paths {
		return r.URL.RequestURI()
	}
	u := r.URL.String()
	if c.cfg.Root != "" {
		if tail, ok := strings.CutPrefix(u, c.cfg.Root); ok && (tail == "" || tail[0] == '/' || tail[0] == '?') {
			if strings.HasPrefix(tail, "/") {
				return tail
			}
			return "/" + tail
		}
	}
	return u
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	defer closeBody(r)
	return io.ReadAll(r.Body)
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close() // what came of it is known already
	}
}

// response is the recorded answer.
func (e *Entry) response(r *http.Request) *http.Response {
	resp := &http.Response{
		Status: fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)), StatusCode: e.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: e.Header.Clone(), Request: r,
		Body: http.NoBody, ContentLength: int64(len(e.Body)),
	}
	if resp.Header == nil {
		resp.Header = make(http.Header)
	}
	if len(e.Body) > 0 {
		resp.Body = io.NopCloser(bytes.NewReader(e.Body))
	}
	return resp
}

// recorded makes a call and records it.
func (t *transport) recorded(r *http.Request, call *Entry) (*http.Response, error) {
	if t.next == nil {
		closeBody(r)
		return nil, errors.New("cassette: Record needs a transport that makes calls")
	}
	own := r.Clone(r.Context())
	call.RequestHeader = r.Header.Clone()
	own.Header.Set("Accept-Encoding", "identity")
	sent := &kept{limit: t.c.cfg.MaxBody}
	if r.Body != nil && r.Body != http.NoBody {
		own.Body = &teeBody{ReadCloser: r.Body, to: sent}
		own.GetBody = nil // what is sent again would be kept twice
	}
	resp, err := t.next.RoundTrip(own)
	if err != nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, err
	}
	call.Status, call.Header = resp.StatusCode, resp.Header.Clone()
	got := &kept{limit: t.c.cfg.MaxBody}
	done := func(whole bool) { t.c.end(call, resp, sent, got, whole) }
	if resp.Body == nil || resp.Body == http.NoBody || resp.ContentLength == 0 || r.Method == http.MethodHead {
		done(true)
		return resp, nil
	}
	resp.Body = &teeBody{ReadCloser: resp.Body, to: got, done: done, left: resp.ContentLength}
	return resp, nil
}

// end records a call whose answer has been read, or says why it is not.
func (c *Cassette) end(call *Entry, resp *http.Response, sent, got *kept, whole bool) {
	body, over := sent.bytes()
	answer, overToo := got.bytes()
	switch {
	case !whole:
		c.lose(call, "its answer was not read to its end")
		return
	case over || overToo:
		c.lose(call, fmt.Sprintf("its body is larger than %d bytes (Config.MaxBody)", c.cfg.MaxBody))
		return
	}
	unpacked := &http.Response{Header: call.Header, Body: io.NopCloser(bytes.NewReader(answer)), ContentLength: int64(len(answer))}
	if len(answer) > 0 && wire.Unpack(unpacked) == nil {
		if plain, err := wire.ReadAll(unpacked.Body, 0, c.cfg.MaxBody); err == nil && int64(len(plain)) <= c.cfg.MaxBody {
			call.Header, answer = unpacked.Header, plain
		}
	}
	call.RequestBody, call.Body = body, answer
	c.record(call)
}

// kept is the beginning of a body.
type kept struct {
	limit int64

	mu   sync.Mutex // guards all below: bodies of requests are read by transports
	buf  bytes.Buffer
	over bool // there was more
}

func (k *kept) add(p []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over = k.over || int64(k.buf.Len()+len(p)) > k.limit; k.over {
		k.buf = bytes.Buffer{}
		return
	}
	k.buf.Write(p)
}

func (k *kept) bytes() ([]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.buf.Len() == 0 {
		return nil, k.over
	}
	return bytes.Clone(k.buf.Bytes()), k.over
}

// teeBody keeps what is read of a body. Done, if not nil, is told once whether it
// was read to its end.
type teeBody struct {
	io.ReadCloser
	to   *kept
	done func(whole bool)
	left int64 // bytes that are still to come; below zero if that is not known
	once sync.Once
}

func (b *teeBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.to.add(p[:n])
	if b.left >= 0 {
		b.left -= int64(n)
	}
	if b.done != nil && (err == io.EOF || b.left == 0) {
		b.once.Do(func() { b.done(true) })
	} else if b.done != nil && err != nil {
		b.once.Do(func() { b.done(false) })
	}
	return n, err
}

func (b *teeBody) Close() error {
	err := b.ReadCloser.Close()
	if b.done != nil {
		b.once.Do(func() { b.done(false) })
	}
	return err
}
