package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The reference is a candidate in the test's own process, written as a team in
// another language would write it: by hand, in a few pages, with nothing of package
// client. It passes every scenario; a mutation lets it do one thing wrong.

// launchReference starts a reference that is wrong in one way, or in none.
func launchReference(wrong string) launcher {
	return func(ctx context.Context, list []string) (*process, error) {
		env := make(map[string]string)
		for _, v := range list {
			name, value, _ := strings.Cut(v, "=")
			env[strings.TrimPrefix(name, "BACKGROUND_")] = value
		}
		ctx, cancel := context.WithCancel(ctx)
		in, stdin := io.Pipe()
		stdout, out := io.Pipe()
		ended := make(chan struct{})
		var result error
		kill := func() {
			cancel()
			_ = in.Close()
			_ = out.Close()
		}
		go func() {
			defer close(ended)
			result = playReference(ctx, env, wrong, in, out)
			kill()
		}()
		return &process{stdin: stdin, stdout: stdout, stderr: &tail{}, kill: kill, wait: func() error { <-ended; return result }}, nil
	}
}

// A player does the steps of one role.
type player interface {
	http.Handler
	do(step) (map[string]any, error)
}

func playReference(ctx context.Context, env map[string]string, wrong string, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	webhook := "http://" + l.Addr().String() + "/hook"
	s := settingsOf(ctx, env, wrong)
	var p player
	if env["ROLE"] == "receiver" {
		p, err = newReferenceReceiver(s)
	} else {
		p, err = newReferenceClient(s, webhook)
	}
	if err != nil {
		return err
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	var serving sync.WaitGroup
	if wrong == "serves one connection" {
		l = &oneByOne{l, make(chan struct{}, 1), ctx}
	}
	serving.Go(func() { _ = server.Serve(l) })
	defer serving.Wait()
	defer server.Close()
	defer cancel()
	enc := json.NewEncoder(out)
	if err := enc.Encode(Descriptor{Protocol: 1, Name: "reference", Roles: []Role{Client, Receiver}, Can: abilities, Webhook: webhook}); err != nil {
		return err
	}
	steps := bufio.NewScanner(in)
	steps.Buffer(nil, mostLine)
	for steps.Scan() {
		var st step
		if err := json.Unmarshal(steps.Bytes(), &st); err != nil {
			return err
		}
		a, err := p.do(st)
		if err != nil {
			a = map[string]any{"error": err.Error()}
		}
		a["step"] = st.Step
		if err := enc.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

// oneByOne accepts a connection when the one before is closed.
type oneByOne struct {
	net.Listener
	turn chan struct{}
	ctx  context.Context
}

func (l *oneByOne) Accept() (net.Conn, error) {
	select {
	case l.turn <- struct{}{}:
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	return &oneConn{Conn: c, over: sync.OnceFunc(func() { <-l.turn })}, err
}

type oneConn struct {
	net.Conn
	over func()
}

func (c *oneConn) Close() error {
	defer c.over()
	return c.Conn.Close()
}

// reference is what both roles have.
type reference struct {
	ctx     context.Context
	env     map[string]string
	wrong   string
	virtual bool

	mu   sync.Mutex // guards time
	time time.Time  // of a clock of its own
}

func settingsOf(ctx context.Context, env map[string]string, wrong string) *reference {
	r := &reference{ctx: ctx, env: env, wrong: wrong, virtual: env["CLOCK"] == "virtual"}
	ms, _ := strconv.ParseInt(env["CLOCK_START"], 10, 64)
	r.time = time.UnixMilli(ms)
	return r
}

// is reports whether the reference is to be wrong in this way.
func (r *reference) is(wrong string) bool { return r.wrong == wrong }

func (r *reference) millis(name string) time.Duration {
	n, _ := strconv.Atoi(r.env[name])
	return time.Duration(n) * time.Millisecond
}

func (r *reference) now() time.Time {
	if !r.virtual {
		return time.Now()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.time
}

// sleep waits, or lets its time pass, until d is over or something wakes it.
func (r *reference) sleep(d time.Duration, wake <-chan struct{}) {
	if d <= 0 {
		return
	}
	if r.virtual {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.time = r.time.Add(d)
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-r.ctx.Done():
	}
}

// object reads a JSON object with names in lower case.
func (r *reference) object(body []byte) map[string]any {
	if !r.is("keeps the mark") {
		body = bytes.TrimPrefix(body, []byte(mark))
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var raw map[string]any
	if dec.Decode(&raw) != nil {
		return nil
	}
	if r.is("minds the case of names") {
		return raw
	}
	low := make(map[string]any, len(raw))
	for name, v := range raw {
		low[strings.ToLower(name)] = v
	}
	return low
}

// named is a field, by its name in camel case.
func (r *reference) named(o map[string]any, name string) any {
	if !r.is("minds the case of names") {
		name = strings.ToLower(name)
	}
	return o[name]
}

// word is a field as text.
func (r *reference) word(o map[string]any, name string) string {
	switch v := r.named(o, name).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

var errGone = errors.New("gone")
