package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
)

// TestARequestWithoutABodyGoesOutOnce has a server of HTTP/2 reset a release
// action, which net/http would send again: as the first call of a client, and
// after another.
func TestARequestWithoutABodyGoesOutOnce(t *testing.T) {
	issuer := httptest.NewTLSServer(nil)
	defer issuer.Close()
	pool := x509.NewCertPool()
	pool.AddCert(issuer.Certificate())
	reset := func(code byte) func(byte) []byte {
		return func(s byte) []byte { return frame(3, 0, s, 0, 0, 0, code) }
	}
	tests := []struct {
		name   string
		answer func(stream byte) []byte
		known  bool // that the server speaks HTTP/2
		want   string
	}{
		{"PROTOCOL_ERROR", reset(1), false, "uncertain"},
		{"PROTOCOL_ERROR", reset(1), true, "uncertain"},
		{"CANCEL", reset(8), true, "uncertain"},
		{"REFUSED_STREAM", reset(7), true, "not sent"},
		{"GOAWAY that names no stream", func(byte) []byte { return frame(7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }, true, "not sent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: issuer.TLS.Certificates, NextProtos: []string{"h2"}})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			var requests, ready atomic.Int32
			answer := func(s byte) []byte {
				if tt.known && ready.Add(1) == 1 {
					return frame(1, 5, s, 0x88) // :status 200
				}
				requests.Add(1)
				return tt.answer(s)
			}
			go serveFrames(l, answer)
			tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com"}}
			defer tr.CloseIdleConnections()
			c, err := client.New(client.Config{BaseURL: "https://" + l.Addr().String(), HTTPClient: &http.Client{Transport: tr}})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if tt.known {
				resp, err := c.Do(request("GET", "/v1/x", "").WithContext(client.InForeground(ctx)))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			_, err = c.Submit(ctx, request("POST", "/v1/customerinvoice/1/action/release", ""), client.SubmitOptions{})
			got := "not sent"
			if _, unclear := errors.AsType[*client.UncertainError](err); unclear {
				got = "uncertain"
			}
			if err == nil || got != tt.want || requests.Load() != 1 {
				t.Errorf("known %v: got %s (%v) after %d requests, want %s after one", tt.known, got, err, requests.Load(), tt.want)
			}
		})
	}
}

// TestResetsMakeNoStorm has a server reset everything: a poll and a foreground call
// end soon, and the write among them goes out once.
func TestResetsMakeNoStorm(t *testing.T) {
	for name, answer := range map[string]func(s byte) []byte{
		"PROTOCOL_ERROR": func(s byte) []byte { return frame(3, 0, s, 0, 0, 0, 1) },
		"GOAWAY":         func(byte) []byte { return frame(7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
	} {
		issuer := httptest.NewTLSServer(nil)
		defer issuer.Close()
		pool := x509.NewCertPool()
		pool.AddCert(issuer.Certificate())
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: issuer.TLS.Certificates, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		var requests atomic.Int32
		go serveFrames(l, func(s byte) []byte { requests.Add(1); return answer(s) })
		tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com"}}
		defer tr.CloseIdleConnections()
		c, err := client.New(client.Config{BaseURL: "https://" + l.Addr().String(), HTTPClient: &http.Client{Transport: tr}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		op, err := c.Operation(ctx, id1)
		if err != nil {
			t.Fatal(err)
		}
		calls := []struct {
			name string
			most int32
			call func() error
		}{
			{"a poll", 3, func() error { _, err := op.Poll(ctx); return err }},
			{"a foreground GET", 3, func() error { return discard(c.Do(request("GET", "/v1/x", "").WithContext(client.InForeground(ctx)))) }},
			{"a foreground POST", 1, func() error { return discard(c.Do(request("POST", "/v1/x", "").WithContext(client.InForeground(ctx)))) }},
		}
		for _, call := range calls {
			requests.Store(0)
			if err := call.call(); err == nil || ctx.Err() != nil || requests.Load() > call.most {
				t.Errorf("%s, %s: got %v after %d requests, want an error after at most %d", name, call.name, err, requests.Load(), call.most)
			}
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

// serveFrames speaks HTTP/2 on each connection.
func serveFrames(l net.Listener, answer func(byte) []byte) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go frames(conn, answer)
	}
}
