package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/vismanet-go/background/internal/cli"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

func (a *app) faultsCommand() *cli.Command {
	c := &control{app: a}
	list := func(ctx context.Context, _ []string) error {
		return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
			return k.ListFaults(ctx, &adminclient.ListFaultsParams{Company: optional(c.company)})
		}, writeFaults)
	}
	add := func(ctx context.Context, args []string) error {
		rules, err := a.rulesBody(args[0])
		if err != nil {
			return err
		}
		return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
			return k.AddFaultsWithBody(ctx, "application/json", bytes.NewReader(rules))
		}, writeFaults)
	}
	remove := func(ctx context.Context, args []string) error {
		_, err := c.answer(func(k *adminclient.ClientWithResponses) (*http.Response, error) { return k.RemoveFault(ctx, args[0]) })
		return err
	}
	clearAll := func(ctx context.Context, _ []string) error {
		return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
			return k.ClearFaults(ctx, &adminclient.ClearFaultsParams{Company: optional(c.company)})
		}, func(w io.Writer, v adminclient.Removed) { fmt.Fprintf(w, "%d removed\n", v.Removed) })
	}
	hits := func(ctx context.Context, _ []string) error {
		return ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
			return k.ListHits(ctx, &adminclient.ListHitsParams{Company: optional(c.company)})
		}, writeHits)
	}
	return &cli.Command{
		Use:   "faults",
		Short: "rules that disturb a mock that runs: list, add, remove",
		Long:  "Shows and changes the rules that disturb a mock which runs. docs/faults.md has what a rule may say.",
		Actions: []cli.Action{
			{Use: "list", Does: "list rules with how often each matched and hit", Run: list},
			{Use: "add RULES", Does: "add rules behind those that are there, as JSON: one rule, a list of them, a file that has either, or - for what is piped in", Run: add},
			{Use: "remove NAME", Does: "remove a rule", Run: remove},
			{Use: "clear", Does: "remove the rules of the company alone; all rules, if none is named", Run: clearAll},
			{Use: "hits", Does: "list what was disturbed, oldest first", Run: hits},
		},
		Examples: `erpmock faults add '{"on": "intake", "times": 2, "do": {"status": 429, "retryAfter": "30s"}}'
erpmock faults add rules.json
erpmock faults hits`,
		Options: c.options(c.companyOption("only those of this company, and of clear those for it alone (default: any)")),
	}
}

// rulesBody makes the body of a call of what names rules: JSON, or a file of it.
func (a *app) rulesBody(word string) ([]byte, error) {
	data := []byte(word)
	if !bytes.HasPrefix(data, []byte("{")) && !bytes.HasPrefix(data, []byte("[")) {
		var err error
		if data, err = a.readInput(word); err != nil {
			return nil, err
		}
	}
	var rules []json.RawMessage
	if json.Unmarshal(data, &rules) != nil {
		rules = []json.RawMessage{data}
	}
	body, err := json.Marshal(map[string]any{"rules": rules})
	if err != nil {
		return nil, cli.UsageError{Err: fmt.Errorf("want a rule or a list of rules in JSON: %w", err)}
	}
	return body, nil
}

func writeFaults(w io.Writer, list adminclient.FaultList) {
	for _, f := range list.Faults {
		fmt.Fprintf(w, "%s\tmatched %d\thit %d\t%s\n", f.Name, f.Matches, f.Hits, f.Rule)
	}
}

func writeHits(w io.Writer, list adminclient.HitList) {
	for _, h := range list.Hits {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s %s\t%s\n", clockTime(h.Time), h.Rule, h.Point, h.Company, h.Method, h.Path, h.OperationID)
	}
}
