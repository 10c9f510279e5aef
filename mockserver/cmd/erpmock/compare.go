package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver/compare"
)

// compareCommand compares two servers.
func (a *app) compareCommand() *cli.Command {
	var left, right string
	var asJSON bool
	var opts compare.Options
	return &cli.Command{
		Use:   "compare",
		Short: "tell where two servers answer the same calls differently",
		Long: `Makes about forty calls to each of two servers, all of them GETs, and tells where their answers differ: in statuses, headers, fields and kinds of values. The report holds no value of either server and can be shown to others. It names the switch of the mock's profile that each difference settles; docs/wire-questions.md goes through all of them. It exits with status 1 if there are differences.

Credentials come from the environment, where no list of processes shows them: ERPMOCK_LEFT_TOKEN, or ERPMOCK_LEFT_CLIENT_ID, ERPMOCK_LEFT_CLIENT_SECRET and ERPMOCK_LEFT_TENANT_ID, for which a token is asked for at ERPMOCK_LEFT_TOKEN_URL, by default the vendor's. ERPMOCK_LEFT_TOKEN_FILE and ERPMOCK_LEFT_CLIENT_SECRET_FILE name files that hold them, and ERPMOCK_LEFT_COMPANY_ID adds the ipp- headers of the old gateway. ERPMOCK_RIGHT_… is the same for the other server.

A server's limit is respected: calls have their pace, a refusal by the limit is waited out, and before the last --reserve calls that the limit leaves no further one is made.`,
		Examples: `erpmock compare --left http://127.0.0.1:8787 --right https://api.finance.visma.net`,
		Options: cli.Options{
			{Name: "left", Arg: "url", FlagOnly: true, Usage: "the API's root of the one server", Set: cli.Text(&left)},
			{Name: "right", Arg: "url", FlagOnly: true, Usage: "the API's root of the other", Set: cli.Text(&right)},
			{Name: "json", FlagOnly: true, Usage: "print the report as JSON", Set: cli.YesOrNo(&asJSON)},
			{Name: "pace", Arg: "time", FlagOnly: true, Initial: "500ms", Usage: "the least time between two calls to a server", Set: cli.Duration(&opts.Pace)},
			{Name: "poll", Arg: "time", FlagOnly: true, Initial: "2s", Usage: "the time before a state is asked for again; it doubles up to 30s", Set: cli.Duration(&opts.Poll)},
			{Name: "patience", Arg: "time", FlagOnly: true, Initial: "10m", Usage: "how long the end of an operation, or of a refusal by the limit, is waited for", Set: cli.Duration(&opts.Patience)},
			{Name: "max-calls", Arg: "n", FlagOnly: true, Initial: "100", Usage: "how many calls are made to each server at most", Set: cli.Number(&opts.MaxCalls)},
			{Name: "reserve", Arg: "n", FlagOnly: true, Initial: "100", Usage: "how many calls of a server's limit are left to others", Set: cli.Number(&opts.Reserve)},
		},
		Run: func(ctx context.Context, _ []string) error {
			if left == "" || right == "" {
				return cli.UsageError{Err: errors.New("want --left URL and --right URL; erpmock help compare says more")}
			}
			asking, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			var err, err2 error
			opts.Left, err = compare.FromEnv(asking, left, variable("left"), nil, a.lookup)
			opts.Right, err2 = compare.FromEnv(asking, right, variable("right"), nil, a.lookup)
			if err = errors.Join(err, err2); err != nil {
				return err
			}
			report, err := compare.Run(ctx, opts)
			if err != nil {
				return err
			}
			return a.printComparison(report, asJSON)
		},
	}
}

func (a *app) printComparison(report compare.Report, asJSON bool) error {
	var err error
	if asJSON {
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		_, err = report.WriteTo(a.stdout)
	}
	if n := len(report.Differences); n > 0 {
		err = errors.Join(err, fmt.Errorf("the servers differ in %d places", n))
	}
	return err
}

// compareVariables are those that compare reads beside options.
func compareVariables() (list []string) {
	for _, side := range []string{"left", "right"} {
		for _, name := range compare.Variables() {
			list = append(list, variable(side)+"_"+name)
		}
	}
	return list
}
