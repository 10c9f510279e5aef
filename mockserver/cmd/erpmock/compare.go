package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/mockserver/compare"
)

// compareCommand compares two servers.
func (a *app) compareCommand() *command {
	var left, right string
	var asJSON bool
	var opts compare.Options
	return &command{
		use:   "compare",
		short: "tell where two servers answer the same calls differently",
		long: `Makes about forty calls to each of two servers, all of them GETs, and tells where their answers differ: in statuses, headers, fields and kinds of values. The report holds no value of either server and can be shown to others. It names the switch of the mock's profile that each difference settles; docs/wire-questions.md goes through all of them. It exits with status 1 if there are differences.

Credentials come from the environment, where no list of processes shows them: ERPMOCK_LEFT_TOKEN, or ERPMOCK_LEFT_CLIENT_ID, ERPMOCK_LEFT_CLIENT_SECRET and ERPMOCK_LEFT_TENANT_ID, for which a token is asked for at ERPMOCK_LEFT_TOKEN_URL, by default the vendor's. ERPMOCK_LEFT_TOKEN_FILE and ERPMOCK_LEFT_CLIENT_SECRET_FILE name files that hold them, and ERPMOCK_LEFT_COMPANY_ID adds the ipp- headers of the old gateway. ERPMOCK_RIGHT_… is the same for the other server.

A server's limit is respected: calls have their pace, a refusal by the limit is waited out, and before the last --reserve calls that the limit leaves no further one is made.`,
		examples: `erpmock compare --left http://127.0.0.1:8787 --right https://api.finance.visma.net`,
		options: options{
			{name: "left", arg: "url", flagOnly: true, usage: "the API's root of the one server", set: text(&left)},
			{name: "right", arg: "url", flagOnly: true, usage: "the API's root of the other", set: text(&right)},
			{name: "json", flagOnly: true, usage: "print the report as JSON", set: yesOrNo(&asJSON)},
			{name: "pace", arg: "time", flagOnly: true, initial: "500ms", usage: "the least time between two calls to a server", set: duration(&opts.Pace)},
			{name: "poll", arg: "time", flagOnly: true, initial: "2s", usage: "the time before a state is asked for again; it doubles up to 30s", set: duration(&opts.Poll)},
			{name: "patience", arg: "time", flagOnly: true, initial: "10m", usage: "how long the end of an operation, or of a refusal by the limit, is waited for", set: duration(&opts.Patience)},
			{name: "max-calls", arg: "n", flagOnly: true, initial: "100", usage: "how many calls are made to each server at most", set: number(&opts.MaxCalls)},
			{name: "reserve", arg: "n", flagOnly: true, initial: "100", usage: "how many calls of a server's limit are left to others", set: number(&opts.Reserve)},
		},
		run: func(ctx context.Context, _ []string) error {
			if left == "" || right == "" {
				return usageError{errors.New("want --left URL and --right URL; erpmock help compare says more")}
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
