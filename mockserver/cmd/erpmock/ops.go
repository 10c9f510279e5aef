package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/vismanet-go/background/internal/cli"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

func (a *app) opsCommand() *cli.Command {
	c := &control{app: a}
	var state, path string
	var limit int
	list := func(ctx context.Context, _ []string) error {
		return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
			return k.ListOperations(ctx, &adminclient.ListOperationsParams{
				Company: optional(c.company), State: optional(adminclient.OperationState(state)), Path: optional(path), Limit: optional(limit),
			})
		}, writeOperations)
	}
	show := func(ctx context.Context, args []string) error {
		return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) { return k.GetOperation(ctx, args[0]) }, writeTimeline)
	}
	expire := func(ctx context.Context, args []string) error {
		return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
			return k.ExpireOperation(ctx, args[0])
		}, writeOperation)
	}
	return &cli.Command{
		Use:   "ops",
		Short: "operations of a mock that runs, with their timelines",
		Long:  "Shows the operations of a mock that runs.",
		Actions: []cli.Action{
			{Use: "list", Does: "list operations in the order of their arrival", Run: list},
			{Use: "show ID", Does: "show an operation with all that happened to it", Run: show},
			{Use: "expire ID", Does: "end its retention, so that state and content are gone", Run: expire},
		},
		Examples: `erpmock ops
erpmock ops list --state Running --company 1000001
erpmock ops show 3f2504e0-4f89-41d3-9a0c-0305e82c3301 --json`,
		Options: c.options(
			c.companyOption("only those of this company (default: any)"),
			&cli.Option{Name: "state", Arg: "state", FlagOnly: true, Usage: "only those in this state: Queued, Running, Finished, Failed or Expired", Set: cli.Text(&state)},
			&cli.Option{Name: "path", Arg: "pattern", FlagOnly: true, Usage: "only those of this path, such as /v1/customerinvoice/{number}", Set: cli.Text(&path)},
			limitOption(&limit),
		),
	}
}

func limitOption(limit *int) *cli.Option {
	return &cli.Option{Name: "limit", Arg: "number", FlagOnly: true, Initial: "100", Usage: "how many at most", Set: cli.Number(limit)}
}

func writeOperations(w io.Writer, page adminclient.OperationPage) {
	for _, op := range page.Operations {
		writeOperation(w, op)
	}
	writeMore(w, page.Next, len(page.Operations))
}

// writeMore tells that a page is not all.
func writeMore(w io.Writer, next string, shown int) {
	if next != "" {
		fmt.Fprintf(w, "there are more: --limit %d shows twice as many\n", 2*shown)
	}
}

func writeOperation(w io.Writer, op adminclient.Operation) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s %s", clockTime(op.Received), op.ID, op.Company, op.State, statusText(op.StatusCode), op.Method, op.Path)
	if op.ErrorMessage != "" {
		fmt.Fprintf(w, "\t%s", op.ErrorMessage)
	}
	fmt.Fprintln(w)
}

func statusText(status int) string {
	if status == 0 {
		return "-"
	}
	return fmt.Sprint(status)
}

func writeTimeline(w io.Writer, d adminclient.OperationDetail) {
	writeOperation(w, d.Operation)
	for _, e := range d.Timeline {
		writeEntry(w, e)
	}
	if d.Delivery != nil {
		fmt.Fprintf(w, "notification: %s\t%s\n", d.Delivery.State, d.Delivery.URL)
	}
}

// writeEntry writes an entry of the journal in a line.
func writeEntry(w io.Writer, e adminclient.Entry) {
	what := ""
	switch {
	case e.Request != nil:
		what = fmt.Sprintf("%s %s: %s", e.Request.Method, e.Request.Path, statusText(e.Request.StatusCode))
	case e.Attempt != nil:
		what = attemptText(*e.Attempt)
	case e.Hit != nil:
		what = fmt.Sprintf("%s at %s", e.Hit.Rule, e.Hit.Point)
	case e.Operation != nil:
		what = string(e.Operation.State)
	}
	fmt.Fprintf(w, "  %s\t%s\t%s\n", clockTime(e.Time), e.Kind, what)
}
