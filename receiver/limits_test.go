package receiver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// pipe is a listener with one connection, which works in a bubble.
type pipe struct{ conns chan net.Conn }

func (p *pipe) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p *pipe) Close() error   { return nil }
func (p *pipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// dial serves h to one connection, which it returns.
func dial(t *testing.T, h http.Handler, readTimeout time.Duration) net.Conn {
	client, server := net.Pipe()
	l := &pipe{conns: make(chan net.Conn, 1)}
	l.conns <- server
	srv := &http.Server{Handler: h, ReadTimeout: readTimeout}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		client.Close()
		close(l.conns)
		srv.Close()
		<-done
	})
	return client
}

// request sends the head of a signed request and a part of its body.
func request(t *testing.T, c net.Conn, body string, sent int) {
	t.Helper()
	_, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: hooks.example\r\nx-vwd-signature-v1: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, sign(key, body), len(body), body[:sent])
	if err != nil {
		t.Fatal(err)
	}
}

func TestASlowBodyIsGivenUpInTime(t *testing.T) {
	tests := []struct {
		name         string
		ours, server time.Duration
		want         time.Duration
	}{
		{"by default", 0, 0, 10 * time.Second},
		{"ours", 3 * time.Second, 0, 3 * time.Second},
		{"ours is shorter", 3 * time.Second, time.Minute, 3 * time.Second},
		{"the server's is shorter", time.Minute, 3 * time.Second, 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rcv, st := setup(t, func(c *receiver.Config) { c.ReadTimeout = tt.ours })
				c := dial(t, mounted(rcv), tt.server)
				start := time.Now()
				request(t, c, body, len(body)-1)
				res, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					t.Fatal(err)
				}
				wantStatus(t, res, 408)
				if took := time.Since(start); took != tt.want {
					t.Errorf("answered after %v, want %v", took, tt.want)
				}
				if st.count() != 0 {
					t.Error("stored")
				}
			})
		})
	}
}

func TestABodyThatBreaksOffIsNotStored(t *testing.T) {
	rcv, st := setup(t)
	r := signed(body)
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:10]), broken{}))
	wantStatus(t, serve(rcv, r), 400)
	if st.count() != 0 {
		t.Error("stored")
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// The time limit of one body must not look like a sender that hung up while
// the store writes, nor end the connection, nor the next body.
func TestAConnectionServesOneNotificationAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		st.answer(func(ctx context.Context, n store.Notification) (store.Receipt, error) {
			time.Sleep(5 * time.Second)
			return st.Store.Notify(ctx, n)
		})
		c := dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mounted(rcv).ServeHTTP(w, r)
			if err := r.Context().Err(); err != nil {
				t.Errorf("the request's context ended: %v", err)
			}
		}), 0)
		answers := bufio.NewReader(c)
		for i := range 3 {
			request(t, c, body, 5)
			time.Sleep(9 * time.Second)
			if _, err := io.WriteString(c, body[5:]); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatalf("request %d: %v", i, err)
			}
			wantStatus(t, res, 200)
			time.Sleep(time.Hour)
		}
		if st.count() != 3 {
			t.Errorf("stored %d, want 3", st.count())
		}
	})
}

// endless is a body that never ends, and counts what was read of it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.read += int64(len(p))
	return len(p), nil
}

func TestMemoryPerRejectedRequestIsBounded(t *testing.T) {
	const rounds, limit = 20, 1 << 20
	rcv, st := setup(t, func(c *receiver.Config) { c.MaxBodyBytes = limit })
	mux := mounted(rcv)
	tests := []struct {
		name   string
		make   func(*endless) *http.Request
		status int
		bytes  uint64 // allocated per request
		read   int64
	}{
		{"announced as too large", func(e *endless) *http.Request { return large(e, path, sign(key, ""), 1<<40) }, 413, 64 << 10, 0},
		{"not announced", func(e *endless) *http.Request { return large(e, path, sign(key, ""), -1) }, 413, 5 * limit, 2 * limit},
		{"with a capability", func(e *endless) *http.Request { return large(e, path+"/"+capability(), "", -1) }, 413, 5 * limit, 2 * limit},
		{"not signed", func(e *endless) *http.Request { return large(e, path, "", -1) }, 401, 64 << 10, 0},
		{"at an unknown path", func(e *endless) *http.Request { return large(e, path+"/x", "", -1) }, 404, 64 << 10, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				var e endless
				wantStatus(t, serve(mux, tt.make(&e)), tt.status)
				if e.read > tt.read {
					t.Errorf("read %d bytes, want at most %d", e.read, tt.read)
				}
			}
			runtime.ReadMemStats(&after)
			if got := (after.TotalAlloc - before.TotalAlloc) / rounds; got > tt.bytes {
				t.Errorf("allocated %d bytes per request, want at most %d", got, tt.bytes)
			}
		})
	}
	if st.count() != 0 {
		t.Error("stored")
	}
}

func large(body io.Reader, target, signature string, length int64) *http.Request {
	r := post(target, "")
	r.Body, r.ContentLength = io.NopCloser(body), length
	r.Header.Set("x-vwd-signature-v1", signature)
	return r
}
