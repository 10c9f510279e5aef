package notify

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/httpx"
)

// The default transport speaks HTTP/2 where a receiver does, and asks silent
// connections whether they live.
func TestTheTransportOfNotificationsPings(t *testing.T) {
	proto := make(chan string, 1)
	hook := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { proto <- r.Proto }))
	hook.EnableHTTP2 = true
	hook.StartTLS()
	defer hook.Close()
	for name, client := range map[string]*http.Client{
		"private": newClient(Config{}), "public": newClient(Config{PublicTargets: true}),
	} {
		tr := client.Transport.(*http.Transport)
		defer tr.CloseIdleConnections()
		if tr.HTTP2 == nil || tr.HTTP2.SendPingTimeout != httpx.SilentAfter || tr.HTTP2.PingTimeout != httpx.PingTimeout {
			t.Errorf("%s: got pings %+v, want them after %v and %v", name, tr.HTTP2, httpx.SilentAfter, httpx.PingTimeout)
		}
		tr.TLSClientConfig = hook.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		resp, err := client.Post(hook.URL, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := <-proto; got != "HTTP/2.0" {
			t.Errorf("%s: got %s, want HTTP/2.0", name, got)
		}
	}
}

func TestExcerpt(t *testing.T) {
	for body, want := range map[string]string{
		"": "", " a\r\n\tb\x00c ": "a b c", "\xff\xfeok": "ok", strings.Repeat("å", 300): strings.Repeat("å", 200) + "…",
	} {
		if got := excerpt([]byte(body)); got != want {
			t.Errorf("%q: got %q, want %q", body, got, want)
		}
	}
}
