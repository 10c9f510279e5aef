package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver/conformance"
)

// conformanceCommand plays scenarios against a client or a receiver.
func (a *app) conformanceCommand() *cli.Command {
	var opts conformance.Options
	var list, asJSON, quiet, verbose bool
	var ledger, junit string
	return &cli.Command{
		Use:   "conformance -- CMD [ARGUMENT]...",
		Short: "hold a client or receiver in any language to the rules",
		Long: `Plays scenarios against a program, the candidate, that is made of a client of the Background API or of a receiver of its notifications: answers that are lost, refusals by the limit, states that nobody understands, notifications that come early, twice or never. It judges by what arrived on the wire, and compares with that what the candidate says.

CMD is started once for each scenario, and told by lines of JSON on its standard input what to submit and what to await; docs/conformance.md describes all that it reads and writes. What the candidate says that it cannot do is reported as not supported.

A ledger is a file that lists, line by line, scenarios that are known not to pass, each with why. With one, everything that it does not have must pass, and what it has must not, so that it only shrinks.

Exits with status 1 if a rule was broken, or the ledger is not true any more.`,
		Examples: `erpmock conformance -- python3 candidate.py
erpmock conformance --only lost-answer --only sent-once -- node candidate.mjs
erpmock conformance --ledger gaps.txt --junit report.xml -- ./candidate
erpmock conformance --list`,
		Args: cobra.ArbitraryArgs,
		Options: cli.Options{
			{Name: "only", Arg: "id", FlagOnly: true, Repeats: true, Usage: "play only the scenario, or those of the rule, with this id", Set: cli.Texts(&opts.Only)},
			{Name: "list", FlagOnly: true, Usage: "print the rules with their scenarios and play nothing", Set: cli.YesOrNo(&list)},
			{Name: "ledger", Arg: "file", FlagOnly: true, Usage: "what is known not to pass", Set: cli.Text(&ledger)},
			{Name: "parallel", Arg: "n", FlagOnly: true, Usage: "how many candidates run at a time (default: one for each processor, at least 4)", Set: cli.Number(&opts.Parallel)},
			{Name: "json", FlagOnly: true, Usage: "print the report as JSON", Set: cli.YesOrNo(&asJSON)},
			{Name: "junit", Arg: "file", FlagOnly: true, Usage: "write the report there too, as JUnit's XML", Set: cli.Text(&junit)},
			{Name: "quiet", FlagOnly: true, Usage: "print no line for each scenario", Set: cli.YesOrNo(&quiet)},
			{Name: "verbose", FlagOnly: true, Usage: "pass on what candidates write to their standard error", Set: cli.YesOrNo(&verbose)},
		},
		Run: func(ctx context.Context, args []string) error {
			if list {
				a.listRules()
				return nil
			}
			if len(args) == 0 {
				return cli.UsageError{Err: errors.New("want erpmock conformance -- CMD; erpmock help conformance says more")}
			}
			opts.Command = args
			if verbose {
				opts.Stderr = a.stderr
			}
			if !quiet && !asJSON {
				opts.Played = func(r conformance.Result) { fmt.Fprintf(a.stdout, "%-13s %s\n", r.Verdict, r.Scenario.ID) }
			}
			if _, err := conformance.Select(opts.Only); err != nil {
				return cli.UsageError{Err: fmt.Errorf("--only: %w; erpmock conformance --list prints what there is", err)}
			}
			var err error
			if opts.Ledger, err = readLedger(ledger); err != nil {
				return cli.UsageError{Err: err}
			}
			report, err := conformance.Run(ctx, opts)
			if err != nil {
				return err
			}
			return errors.Join(a.printConformance(report, asJSON), writeJUnit(report, junit), report.Err())
		},
	}
}

func (a *app) printConformance(report conformance.Report, asJSON bool) error {
	if asJSON {
		return report.WriteJSON(a.stdout)
	}
	_, err := report.WriteTo(a.stdout)
	return err
}

// listRules prints the rules with their scenarios.
func (a *app) listRules() {
	scenarios := conformance.Scenarios()
	for _, r := range conformance.Rules() {
		fmt.Fprintf(a.stdout, "%s: %s\n", r.ID, r.Sentence)
		for _, s := range scenarios {
			if s.Rule != r.ID {
				continue
			}
			needs := ""
			if len(s.Needs) > 0 {
				needs = " (needs " + strings.Join(s.Needs, ", ") + ")"
			}
			fmt.Fprintf(a.stdout, "  %-38s %s%s\n", s.ID, s.About, needs)
		}
	}
}

// readLedger reads a ledger; without a file there is none.
func readLedger(file string) (*conformance.Ledger, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--ledger: %w", err)
	}
	l, err := conformance.ParseLedger(string(text))
	if err != nil {
		return nil, fmt.Errorf("--ledger %s: %w", file, err)
	}
	return l, nil
}

// writeJUnit writes a report to a file; without one it does nothing.
func writeJUnit(report conformance.Report, file string) error {
	if file == "" {
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("--junit: %w", err)
	}
	return errors.Join(report.WriteJUnit(f), f.Close())
}
