package pgcluster

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Addr is where the server listens, as host:port.
func (c *Cluster) Addr() string { return net.JoinHostPort(loopback, strconv.Itoa(c.port)) }

// DSN connects to the database postgres as the superuser, over TCP.
func (c *Cluster) DSN() string { return dsn(c.Addr(), nil) }

// SocketDSN connects as DSN does, by the Unix socket.
func (c *Cluster) SocketDSN() string {
	return dsn("", url.Values{"host": {c.dir}, "port": {strconv.Itoa(c.port)}})
}

// MultiDSN connects to whichever of several servers takes writes: the primary,
// or the standby that was promoted.
func MultiDSN(clusters ...*Cluster) string {
	addrs := make([]string, len(clusters))
	for i, c := range clusters {
		addrs[i] = c.Addr()
	}
	return dsn(strings.Join(addrs, ","), url.Values{"target_session_attrs": {"read-write"}})
}

func dsn(addr string, query url.Values) string {
	if query == nil {
		query = url.Values{}
	}
	query.Set("sslmode", "disable")
	u := url.URL{Scheme: "postgres", User: url.User(superuser), Host: addr, Path: "/postgres", RawQuery: query.Encode()}
	return u.String()
}
