package upstream_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/httpx/httpxtest"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
	"github.com/vismanet-go/background/mockserver/upstream"
)

// onSocket is a harness whose upstream is at a URL.
func onSocket(t *testing.T, cfg upstream.Config) *harness {
	t.Helper()
	return start(t, nil, cfg, mockserver.Config{ExecTime: mockserver.Fixed(0)})
}

// ended waits in real time for the end of an operation.
func (h *harness) ended(method, path, body string, headers ...string) state {
	h.t.Helper()
	at := h.submit(method, path, body, headers...)
	for end := time.Now().Add(20 * time.Second); ; {
		if s := h.state(at); s.Status != "Started" {
			return s
		}
		if time.Now().After(end) {
			h.t.Fatalf("%s never ended", at)
		}
		time.Sleep(time.Millisecond)
	}
}

// Over HTTP/2 net/http sends by itself what was reset, or what a connection that
// went away did not take: here once, unless it may be repeated.
func TestNetHTTPSendsACallOnce(t *testing.T) {
	for _, tt := range []struct {
		name          string
		answer        httpxtest.Answer
		method, body  string
		header        []string
		cfg           upstream.Config
		most          int
		certainlyNot  bool
		mayHaveHappen bool
	}{
		{name: "POST, PROTOCOL_ERROR", answer: httpxtest.Reset(httpxtest.ProtocolError), method: "POST", body: "{}", most: 1, mayHaveHappen: true},
		{name: "POST without a body, PROTOCOL_ERROR", answer: httpxtest.Reset(httpxtest.ProtocolError), method: "POST", most: 1, mayHaveHappen: true},
		{name: "POST without a body and a key, PROTOCOL_ERROR", answer: httpxtest.Reset(httpxtest.ProtocolError), method: "POST", header: []string{"Idempotency-Key", "k"}, most: 1, mayHaveHappen: true},
		{name: "PUT, GOAWAY", answer: httpxtest.GoAway(httpxtest.NoError), method: "PUT", most: 1, mayHaveHappen: true},
		{name: "POST, REFUSED_STREAM", answer: httpxtest.Reset(httpxtest.RefusedStream), method: "POST", body: "{}", most: 1, certainlyNot: true},
		{name: "GET, PROTOCOL_ERROR", answer: httpxtest.Reset(httpxtest.ProtocolError), method: "GET", most: 3, mayHaveHappen: true},
		{name: "POST by a key, PROTOCOL_ERROR", answer: httpxtest.Reset(httpxtest.ProtocolError), method: "POST", header: []string{"Idempotency-Key", "k"}, cfg: upstream.Config{RepeatKey: "Idempotency-Key"}, most: 3, mayHaveHappen: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httpxtest.Serve(t, tt.answer)
			tt.cfg.URL, tt.cfg.Transport = srv.URL, srv.Transport
			h := onSocket(t, tt.cfg)
			s := h.ended(tt.method, "/x", tt.body, tt.header...)
			unknown := strings.HasSuffix(s.ErrorMessage, "It is not known whether it carried the call out.")
			not := strings.HasSuffix(s.ErrorMessage, "Nothing was sent.")
			if s.Status != "Failed" || srv.Requests() > tt.most || not != tt.certainlyNot || unknown != tt.mayHaveHappen {
				t.Errorf("got %+v after %d requests, want Failed after at most %d, certainly not carried out %v", s, srv.Requests(), tt.most, tt.certainlyNot)
			}
		})
	}
}

// Over HTTP/1.1 net/http repeats a call on a kept connection that the server closes
// without an answer, if it takes it for one that may be repeated: with a key it does.
func TestAKeptConnectionThatBreaks(t *testing.T) {
	for _, tt := range []struct {
		method, body string
		header       []string
		most         int32
	}{
		{"POST", "", []string{"Idempotency-Key", "k"}, 1},
		{"POST", "{}", []string{"X-Idempotency-Key", "k"}, 1},
		{"DELETE", "", nil, 1},
		{"GET", "", nil, 2},
	} {
		t.Run(tt.method+strings.Join(tt.header, " "), func(t *testing.T) {
			var got atomic.Int32
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						defer conn.Close()
						r := bufio.NewReader(conn)
						for {
							req, err := http.ReadRequest(r)
							if err != nil {
								return
							}
							if strings.HasSuffix(req.URL.Path, "/warm") {
								fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
								continue
							}
							if req.Header.Get("Idempotency-Key") == "" && len(tt.header) > 0 && tt.header[0] == "Idempotency-Key" {
								t.Error("the key did not arrive")
							}
							got.Add(1)
							return // carried out, and not answered
						}
					}()
				}
			}()
			h := onSocket(t, upstream.Config{URL: "http://" + l.Addr().String()})
			defer h.api.Close()
			if s := h.ended("GET", "/warm", ""); s.StatusCode != 200 {
				t.Fatalf("got %+v", s)
			}
			s := h.ended(tt.method, "/x", tt.body, tt.header...)
			if s.Status != "Failed" || got.Load() != tt.most || !strings.Contains(s.ErrorMessage, "not known") {
				t.Errorf("got %+v after %d requests, want Failed after %d", s, got.Load(), tt.most)
			}
		})
	}
}

// A certificate that is not trusted is found out before anything is sent.
func TestNothingIsSentWithoutTrust(t *testing.T) {
	var got atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	for _, method := range []string{"POST", "GET"} {
		h := onSocket(t, upstream.Config{URL: srv.URL})
		s := h.ended(method, "/x", "")
		if s.Status != "Failed" || !strings.HasPrefix(s.ErrorMessage, "The upstream could not be reached: tls: failed to verify certificate: x509:") || got.Load() != 0 {
			t.Errorf("%s: got %+v, %d calls", method, s, got.Load())
		}
	}
}

// An operation whose worker died is run again by another one: with an attempt that
// is not the first, a call that may have been made is not made.
func TestALaterAttemptMakesNoCallThatMayHaveBeenMade(t *testing.T) {
	for _, tt := range []struct {
		method string
		header []string
		cfg    upstream.Config
		again  bool
	}{
		{"POST", nil, upstream.Config{}, false},
		{"PATCH", nil, upstream.Config{Repeat: upstream.RepeatIdempotent}, false},
		{"PUT", nil, upstream.Config{}, false},
		{"DELETE", nil, upstream.Config{}, false},
		{"POST", []string{"Idempotency-Key", "k"}, upstream.Config{}, false},
		{"GET", nil, upstream.Config{}, true},
		{"HEAD", nil, upstream.Config{}, true},
		{"OPTIONS", nil, upstream.Config{}, true},
		{"PUT", nil, upstream.Config{Repeat: upstream.RepeatIdempotent}, true},
		{"DELETE", nil, upstream.Config{Repeat: upstream.RepeatIdempotent}, true},
		{"POST", []string{"Idempotency-Key", "k"}, upstream.Config{RepeatKey: "idempotency-key"}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			var seen calls
			q := &secondTime{Memory: queue.NewMemory()}
			h := start(t, func(_ http.ResponseWriter, r *http.Request) { seen.add(r) }, tt.cfg, mockserver.Config{Queue: q})
			s := h.finish(tt.method, "/x", "", tt.header...)
			if made := len(seen.all()) == 1; made != tt.again {
				t.Errorf("%s %v: made again %v, want %v", tt.method, tt.header, made, tt.again)
			}
			if want := "The worker that ran it stopped in the middle. It is not known whether it carried the call out."; !tt.again && (s.Status != "Failed" || s.ErrorMessage != want) {
				t.Errorf("%s %v: got %+v, want %s", tt.method, tt.header, s, want)
			}
		})
	}
}

// secondTime is a queue whose jobs were taken once before.
type secondTime struct{ *queue.Memory }

func (q *secondTime) Take(ctx context.Context, now queue.Now, limits queue.Limits) ([]*queue.Job, error) {
	jobs, err := q.Memory.Take(ctx, now, limits)
	for _, job := range jobs {
		job.Attempts++
		if job.State != operation.Running {
			panic("taken and not running")
		}
	}
	return jobs, err
}
