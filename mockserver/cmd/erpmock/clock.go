package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/vismanet-go/background/internal/cli"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

func (a *app) clockCommand() *cli.Command {
	c := &control{app: a}
	of := func(make func(ctx context.Context, k *adminclient.ClientWithResponses, company *string, timeout *int) (*http.Response, error)) func(context.Context, []string) error {
		return func(ctx context.Context, _ []string) error {
			return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
				return make(ctx, k, optional(c.company), optional(c.timeoutMs()))
			}, writeClock)
		}
	}
	return &cli.Command{
		Use:   "clock",
		Short: "the time of a company in a mock that runs: stop, move, let run",
		Long:  "Shows and moves the clock of a company in a mock that runs. What becomes due happens in its order, and the command ends when all of it is over.",
		Actions: []cli.Action{
			{Use: "show", Does: "show the time, what is under way and what is planned", Run: of(func(ctx context.Context, k *adminclient.ClientWithResponses, company *string, _ *int) (*http.Response, error) {
				return k.GetClock(ctx, &adminclient.GetClockParams{Company: company})
			})},
			{Use: "advance BY", Does: "move it by a time such as 24h, or to one such as 2026-01-02T03:04:05Z", Run: c.advance},
			{Use: "step", Does: "move it to the next thing that is due", Run: of(func(ctx context.Context, k *adminclient.ClientWithResponses, company *string, timeout *int) (*http.Response, error) {
				return k.StepClock(ctx, &adminclient.StepClockParams{Company: company, TimeoutMs: timeout})
			})},
			{Use: "drain", Does: "move it until nothing is planned", Run: of(func(ctx context.Context, k *adminclient.ClientWithResponses, company *string, timeout *int) (*http.Response, error) {
				return k.DrainClock(ctx, &adminclient.DrainClockParams{Company: company, TimeoutMs: timeout})
			})},
			{Use: "idle", Does: "wait until nothing is under way", Run: of(func(ctx context.Context, k *adminclient.ClientWithResponses, company *string, timeout *int) (*http.Response, error) {
				return k.AwaitIdle(ctx, &adminclient.AwaitIdleParams{Company: company, TimeoutMs: timeout})
			})},
			{Use: "freeze", Does: "stop it until it is moved or runs again", Run: of(func(ctx context.Context, k *adminclient.ClientWithResponses, company *string, _ *int) (*http.Response, error) {
				return k.FreezeClock(ctx, &adminclient.FreezeClockParams{Company: company})
			})},
			{Use: "run [RATE]", Does: "let it run, RATE seconds in a real one (default 1)", Run: c.runClock},
		},
		Examples: `erpmock clock freeze --company 7
erpmock clock advance 24h --company 7`,
		Options: c.options(c.companyOption("whose clock it is (default: that of the company to which requests belong that name none)"), c.timeoutOption("30s")),
	}
}

func (c *control) advance(ctx context.Context, args []string) error {
	move := adminclient.Advance{TimeoutMs: c.timeoutMs()}
	if to, err := time.Parse(time.RFC3339, args[0]); err == nil {
		move.To = to
	} else if _, err := time.ParseDuration(args[0]); err == nil {
		move.By = args[0]
	} else {
		return cli.UsageError{Err: fmt.Errorf(`clock advance: %q: want a time such as "24h" or "2026-01-02T03:04:05Z"`, args[0])}
	}
	return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
		return k.AdvanceClock(ctx, &adminclient.AdvanceClockParams{Company: optional(c.company)}, move)
	}, writeClock)
}

func (c *control) runClock(ctx context.Context, args []string) error {
	var run adminclient.Run
	if len(args) > 0 {
		rate, err := strconv.ParseFloat(args[0], 64)
		if err != nil || !(rate > 0) {
			return cli.UsageError{Err: errors.New("clock run: want a number above 0, and at most 100000")}
		}
		run.Rate = rate
	}
	return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
		return k.RunClock(ctx, &adminclient.RunClockParams{Company: optional(c.company)}, run)
	}, writeClock)
}

func writeClock(w io.Writer, k adminclient.Clock) {
	const most = 20
	pace := "stands"
	if k.Rate != 0 {
		pace = fmt.Sprintf("runs, %g seconds in a real one", k.Rate)
	}
	fmt.Fprintf(w, "%s\tcompany %s, %s\n", clockTime(k.Now), k.Company, pace)
	for _, what := range k.Busy {
		fmt.Fprintf(w, "  under way\t%s\n", what)
	}
	for _, p := range k.Planned[:min(len(k.Planned), most)] {
		fmt.Fprintf(w, "  %s\t%s\n", clockTime(p.Due), p.What)
	}
	if more := k.PlannedCount - most; more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}
