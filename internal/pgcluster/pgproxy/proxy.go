package pgproxy

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
)

// Point is where the connection of a client that commits is cut.
type Point int

const (
	// BeforeCommit does not let the COMMIT through: the server rolls back.
	BeforeCommit Point = iota + 1
	// DuringCommit lets it through and cuts the client off at once, while the
	// server may still be at it. A client that asks for its query to be
	// cancelled then, as pgx does, reaches the server unless that is refused.
	DuringCommit
	// AfterCommit cuts when the server has answered, and keeps the answer.
	AfterCommit
)

// Counts are what a proxy has seen since it was started.
type Counts struct {
	Connections int64 // that clients made, and were not refused
	Query       int64 // messages of the simple protocol
	Parse       int64 // messages of the extended protocol
	Bind        int64
	Execute     int64
	Sync        int64
	Dropped     int64 // notifications that were not passed on
	Cut         int64 // connections that were cut at a COMMIT
}

// RoundTrips is how often clients waited for an answer.
func (c Counts) RoundTrips() int64 { return c.Query + c.Sync }

// Proxy passes connections on to a server. What it does to them can be changed
// at any time. It is safe for concurrent use.
type Proxy struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	refuses, drops atomic.Bool
	counts         struct {
		connections, query, parse, bind, execute, sync, dropped, cut atomic.Int64
	}

	mu       sync.Mutex // guards what follows
	links    map[*link]bool
	stalls   bool
	flows    chan struct{} // closed unless it stalls
	cutPoint Point
	cutsLeft int
	closed   bool
}

// Start starts a proxy for the server at an address. Close has to be called.
func Start(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start a proxy for %s: %w", target, err)
	}
	p := &Proxy{target: target, listener: l, links: make(map[*link]bool), flows: make(chan struct{})}
	close(p.flows)
	p.running.Go(p.accept)
	return p, nil
}

// Addr is where it listens, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// DSN is a URL that connects as the given one does, but through the proxy.
func (p *Proxy) DSN(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		return "", errors.Join(errors.New("the proxy needs a DSN that is a URL with a host"), err)
	}
	u.Host = p.Addr()
	return u.String(), nil
}

// DropNotifications says whether notifications get lost.
func (p *Proxy) DropNotifications(drop bool) { p.drops.Store(drop) }

// Refuse says whether new connections are reset. Those that are there stay.
func (p *Proxy) Refuse(refuse bool) { p.refuses.Store(refuse) }

// Stall says whether nothing is passed on in either direction, as if the network
// had swallowed it. New connections are accepted, and get no answer. What was
// held back is passed on afterwards.
func (p *Proxy) Stall(stall bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stall == p.stalls {
		return
	}
	p.stalls = stall
	if stall {
		p.flows = make(chan struct{})
	} else {
		close(p.flows)
	}
}

// Cut cuts all connections that are there.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.end()
	}
}

// CutAtCommit cuts the connections that send the next n COMMITs; none with 0.
// Statements outside a transaction, which commit by themselves, do not count.
func (p *Proxy) CutAtCommit(at Point, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutPoint, p.cutsLeft = at, n
}

// cutNow says where the connection that sends a COMMIT now is to be cut, 0 if it
// is not.
func (p *Proxy) cutNow() Point {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cutsLeft <= 0 {
		return 0
	}
	p.cutsLeft--
	p.counts.cut.Add(1)
	return p.cutPoint
}

// Counts returns what was seen so far.
func (p *Proxy) Counts() Counts {
	c := &p.counts
	return Counts{
		Connections: c.connections.Load(), Query: c.query.Load(), Parse: c.parse.Load(), Bind: c.bind.Load(),
		Execute: c.execute.Load(), Sync: c.sync.Load(), Dropped: c.dropped.Load(), Cut: c.cut.Load(),
	}
}

// Close cuts all connections and returns when nothing is left of the proxy.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	p.Cut()
	p.running.Wait()
	return err
}
