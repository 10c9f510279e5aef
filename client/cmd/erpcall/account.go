package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/cli"
)

func (a *app) checkCommand() *cli.Command {
	return &cli.Command{
		Use:      "check",
		Short:    "find out whether the credentials are good for background calls, and what the limits are",
		Long:     "Finds out whether the ERP is reached, takes the credentials, knows the company, runs a request in the background, and what its limits are. It changes nothing, leaves nothing behind, and prints nothing secret.",
		Examples: "erpcall check --profile acme",
		Options:  a.account(),
		Run: func(ctx context.Context, _ []string) error {
			s, err := a.open(ctx, use{calls: true, makes: true})
			if err != nil {
				return err
			}
			defer s.Close()
			found, err := s.Check(ctx)
			if wrong, ok := errors.AsType[*client.CheckError](err); ok {
				text := wrong.Err.Error()
				if wrong.Remedy != "" {
					text += "; " + wrong.Remedy
				}
				return &cli.Status{Code: exitRefused, Err: withOptions(errors.New(text))}
			}
			if err != nil {
				return ending(err, "")
			}
			line := func(name string, value any) { fmt.Fprintf(a.Stdout, "%-12s %v\n", name, value) }
			line("ERP", s.baseURL)
			line("tenant", s.tenant)
			line("store", s.where)
			line("background", "works: operation "+plain(found.ID)+ended(found))
			if found.Limit > 0 {
				line("limit", fmt.Sprintf("%d calls, %d left, next window in %s", found.Limit, found.Left, span(time.Until(found.ResetsAt))))
			} else {
				line("limit", "the ERP does not tell")
			}
			line("took", fmt.Sprintf("%s, %d calls", found.Took.Round(time.Millisecond), found.Calls))
			return nil
		},
	}
}

func ended(c client.Checked) string {
	if c.StatusCode == 0 {
		return ", which has not ended yet"
	}
	return fmt.Sprintf(", ended with %d", c.StatusCode)
}

func (a *app) statsCommand() *cli.Command {
	asJSON := false
	return &cli.Command{
		Use:      "stats",
		Short:    "show how much is open, and what the ERP still allows",
		Long:     "Shows how many operations are open by their phase, what needs a person, and what the ERP was last seen to allow. It makes no call to the ERP.",
		Examples: "erpcall stats --store postgres --store-tenant acme --json",
		Options: join(cli.Options{
			{Name: "json", Group: printing, FlagOnly: true, Usage: "print all of it as JSON", Set: cli.YesOrNo(&asJSON)},
		}, a.local()),
		Run: func(ctx context.Context, _ []string) error {
			s, err := a.open(ctx, use{})
			if err != nil {
				return err
			}
			defer s.Close()
			st, err := s.Stats(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(a.Stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(st)
			}
			a.table([]string{"", "OPERATIONS"}, [][]string{
				{"queued", fmt.Sprint(st.Pending.Queued)},
				{"sending", fmt.Sprint(st.Pending.Sending)},
				{"accepted", fmt.Sprint(st.Pending.Accepted)},
				{"settled, not taken", fmt.Sprint(st.Pending.Settled)},
				{"expired, not taken", fmt.Sprint(st.Pending.Expired)},
				{"uncertain", fmt.Sprint(st.Person.Uncertain)},
				{"unclear", fmt.Sprint(st.Person.Unclear)},
				{"dead", fmt.Sprint(st.Person.Dead)},
				{"stopped sequences", fmt.Sprint(st.Person.Sequences)},
			})
			if text := budgetText(ctx, s.Client, time.Now()); text != "" {
				fmt.Fprintln(a.Stdout, text)
			}
			return nil
		},
	}
}

func (a *app) versionCommand() *cli.Command {
	return &cli.Command{
		Use: "version", Short: "print the version", Long: "Prints the version.",
		Run: func(context.Context, []string) error {
			version := "(devel)"
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				version = info.Main.Version
			}
			fmt.Fprintln(a.Stdout, "erpcall", version, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
			return nil
		},
	}
}

func (a *app) pagesCommand() *cli.Command {
	p := &paging{app: a, header: make(http.Header)}
	return &cli.Command{
		Use:   "pages PATH",
		Short: "print all rows of a paged list, a JSON object a line",
		Long: `Prints all rows of a list that the ERP gives page by page, a JSON object a line. Each page is an operation that runs in the background, and only one page is held in memory.

When it is cut off, it says which --after goes on behind the last row that was printed.`,
		Examples: `erpcall pages /v1/customerinvoice > invoices.jsonl
erpcall pages '/v1/customer?status=Active' --jq .number`,
		Args: cobra.ExactArgs(1),
		Options: join(cli.Options{
			{Name: "page-size", Group: "List", Arg: "rows", FlagOnly: true, Usage: "rows of a page, which the ERP may cut (default 1000)", Set: cli.Number(&p.opts.PageSize)},
			{Name: "parallel", Group: "List", Arg: "n", FlagOnly: true, Usage: "pages that may run at the ERP at a time (default 2)", Set: cli.Number(&p.opts.Parallel)},
			{Name: "limit", Group: "List", Arg: "rows", FlagOnly: true, Usage: "stop after this many rows (default: all)", Set: cli.Number(&p.limit)},
			{Name: "after", Group: "List", Arg: "position", FlagOnly: true, Usage: "go on behind this row, as erpcall said when it was cut off", Set: p.setAfter},
			{Name: "header", Short: "H", Group: "List", Arg: "name: value", Repeats: true, FlagOnly: true, Usage: "header of the requests", Set: func(v string) error { return addHeader(p.header, v) }},
			p.jq("print what this expression of jq makes of each row; texts are printed without quotes"),
		}, a.account()),
		Run: p.run,
	}
}
