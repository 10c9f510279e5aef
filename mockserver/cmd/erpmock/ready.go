package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/vismanet-go/background/internal/cli"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

func (a *app) readyCommand() *cli.Command {
	c := &control{app: a}
	return &cli.Command{
		Use:      "ready",
		Short:    "wait until a mock serves",
		Long:     "Waits until a mock serves, and fails if it does not in time: for scripts, and for the health checks of containers.",
		Examples: "erpmock serve --port-file port & erpmock ready --port-file port",
		Options:  c.options(c.timeoutOption("10s")),
		Run: func(ctx context.Context, _ []string) error {
			ctx, stop := context.WithTimeout(ctx, c.timeout)
			defer stop()
			for {
				err := ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) { return k.GetReady(ctx) }, func(w io.Writer, _ adminclient.Ready) { fmt.Fprintln(w, "ready") })
				if err == nil {
					return nil
				}
				select {
				case <-ctx.Done():
					return fmt.Errorf("not ready after %v: %w", c.timeout, err)
				case <-time.After(50 * time.Millisecond):
				}
			}
		},
	}
}
