// Package httpxtest is a server for tests that speaks HTTP/2 in frames made by
// hand, so that it can end a stream or a connection as no [http.Handler] can.
package httpxtest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// The codes of errors in RFC 9113, 7.
const (
	NoError       = 0x0
	ProtocolError = 0x1
	InternalError = 0x2
	RefusedStream = 0x7
	Cancel        = 0x8
)

// Answer makes the frame that answers to the request of a stream.
type Answer func(stream byte) []byte

// OK answers 200 with no body.
func OK(stream byte) []byte { return frame(1, 5, stream, 0x88) }

// EarlyHints answers 103, which is not the last answer.
func EarlyHints(stream byte) []byte { return frame(1, 4, stream, 0x08, 3, '1', '0', '3') }

// Reset ends each stream with a code.
func Reset(code byte) Answer {
	return func(stream byte) []byte { return frame(3, 0, stream, 0, 0, 0, code) }
}

// GoAway ends the connection with a code, and says that no stream was processed.
func GoAway(code byte) Answer {
	return func(byte) []byte { return frame(7, 0, 0, 0, 0, 0, 0, 0, 0, 0, code) }
}

// GoAwayAfter ends the connection, and says that the stream may have been
// processed.
func GoAwayAfter(stream byte) []byte { return frame(7, 0, 0, 0, 0, 0, stream, 0, 0, 0, NoError) }

func frame(kind, flags, stream byte, payload ...byte) []byte {
	return append([]byte{0, 0, byte(len(payload)), kind, flags, 0, 0, 0, stream}, payload...)
}

// Server is one that answers to each request with a frame.
type Server struct {
	URL string
	// Transport reaches it.
	Transport *http.Transport

	requests atomic.Int32
}

// Requests is how many requests were read to their end.
func (s *Server) Requests() int { return int(s.requests.Load()) }

// Serve starts a server with TLS. It ends with the test.
func Serve(t testing.TB, answer Answer) *Server {
	t.Helper()
	issuer := httptest.NewTLSServer(nil)
	defer issuer.Close()
	pool := x509.NewCertPool()
	pool.AddCert(issuer.Certificate())
	s := serve(t, answer, func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: issuer.TLS.Certificates, NextProtos: []string{"h2"}})
	})
	s.URL = "https://" + s.URL
	s.Transport.ForceAttemptHTTP2 = true
	s.Transport.TLSClientConfig = &tls.Config{RootCAs: pool, ServerName: "example.com"}
	return s
}

// ServePlain starts a server without TLS, for a client that knows that it speaks
// HTTP/2.
func ServePlain(t testing.TB, answer Answer) *Server {
	t.Helper()
	s := serve(t, answer, func(l net.Listener) net.Listener { return l })
	s.URL = "http://" + s.URL
	s.Transport.Protocols = new(http.Protocols)
	s.Transport.Protocols.SetUnencryptedHTTP2(true)
	return s
}

func serve(t testing.TB, answer Answer, wrap func(net.Listener) net.Listener) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{URL: l.Addr().String(), Transport: &http.Transport{}}
	l = wrap(l)
	t.Cleanup(func() {
		s.Transport.CloseIdleConnections()
		l.Close()
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.speak(conn, answer)
		}
	}()
	return s
}

// speak reads a connection and answers to each request that is whole.
func (s *Server) speak(conn net.Conn, answer Answer) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	if _, err := r.Discard(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
		return
	}
	_, _ = conn.Write(frame(4, 0, 0))
	for {
		var head [9]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		if _, err := r.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2])); err != nil {
			return
		}
		switch kind, flags := head[3], head[4]; {
		case kind == 4 && flags == 0:
			_, _ = conn.Write(frame(4, 1, 0))
		case (kind == 0 || kind == 1) && flags&1 != 0:
			s.requests.Add(1)
			reply := answer(head[8])
			_, _ = conn.Write(reply)
			if reply[3] == 7 {
				return // gone away
			}
		}
	}
}
