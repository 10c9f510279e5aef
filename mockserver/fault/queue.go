package fault

import (
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/check"
)

// A Queue disturbs the execution of one operation. It is decided when the
// operation is accepted.
type Queue struct {
	// Hold keeps the operation from being taken for this long. Those behind it
	// pass it.
	Hold time.Duration

	// Fail, if not empty, ends the operation as Failed with this message, before
	// it reaches its endpoint. With Late it ends after that, so that the request
	// has had its effect.
	Fail string
	Late bool

	// Deaths is how many workers die with the operation before it reaches its
	// endpoint. Each costs Lease, after which the next one takes it; the
	// operation runs all the while, and Operation.Attempts does not count
	// them. Default of Lease: 30 s.
	Deaths int
	Lease  time.Duration

	// Twice runs the endpoint a second time after the first, as a queue that
	// delivers at least once may do. The second answer counts.
	Twice bool
}

func (Queue) points() []Point { return []Point{OnQueue} }

func (f Queue) validate(field string, _ Point) error {
	errs := []error{
		check.NotNegative(field+".Hold", f.Hold), check.NotNegative(field+".Deaths", f.Deaths), check.NotNegative(field+".Lease", f.Lease),
	}
	if f.Late && f.Fail == "" {
		errs = append(errs, fmt.Errorf("%s.Late: needs Fail", field))
	}
	if f.Lease > 0 && f.Deaths == 0 {
		errs = append(errs, fmt.Errorf("%s.Lease: needs Deaths", field))
	}
	return errors.Join(errs...)
}
