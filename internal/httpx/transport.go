// Package httpx holds the default HTTP transport of everything here that
// makes calls: the client, clientauth and the mock's notifier.
package httpx

import (
	"net/http"
	"time"
)

// A connection of HTTP/2 on which nothing came for SilentAfter is asked by a
// ping, and closed if no answer to it comes within PingTimeout. Without that a
// connection that died silently is used for every further call until the
// kernel gives it up, which takes a quarter of an hour.
const (
	SilentAfter = 10 * time.Second
	PingTimeout = 5 * time.Second
)

// Transport returns a copy of [http.DefaultTransport] as it is now, which
// sends pings on its HTTP/2 connections unless the original was told how to do
// that. The copy has connections of its own: whoever makes it closes the idle
// ones when it is done. Where [http.DefaultTransport] was replaced by another
// type, the copy is that of a new [http.Transport] with the proxies of the
// environment.
func Transport() *http.Transport {
	var t *http.Transport
	if std, ok := http.DefaultTransport.(*http.Transport); ok {
		t = std.Clone()
	} else {
		t = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConns: 100,
			IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ExpectContinueTimeout: time.Second,
		}
	}
	if t.HTTP2 == nil {
		t.HTTP2 = &http.HTTP2Config{}
	}
	if t.HTTP2.SendPingTimeout == 0 {
		t.HTTP2.SendPingTimeout = SilentAfter
		if t.HTTP2.PingTimeout == 0 {
			t.HTTP2.PingTimeout = PingTimeout
		}
	}
	return t
}

// Default returns what a nil Transport of an [http.Client] stands for: a
// [Transport], or whatever a program put in the place of
// [http.DefaultTransport], as it is.
func Default() http.RoundTripper {
	if _, ok := http.DefaultTransport.(*http.Transport); ok {
		return Transport()
	}
	return http.DefaultTransport
}
