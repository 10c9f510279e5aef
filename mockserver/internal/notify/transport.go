package notify

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/vismanet-go/background/internal/httpx"
)

// newClient returns a client that follows no redirect: a receiver that
// moved would get what was not meant for it.
func newClient(cfg Config) *http.Client {
	var c http.Client
	switch {
	case cfg.Client != nil:
		c = *cfg.Client
	case cfg.PublicTargets:
		c.Transport = newTransport(cfg.TLS, nil)
	default:
		c.Transport = newTransport(cfg.TLS, privateOnly)
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// newTransport returns the default transport of notifications. On HTTP/2 it
// sends pings, so that a connection which died silently is closed, and the next
// attempt goes over another one.
func newTransport(trust *tls.Config, control func(network, address string, _ syscall.RawConn) error) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: control}
	return &http.Transport{
		DialContext:         dialer.DialContext, // and no proxy, which would hide the target
		ForceAttemptHTTP2:   true,               // which a dialer of one's own switches off
		HTTP2:               &http.HTTP2Config{SendPingTimeout: httpx.SilentAfter, PingTimeout: httpx.PingTimeout},
		TLSClientConfig:     trust,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxConnsPerHost:     256,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     30 * time.Second,
	}
}

// carrier is the address space that carriers, and virtual private networks such
// as Tailscale, give out behind a translation: RFC 6598. No host of the public
// network has an address of it.
var carrier = netip.MustParsePrefix("100.64.0.0/10")

// privateOnly refuses a connection to anything but a loopback or private
// address. It runs after the name was resolved, on the address that is dialled.
func privateOnly(_, address string, _ syscall.RawConn) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", errRefusedTarget, address, err)
	}
	if ip := addr.Addr().Unmap(); ip.IsLoopback() || ip.IsPrivate() || carrier.Contains(ip) {
		return nil
	}
	return fmt.Errorf("%w: %s is neither loopback nor private (see Config.AllowPublicTargets, --allow-public-targets)", errRefusedTarget, address)
}

// errRefusedTarget: the mock does not send there, whatever is tried.
var errRefusedTarget = errors.New("notification target refused")
