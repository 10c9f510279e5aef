package httpx

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

type other struct{ http.RoundTripper }

func TestTransportIsACopyThatPings(t *testing.T) {
	std := http.DefaultTransport.(*http.Transport)
	got := Transport()
	if got == std || std.HTTP2 != nil {
		t.Fatalf("got %p, want a copy of %p that leaves it alone (HTTP2 of it: %v)", got, std, std.HTTP2)
	}
	if got.HTTP2.SendPingTimeout != SilentAfter || got.HTTP2.PingTimeout != PingTimeout {
		t.Errorf("got pings %+v, want them after %v and %v", got.HTTP2, SilentAfter, PingTimeout)
	}
	if got.MaxIdleConns != std.MaxIdleConns || !got.ForceAttemptHTTP2 || got.Proxy == nil {
		t.Errorf("got %+v, want the settings of the original", got)
	}
	if _, ok := Default().(*http.Transport); !ok || Default() == http.DefaultTransport {
		t.Error("got another default, want such a copy")
	}
}

func TestTransportKeepsPingsThatAreSet(t *testing.T) {
	std := http.DefaultTransport
	defer func() { http.DefaultTransport = std }()
	own := std.(*http.Transport).Clone()
	own.HTTP2 = &http.HTTP2Config{SendPingTimeout: time.Minute}
	http.DefaultTransport = own
	if got := Transport().HTTP2; got.SendPingTimeout != time.Minute || got.PingTimeout != 0 {
		t.Errorf("got %+v, want what was set", got)
	}
}

func TestAReplacedDefaultIsRespected(t *testing.T) {
	std := http.DefaultTransport
	defer func() { http.DefaultTransport = std }()
	http.DefaultTransport = other{std}
	if got := Default(); got != http.DefaultTransport {
		t.Errorf("got %T, want what the program put there", got)
	}
	if got := Transport(); got.Proxy == nil || got.HTTP2.SendPingTimeout == 0 {
		t.Errorf("got %+v, want a transport of its own", got)
	}
}

// TestASilentConnectionIsClosed is about a peer that takes everything and
// answers nothing: a call on it ends by the ping and not by its context.
func TestASilentConnectionIsClosed(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	var frozen atomic.Bool
	tr := Transport()
	defer tr.CloseIdleConnections()
	tr.HTTP2.SendPingTimeout, tr.HTTP2.PingTimeout = 20*time.Millisecond, 20*time.Millisecond
	tr.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	dials := 0
	tr.DialContext = func(_ context.Context, network, addr string) (net.Conn, error) {
		dials++
		c, err := net.Dial(network, addr)
		return &freezer{Conn: c, frozen: &frozen, first: dials == 1}, err
	}
	hc := &http.Client{Transport: tr}
	get := func() error {
		resp, err := hc.Get(srv.URL)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	frozen.Store(true)
	if err := get(); err == nil {
		t.Error("got an answer on a silent connection")
	}
	if err := get(); err != nil || dials != 2 {
		t.Errorf("got %v after %d connections, want an answer on a second one", err, dials)
	}
}

// freezer swallows what is written to the first connection while it is frozen.
type freezer struct {
	net.Conn
	frozen *atomic.Bool
	first  bool
}

func (f *freezer) Write(p []byte) (int, error) {
	if f.first && f.frozen.Load() {
		return len(p), nil
	}
	return f.Conn.Write(p)
}
