package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/store"
)

func (a *app) showCommand() *cli.Command {
	var out output
	return &cli.Command{
		Use:   "show REF",
		Short: "show all that is known of an operation",
		Long:  "Shows all that is known of an operation, without a call to the ERP. It is named by its ref, the ERP's id or its key; the beginning of ref or id will do.",
		Examples: `erpcall show 06dk3v
erpcall show order-4711 --json all`,
		Args:    cobra.ExactArgs(1),
		Options: join(out.options(), a.local()),
		Run: func(ctx context.Context, args []string) error {
			s, err := a.open(ctx, use{})
			if err != nil {
				return err
			}
			defer s.Close()
			rec, err := s.find(ctx, args[0])
			if err != nil {
				return err
			}
			if out.machine() {
				return out.print(a.Stdout, viewOf(rec))
			}
			a.show(rec)
			return nil
		},
	}
}

// show prints a record for people: what it is, its history, and what to do.
func (a *app) show(rec store.Record) {
	v, now := viewOf(rec), time.Now()
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(a.Stdout, "%-10s %s\n", name, plain(value))
		}
	}
	line("ref", v.Ref)
	line("id", v.ID)
	line("key", v.Key)
	line("kind", v.Kind)
	line("request", v.Method+" "+v.Path)
	line("notify", v.Notify)
	if v.Sequence != "" {
		line("sequence", fmt.Sprintf("%s, place %d", v.Sequence, v.Place))
	}
	if len(v.Metadata) > 0 {
		data, _ := json.Marshal(v.Metadata) // texts cannot fail
		line("metadata", string(data))
	}
	line("phase", v.Phase)
	line("outcome", v.Outcome)
	if v.StatusCode != 0 {
		line("answer", fmt.Sprintf("%s %d %s", v.Status, v.StatusCode, http.StatusText(v.StatusCode)))
	} else {
		line("status", v.Status)
	}
	line("location", v.Location)
	line("message", v.Message)
	line("reason", v.Reason)
	for _, step := range []struct {
		name string
		at   *time.Time
	}{
		{"created", v.Created},
		{"sent", v.Sent},
		{"accepted", v.Accepted},
		{"queued", v.Received},
		{"started", v.Started},
		{"finished", v.Finished},
		{"notified", v.Notified},
		{"settled", v.Settled},
		{"ended", v.Ended},
		{"due", v.Due},
	} {
		if step.at != nil {
			when := ago(now, *step.at) + " ago"
			if step.at.After(now) {
				when = "in " + span(step.at.Sub(now))
			}
			line(step.name, step.at.Local().Format("2006-01-02 15:04:05.000 MST")+" ("+when+")")
		}
	}
	if v.Polls > 0 {
		line("polls", fmt.Sprint(v.Polls))
	}
	if v.Attempts > 0 {
		line("handler", fmt.Sprintf("%d runs", v.Attempts))
	}
	if next := nextStep(rec); next != "" && !a.quiet {
		fmt.Fprintf(a.Stdout, "\n%s\n", next)
	}
}

// nextStep says what a person may do about an operation.
func nextStep(rec store.Record) string {
	switch rec.Phase {
	case store.Uncertain:
		return howToTell(rec.Ref, true)
	case store.Unclear:
		return howToTell(rec.Ref, false)
	case store.Queued:
		return "It is sent by erpcall run, or by the service whose store this is.\n  erpcall withdraw " + rec.Ref + " --reason '…'    # takes it out"
	case store.Accepted, store.Sending:
		return "  erpcall watch " + rec.Ref + "    # waits for it"
	case store.Settled:
		return "  erpcall content " + rec.Ref + "    # prints the answer\n  erpcall ack " + rec.Ref + "        # it was taken"
	case store.Dead:
		return "  erpcall replay " + rec.Ref + "    # back to its handler\n  erpcall drop " + rec.Ref + " --because '…'    # nobody will handle it"
	}
	return ""
}

func (a *app) watchCommand() *cli.Command {
	c := &calling{app: a}
	exitStatus := false
	return &cli.Command{
		Use:   "watch REF",
		Short: "wait for an operation and print its answer",
		Long:  "Waits for an operation, as call does, and prints its answer. Ctrl-C ends only the waiting. The outcome of what erpcall submitted counts as taken then; that of a service's operation is left to the service.",
		Examples: `erpcall watch 06dk3v
erpcall watch order-4711 --exit-status --timeout 10m -q -o invoice.json`,
		Args: cobra.ExactArgs(1),
		Options: join(cli.Options{
			{Name: "exit-status", Group: printing, FlagOnly: true, Usage: "end with status 3 if the operation failed; without it only what has not ended or needs a person is no success", Set: cli.YesOrNo(&exitStatus)},
			{Name: "timeout", Group: printing, Arg: "time", FlagOnly: true, Usage: "wait no longer than this; the operation goes on", Set: cli.Duration(&c.timeout)},
			{Name: "output", Short: "o", Group: printing, Arg: "file", FlagOnly: true, Usage: "write the answer to this file", Set: cli.Text(&c.file)},
		}, c.options(), a.account()),
		Run: func(ctx context.Context, args []string) error {
			s, err := a.open(ctx, use{calls: true, schedule: soon})
			if err != nil {
				return err
			}
			defer s.Close()
			op, rec, err := s.operation(ctx, args[0])
			if err != nil {
				return err
			}
			if rec.Phase == store.Queued {
				return &cli.Status{Code: exitPending, Err: errors.New(title(rec) + " has not been sent; erpcall run sends it, or the service whose store this is")}
			}
			err = c.await(ctx, s, op, a.progress(s), c.file, c.timeout, rec.Kind == kind)
			if status, ok := errors.AsType[*cli.Status](err); ok && status.Code == exitFailed && !exitStatus {
				fmt.Fprintln(a.Stderr, "erpcall:", plain(status.Error()))
				return nil
			}
			return err
		},
	}
}

func (a *app) contentCommand() *cli.Command {
	c := &calling{app: a}
	return &cli.Command{
		Use:      "content REF",
		Short:    "print the answer of an operation that has ended",
		Long:     "Prints the stored answer of an operation that has ended: what is kept here, else the ERP is asked, which keeps it for a day.",
		Examples: "erpcall content 06dk3v -o invoice.json",
		Args:     cobra.ExactArgs(1),
		Options: join(cli.Options{
			{Name: "output", Short: "o", Group: printing, Arg: "file", FlagOnly: true, Usage: "write the answer to this file", Set: cli.Text(&c.file)},
			c.jq("print what this expression of jq makes of the answer; texts are printed without quotes"),
		}, a.account()),
		Run: func(ctx context.Context, args []string) error {
			s, err := a.open(ctx, use{})
			if err != nil {
				return err
			}
			rec, err := s.find(ctx, args[0])
			if err == nil && rec.Outcome == nil {
				err = &cli.Status{Code: exitPending, Err: errors.New(title(rec) + " has no answer: it is " + string(rec.Phase) + "; erpcall watch waits for it")}
			}
			if err == nil && !rec.Outcome.Kept && rec.Outcome.HasContent { // the ERP has it
				s.Close()
				s, err = a.open(ctx, use{calls: true})
			}
			if err != nil {
				return err
			}
			defer s.Close()
			op, err := s.OperationByRef(ctx, rec.Ref)
			if err != nil {
				return err
			}
			res, err := op.Wait(ctx)
			if res == nil {
				return ending(err, rec.Ref)
			}
			return c.write(ctx, s, op, res, c.file)
		},
	}
}

func (a *app) ackCommand() *cli.Command {
	return &cli.Command{
		Use:      "ack REF...",
		Short:    "tell that the outcome of an operation was taken",
		Long:     "Tells that the outcome of operations was taken, so that pending lists them no longer and they are removed in time. Those of a service are the service's to acknowledge.",
		Examples: "erpcall ack 06dk3v",
		Args:     cobra.MinimumNArgs(1),
		Options:  a.local(),
		Run: func(ctx context.Context, args []string) error {
			return a.forEach(ctx, use{}, args, func(ctx context.Context, _ *session, op *client.Operation) (string, error) {
				return "acknowledged", op.Ack(ctx)
			})
		},
	}
}

// forEach does something to each operation that is named, and prints what was done.
func (a *app) forEach(ctx context.Context, u use, names []string, do func(context.Context, *session, *client.Operation) (string, error)) error {
	s, err := a.open(ctx, u)
	if err != nil {
		return err
	}
	defer s.Close()
	var errs []error
	for _, name := range names {
		op, rec, err := s.operation(ctx, name)
		var word string
		if err == nil {
			word, err = do(ctx, s, op)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !a.quiet {
			fmt.Fprintln(a.Stdout, title(rec)+":", word)
		}
	}
	return errors.Join(errs...)
}
