package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/store"
)

// A bulk is a change to operations that are named, or to all that are selected.
type bulk struct {
	selection
	all, dryRun, yes bool
}

func (b *bulk) options(verb string) cli.Options {
	return join(b.selection.options(), cli.Options{
		{Name: "all", Group: selecting, FlagOnly: true, Usage: verb + " all of them, or all that the other options select, and not the ones that are named", Set: cli.YesOrNo(&b.all)},
		{Name: "dry-run", Group: selecting, FlagOnly: true, Usage: "only tell how many that would be", Set: cli.YesOrNo(&b.dryRun)},
		{Name: "yes", Group: selecting, FlagOnly: true, Usage: "do not ask", Set: cli.YesOrNo(&b.yes)},
	})
}

// args checks that operations are named, or selected.
func (b *bulk) check(args []string) error {
	switch {
	case len(args) > 0 && (b.all || b.given()):
		return cli.Usagef("name operations, or select them by --all and the like, and not both")
	case len(args) == 0 && !b.all && !b.given():
		return cli.Usagef("which operations? name them by ref, id or key, or select them: --all, --kind, --since …")
	}
	return nil
}

// run makes the change. What is selected is counted first, and people are asked.
func (b *bulk) run(ctx context.Context, a *app, u use, args []string, verb string, do func(context.Context, *client.Operation) (string, error)) error {
	if err := b.check(args); err != nil {
		return err
	}
	if len(args) > 0 && !b.dryRun {
		return a.forEach(ctx, u, args, func(ctx context.Context, _ *session, op *client.Operation) (string, error) { return do(ctx, op) })
	}
	s, err := a.open(ctx, u)
	if err != nil {
		return err
	}
	defer s.Close()
	var found []store.Record
	for _, name := range args {
		rec, err := s.find(ctx, name)
		if err != nil {
			return err
		}
		found = append(found, rec)
	}
	if len(args) == 0 {
		err := b.each(ctx, s, false, 0, func(rec store.Record) error {
			found = append(found, store.Record{Ref: rec.Ref, Method: rec.Method, Path: rec.Path})
			return nil
		})
		if err != nil {
			return err
		}
	}
	if b.dryRun {
		_, err := fmt.Fprintf(a.Stdout, "%d operations would be %s; nothing was changed\n", len(found), verb)
		return err
	}
	if len(found) == 0 {
		fmt.Fprintln(a.Stdout, "there are no such operations")
		return nil
	}
	if err := b.confirm(a, fmt.Sprintf("%d operations in %s are to be %s. Go on?", len(found), s.where, verb)); err != nil {
		return err
	}
	done := 0
	var errs []error
	for _, rec := range found {
		op, err := s.OperationByRef(ctx, rec.Ref)
		if err == nil {
			_, err = do(ctx, op)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		done++
	}
	fmt.Fprintf(a.Stdout, "%d of %d operations were %s\n", done, len(found), verb)
	return errors.Join(errs...)
}

// confirm asks the person at the terminal.
func (b *bulk) confirm(a *app, question string) error {
	switch {
	case b.yes:
		return nil
	case !isTerminal(a.Stdin):
		return cli.Usagef("%s Nobody can be asked here: --yes says so, and --dry-run only counts", question)
	}
	fmt.Fprint(a.Stderr, question+" [y/N] ")
	var answer string
	_, _ = fmt.Fscanln(a.Stdin, &answer)
	if !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		return &cli.Status{Code: cli.ExitFailed, Err: errors.New("nothing was changed")}
	}
	return nil
}

func (a *app) resolveCommand() *cli.Command {
	b := &bulk{selection: selection{phases: []store.Phase{store.Uncertain, store.Unclear}}}
	var acceptedAs, endedWith, reason, data, location string
	var notAccepted, givenUp bool
	return &cli.Command{
		Use:   "resolve [REF...]",
		Short: "tell what became of an uncertain operation",
		Long: `Tells what became of operations of which the client could not find out. Look in the ERP first.

--ended-with STATUS: it was done, or failed for good, and this is the status code of the answer that the ERP gave or would have given: 201 for an invoice that was made, 400 for one that was refused. --accepted-as ID: the ERP runs it as the operation of this id, which is then awaited like any other. --not-accepted: the ERP does not have it; its key is free, and the work can be submitted again. Be sure of it: it may still be on its way, and what is submitted again would then be there twice. --given-up: nobody will find out.

Several can be resolved at once, by their names or by what selects them.`,
		Examples: `erpcall resolve order-4711 --ended-with 201 --location /v1/customerinvoice/003512 --reason 'found by its order number'
erpcall resolve 06dk3v --not-accepted --reason 'no such invoice an hour later'
erpcall resolve --since 24h --path 'POST /v2/customerinvoice' --not-accepted --reason 'the ERP was down' --dry-run`,
		Args: cobra.ArbitraryArgs,
		Options: join(cli.Options{
			{Name: "ended-with", Group: "What became of it", Arg: "status", FlagOnly: true, Usage: "status code with which it ended", Set: cli.Text(&endedWith)},
			{Name: "location", Group: "What became of it", Arg: "path", FlagOnly: true, Usage: "with --ended-with: where what it made is", Set: cli.Text(&location)},
			{Name: "data", Short: "d", Group: "What became of it", Arg: "data", FlagOnly: true, Usage: "with --ended-with: body of the answer; @FILE or @- reads it", Set: cli.Text(&data)},
			{Name: "accepted-as", Group: "What became of it", Arg: "id", FlagOnly: true, Usage: "the ERP's id of the operation, a GUID", Set: cli.Text(&acceptedAs)},
			{Name: "not-accepted", Group: "What became of it", FlagOnly: true, Usage: "the ERP does not have it", Set: cli.YesOrNo(&notAccepted)},
			{Name: "given-up", Group: "What became of it", FlagOnly: true, Usage: "nobody will find out", Set: cli.YesOrNo(&givenUp)},
			{Name: "reason", Group: "What became of it", Arg: "text", FlagOnly: true, Usage: "how you know it; it is kept", Set: cli.Text(&reason)},
		}, without(b.options("resolve"), "reason"), a.account()),
		Run: func(ctx context.Context, args []string) error {
			words := 0
			for _, given := range []bool{endedWith != "", acceptedAs != "", notAccepted, givenUp} {
				if given {
					words++
				}
			}
			switch {
			case words != 1:
				return cli.Usagef("what became of it? want one of --ended-with, --accepted-as, --not-accepted, --given-up")
			case strings.TrimSpace(reason) == "" && acceptedAs == "":
				return cli.Usagef("--reason: how do you know it? It is kept for those who come after")
			case endedWith == "" && (data != "" || location != ""):
				return cli.Usagef("--data and --location go with --ended-with")
			case acceptedAs != "" && len(args) != 1:
				return cli.Usagef("--accepted-as is of one operation: name that")
			}
			var answer client.Answer
			if endedWith != "" {
				var err error
				if answer.StatusCode, err = strconv.Atoi(endedWith); err != nil || answer.StatusCode < 200 || answer.StatusCode > 599 {
					return cli.Usagef("--ended-with %q: want a status code from 200 to 599", endedWith)
				}
				if location != "" {
					answer.Header = http.Header{"Location": {location}}
				}
				if data != "" {
					if answer.Body, err = a.readData(data); err != nil {
						return err
					}
				}
			}
			word, said := client.GivenUp(reason), "given up"
			switch {
			case endedWith != "":
				word, said = client.EndedWith(answer, reason), "resolved as ended with "+endedWith
			case acceptedAs != "":
				word, said = client.AcceptedAs(acceptedAs), "resolved as accepted"
			case notAccepted:
				word, said = client.NotAccepted(reason), "resolved as not accepted"
			}
			return b.run(ctx, a, use{calls: acceptedAs != ""}, args, said, func(ctx context.Context, op *client.Operation) (string, error) {
				return said, op.Resolve(ctx, word)
			})
		},
	}
}

// without are options but for one.
func without(list cli.Options, name string) cli.Options {
	var rest cli.Options
	for _, o := range list {
		if o.Name != name {
			rest = append(rest, o)
		}
	}
	return rest
}

func (a *app) replayCommand() *cli.Command {
	b := &bulk{selection: selection{phases: []store.Phase{store.Dead}}}
	return &cli.Command{
		Use:   "replay [REF...]",
		Short: "bring dead letters back to the handlers of their service",
		Long:  "Brings the outcomes that the handlers of a service failed to take back to them, with all their attempts: those that are named, or all that are selected. The service runs them as soon as it sees them.",
		Examples: `erpcall replay 06dk3v
erpcall replay --reason 'database is down' --since 24h --dry-run`,
		Args:    cobra.ArbitraryArgs,
		Options: join(b.options("replay"), a.local()),
		Run: func(ctx context.Context, args []string) error {
			return b.run(ctx, a, use{}, args, "replayed", func(ctx context.Context, op *client.Operation) (string, error) { return "replayed", op.Replay(ctx) })
		},
	}
}

func (a *app) dropCommand() *cli.Command {
	b := &bulk{selection: selection{phases: []store.Phase{store.Dead}}}
	var because string
	return &cli.Command{
		Use:   "drop [REF...]",
		Short: "take dead letters away that nobody will handle",
		Long:  "Takes the outcomes that the handlers of a service failed to take away for good: they count as taken. Nothing changes at the ERP, and keys stay held.",
		Examples: `erpcall drop 06dk3v --because 'the order was cancelled'
erpcall drop --kind invoice --until 2026-10-01 --because 'booked by hand' --dry-run`,
		Args: cobra.ArbitraryArgs,
		Options: join(cli.Options{
			{Name: "because", Group: selecting, Arg: "text", FlagOnly: true, Usage: "why; it is kept", Set: cli.Text(&because)},
		}, b.options("drop"), a.local()),
		Run: func(ctx context.Context, args []string) error {
			if strings.TrimSpace(because) == "" && !b.dryRun {
				return cli.Usagef("--because: why? It is kept for those who come after")
			}
			return b.run(ctx, a, use{}, args, "dropped", func(ctx context.Context, op *client.Operation) (string, error) {
				return "dropped", op.Drop(ctx, because)
			})
		},
	}
}
