package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver/admin"
	"github.com/vismanet-go/background/mockserver/scenario"
)

// runCommand runs scenarios.
func (a *app) runCommand() *cli.Command {
	var asJSON, quiet, list, show, schema bool
	return &cli.Command{
		Use:   "run SCENARIO...",
		Short: "run scenarios: built in ones by name, or files",
		Long: `Runs scenarios one after the other, each on a mock of its own in memory, whose time stands until a step moves it: days pass in milliseconds. It prints a line for each step and each requirement, and exits with status 1 if one of them is not met.

A SCENARIO is the name of one that is built in, as --list shows them, or a file of YAML. To write your own, begin with one that --show prints; --schema prints the JSON Schema of such files for editors.`,
		Examples: `erpmock run happy
erpmock run --show late-and-twice > mine.yaml
erpmock run mine.yaml`,
		Args: cobra.ArbitraryArgs,
		Options: cli.Options{
			{Name: "list", FlagOnly: true, Usage: "print the names of the scenarios that are built in, with what they show", Set: cli.YesOrNo(&list)},
			{Name: "show", FlagOnly: true, Usage: "print the files of scenarios that are built in and run nothing", Set: cli.YesOrNo(&show)},
			{Name: "schema", FlagOnly: true, Usage: "print the JSON Schema of scenarios and run nothing", Set: cli.YesOrNo(&schema)},
			{Name: "json", FlagOnly: true, Usage: "print the reports as JSON, one in each line", Set: cli.YesOrNo(&asJSON)},
			{Name: "quiet", FlagOnly: true, Usage: "print only the reports of scenarios that fail", Set: cli.YesOrNo(&quiet)},
		},
		Run: func(ctx context.Context, args []string) error {
			switch {
			case list:
				return a.listScenarios()
			case schema:
				a.print(string(scenario.Schema()))
				return nil
			case len(args) == 0:
				return cli.UsageError{Err: errors.New("want erpmock run SCENARIO; erpmock run --list shows those that are built in")}
			case show:
				return a.showScenarios(args)
			}
			return a.runScenarios(ctx, args, asJSON, quiet)
		},
	}
}

func (a *app) listScenarios() error {
	for _, name := range scenario.Names() {
		s, err := scenario.Load(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%-18s %s\n", name, s.About)
	}
	return nil
}

func (a *app) showScenarios(names []string) error {
	for _, name := range names {
		source, ok := scenario.Source(name)
		if !ok {
			return cli.UsageError{Err: fmt.Errorf("there is no scenario %q; erpmock run --list shows those that are built in", name)}
		}
		a.print(string(source))
	}
	return nil
}

// runScenarios runs all of them, also after one has failed.
func (a *app) runScenarios(ctx context.Context, names []string, asJSON, quiet bool) error {
	var all []*scenario.Scenario
	var wrong []error
	for _, name := range names {
		s, err := scenario.Load(name)
		wrong = append(wrong, err)
		all = append(all, s)
	}
	if err := errors.Join(wrong...); err != nil {
		return cli.UsageError{Err: err}
	}
	var failed []string
	for _, s := range all {
		report, err := scenario.Run(ctx, s, scenario.Options{})
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if !report.Passed {
			failed = append(failed, s.Name)
		}
		if err := a.printReport(report, asJSON, quiet); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d failed: %s", len(failed), len(all), strings.Join(failed, ", "))
	}
	return nil
}

func (a *app) printReport(report scenario.Report, asJSON, quiet bool) error {
	if quiet && report.Passed {
		return nil
	}
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(report)
	}
	_, err := report.WriteTo(a.stdout)
	return err
}

// builtInScenarios are those that the control lists.
func builtInScenarios() []admin.Scenario {
	var list []admin.Scenario
	for _, name := range scenario.Names() {
		if s, err := scenario.Load(name); err == nil { // a test loads each
			list = append(list, admin.Scenario{Name: name, About: s.About})
		}
	}
	return list
}

// runBuiltIn runs one of them for the control.
func runBuiltIn(ctx context.Context, name string) (admin.ScenarioReport, error) {
	s, err := scenario.Load(name)
	if err != nil {
		return admin.ScenarioReport{}, err
	}
	report, err := scenario.Run(ctx, s, scenario.Options{})
	if err != nil {
		return admin.ScenarioReport{}, err
	}
	var text strings.Builder
	_, err = report.WriteTo(&text)
	return admin.ScenarioReport{Passed: report.Passed, Text: text.String()}, err
}
