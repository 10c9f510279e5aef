package httpx_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/httpx"
	"github.com/vismanet-go/background/internal/httpx/httpxtest"
)

// TestARequestIsNotSentWithoutEnd has net/http make the requests that it repeats by
// itself, to servers that answer none of them.
func TestARequestIsNotSentWithoutEnd(t *testing.T) {
	for name, answer := range map[string]httpxtest.Answer{
		"PROTOCOL_ERROR": httpxtest.Reset(httpxtest.ProtocolError), "GOAWAY": httpxtest.GoAway(httpxtest.NoError),
		"103, PROTOCOL_ERROR": func(stream byte) []byte {
			return append(httpxtest.EarlyHints(stream), httpxtest.Reset(httpxtest.ProtocolError)(stream)...)
		},
	} {
		for kind, serve := range map[string]func(testing.TB, httpxtest.Answer) *httpxtest.Server{"TLS": httpxtest.Serve, "plain": httpxtest.ServePlain} {
			for _, body := range []string{"", "a=b"} { // of which net/http makes a GetBody
				for _, most := range []int{1, 3} {
					srv := serve(t, answer)
					ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
					s := httpx.Watch(ctx, most)
					req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, srv.URL, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					_, err = s.Take(srv.Transport.RoundTrip(req))
					if !errors.Is(err, httpx.ErrResend) || srv.Requests() != most || ctx.Err() != nil {
						t.Errorf("%s, %s, body %q: got %v after %d requests, want %v after %d", name, kind, body, err, srv.Requests(), httpx.ErrResend, most)
					}
					if !s.Stopped() || !s.Wrote() || !s.Connected() || s.Dialled() < most || s.Context().Err() == nil {
						t.Errorf("%s, %s, body %q: stopped %v, wrote %v, connected %v, dialled %d, context %v", name, kind, body,
							s.Stopped(), s.Wrote(), s.Connected(), s.Dialled(), s.Context().Err())
					}
					cancel()
				}
			}
		}
	}
}

// TestBoundEndsWhatWatchEnds has GETs repeated that are bound and not watched, and
// one that has a time to end.
func TestBoundEndsWhatWatchEnds(t *testing.T) {
	for kind, serve := range map[string]func(testing.TB, httpxtest.Answer) *httpxtest.Server{"TLS": httpxtest.Serve, "plain": httpxtest.ServePlain} {
		for name, answer := range map[string]httpxtest.Answer{
			"PROTOCOL_ERROR": httpxtest.Reset(httpxtest.ProtocolError), "GOAWAY": httpxtest.GoAway(httpxtest.NoError),
			"103, PROTOCOL_ERROR": func(stream byte) []byte {
				return append(httpxtest.EarlyHints(stream), httpxtest.Reset(httpxtest.ProtocolError)(stream)...)
			},
		} {
			srv := serve(t, answer)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			s := httpx.Bound(ctx, time.Time{}, 3)
			_, err := s.Take(get(s, srv))
			if !errors.Is(err, httpx.ErrResend) || !s.Stopped() || srv.Requests() != 3 || ctx.Err() != nil {
				t.Errorf("%s, %s: got %v after %d requests, want %v after 3", name, kind, err, srv.Requests(), httpx.ErrResend)
			}
			cancel()
		}
		srv := serve(t, httpxtest.OK)
		s := httpx.Bound(t.Context(), time.Now().Add(time.Hour), 3)
		resp, err := s.Take(get(s, srv))
		if err != nil || s.Context().Err() != nil {
			t.Fatalf("%s: got %v, context %v, want an answer", kind, err, s.Context().Err())
		}
		if resp.Body.Close(); s.Context().Err() == nil {
			t.Errorf("%s: the context outlives the body", kind)
		}
		s = httpx.Bound(t.Context(), time.Now().Add(-time.Second), 3)
		if _, err := s.Take(get(s, srv)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, behind its end: got %v, want that the deadline is over", kind, err)
		}
	}
}

func get(s *httpx.Sending, srv *httpxtest.Server) (*http.Response, error) {
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		return nil, err
	}
	return srv.Transport.RoundTrip(req)
}

// TestEarlyAnswersEnd has servers send 103 over and over, over HTTP/2 and HTTP/1.1.
func TestEarlyAnswersEnd(t *testing.T) {
	hints := func(n int) httpxtest.Answer {
		return func(stream byte) []byte {
			return append(bytes.Repeat(httpxtest.EarlyHints(stream), n), httpxtest.OK(stream)...)
		}
	}
	old := func(n int) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for range n {
				w.WriteHeader(http.StatusEarlyHints)
			}
		}))
	}
	for n, fails := range map[int]bool{100: false, 101: true} {
		plain := old(n)
		defer plain.Close()
		tr := &http.Transport{}
		defer tr.CloseIdleConnections()
		srv := httpxtest.Serve(t, hints(n))
		for url, tr := range map[string]*http.Transport{srv.URL: srv.Transport, plain.URL: tr} {
			s := httpx.Watch(t.Context(), 1)
			req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := s.Take(tr.RoundTrip(req))
			if err == nil {
				resp.Body.Close()
			}
			if (err != nil) != fails || srv.Requests() > 1 {
				t.Errorf("%s, %d early answers: got %v, %d requests, want an error: %v", url, n, err, srv.Requests(), fails)
			}
		}
	}
}

// TestAStaleConnectionIsReplaced keeps what net/http does about connections of
// HTTP/1.1 that the server closed while they were idle.
func TestAStaleConnectionIsReplaced(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	tr := &http.Transport{MaxIdleConnsPerHost: 8}
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &stale{Conn: conn}, err
	}
	defer tr.CloseIdleConnections()
	for i := range 4 {
		s := httpx.Watch(t.Context(), 1)
		var used *stale
		ctx := httptrace.WithClientTrace(s.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { used = got.Conn.(*stale) }})
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, strings.NewReader("a=b"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Take(tr.RoundTrip(req))
		if err != nil || s.HTTP2() || s.Stopped() || s.Dialled() != min(i+1, 2) {
			t.Fatalf("request %d: got %v, HTTP2 %v, stopped %v, %d connections, want an answer, on a second connection after the first request",
				i, err, s.HTTP2(), s.Stopped(), s.Dialled())
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		if err := s.Context().Err(); err != nil {
			t.Errorf("before the body is closed: got %v, want none", err)
		}
		resp.Body.Close()
		if s.Context().Err() == nil {
			t.Error("the context outlives the body")
		}
		used.broken = true
	}
}

// stale is a connection that fails at the next write.
type stale struct {
	net.Conn
	broken bool
}

func (s *stale) Write(p []byte) (int, error) {
	if s.broken {
		return 0, errors.New("broken pipe")
	}
	return s.Conn.Write(p)
}

// TestTakeOfOddAnswers is about transports that break their promises, and about
// the answer of which the body is a connection.
func TestTakeOfOddAnswers(t *testing.T) {
	s := httpx.Watch(t.Context(), 1)
	if resp, err := s.Take(nil, nil); resp != nil || err != nil || s.Context().Err() == nil {
		t.Errorf("nothing: got %v, %v, context %v", resp, err, s.Context().Err())
	}
	s = httpx.Watch(t.Context(), 1)
	if resp, err := s.Take(&http.Response{StatusCode: 200}, nil); resp.Body != nil || err != nil || s.Context().Err() == nil {
		t.Errorf("no body: got %v, %v, context %v", resp, err, s.Context().Err())
	}
	s = httpx.Watch(t.Context(), 1)
	defer s.End()
	if resp, err := s.Take(&http.Response{StatusCode: 101, Body: http.NoBody}, nil); resp.Body != http.NoBody || err != nil || s.Context().Err() != nil {
		t.Errorf("101: got %v, %v, context %v, want the body as it is", resp, err, s.Context().Err())
	}
}
