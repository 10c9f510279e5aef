// Command ginapp is a small service that turns orders into invoices of the
// ERP: a starting point for an integration of your own.
//
//	go run ./examples/ginapp --demo
//
// shows the whole of it against a mock of the ERP, without an account. With
// --mock it serves until it is stopped; with -help it lists its settings.
//
//	POST /orders              takes an order: 202, and where to ask for its state
//	GET  /orders/{number}     its state: queued, waiting, uncertain, unclear, done or failed
//	GET  /attention           the orders that wait for a person, and what to do
//	POST /attention/{number}  what a person found out: see told in attention.go
//	POST /webhooks/erp        for the ERP's notifications
//
// and, on an address of its own that the internet need not reach:
//
//	GET /healthz  the process serves
//	GET /readyz   it can do its work, or 503 and why not
//	GET /metrics  for Prometheus
//
// A 202 means that the order is on disk. The outbox sends it as soon as the ERP
// takes calls, orders of one sequence one after another. Post it again as often as
// you like: an order number makes one invoice. Nothing is lost by a restart, or by
// kill -9.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/gin-gonic/gin"
)

func main() {
	gin.SetMode(gin.ReleaseMode) // its debug mode prints every route, and dumps requests after a panic
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program the hard way

	switch err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "ginapp:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) error {
	if len(args) > 0 && args[0] == "healthcheck" {
		return healthcheck(ctx, args[1:], getenv)
	}
	cfg, err := parseConfig(args, getenv, errOut)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(errOut, nil))
	if cfg.demo {
		return demo(ctx, cfg, out)
	}
	public, ops, err := listen(cfg)
	if err != nil {
		return err
	}
	defer public.Close() // again, where it was served
	defer ops.Close()
	if cfg.mock {
		return withMock(&cfg, public.Addr().String(), func(m *mock) error {
			fmt.Fprintf(out, "A mock of the ERP stands in for the real one. Try:\n\n%s\n", sample(public.Addr(), cfg.apiToken))
			return open(ctx, cfg, m.access, log, func(a *app) error { return a.serve(ctx, public, ops) })
		})
	}
	erp, err := connect(cfg, log)
	if err != nil {
		return err
	}
	return open(ctx, cfg, erp, log, func(a *app) error { return a.serve(ctx, public, ops) })
}
