package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/internal/spell"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

// matchers are what wait and verify look for, with the fields that they know.
var matchers = map[string][]string{
	"request":   {"company", "method", "path", "background", "statusCode", "body"},
	"operation": {"id", "company", "method", "path", "state", "statusCode"},
	"delivery":  {"operationId", "company", "method", "path", "mode", "url", "state", "attempts", "body"},
	"journal":   {"company", "kind", "path", "operationId", "text", "after"},
}

const matcherHelp = "What is looked for is named by fields: request (company, method, path, background, statusCode, body), operation (id, company, method, path, state, statusCode), " +
	"delivery (operationId, company, method, path, mode, url, state, attempts, body)"

func (a *app) waitCommand() *cli.Command {
	c := &control{app: a}
	var count int
	return &cli.Command{
		Use:   "wait WHAT [FIELD=VALUE]...",
		Short: "wait for what a mock that runs is to see",
		Long:  "Blocks until a condition holds in a mock that runs, and fails with what came closest if it does not in time.\n\n" + matcherHelp + ", journal (company, kind, path, operationId, text, after).",
		Examples: `erpmock wait operation state=Finished path=/v2/customerinvoice
erpmock wait delivery state=Delivered --count 2 --timeout 1m`,
		Args: cobra.MinimumNArgs(1),
		Options: c.options(
			&cli.Option{Name: "count", Arg: "number", FlagOnly: true, Initial: "1", Usage: "how many there have to be", Set: cli.Number(&count)},
			c.timeoutOption("10s"),
		),
		Run: func(ctx context.Context, args []string) error {
			m, err := matcher(args[0], args[1:], true)
			if err != nil {
				return cli.UsageError{Err: err}
			}
			body := mustJSON(map[string]any{args[0]: m, "count": count, "timeoutMs": c.timeoutMs()})
			err = ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
				return k.AwaitConditionWithBody(ctx, "application/json", bytes.NewReader(body))
			}, func(w io.Writer, f adminclient.Found) { fmt.Fprintf(w, "%d found\n", f.Count) })
			return withNearMisses(err)
		},
	}
}

func (a *app) verifyCommand() *cli.Command {
	c := &control{app: a}
	times := -1
	return &cli.Command{
		Use:   "verify FILE | WHAT [FIELD=VALUE]...",
		Short: "verify what a mock that runs has seen",
		Long: `Verifies what a mock that runs has seen so far, and fails with what came closest if it is not as expected.

FILE has a list of expectations in YAML or JSON, each one of request, operation and delivery, and times, atLeast or atMost; - is what is piped in.

` + matcherHelp + ".",
		Examples: `erpmock verify request method=POST path=/v2/customerinvoice --times 1
erpmock verify expectations.yaml`,
		Args: cobra.MinimumNArgs(1),
		Options: c.options(&cli.Option{Name: "times", Arg: "number", FlagOnly: true, Usage: "how often WHAT was seen (default: at least once)", Set: func(v string) error {
			if err := cli.Number(&times)(v); err != nil || times < 0 {
				return errors.New("want a whole number that is not negative")
			}
			return nil
		}}),
		Run: func(ctx context.Context, args []string) error {
			body, err := a.expectations(args, times)
			if err != nil {
				return err
			}
			err = ask(c, func(k *adminclient.ClientWithResponses) (*http.Response, error) {
				return k.VerifyWithBody(ctx, "application/json", bytes.NewReader(body))
			}, func(w io.Writer, v adminclient.Verdict) { fmt.Fprintf(w, "%d as expected\n", len(v.Results)) })
			return withNearMisses(err)
		},
	}
}

// expectations makes the body of a call of what verify was given.
func (a *app) expectations(args []string, times int) ([]byte, error) {
	if matchers[args[0]] != nil {
		m, err := matcher(args[0], args[1:], false)
		if err != nil {
			return nil, cli.UsageError{Err: err}
		}
		e := map[string]any{args[0]: m}
		if times >= 0 {
			e["times"] = times
		}
		return mustJSON(map[string]any{"expectations": []any{e}}), nil
	}
	if len(args) > 1 {
		return nil, cli.UsageError{Err: fmt.Errorf("there is no %q to look for: want request, operation or delivery%s", args[0], spell.Hint(args[0], []string{"request", "operation", "delivery"}))}
	}
	data, err := a.readInput(args[0])
	if err != nil {
		return nil, err
	}
	var list []any
	if err := yaml.Unmarshal(data, &list); err != nil {
		return nil, cli.UsageError{Err: fmt.Errorf("%s: want a list of expectations: %s", args[0], firstLine(err.Error()))}
	}
	return mustJSON(map[string]any{"expectations": list}), nil
}

// matcher makes one of fields and their values.
func matcher(what string, fields []string, journalToo bool) (map[string]any, error) {
	known := matchers[what]
	if known == nil || what == "journal" && !journalToo {
		return nil, fmt.Errorf("there is no %q to look for: want request, operation or delivery%s", what, spell.Hint(what, []string{"request", "operation", "delivery", "journal"}))
	}
	m := make(map[string]any)
	for _, f := range fields {
		name, text, ok := strings.Cut(f, "=")
		if !ok {
			return nil, fmt.Errorf("%q: want FIELD=VALUE", f)
		}
		switch name {
		case "statusCode", "attempts", "after":
			n, err := strconv.Atoi(text)
			if err != nil {
				return nil, fmt.Errorf("%s: want a whole number", name)
			}
			m[name] = n
		case "body":
			var v any = text
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				v = text
			}
			m[name] = v
		default:
			m[name] = text
		}
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%s has no field %q%s", what, name, spell.Hint(name, known))
		}
	}
	return m, nil
}

// withNearMisses adds to the error of a wait in vain, or of a verification that
// failed, what came closest.
func withNearMisses(err error) error {
	e, ok := errors.AsType[*adminclient.Error](err)
	if !ok {
		return err
	}
	var answer struct {
		Nearest []adminclient.NearMiss
		Results []adminclient.ExpectationResult
	}
	if json.Unmarshal(e.Body, &answer) != nil {
		return err
	}
	lines := []string{err.Error()}
	lines = append(lines, nearMisses(answer.Nearest)...)
	for i, r := range answer.Results {
		if !r.Ok {
			lines = append(lines, fmt.Sprintf("expectation %d: %s", i+1, r.Message))
			lines = append(lines, nearMisses(r.Nearest)...)
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

func nearMisses(list []adminclient.NearMiss) []string {
	var lines []string
	for _, m := range list {
		lines = append(lines, "  close: "+m.Title+": "+strings.Join(m.Misses, "; "))
	}
	return lines
}

// mustJSON writes what can be written.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
