// Command soak lets client, receiver and mock run for a long time, under about
// half of the load that they can carry and with faults, and looks for what
// grows: goroutines, threads, open files, memory.
//
//	go run ./soak -for 30m              # two mocks: a process, and one within
//	go run ./soak -requests 1000000     # one mock, plain requests, full speed
//
// Two mocks are driven at a time: the program erpmock, over sockets and with a
// store on disk, and one that lives in this process. Both bring the faults of
// faults.json, and the receiver of the first is deaf at times; all of that
// follows from -seed. Built with -race both stores are in memory.
//
// Exit status 1 means that something grows, was lost, or did not end well.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/vismanet-go/background/bench/internal/rows"
)

func main() { os.Exit(command()) }

func command() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	defer rows.Clean()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// options are the flags.
type options struct {
	span     time.Duration
	every    time.Duration // between two samples
	seed     uint64
	requests int
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	f := flag.NewFlagSet("soak", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.DurationVar(&o.span, "for", 30*time.Minute, "how long")
	f.DurationVar(&o.every, "every", 0, "time between samples (default: 10 s, at least 18 samples)")
	f.Uint64Var(&o.seed, "seed", 1, "of traffic and faults")
	f.IntVar(&o.requests, "requests", 0, "instead, send so many requests to one mock as fast as it takes them")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if f.NArg() > 0 || o.span < 10*time.Second || o.every < 0 || o.requests < 0 {
		fmt.Fprintln(stderr, "soak: want -for of at least 10s, no negative numbers and no arguments")
		return 2
	}
	if o.every == 0 {
		o.every = min(10*time.Second, o.span/18)
	}
	var faults []string
	var err error
	if o.requests > 0 {
		faults, err = hammer(ctx, o.requests, stdout)
	} else {
		faults, err = soak(ctx, o, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "soak:", err)
		return 1
	}
	for _, fault := range faults {
		fmt.Fprintln(stdout, "FAULT:", fault)
	}
	if len(faults) > 0 {
		return 1
	}
	fmt.Fprintln(stdout, "ok: nothing grows, nothing is left")
	return 0
}
