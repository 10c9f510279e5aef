package pgproxy

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
)

// link is one connection of a client, and the one to the server for it.
type link struct {
	proxy  *Proxy
	client net.Conn
	over   chan struct{} // closed when the link is cut

	// withholds says that nothing reaches the client any more: the link ends
	// with the answer to a COMMIT.
	withholds atomic.Bool

	mu     sync.Mutex // guards what follows
	server net.Conn
	ended  bool
}

// accept takes connections until the listener is closed.
func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.refuses.Load() {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
			continue
		}
		l := &link{proxy: p, client: conn, over: make(chan struct{})}
		if !p.add(l) {
			return
		}
		p.counts.connections.Add(1)
		p.running.Go(func() {
			defer p.remove(l)
			l.serve()
		})
	}
}

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = l.client.Close()
		return false
	}
	p.links[l] = true
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// serve passes on what comes, until the link is cut or one of its ends is closed.
func (l *link) serve() {
	defer l.end()
	if !l.flows() {
		return
	}
	server, err := net.Dial("tcp", l.proxy.target)
	if err != nil || !l.connect(server) {
		return
	}
	var down sync.WaitGroup
	down.Go(func() {
		defer l.end()
		l.down(server)
	})
	if !l.up(server) {
		l.end()
	}
	down.Wait()
}

func (l *link) connect(server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		_ = server.Close()
		return false
	}
	l.server = server
	return true
}

// end cuts the link.
func (l *link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.ended = true
	close(l.over)
	_ = l.client.Close()
	if l.server != nil {
		_ = l.server.Close()
	}
}

// flows waits while the proxy stalls. It reports whether the link is still there.
func (l *link) flows() bool {
	l.proxy.mu.Lock()
	flows := l.proxy.flows
	l.proxy.mu.Unlock()
	select {
	case <-flows:
		return true
	case <-l.over:
		return false
	}
}

// up passes on what the client says. It reports whether the server still has to
// answer although nothing more will be said.
func (l *link) up(server net.Conn) (unanswered bool) {
	r, w := bufio.NewReaderSize(l.client, 64<<10), bufio.NewWriterSize(server, 64<<10)
	cancels, err := l.open(r, w)
	if err != nil || cancels {
		return cancels && w.Flush() == nil
	}
	for commits := newCommits(); ; {
		if r.Buffered() < headerSize && w.Flush() != nil {
			return false
		}
		m, err := next(r)
		if err != nil || !l.flows() {
			return false
		}
		l.proxy.count(m)
		var cut Point
		if commits.sees(m) {
			cut = l.proxy.cutNow()
		}
		if cut == BeforeCommit {
			_ = w.Flush() // the server does what came before
			return false
		}
		if cut != 0 {
			l.withholds.Store(true)
		}
		if pass(w, r, m.size) != nil {
			return false
		}
		if cut == DuringCommit {
			defer l.client.Close()
			// What the client would have said next has the server answer.
			_, _ = w.WriteString(syncMessage)
			return w.Flush() == nil
		}
	}
}

// open passes on the message that a client begins with. It reports whether that
// asks for a query to be cancelled, which is all that the client says then.
func (l *link) open(r *bufio.Reader, w *bufio.Writer) (cancels bool, err error) {
	for {
		size, code, err := opening(r)
		if err != nil || !l.flows() {
			return false, err
		}
		switch code {
		case requestTLS, requestGSS:
			if _, err := r.Discard(size); err != nil {
				return false, err
			}
			if _, err := l.client.Write([]byte{'N'}); err != nil { // not supported
				return false, err
			}
		default:
			return code == requestCancel, pass(w, r, size)
		}
	}
}

// down passes on what the server says.
func (l *link) down(server net.Conn) {
	r, w := bufio.NewReaderSize(server, 64<<10), bufio.NewWriterSize(l.client, 64<<10)
	for {
		if r.Buffered() < headerSize && !l.withholds.Load() && w.Flush() != nil && !l.withholds.Load() {
			return
		}
		m, err := next(r)
		if err != nil || !l.flows() {
			return
		}
		switch {
		case l.withholds.Load():
			over := ends(m)
			if _, err := r.Discard(m.size); err != nil || over {
				return
			}
		case m.kind == kindNotification && l.proxy.drops.Load():
			l.proxy.counts.dropped.Add(1)
			if _, err := r.Discard(m.size); err != nil {
				return
			}
		default:
			if pass(w, r, m.size) != nil && !l.withholds.Load() {
				return
			}
		}
	}
}

// count counts a message of a client's.
func (p *Proxy) count(m message) {
	switch c := &p.counts; m.kind {
	case kindQuery:
		c.query.Add(1)
	case kindParse:
		c.parse.Add(1)
	case kindBind:
		c.bind.Add(1)
	case kindExecute:
		c.execute.Add(1)
	case kindSync:
		c.sync.Add(1)
	}
}
