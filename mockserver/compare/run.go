package compare

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// Options say what is compared, and how gently. Only Left and Right are required.
type Options struct {
	Left, Right Target

	// Pace is the least time between two calls to a server. Default: 500 ms.
	Pace time.Duration

	// Poll is the time before the first further poll of what runs; it doubles up to
	// 30 s. Default: 2 s.
	Poll time.Duration

	// Patience is how long the end of an operation is waited for, and at most for how
	// long a server may ask not to be called. Default: 10 min.
	Patience time.Duration

	// MaxCalls bounds the calls to each server. Default: 100.
	MaxCalls int

	// Reserve is how many calls of a server's limit are left to others: before it is
	// reached no further call is made. Default: 100.
	Reserve int
}

func (o Options) withDefaults() Options {
	o.Pace = cmp.Or(o.Pace, 500*time.Millisecond)
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	o.Patience = cmp.Or(o.Patience, 10*time.Minute)
	o.MaxCalls = cmp.Or(o.MaxCalls, 100)
	o.Reserve = cmp.Or(o.Reserve, 100)
	return o
}

func (o Options) validate() error {
	errs := []error{o.Left.validate("Left"), o.Right.validate("Right")}
	if o.Pace < 0 || o.Poll < 0 || o.Patience < 0 || o.MaxCalls < 0 || o.Reserve < 0 {
		errs = append(errs, errors.New("one of Pace, Poll, Patience, MaxCalls and Reserve is negative"))
	}
	return errors.Join(errs...)
}

// Run makes the calls to both servers and compares the answers. What a server
// refuses, or does not answer, is no error: the report tells what could not be
// compared. The error is about the options or ctx.
func Run(ctx context.Context, opts Options) (Report, error) {
	if err := opts.validate(); err != nil {
		return Report{}, err
	}
	opts = opts.withDefaults()
	c, err := loadContract()
	if err != nil {
		return Report{}, err
	}
	var sides [2]*survey
	var errs [2]error
	var wg sync.WaitGroup
	for i, target := range []Target{opts.Left, opts.Right} {
		caller, err := newCaller(target, opts)
		if err != nil {
			return Report{}, err
		}
		sides[i] = &survey{caller: caller, contract: c, seen: make(map[string]*sighting), missed: make(map[string]string)}
		wg.Go(func() { errs[i] = sides[i].run(ctx) })
	}
	wg.Wait()
	return compare(sides[0], sides[1]), errors.Join(errs[:]...)
}
