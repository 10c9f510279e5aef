// Command bench measures this project and its alternatives beside each other
// and prints tables in Markdown; README.md tells what and how.
//
//	go run .                       # all rows, five rounds
//	go run . -run 'sqlite|gin'     # some
//	go run . -only River           # of each, some contenders
//	go run . -peers                # other mock servers, which it gets from npm
//	go run . -json                 # for programs
//
// Exit status 1 means that a row broke off; a goal that is missed is none.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"

	"github.com/vismanet-go/background/bench/internal/child"
	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/pgrows"
	"github.com/vismanet-go/background/bench/internal/rows"
)

func main() {
	child.Main(rows.Roles())
	os.Exit(command())
}

func command() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	defer rows.Clean()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	only := f.String("run", "", "rows whose name this `expression` matches (default: all)")
	who := f.String("only", "", "contenders whose name this `expression` matches (default: all)")
	rounds := f.Int("rounds", 5, "rounds of each row")
	short := f.Bool("short", false, "as little as shows that everything runs")
	peers := f.Bool("peers", false, "the rows with other mock servers, and no others")
	f.StringVar(&rows.PeersDir, "peers-dir", rows.PeersDir, "where npm has installed them")
	f.DurationVar(&pgrows.Pinned, "pinned", pgrows.Pinned, "how `long` something is left open in postgres/pinned")
	f.Uint64Var(&rows.Seed, "seed", rows.Seed, "of the first round of simulations")
	asJSON := f.Bool("json", false, "write JSON")
	docs := f.String("docs", "", "write measured.md and its pictures to this `folder`, if all rows of the client were run in full")
	dir := f.String("dir", "", "where files are written while it runs (default: the system's temporary directory)")
	if err := f.Parse(args); err != nil {
		return 2
	}
	chosen, err := regexp.Compile(*only)
	contenders, wrong := regexp.Compile(*who)
	if err = errors.Join(err, wrong); err != nil || f.NArg() > 0 || *rounds < 1 {
		fmt.Fprintln(stderr, "bench: want -run and -only with regular expressions, -rounds of at least 1, and no arguments:", err, f.Args())
		return 2
	}
	all := rows.All()
	if *peers {
		all = rows.Peers()
	}
	for i := range all {
		all[i] = all[i].Only(contenders.MatchString)
	}
	all = slices.DeleteFunc(all, func(r compare.Row) bool { return !chosen.MatchString(r.Name) || len(r.Contenders) == 0 })
	rep, err := compare.Run(ctx, all, compare.Options{Rounds: *rounds, Short: *short, Dir: *dir, Log: stderr})
	if version := pgrows.Version(ctx); err == nil && version != "" {
		rep.Host.Modules["PostgreSQL"] = version
	}
	if err == nil && *docs != "" && !*short {
		var written bool
		if written, err = rows.WritePage(rep, *docs); !written {
			fmt.Fprintln(stderr, "bench: no page: not all rows of the client were measured")
		}
	}
	if err == nil {
		write := rep.WriteTable
		if *asJSON {
			write = rep.WriteJSON
		}
		err = write(stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	if slices.ContainsFunc(rep.Rows, func(r compare.Result) bool { return r.Error != "" }) {
		return 1
	}
	return 0
}
