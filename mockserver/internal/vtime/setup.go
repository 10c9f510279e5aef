package vtime

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// A Setup is how clocks begin, and how they go. The zero value is real time:
// that of package time, and in a testing/synctest bubble the bubble's.
type Setup struct {
	Start  time.Time // what they show first; zero: the present
	Manual bool      // they stand until they are moved
	Rate   float64   // seconds that pass in a real one; 0: 1
}

// maxRate is the fastest clock: it ends a year in five minutes.
const maxRate = 100_000

// Times that a clock may show: what fits into a stored time with room to spare.
var (
	firstTime = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Validate names each field that is wrong, below the field that has the setup.
func (s Setup) Validate(field string) error {
	var errs []error
	if !s.Start.IsZero() && (s.Start.Before(firstTime) || !s.Start.Before(lastTime)) {
		errs = append(errs, fmt.Errorf("%s.Start: %v: want a time from 1970 to 2199", field, s.Start))
	}
	if s.Rate != 0 {
		errs = append(errs, checkRate(field+".Rate", s.Rate))
	}
	if s.Manual && s.Rate != 0 {
		errs = append(errs, fmt.Errorf("%s.Rate: a manual clock has none", field))
	}
	return errors.Join(errs...)
}

func checkRate(field string, rate float64) error {
	if !(rate > 0 && rate <= maxRate) {
		return fmt.Errorf("%s: %v: want more than 0 and at most %d", field, rate, maxRate)
	}
	return nil
}

// wind sets a clock to what it shows in the beginning, when that was at a real
// time. It needs c.mu, or that nobody else knows the clock.
func (c *Clock) wind(origin time.Time) {
	setup := c.all.cfg.Setup
	c.base, c.anchor, c.rate = origin, origin, cmp.Or(setup.Rate, 1)
	if !setup.Start.IsZero() {
		c.base = setup.Start.Round(0)
	}
	if setup.Manual {
		c.rate = 0
	}
}
