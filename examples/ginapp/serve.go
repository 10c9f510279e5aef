package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// listen takes both addresses, before anything else is opened.
func listen(cfg config) (public, ops net.Listener, err error) {
	if public, err = net.Listen("tcp", cfg.addr); err != nil {
		return nil, nil, fmt.Errorf("ADDR: %w", err)
	}
	if ops, err = net.Listen("tcp", cfg.opsAddr); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("OPS_ADDR: %w", err), public.Close())
	}
	return public, ops, nil
}

// newServer bounds what a caller can hold: a request takes at most 30 s.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // more than ReadTimeout and tellTimeout together
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serve works until ctx is done or something fails, and then shuts down.
func (a *app) serve(ctx context.Context, public, ops net.Listener) error {
	handler, err := a.public()
	if err != nil {
		return err
	}
	front, back := newServer(handler, a.log), newServer(a.internal(), a.log)
	served, worked := make(chan error, 2), make(chan error, 1)
	go func() { served <- front.Serve(public) }()
	go func() { served <- back.Serve(ops) }()
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	go func() { worked <- a.run(work) }()
	a.log.InfoContext(ctx, "serving", "addr", public.Addr().String(), "ops_addr", ops.Addr().String())

	var failed error
	select {
	case <-ctx.Done():
	case failed = <-served:
	case failed = <-worked:
		worked <- nil // for shutDown, which waits for it
	}
	a.log.InfoContext(ctx, "shutting down", "error", failed)
	return errors.Join(failed, a.shutDown(front, back, stopWork, worked))
}

// shutDown ends the service in an order in which nothing is cut off that could
// have gone on: requests first, which may still enqueue; then the handlers;
// health and metrics last. Each half takes half of the time at most. What is
// not done by then is done by the next process. Where a load balancer goes by
// readyz, have your platform wait a little before it sends SIGTERM.
func (a *app) shutDown(front, back *http.Server, stopWork func(), worked <-chan error) error {
	a.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), a.cfg.shutdown/2)
	defer cancel()
	var errs []error
	if err := front.Shutdown(ctx); err != nil {
		errs = append(errs, fmt.Errorf("requests were cut off: %w", err), front.Close())
	}
	stopWork()
	select {
	case err := <-worked: // the client's DrainTimeout is the other half
		errs = append(errs, err)
	case <-time.After(a.cfg.shutdown/2 + time.Second):
		errs = append(errs, errors.New("a handler ignored the end of its context"))
	}
	return errors.Join(append(errs, back.Close())...)
}

// healthcheck asks the service on this machine whether it is alive, for
// containers that have no shell and no curl.
func healthcheck(ctx context.Context, args []string, getenv func(string) string) error {
	fs := flag.NewFlagSet("ginapp healthcheck", flag.ContinueOnError)
	addr := fs.String("ops-addr", cmp.Or(getenv("OPS_ADDR"), ":9090"), "OPS_ADDR of the service")
	if err := fs.Parse(args); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(*addr)
	if err != nil {
		return fmt.Errorf("OPS_ADDR: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("healthz answered %s", resp.Status)
	}
	return nil
}
