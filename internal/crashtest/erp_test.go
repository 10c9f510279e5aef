//go:build unix

package crashtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
)

const (
	signingKey = "c2lnbi1rZXktZm9yLXRlc3Rz"
	secret     = "a secret of more than 16 bytes"
	hookPath   = "/erp"
)

// erp is a mock ERP on a socket, with points of its own at which it has its
// caller killed or stopped. It counts what arrives, whole or not.
type erp struct {
	mock *mockserver.Server
	srv  *http.Server
	base string
	hook *net.TCPListener // where notifications go; each child inherits it
	fuse *fuse
	end  func(*process) // what the fuse does to the caller
	labels

	mu       sync.Mutex // guards all below
	caller   *process
	passed   []string
	out      map[string]int // bytes of each stream
	arrivals []string       // methods of the submits that began to arrive
	busy     int
	conns    map[net.Conn]bool // open
	dialled  int
}

// newERP starts an ERP, and the listener for its notifications.
func newERP(f *fuse, cfg mockserver.Config) (*erp, error) {
	hook, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	retry := mockserver.Retry{Attempts: 1000, Interval: 50 * time.Millisecond, MaxInterval: 200 * time.Millisecond, Timeout: 5 * time.Second}
	cfg.ExecTime = mockserver.Fixed(50 * time.Millisecond)
	cfg.URLRetry = retry
	cfg.Subscription = mockserver.Subscription{URL: "http://" + hook.Addr().String() + hookPath, SigningKey: signingKey, Retry: retry}
	mock, err := mockserver.New(cfg)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &erp{
		mock: mock, hook: hook.(*net.TCPListener), base: "http://" + l.Addr().String(), fuse: f,
		out: make(map[string]int), conns: make(map[net.Conn]bool),
	}
	e.srv = &http.Server{Handler: e, ReadHeaderTimeout: time.Minute, ConnState: e.connState}
	go func() { _ = e.srv.Serve(listener{l, e}) }()
	return e, nil
}

func (e *erp) close() {
	_ = e.srv.Close()
	_ = e.hook.Close()
	_ = e.mock.Close()
}

// pass is called at each point on this side.
func (e *erp) pass(point string) {
	e.mu.Lock()
	e.passed = append(e.passed, point)
	caller := e.caller
	e.mu.Unlock()
	if e.fuse.point == point && e.fuse.mode != census && e.fuse.burnt.CompareAndSwap(false, true) {
		e.end(caller)
	}
}

// ServeHTTP implements http.Handler.
func (e *erp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := kindOf(r)
	label := "erp/" + e.next(kind)
	e.mu.Lock()
	e.busy++
	if strings.HasPrefix(kind, "submit") {
		e.arrivals = append(e.arrivals, r.Method)
	}
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		e.busy--
		e.mu.Unlock()
	}()
	e.pass(label + "/arrived")
	e.mock.ServeHTTP(&answer{w, func() { e.pass(label + "/done") }}, r)
	e.pass(label + "/answered")
}

// answer tells when the ERP has done its work and is about to answer.
type answer struct {
	http.ResponseWriter
	begin func()
}

func (a *answer) WriteHeader(status int) {
	a.begin()
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (e *erp) connState(c net.Conn, s http.ConnState) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch s {
	case http.StateNew:
		e.conns[c] = true
		e.dialled++
	case http.StateClosed, http.StateHijacked:
		delete(e.conns, c)
	}
}

// settled reports whether nothing of a caller that has ended is under way: it
// had dialled so many times.
func (e *erp) settled(dialled int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.busy == 0 && len(e.conns) == 0 && e.dialled >= dialled
}

// listener counts the bytes of answers.
type listener struct {
	net.Listener
	e *erp
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &answerConn{c, l.e}, nil
}

type answerConn struct {
	net.Conn
	e *erp
}

// Write sends an answer as far as the fuse lets it, then the rest.
func (c *answerConn) Write(p []byte) (int, error) {
	e := c.e
	stream := "erp/" + e.current() + "/out"
	e.mu.Lock()
	before := e.out[stream]
	e.out[stream] += len(p)
	e.mu.Unlock()
	limit, on := e.fuse.offset(stream)
	if !on || limit < before || limit > before+len(p) {
		return c.Conn.Write(p)
	}
	n, err := c.Conn.Write(p[:limit-before])
	if err != nil {
		return n, err
	}
	e.pass(at(stream, limit))
	rest, err := c.Conn.Write(p[n:])
	return n + rest, err
}

// submitted lists what the ERP has accepted, and how often the header of a
// request that asked for it arrived.
func (e *erp) submitted() (ops []operation.Operation, arrivals int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mock.Operations(), len(e.arrivals)
}

func (e *erp) census() (passed []string, out map[string]int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.passed), maps.Clone(e.out)
}

// answered asks the ERP itself for the outcome of an operation, and writes it
// as the application does.
func (e *erp) answered(id string) (string, error) {
	get := func(path string) (int, []byte) {
		w := httptest.NewRecorder()
		e.mock.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		body, _ := io.ReadAll(w.Body)
		return w.Code, body
	}
	status, body := get("/v1/background/" + id)
	var state struct {
		StatusCode         int
		HasResponseContent bool
		ResponseHeaders    map[string]string
	}
	if err := json.Unmarshal(body, &state); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("state of %s: %d %s", id, status, body)
	}
	var content []byte
	if state.HasResponseContent {
		if status, content = get("/v1/background/" + id + "/content"); status != http.StatusOK {
			return "", fmt.Errorf("content of %s: %d %s", id, status, content)
		}
	}
	return outcome(id, state.StatusCode, state.ResponseHeaders["Location"], content), nil
}

// outcome is what an application has done with an operation, in one line.
func outcome(id string, status int, location string, content []byte) string {
	sum := sha256.Sum256(bytes.TrimSpace(content))
	return fmt.Sprintf("%s %d %s %s", id, status, "location="+location, hex.EncodeToString(sum[:8]))
}
