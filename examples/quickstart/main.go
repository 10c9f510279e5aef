// Command quickstart runs ERP calls in the background and shows what happens
// on the way.
//
//	go run ./examples/quickstart
//
// needs nothing else. It starts a mock of the ERP and a webhook receiver in
// this process, on loopback sockets, and makes the four calls of the vendor's
// walk-through: list, create, change and release customer invoices.
//
//	export VISMANET_TOKEN=…
//	go run ./examples/quickstart -base-url https://api.finance.visma.net
//
// makes one harmless call to a real company: it lists a single customer
// invoice, without a webhook. Instead of a token it takes the credentials of a
// service application: VISMANET_CLIENT_ID, VISMANET_CLIENT_SECRET and
// VISMANET_TENANT_ID. The tenant must be the company's: for the customer's a
// token is issued as well, but the ERP refuses it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/gin-gonic/gin"
)

func main() {
	cfg := config{credentials: credentials{
		token:        os.Getenv("VISMANET_TOKEN"),
		clientID:     os.Getenv("VISMANET_CLIENT_ID"),
		clientSecret: os.Getenv("VISMANET_CLIENT_SECRET"),
		tenantID:     os.Getenv("VISMANET_TENANT_ID"),
	}}
	flag.StringVar(&cfg.baseURL, "base-url", "", "root of a real ERP API (default: a mock in this process)")
	flag.StringVar(&cfg.company, "company", "", "ipp-company-id, for the former host and old tokens")
	flag.StringVar(&cfg.tokenURL, "token-url", "https://connect.visma.com/connect/token", "where client credentials get a token")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program the hard way
	gin.SetMode(gin.ReleaseMode) // its debug mode prints every route

	if err := run(ctx, cfg, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// config is what flags and environment say.
type config struct {
	baseURL string // empty: the walk-through with the mock
	company string
	credentials
}

// run is the program.
func run(ctx context.Context, cfg config, out io.Writer) error {
	switch {
	case cfg.baseURL != "":
		return listOne(ctx, cfg, out)
	case cfg.company != "":
		return errors.New("-company goes with -base-url")
	}
	return walkThrough(ctx, out)
}
