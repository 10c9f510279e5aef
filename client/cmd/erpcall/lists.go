package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/store"
)

// A selection is which operations a list shows, or a change is made to.
type selection struct {
	phases   []store.Phase
	kinds    []string
	metadata map[string]string
	since    time.Time
	until    time.Time
	path     string
	reason   string
	limit    int
}

const selecting = "Which operations"

// options are those by which operations are selected.
func (s *selection) options() cli.Options {
	return cli.Options{
		{Name: "kind", Group: selecting, Arg: "kind", Repeats: true, FlagOnly: true, Usage: "those of this kind", Set: cli.Texts(&s.kinds)},
		{Name: "with", Group: selecting, Arg: "name=value", Repeats: true, FlagOnly: true, Usage: "those with this in their metadata", Set: cli.Pairs("=", "name=value", "name", func(k, v string) bool { return cli.PutNew(&s.metadata, k, v) })},
		{Name: "since", Group: selecting, Arg: "time", FlagOnly: true, Usage: "those made since then: a time such as 2026-11-28T10:00:00Z, or how long ago, such as 24h", Set: moment(&s.since)},
		{Name: "until", Group: selecting, Arg: "time", FlagOnly: true, Usage: "those made before then", Set: moment(&s.until)},
		{Name: "path", Group: selecting, Arg: "text", FlagOnly: true, Usage: "those with this in their method and path, such as 'POST /v2/'", Set: cli.Text(&s.path)},
		{Name: "reason", Group: selecting, Arg: "text", FlagOnly: true, Usage: "those with this in their reason or message", Set: cli.Text(&s.reason)},
	}
}

// given reports whether anything was selected by.
func (s *selection) given() bool {
	return len(s.kinds) > 0 || len(s.metadata) > 0 || !s.since.IsZero() || !s.until.IsZero() || s.path != "" || s.reason != ""
}

func (s *selection) limitOption(usage string) *cli.Option {
	return &cli.Option{Name: "limit", Group: selecting, Arg: "n", Initial: "100", FlagOnly: true, Usage: usage, Set: cli.Number(&s.limit)}
}

// moment reads a time, or how long ago.
func moment(to *time.Time) func(string) error {
	return func(v string) error {
		if d, err := time.ParseDuration(v); err == nil {
			*to = time.Now().Add(-d)
			return nil
		}
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
			if t, err := time.ParseInLocation(layout, v, time.Local); err == nil {
				*to = t
				return nil
			}
		}
		return errors.New("want a time such as 2026-11-28T10:00:00Z or 2026-11-28, or how long ago, such as 24h")
	}
}

// each calls f for what is selected, the latest first or the earliest, until limit
// (0: all).
func (s *selection) each(ctx context.Context, se *session, newest bool, limit int, f func(store.Record) error) error {
	q := store.Query{
		Phases: s.phases, Kinds: s.kinds, Metadata: s.metadata, CreatedFrom: s.since, CreatedBefore: s.until,
		NewestFirst: newest, Limit: 50, // with content, of which some have a message
	}
	n := 0
	for {
		page, err := se.store.List(ctx, se.tenant, q)
		if err != nil {
			return err
		}
		for _, rec := range page {
			if !s.selects(rec) {
				continue
			}
			if err := f(rec); err != nil {
				return err
			}
			if n++; n == limit {
				return nil
			}
		}
		if len(page) < q.Limit {
			return nil
		}
		q.After = page[len(page)-1].Position()
	}
}

// selects judges what the store's query does not.
func (s *selection) selects(rec store.Record) bool {
	v := viewOf(rec)
	why := strings.ToLower(v.Reason + "\n" + v.Message)
	return strings.Contains(strings.ToLower(rec.Method+" "+rec.Path), strings.ToLower(s.path)) && strings.Contains(why, strings.ToLower(s.reason))
}

// A listing is a command that prints a list.
type listing struct {
	*app
	output
	selection
}

func (a *app) listCommand() *cli.Command {
	l := &listing{app: a}
	return &cli.Command{
		Use:   "list",
		Short: "list operations, the latest first",
		Long:  "Lists what is known of operations, the latest first: those that erpcall submitted, or all of the store that --store names. It makes no call to the ERP.",
		Examples: `erpcall list --phase accepted --since 24h
erpcall list --path 'POST /v2/' --json ref,phase,statusCode,message
erpcall list --store /var/lib/service/background.db --store-tenant acme`,
		Options: join(cli.Options{
			{Name: "phase", Group: selecting, Arg: "phase", Repeats: true, FlagOnly: true, Usage: "those that have come this far: " + strings.Join(phaseNames(), ", "), Set: l.addPhase},
		}, l.selection.options(), cli.Options{l.limitOption("how many; 0 for all")}, l.output.options(), a.local()),
		Run: func(ctx context.Context, _ []string) error {
			return second(l.list(ctx, "there are no such operations"))
		},
	}
}

func (a *app) pendingCommand() *cli.Command {
	l := &listing{app: a, selection: selection{phases: []store.Phase{store.Queued, store.Sending, store.Accepted, store.Settled, store.Expired}}}
	return &cli.Command{
		Use:   "pending",
		Short: "list what nobody has taken the outcome of",
		Long:  "Lists the operations that are under way, and those that have ended and whose outcome nobody acknowledged: erpcall watch takes it, and so does erpcall ack.",
		Examples: `erpcall pending
erpcall pending --json ref --jq .ref | xargs -n1 erpcall watch`,
		Options: join(l.selection.options(), cli.Options{l.limitOption("how many; 0 for all")}, l.output.options(), a.local()),
		Run:     func(ctx context.Context, _ []string) error { return second(l.list(ctx, "nothing is pending")) },
	}
}

func (a *app) uncertainCommand() *cli.Command {
	l := &listing{app: a, selection: selection{phases: []store.Phase{store.Uncertain, store.Unclear}}}
	return &cli.Command{
		Use:   "uncertain",
		Short: "list what needs a person: operations of which it is not known what became of them",
		Long: `Lists the operations of which it is not known whether the ERP accepted them, and those that ended in a way that nobody knows. None of them is sent again. Look in the ERP what became of each, and tell by erpcall resolve.

On a terminal the commands stand below the list.`,
		Examples: "erpcall uncertain\nerpcall uncertain --since 24h --json ref,key,path,reason",
		Options:  join(l.selection.options(), cli.Options{l.limitOption("how many; 0 for all")}, l.output.options(), a.local()),
		Run: func(ctx context.Context, _ []string) error {
			n, err := l.list(ctx, "nothing is uncertain")
			if n == 0 || err != nil || l.machine() || l.quiet {
				return err
			}
			fmt.Fprintln(l.Stderr, "Tell what became of each, once you have looked in the ERP: erpcall resolve REF --ended-with 201 | --not-accepted | --accepted-as ID | --given-up, with --reason")
			return nil
		},
	}
}

func (a *app) deadCommand() *cli.Command {
	l := &listing{app: a, selection: selection{phases: []store.Phase{store.Dead}}}
	return &cli.Command{
		Use:   "dead",
		Short: "list the dead letters of a service: outcomes that its handlers failed to take",
		Long:  "Lists the operations whose outcome the handlers of a service failed to take for good, in the store that --store names. erpcall replay brings them back to the handlers, erpcall drop takes them away.",
		Examples: `erpcall dead --store background.db --store-tenant acme
erpcall dead --reason 'database is down' --json ref,kind,reason`,
		Options: join(l.selection.options(), cli.Options{l.limitOption("how many; 0 for all")}, l.output.options(), a.local()),
		Run:     func(ctx context.Context, _ []string) error { return second(l.list(ctx, "there are no dead letters")) },
	}
}

// second is the error alone.
func second(_ int, err error) error { return err }

// list prints what is selected and returns how many that are.
func (l *listing) list(ctx context.Context, none string) (n int, err error) {
	if l.limit < 0 {
		return 0, cli.Usagef("--limit: want a number that is not negative")
	}
	s, err := l.open(ctx, use{})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	now := time.Now()
	var rows [][]string
	err = l.each(ctx, s, true, l.limit, func(rec store.Record) error {
		n++
		if l.machine() {
			return l.print(l.Stdout, viewOf(rec))
		}
		rows = append(rows, viewOf(rec).row(now, width(l.Stdout)))
		return nil
	})
	switch {
	case err != nil || l.machine():
	case n > 0:
		l.table(columns(), rows)
		if n == l.limit && !l.quiet {
			fmt.Fprintf(l.Stderr, "these are the latest %d; --limit 0 shows all\n", l.limit)
		}
	case !l.quiet:
		fmt.Fprintf(l.Stderr, "%s in %s (tenant %s)\n", none, s.where, s.tenant)
	}
	return n, err
}

func (l *listing) addPhase(v string) error {
	if !store.Phase(v).Valid() {
		return errors.New("want one of " + strings.Join(phaseNames(), ", "))
	}
	l.phases = append(l.phases, store.Phase(v))
	return nil
}

func phaseNames() []string {
	var names []string
	for _, p := range []store.Phase{store.Queued, store.Sending, store.Accepted, store.Settled, store.Acknowledged, store.Rejected, store.Uncertain, store.Unclear, store.Abandoned, store.Expired, store.Dead} {
		names = append(names, string(p))
	}
	return names
}

func join(lists ...cli.Options) cli.Options {
	var all cli.Options
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
