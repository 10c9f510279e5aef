package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/internal/spell"
)

// Options says what to run.
type Options struct {
	// Command starts the candidate: a program and its arguments.
	Command []string

	// Only are the ids of the scenarios to play, or of rules, which means theirs.
	// Default: all.
	Only []string

	// Parallel is how many candidates run at a time. Default: one for each
	// processor, and at least four, for most of the time they wait.
	Parallel int

	// Ledger is what is known not to pass. Default: nothing, and then what a
	// candidate does not support is told, and is no failure.
	Ledger *Ledger

	// Stderr gets what candidates write to their standard error. Default: nobody;
	// the report has the end of it where a scenario fails.
	Stderr io.Writer

	// Played, if set, is told of each scenario as it is over, by one goroutine at
	// a time.
	Played func(Result)

	launch launcher        // of tests; nil: Command
	change func(*settings) // likewise; nil: nothing
}

// Run plays the scenarios of the candidate's roles. The error says why that could
// not be done; what the candidate did wrong is in the report.
func Run(ctx context.Context, opts Options) (Report, error) {
	list, err := Select(opts.Only)
	if err != nil {
		return Report{}, err
	}
	if opts.launch == nil {
		if len(opts.Command) == 0 {
			return Report{}, errors.New("want Command: the program of a candidate, and its arguments")
		}
		opts.launch = command(opts.Command, opts.Stderr)
	}
	began := time.Now()
	d, err := describe(ctx, opts.launch)
	if err != nil {
		return Report{}, err
	}
	list = slices.DeleteFunc(list, func(s Scenario) bool { return !slices.Contains(d.Roles, s.Role) })
	if len(list) == 0 {
		return Report{}, fmt.Errorf("no scenario is left: the candidate's roles are %v", d.Roles)
	}
	report := Report{Candidate: d, Command: opts.Command, Results: make([]Result, len(list))}
	if err := opts.perform(ctx, d, list, report.Results); err != nil {
		return Report{}, err
	}
	report.Took = time.Since(began)
	report.settle(opts.Ledger, len(opts.Only) == 0)
	return report, nil
}

// Select returns the scenarios that ids mean, of scenarios and of rules; all of them
// if there are none.
func Select(only []string) ([]Scenario, error) {
	all := Scenarios()
	if len(only) == 0 {
		return all, nil
	}
	var ids []string
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	for _, r := range Rules() {
		ids = append(ids, r.ID)
	}
	for _, id := range only {
		if !slices.Contains(ids, id) {
			return nil, fmt.Errorf("there is no scenario or rule %q%s", id, spell.Hint(id, ids))
		}
	}
	return slices.DeleteFunc(all, func(s Scenario) bool { return !slices.Contains(only, s.ID) && !slices.Contains(only, s.Rule) }), nil
}

// describe starts the candidate once for its first line.
func describe(ctx context.Context, launch launcher) (Descriptor, error) {
	s, err := newStage(ctx, Scenario{}.settings(false), false, "")
	if err != nil {
		return Descriptor{}, err
	}
	defer s.close()
	env, err := s.env(Client)
	if err != nil {
		return Descriptor{}, err
	}
	c, err := start(ctx, launch, env, new(atomic.Int64), s.patience)
	if err == nil {
		err = c.finish(ctx)
	}
	if err != nil {
		return Descriptor{}, fmt.Errorf("ask the candidate what it can do: %w%s", err, wrote(c, err))
	}
	return c.Descriptor, nil
}

// wrote is what a candidate wrote to its standard error, for an error about it.
func wrote(c *candidate, err error) string {
	var text string
	if c != nil {
		text = c.process.stderr.String()
	} else if broken, ok := errors.AsType[*startError](err); ok {
		text = broken.stderr
	}
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	return "\nits standard error ends with:\n" + text
}

// perform plays a list of scenarios into results.
func (o Options) perform(ctx context.Context, d Descriptor, list []Scenario, results []Result) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var told sync.Mutex
	var wg sync.WaitGroup
	for range min(len(list), cmp.Or(o.Parallel, max(4, runtime.NumCPU()))) {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(list) && ctx.Err() == nil; i = next.Add(1) - 1 {
				r, err := o.play(ctx, list[i], d)
				if err != nil {
					cancel(err)
					return
				}
				o.Ledger.judge(&r)
				results[i] = r
				told.Lock()
				if o.Played != nil {
					o.Played(r)
				}
				told.Unlock()
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// play plays a scenario if the candidate can. One that a busy machine may have
// disturbed, because calls have a short timeout in it, is played again with longer
// ones before it counts as failed.
func (o Options) play(ctx context.Context, s Scenario, d Descriptor) (Result, error) {
	for _, need := range s.Needs {
		if !slices.Contains(d.Can, need) {
			return Result{Scenario: s, Verdict: NotSupported, Missing: need}, nil
		}
	}
	for factor := time.Duration(1); ; factor *= 4 {
		r, err := s.perform(ctx, o.launch, d, func(set *settings) {
			set.callTimeout *= factor
			if o.change != nil {
				o.change(set)
			}
		})
		if err != nil || r.Verdict == Passed || !s.hasTimeout() || factor >= 16 {
			return r, err
		}
	}
}

// hasTimeout reports whether calls have a short timeout in a scenario.
func (s Scenario) hasTimeout() bool {
	return s.settings(false).callTimeout < Scenario{}.settings(false).callTimeout
}
