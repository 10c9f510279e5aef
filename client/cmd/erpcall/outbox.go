package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/store"
)

func (a *app) sequencesCommand() *cli.Command {
	stopped := false
	return &cli.Command{
		Use:   "sequences",
		Short: "list the sequences of the outbox in which operations wait",
		Long:  "Lists the sequences in which operations wait to be sent, and which of them have stopped: the one at the head failed, or nobody knows what became of it. erpcall resume lets one go on.",
		Options: join(cli.Options{
			{Name: "stopped", Group: selecting, FlagOnly: true, Usage: "only those that have stopped", Set: cli.YesOrNo(&stopped)},
		}, a.local()),
		Run: func(ctx context.Context, _ []string) error {
			s, err := a.open(ctx, use{})
			if err != nil {
				return err
			}
			defer s.Close()
			var rows [][]string
			for q, err := range s.Sequences(ctx, stopped) {
				if err != nil {
					return err
				}
				word := "goes on"
				if q.Stopped {
					word = "stopped"
				}
				rows = append(rows, []string{plain(q.Name), word, fmt.Sprint(q.Done), fmt.Sprint(q.Last), fmt.Sprint(q.Waiting), q.Head, string(q.Phase)})
			}
			if len(rows) == 0 && !a.quiet {
				fmt.Fprintf(a.Stderr, "no sequence waits in %s (tenant %s)\n", s.where, s.tenant)
				return nil
			}
			a.table([]string{"NAME", "", "DONE", "LAST", "WAITING", "HEAD", "PHASE"}, rows)
			return nil
		},
	}
}

func (a *app) resumeCommand() *cli.Command {
	var skip, retry bool
	var reason string
	return &cli.Command{
		Use:   "resume REF",
		Short: "let a sequence go on that has stopped at an operation",
		Long:  "Lets a sequence go on that has stopped at an operation: --skip sends the next one, whatever became of this one; --retry sends this one again, which is refused for one that may have been accepted.",
		Examples: `erpcall sequences --stopped
erpcall resume 06dk3v --skip --reason 'booked by hand'`,
		Args: cobra.ExactArgs(1),
		Options: join(cli.Options{
			{Name: "skip", Arg: "", FlagOnly: true, Usage: "go on with the next one", Set: cli.YesOrNo(&skip)},
			{Name: "retry", Arg: "", FlagOnly: true, Usage: "send this one again", Set: cli.YesOrNo(&retry)},
			{Name: "reason", Arg: "text", FlagOnly: true, Usage: "why; it is kept", Set: cli.Text(&reason)},
		}, a.local()),
		Run: func(ctx context.Context, args []string) error {
			how := client.Skip
			switch {
			case skip == retry:
				return cli.Usagef("want --skip or --retry")
			case retry:
				how = client.Retry
			}
			return a.forEach(ctx, use{}, args, func(ctx context.Context, _ *session, op *client.Operation) (string, error) {
				return "its sequence goes on", op.ResumeSequence(ctx, how, reason)
			})
		},
	}
}

func (a *app) withdrawCommand() *cli.Command {
	var reason string
	return &cli.Command{
		Use:      "withdraw REF...",
		Short:    "take requests out of the outbox that have not been sent",
		Long:     "Takes requests out of the outbox that have not been sent: nothing was done, their keys are free, and their sequences go on without them.",
		Examples: "erpcall withdraw order-4711 --reason 'cancelled'",
		Args:     cobra.MinimumNArgs(1),
		Options: join(cli.Options{
			{Name: "reason", Arg: "text", FlagOnly: true, Usage: "why; it is kept", Set: cli.Text(&reason)},
		}, a.local()),
		Run: func(ctx context.Context, args []string) error {
			return a.forEach(ctx, use{}, args, func(ctx context.Context, _ *session, op *client.Operation) (string, error) {
				return "withdrawn", op.Withdraw(ctx, reason)
			})
		},
	}
}

// settledObserver tells of ends.
type settledObserver struct {
	client.NopObserver
	ended chan string
}

func (o settledObserver) Settled(_ context.Context, e client.Settled) {
	select {
	case o.ended <- e.Ref:
	default: // it is seen in the store
	}
}

func (a *app) runCommand() *cli.Command {
	stay := false
	return &cli.Command{
		Use:   "run",
		Short: "send what is in the outbox, and await all that is under way",
		Long: `Sends the requests that erpcall call --enqueue stored, at the pace that the ERP allows, and awaits all operations that are under way, until none is left or Ctrl-C. What has ended is printed, and erpcall pending lists it until it is taken.

On the store of a service it works beside the service's own processes; it runs none of their handlers and removes nothing.`,
		Examples: `erpcall POST /v2/customerinvoice -d @a.json --enqueue --sequence orders
erpcall POST /v2/customerinvoice -d @b.json --enqueue --sequence orders
erpcall run`,
		Options: join(cli.Options{
			{Name: "stay", FlagOnly: true, Usage: "do not end when nothing is left", Set: cli.YesOrNo(&stay)},
		}, a.account()),
		Run: func(ctx context.Context, _ []string) error {
			watch := settledObserver{ended: make(chan string, 1000)}
			u := use{calls: true, makes: true, watch: watch}
			if !a.verbose && !a.quiet {
				u.log = a.logFrom(slog.LevelError) // of what nobody waits for
			}
			s, err := a.open(ctx, u)
			if err != nil {
				return err
			}
			defer s.Close()
			before, err := s.doubts(ctx)
			if err != nil {
				return err
			}
			err = a.work(ctx, s, watch.ended, stay)
			after, failed := s.doubts(context.WithoutCancel(ctx))
			if failed == nil && after > before {
				return &cli.Status{Code: exitUncertain, Err: errors.Join(err, fmt.Errorf("%d more operations are uncertain: a person has to find out what became of them; erpcall uncertain lists them", after-before))}
			}
			return errors.Join(err, failed)
		},
	}
}

// doubts is how many operations need a person.
func (s *session) doubts(ctx context.Context) (int, error) {
	return s.store.Count(ctx, s.tenant, store.Query{Phases: []store.Phase{store.Uncertain, store.Unclear}})
}

// work runs the client until nothing is left, and prints what has ended.
func (a *app) work(ctx context.Context, s *session, ended <-chan string, stay bool) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- s.Run(running) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	told := make(map[string]bool)
	tell := func(ref string) {
		rec, err := s.store.Get(running, s.tenant, ref)
		if err != nil || told[ref] || a.quiet {
			return
		}
		told[ref] = true
		v := viewOf(rec)
		fmt.Fprintf(a.Stdout, "%s\t%s\t%s\n", v.Ref, v.Outcome, plain(v.Method+" "+v.Path+" "+firstOf(v.Message, v.Location, v.Reason)))
	}
	for {
		select {
		case err := <-done:
			return err
		case ref := <-ended:
			tell(ref)
			continue
		case <-ctx.Done():
			err := <-done
			if err == nil {
				err = &cli.Status{Code: exitPending, Err: fmt.Errorf("what is under way goes on; erpcall run awaits it again")}
			}
			return err
		case <-tick.C:
		}
		left, err := s.store.Count(ctx, s.tenant, store.Query{Phases: []store.Phase{store.Queued, store.Sending, store.Accepted}})
		if err != nil || stay || left > 0 && !a.onlyStopped(ctx, s, left) {
			continue
		}
		stop()
		if err := <-done; err != nil {
			return err
		}
		for len(ended) > 0 {
			tell(<-ended)
		}
		if left > 0 {
			return &cli.Status{Code: exitPending, Err: fmt.Errorf("%d requests wait in sequences that have stopped: see erpcall sequences --stopped", left)}
		}
		return nil
	}
}

// onlyStopped reports whether all that is left waits in sequences that have stopped.
func (a *app) onlyStopped(ctx context.Context, s *session, left int) bool {
	n := 0
	for q, err := range s.Sequences(ctx, true) {
		if err != nil {
			return false
		}
		n += q.Waiting
		if q.Phase != store.Queued {
			n-- // the head has been sent
		}
	}
	return n >= left
}
