package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/vismanet-go/background/internal/cli"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

func (a *app) deliveriesCommand() *cli.Command {
	c := &control{app: a}
	var state string
	var limit int
	list := func(ctx context.Context, _ []string) error {
		return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
			return k.ListDeliveries(ctx, &adminclient.ListDeliveriesParams{Company: optional(c.company), State: optional(adminclient.DeliveryState(state)), Limit: optional(limit)})
		}, writeDeliveries)
	}
	edit := func(ctx context.Context, args []string) error {
		change, err := a.readInput(args[1])
		if err != nil {
			return err
		}
		return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
			return k.EditDeliveryWithBody(ctx, args[0], "application/json", bytes.NewReader(change))
		}, writeDelivery)
	}
	one := func(make func(k *adminclient.ClientWithResponses, ctx context.Context, id string) (*http.Response, error)) func(context.Context, []string) error {
		return func(ctx context.Context, args []string) error {
			return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) { return make(k, ctx, args[0]) }, writeDelivery)
		}
	}
	return &cli.Command{
		Use:   "deliveries",
		Short: "notifications of a mock that runs, and their attempts",
		Long: `Shows the notifications of a mock that runs, and what came of each attempt. ID is that of the operation.

One that is held waits before its next attempt, can be edited, and leaves when it is released.`,
		Actions: []cli.Action{
			{Use: "list", Does: "list notifications in the order in which their operations were accepted", Run: list},
			{Use: "show ID", Does: "show a notification with its body and all attempts", Run: one(func(k *adminclient.ClientWithResponses, ctx context.Context, id string) (*http.Response, error) {
				return k.GetDelivery(ctx, id)
			})},
			{Use: "redeliver ID", Does: "send it once more, whatever became of it", Run: one(func(k *adminclient.ClientWithResponses, ctx context.Context, id string) (*http.Response, error) {
				return k.Redeliver(ctx, id, &adminclient.RedeliverParams{TimeoutMs: optional(c.timeoutMs())})
			})},
			{Use: "hold ID", Does: "hold its next attempt", Run: one(func(k *adminclient.ClientWithResponses, ctx context.Context, id string) (*http.Response, error) {
				return k.HoldDelivery(ctx, id)
			})},
			{Use: "edit ID FILE", Does: `change one that is held, as a JSON file (- is what is piped in) says: {"body": "...", "headers": {"X-Name": "value, or null for none"}}`, Run: edit},
			{Use: "release ID", Does: "let one go that is held", Run: one(func(k *adminclient.ClientWithResponses, ctx context.Context, id string) (*http.Response, error) {
				return k.ReleaseDelivery(ctx, id)
			})},
		},
		Options: c.options(
			c.companyOption("only those of this company (default: any)"),
			&cli.Option{Name: "state", Arg: "state", FlagOnly: true, Usage: "only those in this state: Waiting, Held, Delivered, Dropped or Dead", Set: cli.Text(&state)},
			limitOption(&limit),
			c.timeoutOption("30s"),
		),
	}
}

func writeDeliveries(w io.Writer, page adminclient.DeliveryPage) {
	for _, d := range page.Deliveries {
		last := "no attempt yet"
		if n := len(d.Attempts); n > 0 {
			last = fmt.Sprintf("attempt %d: %s", n, attemptText(d.Attempts[n-1]))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s %s\t%s\t%s\n", d.OperationID, d.Company, d.State, d.Method, d.Path, d.URL, last)
	}
	writeMore(w, page.Next, len(page.Deliveries))
}

func writeDelivery(w io.Writer, d adminclient.Delivery) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s %s\t%s\n", d.OperationID, d.Company, d.State, d.Method, d.Path, d.URL)
	if d.Body != nil {
		fmt.Fprintf(w, "  %s\n", *d.Body)
	}
	for i, a := range d.Attempts {
		fmt.Fprintf(w, "  attempt %d\t%s\t%s\n", i+1, clockTime(a.Started), attemptText(a))
	}
}

// attemptText says what came of an attempt to notify.
func attemptText(a adminclient.Attempt) string {
	switch {
	case a.Error != "":
		return a.Error
	case a.StatusCode == 0:
		return "no answer"
	}
	return fmt.Sprint("answered ", a.StatusCode)
}
