package receiver

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// VendorAddresses returns the addresses that the vendor's dispatcher sends
// from, as its documentation listed them in January 2026: for
// Config.AllowFrom, after checking that they are still the same.
func VendorAddresses() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("18.202.121.26/32"),
		netip.MustParsePrefix("34.242.104.102/32"),
		netip.MustParsePrefix("54.220.26.45/32"),
	}
}

// allowed reports whether the sender of r may send.
func (rc *Receiver) allowed(r *http.Request) bool {
	if len(rc.cfg.AllowFrom) == 0 {
		return true
	}
	addr, ok := rc.sender(r)
	return ok && within(rc.cfg.AllowFrom, addr)
}

// sender returns the address that a request comes from: the peer of the
// connection, or where that is a trusted proxy, what the proxies say. Each
// proxy adds its own peer at the right end of X-Forwarded-For, so the last
// entry that is no trusted proxy is the sender; whatever is left of it is the
// sender's own claim. It reports false if that entry makes no sense.
func (rc *Receiver) sender(r *http.Request) (netip.Addr, bool) {
	addr, ok := parseAddr(r.RemoteAddr)
	if viaUnixSocket(r) {
		addr, ok = rc.loopback(), true
	}
	if !ok {
		return addr, false
	}
	for _, line := range slices.Backward(r.Header.Values("X-Forwarded-For")) {
		for more := true; more; {
			if !within(rc.cfg.TrustedProxies, addr) {
				return addr, true
			}
			var entry string
			i := strings.LastIndexByte(line, ',')
			entry, line, more = line[i+1:], line[:max(i, 0)], i >= 0
			entry = strings.TrimSpace(entry)
			if addr, ok = parseAddr(entry); entry == unixEntry {
				addr = rc.loopback()
			} else if !ok {
				return addr, false
			}
		}
	}
	return addr, true
}

// unixEntry is what proxies write into X-Forwarded-For for a peer that came to
// them over a Unix socket.
const unixEntry = "unix:"

// viaUnixSocket reports whether a request came over a Unix socket, whose peers
// have no address. Where the server tells what it listens on, that counts and
// not what RemoteAddr says, into which a middleware may write anything.
func viaUnixSocket(r *http.Request) bool {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && local != nil {
		return strings.HasPrefix(local.Network(), "unix")
	}
	return r.RemoteAddr == "" || r.RemoteAddr[0] == '@'
}

// loopback returns the address that the peer of a Unix socket counts as: the
// one of the two loopback addresses that the configuration names.
func (rc *Receiver) loopback() netip.Addr {
	v4, v6 := netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()
	if !within(rc.cfg.TrustedProxies, v4) && (within(rc.cfg.TrustedProxies, v6) || !within(rc.cfg.AllowFrom, v4) && within(rc.cfg.AllowFrom, v6)) {
		return v6
	}
	return v4
}

// remote is what logs say of the sender.
func (rc *Receiver) remote(r *http.Request) string {
	if len(rc.cfg.TrustedProxies) > 0 {
		if addr, ok := rc.sender(r); ok {
			return addr.String()
		}
	}
	return r.RemoteAddr
}

// parseAddr reads an address with or without a port. An IPv4 address mapped
// into IPv6 is the IPv4 address.
func parseAddr(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

func within(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// unmapped writes prefixes of IPv4 addresses that are mapped into IPv6 as
// what they are, since that is how addresses are compared.
func unmapped(prefixes []netip.Prefix) []netip.Prefix {
	prefixes = slices.Clone(prefixes)
	for i, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			prefixes[i] = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
	}
	return prefixes
}
