package main

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/internal/cli"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

// saveCommand saves what happened on a mock.
func (a *app) saveCommand() *cli.Command {
	c := &control{app: a}
	var format string
	own := c.options(
		c.companyOption("only what concerns this company (default: any)"),
		&cli.Option{Name: "format", Arg: "format", FlagOnly: true, Initial: "scenario", Usage: "what to print: scenario, go or curl", Set: cli.Text(&format)},
	)
	return &cli.Command{
		Use:   "save",
		Short: "print what just happened as a scenario, a test or curl",
		Long: `Prints what just happened on a mock that runs, as its journal has it: as a scenario for erpmock run, as a Go test with package mockservertest, or as lines for a shell.

No credentials are in it. What authorizes a call, calls for a token, signing keys and the addresses of webhooks are left out; the first line says what else is.`,
		Examples: `erpmock save > bug.yaml && erpmock run bug.yaml
erpmock save --format go > bug_test.go`,
		Options: own,
		Args:    cobra.NoArgs,
		Run: func(ctx context.Context, _ []string) error {
			body, err := c.answer(func(k *adminclient.ClientWithResponses) (*http.Response, error) {
				return k.ExportJournal(ctx, &adminclient.ExportJournalParams{
					Company: optional(c.company), Format: optional(adminclient.ExportJournalParamsFormat(format)),
				})
			})
			if err != nil {
				return err
			}
			a.print(string(body))
			return nil
		},
	}
}
