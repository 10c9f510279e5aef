package main

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

// saveCommand saves what happened on a mock.
func (a *app) saveCommand() *command {
	c := &control{app: a}
	var format string
	own := c.options(
		c.companyOption("only what concerns this company (default: any)"),
		&option{name: "format", arg: "format", flagOnly: true, initial: "scenario", usage: "what to print: scenario, go or curl", set: text(&format)},
	)
	return &command{
		use:   "save",
		short: "print what just happened as a scenario, a test or curl",
		long: `Prints what just happened on a mock that runs, as its journal has it: as a scenario for erpmock run, as a Go test with package mockservertest, or as lines for a shell.

No credentials are in it. What authorizes a call, calls for a token, signing keys and the addresses of webhooks are left out; the first line says what else is.`,
		examples: `erpmock save > bug.yaml && erpmock run bug.yaml
erpmock save --format go > bug_test.go`,
		options: own,
		args:    cobra.NoArgs,
		run: func(ctx context.Context, _ []string) error {
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
