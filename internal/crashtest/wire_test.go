//go:build unix

package crashtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// kindOf tells the calls of a client apart.
func kindOf(r *http.Request) string {
	switch {
	case r.Header.Get("Erp-Api-Background") != "":
		if reference := r.URL.Query().Get("reference"); reference != "" {
			return "submit/" + reference
		}
		return "submit"
	case strings.HasSuffix(r.URL.Path, "/content"):
		return "content"
	}
	return "state"
}

// labels numbers the calls of each kind.
type labels struct {
	mu   sync.Mutex // guards the rest
	n    map[string]int
	last string
}

func (l *labels) next(kind string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == nil {
		l.n = make(map[string]int)
	}
	l.n[kind]++
	l.last = fmt.Sprintf("%s/%d", kind, l.n[kind])
	return l.last
}

func (l *labels) current() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// wire is the child's way to the ERP, with points at every turn. It lets one call
// at a time pass, so that every byte belongs to the last one.
type wire struct {
	fuse *fuse
	http *http.Transport
	turn chan struct{} // holds the call that is made
	labels

	bytes sync.Mutex     // guards count
	count map[string]int // bytes of each stream
}

func newWire(f *fuse) *wire {
	w := &wire{fuse: f, turn: make(chan struct{}, 1), count: make(map[string]int)}
	w.http = &http.Transport{DialContext: w.dial, DisableCompression: true}
	return w
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case w.turn <- struct{}{}:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	over := sync.OnceFunc(func() { <-w.turn })
	label := w.next(kindOf(r))
	w.fuse.pass(label + "/begin")
	resp, err := w.http.RoundTrip(r)
	if err != nil {
		over()
		return nil, err
	}
	w.fuse.pass(label + "/header")
	resp.Body = &tailed{resp.Body, over, sync.OnceFunc(func() {
		w.fuse.pass(label + "/end")
		w.bytes.Lock()
		defer w.bytes.Unlock()
		for _, way := range []string{"/sent", "/got"} {
			if w.fuse.mode == census {
				say("bytes", label+way, strconv.Itoa(w.count[label+way]))
			}
		}
	})}
	return resp, nil
}

// tailed tells when a body was read to its end, and when the call is over.
type tailed struct {
	io.ReadCloser
	over, end func()
}

func (b *tailed) Close() error {
	defer b.over()
	return b.ReadCloser.Close()
}

func (b *tailed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.end()
		b.over()
	}
	return n, err
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	label := w.current()
	w.fuse.pass(label + "/dial")
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	say("dialled")
	w.fuse.pass(label + "/dialled")
	return &wireConn{Conn: conn, w: w}, nil
}

// spend counts n bytes of a stream. It returns how many of them may pass
// before the fuse burns, and whether it burns then.
func (w *wire) spend(stream string, n int) (int, bool) {
	w.bytes.Lock()
	defer w.bytes.Unlock()
	before := w.count[stream]
	limit, on := w.fuse.offset(stream)
	if on && before <= limit && limit <= before+n {
		w.count[stream] = limit
		return limit - before, true
	}
	w.count[stream] += n
	return n, false
}

// wireConn lets the bytes through as far as the fuse does.
type wireConn struct {
	net.Conn
	w    *wire
	read []byte // read, and not handed on yet
}

func (c *wireConn) Write(p []byte) (int, error) {
	stream := c.w.current() + "/sent"
	n, burns := c.w.spend(stream, len(p))
	if !burns {
		return c.Conn.Write(p)
	}
	if n > 0 {
		if _, err := c.Conn.Write(p[:n]); err != nil {
			return 0, err
		}
	}
	c.w.fuse.pass(at(stream, c.w.counted(stream)))
	if n == len(p) {
		return n, nil
	}
	rest, err := c.Conn.Write(p[n:]) // it was only stopped
	return n + rest, err
}

// Read hands on what was read before the fuse's byte, so that it can be acted
// upon, and burns when more is wanted.
func (c *wireConn) Read(p []byte) (int, error) {
	if len(c.read) == 0 {
		buf := make([]byte, 4096)
		n, err := c.Conn.Read(buf)
		if n == 0 {
			return 0, err
		}
		c.read = buf[:n]
	}
	stream := c.w.current() + "/got"
	n, burns := c.w.spend(stream, min(len(p), len(c.read)))
	if burns && n == 0 {
		c.w.fuse.pass(at(stream, c.w.counted(stream)))
		n, _ = c.w.spend(stream, min(len(p), len(c.read)))
	}
	n = copy(p, c.read[:n])
	c.read = c.read[n:]
	return n, nil
}

func (w *wire) counted(stream string) int {
	w.bytes.Lock()
	defer w.bytes.Unlock()
	return w.count[stream]
}
