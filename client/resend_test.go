package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/httpx/httpxtest"
)

// TestARequestWithoutABodyGoesOutOnce has a server of HTTP/2 reset a release
// action, which net/http would send again: as the first call of a client, and
// after another.
func TestARequestWithoutABodyGoesOutOnce(t *testing.T) {
	tests := []struct {
		name   string
		answer httpxtest.Answer
		known  bool // that the server speaks HTTP/2
		want   string
	}{
		{"PROTOCOL_ERROR", httpxtest.Reset(httpxtest.ProtocolError), false, "uncertain"},
		{"PROTOCOL_ERROR", httpxtest.Reset(httpxtest.ProtocolError), true, "uncertain"},
		{"CANCEL", httpxtest.Reset(httpxtest.Cancel), true, "uncertain"},
		{"REFUSED_STREAM", httpxtest.Reset(httpxtest.RefusedStream), true, "not sent"},
		{"GOAWAY that names no stream", httpxtest.GoAway(httpxtest.NoError), true, "not sent"},
	}
	for _, tt := range tests {
		for kind, serve := range servers {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				var first atomic.Bool
				first.Store(tt.known)
				srv := serve(t, func(stream byte) []byte {
					if first.Swap(false) {
						return httpxtest.OK(stream)
					}
					return tt.answer(stream)
				})
				c, ctx := calling(t, srv)
				want := 1
				if tt.known {
					want = 2
					if err := discard(c.Do(request("GET", "/v1/x", "").WithContext(client.InForeground(ctx)))); err != nil {
						t.Fatal(err)
					}
				}
				_, err := c.Submit(ctx, request("POST", "/v1/customerinvoice/1/action/release", ""), client.SubmitOptions{})
				got := "not sent"
				if _, unclear := errors.AsType[*client.UncertainError](err); unclear {
					got = "uncertain"
				}
				if err == nil || got != tt.want || srv.Requests() != want {
					t.Errorf("known %v: got %s (%v) after %d requests, want %s after %d", tt.known, got, err, srv.Requests(), tt.want, want)
				}
			})
		}
	}
}

// servers speak HTTP/2, with TLS and without it.
var servers = map[string]func(testing.TB, httpxtest.Answer) *httpxtest.Server{"TLS": httpxtest.Serve, "plain": httpxtest.ServePlain}

// calling returns a client of a server, and a context that ends a call which
// hangs.
func calling(t *testing.T, srv *httpxtest.Server) (*client.Client, context.Context) {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: srv.URL, HTTPClient: &http.Client{Transport: srv.Transport}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(func() {
		cancel()
		c.Close()
	})
	return c, ctx
}

// TestResetsMakeNoStorm has a server reset everything: a poll and a foreground call
// end soon, and the write among them goes out once.
func TestResetsMakeNoStorm(t *testing.T) {
	for name, answer := range map[string]httpxtest.Answer{
		"PROTOCOL_ERROR": httpxtest.Reset(httpxtest.ProtocolError), "GOAWAY": httpxtest.GoAway(httpxtest.NoError),
	} {
		for kind, serve := range servers {
			srv := serve(t, answer)
			c, ctx := calling(t, srv)
			op, err := c.Operation(ctx, id1)
			if err != nil {
				t.Fatal(err)
			}
			calls := []struct {
				name string
				most int
				call func() error
			}{
				{"a poll", 3, func() error { _, err := op.Poll(ctx); return err }},
				{"a foreground GET", 3, func() error { return discard(c.Do(request("GET", "/v1/x", "").WithContext(client.InForeground(ctx)))) }},
				{"a foreground POST", 1, func() error { return discard(c.Do(request("POST", "/v1/x", "").WithContext(client.InForeground(ctx)))) }},
			}
			for _, call := range calls {
				before := srv.Requests()
				if err := call.call(); err == nil || ctx.Err() != nil || srv.Requests()-before > call.most {
					t.Errorf("%s, %s, %s: got %v after %d requests, want an error after at most %d", name, kind, call.name, err, srv.Requests()-before, call.most)
				}
			}
		}
	}
}

// fetching is a transport that asks for a token before each request, under its
// context.
type fetching struct {
	next http.RoundTripper
	url  string
}

func (f fetching) RoundTrip(req *http.Request) (*http.Response, error) {
	ask, err := http.NewRequestWithContext(req.Context(), http.MethodPost, f.url, strings.NewReader("grant_type=x"))
	if err != nil {
		return nil, err
	}
	if err := discard(f.next.RoundTrip(ask)); err != nil {
		return nil, err
	}
	return f.next.RoundTrip(req)
}

// TestWhatATransportAsksForFirstIsNotTheRequest has a token fetched over HTTP/2 on
// the way of each request, which still goes out, once.
func TestWhatATransportAsksForFirstIsNotTheRequest(t *testing.T) {
	token := httpxtest.Serve(t, httpxtest.OK)
	for name, tt := range map[string]struct {
		answer httpxtest.Answer
		fails  bool
	}{
		"answered": {httpxtest.OK, false}, "reset": {httpxtest.Reset(httpxtest.ProtocolError), true},
	} {
		erp := httpxtest.Serve(t, tt.answer)
		c, err := client.New(client.Config{BaseURL: erp.URL, HTTPClient: &http.Client{Transport: fetching{erp.Transport, token.URL}}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err = discard(c.Do(request("POST", "/v1/x", "").WithContext(client.InForeground(ctx))))
		if (err != nil) != tt.fails || erp.Requests() != 1 {
			t.Errorf("%s, in the foreground: got %v after %d requests, want one, and an error: %v", name, err, erp.Requests(), tt.fails)
		}
		_, err = c.Submit(ctx, request("POST", "/v1/x", ""), client.SubmitOptions{})
		if _, unclear := errors.AsType[*client.UncertainError](err); unclear != tt.fails || erp.Requests() != 2 {
			t.Errorf("%s, in the background: got %v after %d requests, want two, and that it is uncertain: %v", name, err, erp.Requests(), tt.fails)
		}
	}
}

// discard closes an answer that nobody reads.
func discard(resp *http.Response, err error) error {
	if err == nil {
		resp.Body.Close()
	}
	return err
}
