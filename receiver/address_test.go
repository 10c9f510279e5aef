package receiver_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/vismanet-go/background/receiver"
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestTheAddressIsTakenFromTheLastProxyThatIsNotOurs(t *testing.T) {
	const vendor, evil = "18.202.121.26", "203.0.113.9"
	tests := []struct {
		name      string
		remote    string
		forwarded []string
		proxies   []netip.Prefix
		want      int
	}{
		{"direct", vendor + ":443", nil, nil, 200},
		{"direct, from elsewhere", evil + ":443", nil, nil, 403},
		{"direct, with a claim", evil + ":443", []string{vendor}, nil, 403},
		{"mapped into IPv6", "[::ffff:" + vendor + "]:443", nil, nil, 200},
		{"no address", "@", nil, nil, 403},
		{"no address at all", "", nil, nil, 403},

		{"a socket, not trusted", "@", []string{vendor}, prefixes("10.0.0.0/8"), 403},
		{"a socket", "@", []string{vendor}, prefixes("127.0.0.0/8"), 200},
		{"a socket without a name", "", []string{vendor}, prefixes("::1/128"), 200},
		{"a socket with a name", "@proxy", []string{vendor}, prefixes("127.0.0.1/32"), 200},
		{"a socket, from elsewhere", "@", []string{vendor + ", " + evil}, prefixes("127.0.0.0/8"), 403},
		{"a socket that says nothing", "@", nil, prefixes("127.0.0.0/8", "::1/128"), 403},
		{"a socket behind a proxy", "@", []string{vendor + ", 10.0.0.1"}, prefixes("127.0.0.0/8", "10.0.0.0/8"), 200},
		{"two sockets", "@", []string{vendor + ", unix:"}, prefixes("127.0.0.0/8"), 200},
		{"a claim of a socket", "10.0.0.1:9", []string{vendor + ", unix:"}, prefixes("10.0.0.0/8"), 403},

		{"one proxy", "10.0.0.1:9", []string{vendor}, prefixes("10.0.0.0/8"), 200},
		{"one proxy, from elsewhere", "10.0.0.1:9", []string{evil}, prefixes("10.0.0.0/8"), 403},
		{"one proxy, with a claim", "10.0.0.1:9", []string{vendor + ", " + evil}, prefixes("10.0.0.0/8"), 403},
		{"one proxy, with a claim of a proxy", "10.0.0.1:9", []string{vendor + ", 10.0.0.2, " + evil}, prefixes("10.0.0.0/8"), 403},
		{"a proxy that adds a line", "10.0.0.1:9", []string{vendor, evil}, prefixes("10.0.0.0/8"), 403},
		{"a proxy that adds a line, the other way", "10.0.0.1:9", []string{evil, vendor}, prefixes("10.0.0.0/8"), 200},
		{"two proxies", "10.0.0.1:9", []string{evil + "," + vendor + ",10.0.0.7"}, prefixes("10.0.0.0/8"), 200},
		{"two proxies, one not ours", "10.0.0.1:9", []string{vendor + ",172.16.0.1"}, prefixes("10.0.0.0/8"), 403},
		{"two ranges", "10.0.0.1:9", []string{vendor + ",172.16.0.1"}, prefixes("10.0.0.0/8", "172.16.0.0/12"), 200},
		{"not through the proxy", evil + ":9", []string{vendor}, prefixes("10.0.0.0/8"), 403},
		{"a proxy that says nothing", "10.0.0.1:9", nil, prefixes("10.0.0.0/8"), 403},
		{"a proxy that says an empty line", "10.0.0.1:9", []string{""}, prefixes("10.0.0.0/8"), 403},
		{"only proxies", "10.0.0.1:9", []string{"10.0.0.2"}, prefixes("10.0.0.0/8"), 403},
		{"nonsense at the end", "10.0.0.1:9", []string{vendor + ", unknown"}, prefixes("10.0.0.0/8"), 403},
		{"nonsense before it", "10.0.0.1:9", []string{"unknown, " + vendor}, prefixes("10.0.0.0/8"), 200},
		{"with a port", "10.0.0.1:9", []string{vendor + ":1234"}, prefixes("10.0.0.0/8"), 200},
		{"IPv6", "[fd00::1]:9", []string{"2001:db8::5"}, prefixes("fd00::/8"), 200},
		{"IPv6 with brackets", "[fd00::1%eth0]:9", []string{"[2001:db8::5]"}, prefixes("fd00::/8"), 200},
		{"IPv6 with a port", "[fd00::1]:9", []string{"[2001:db8::5]:1234"}, prefixes("fd00::/8"), 200},
		{"a proxy written as mapped", "10.0.0.1:9", []string{vendor}, prefixes("::ffff:10.0.0.0/104"), 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rcv, st := setup(t, func(c *receiver.Config) {
				c.AllowFrom = append(receiver.VendorAddresses(), prefixes("2001:db8::5/128")...)
				c.TrustedProxies = tt.proxies
			})
			for _, r := range []*http.Request{signed(body), post(path+"/"+capability(), body)} {
				r.RemoteAddr = tt.remote
				for _, line := range tt.forwarded {
					r.Header.Add("X-Forwarded-For", line)
				}
				wantStatus(t, serve(mounted(rcv), r), tt.want)
			}
			if (st.count() > 0) != (tt.want == 200) {
				t.Errorf("%d stored", st.count())
			}
		})
	}
}

// From an address that is not allowed, good and bad credentials look alike.
func TestARefusedAddressLearnsNothing(t *testing.T) {
	rcv, _ := setup(t, func(c *receiver.Config) { c.AllowFrom = receiver.VendorAddresses() })
	for _, r := range []*http.Request{
		signed(body), post(path, body), post(path+"/"+capability(), body), post(path+"/x", body),
	} {
		var e endless
		r.Body, r.ContentLength = io.NopCloser(&e), -1
		wantStatus(t, serve(mounted(rcv), r), 403)
		if e.read != 0 {
			t.Errorf("read %d bytes", e.read)
		}
	}
}

func TestWithoutAListAnyAddressMaySend(t *testing.T) {
	rcv, _ := setup(t, func(c *receiver.Config) { c.TrustedProxies = prefixes("10.0.0.0/8") })
	for _, remote := range []string{"203.0.113.9:1", "10.0.0.1:1", "@", ""} {
		r := signed(body)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "nonsense")
		wantStatus(t, serve(rcv, r), 200)
	}
}

func TestVendorAddressesCannotBeChangedByACaller(t *testing.T) {
	receiver.VendorAddresses()[0] = netip.MustParsePrefix("0.0.0.0/0")
	if got := receiver.VendorAddresses(); len(got) != 3 || !got[0].Contains(netip.MustParseAddr("18.202.121.26")) || got[0].Bits() != 32 {
		t.Errorf("got %v", got)
	}
}

// Over a Unix socket the server tells so; over TCP nothing that a middleware
// writes into RemoteAddr passes for a socket.
func TestAUnixSocketCountsAsLoopback(t *testing.T) {
	const vendor = "18.202.121.26"
	rcv, _ := setup(t, func(c *receiver.Config) {
		c.AllowFrom, c.TrustedProxies = receiver.VendorAddresses(), prefixes("127.0.0.0/8")
	})
	pretend := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if remote, ok := r.Header["X-Real-Ip"]; ok {
			r.RemoteAddr = remote[0]
		}
		mounted(rcv).ServeHTTP(w, r)
	})
	socket := filepath.Join(t.TempDir(), "s")
	dial := func(network, address string) *http.Client {
		return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}}}
	}
	for _, tt := range []struct {
		name, network, address, from, pretended string
		want                                    int
	}{
		{"a socket", "unix", socket, vendor, "", 200},
		{"a socket, from elsewhere", "unix", socket, "203.0.113.9", "", 403},
		{"a socket whose peer a middleware has named", "unix", socket, vendor, "203.0.113.9", 200},
		{"TCP, from this machine", "tcp", "127.0.0.1:0", vendor, "", 200},
		{"TCP that passes for a socket", "tcp", "127.0.0.1:0", vendor, "@", 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := net.Listen(tt.network, tt.address)
			if err != nil {
				t.Fatal(err)
			}
			srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: pretend}}
			srv.Start()
			defer srv.Close()
			r := signed(body)
			r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", "hooks.test"
			r.Header.Set("X-Forwarded-For", tt.from)
			if tt.pretended != "" {
				r.Header.Set("X-Real-Ip", tt.pretended)
			}
			hc := dial(tt.network, l.Addr().String())
			defer hc.CloseIdleConnections()
			res, err := hc.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			wantStatus(t, res, tt.want)
		})
	}
}
