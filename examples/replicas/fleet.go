package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// proxy gives each request to the next replica. One that cannot be reached is left out
// from then on; who sent the request is told by a 502, and sends it again.
type proxy struct {
	mu   sync.Mutex // guards the rest
	next int
	all  []*url.URL
}

func (p *proxy) add(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, &url.URL{Scheme: "http", Host: addr})
}

func (p *proxy) take() *url.URL {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all) == 0 {
		return nil
	}
	p.next++
	return p.all[p.next%len(p.all)]
}

func (p *proxy) leaveOut(u *url.URL) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = slices.DeleteFunc(p.all, func(v *url.URL) bool { return v == u })
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	to := p.take()
	if to == nil {
		http.Error(w, "no replica", http.StatusServiceUnavailable)
		return
	}
	forward := httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
			if r.Context().Err() == nil {
				p.leaveOut(to)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	forward.ServeHTTP(w, req)
}

// fleet is the processes.
type fleet struct {
	proxy *proxy
	env   []string
	all   []*process
}

type process struct {
	name   string
	cmd    *exec.Cmd
	input  io.Closer // it ends when this is closed
	killed bool
}

// start starts this program again, as a replica, and puts it behind the proxy.
func (f *fleet) start(ctx context.Context, name string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(append(os.Environ(), f.env...), "REPLICA="+name)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = 10 * time.Second
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	f.all = append(f.all, &process{name: name, cmd: cmd, input: input})
	addr, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return fmt.Errorf("replica %s did not start: %w", name, err)
	}
	f.proxy.add(strings.TrimSpace(addr))
	return nil
}

// kill kills a replica as kill -9 does.
func (f *fleet) kill(name string) error {
	for _, p := range f.all {
		if p.name == name {
			p.killed = true
			return errors.Join(p.cmd.Process.Kill(), ignoreExit(p.cmd.Wait()))
		}
	}
	return fmt.Errorf("no replica %s", name)
}

// stop has the others end.
func (f *fleet) stop() error {
	var errs []error
	for _, p := range f.all {
		p.input.Close()
	}
	for _, p := range f.all {
		if !p.killed {
			errs = append(errs, p.cmd.Wait())
		}
	}
	return errors.Join(errs...)
}

func ignoreExit(err error) error {
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		return nil
	}
	return err
}
