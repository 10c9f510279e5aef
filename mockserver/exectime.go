package mockserver

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// A Distribution is a spread of durations, told by its quantiles: Quantile(p)
// is what a share p (from 0 up to 1) of them does not exceed. It must be a pure
// function; what it returns below zero counts as zero. See [Uniform] and
// [LogNormal].
type Distribution interface {
	Quantile(p float64) time.Duration
}

// Uniform spreads evenly from Min to Max.
type Uniform struct{ Min, Max time.Duration }

// Quantile implements [Distribution].
func (u Uniform) Quantile(p float64) time.Duration {
	return u.Min + time.Duration(p*float64(u.Max-u.Min))
}

func (u Uniform) validate(field string) error {
	errs := []error{notNegative(field+".Min", u.Min)}
	if u.Max < u.Min {
		errs = append(errs, fmt.Errorf("%s.Max: %v is less than Min, %v", field, u.Max, u.Min))
	}
	return errors.Join(errs...)
}

// LogNormal is a spread with a long tail, as the times of real operations have:
// half of them are below Median, most of them near it, and a few take many
// times as long.
type LogNormal struct {
	Median time.Duration

	// P95 is what 95 % do not exceed. Sigma says the same as the standard
	// deviation of the logarithm; one of the two is given.
	P95   time.Duration
	Sigma float64

	// Max cuts the tail off. 0: it is not.
	Max time.Duration
}

// z95 is how many standard deviations the 95 % quantile is above the median.
const z95 = 1.6448536269514722

// Quantile implements [Distribution].
func (l LogNormal) Quantile(p float64) time.Duration {
	sigma := l.Sigma
	if l.P95 > 0 {
		sigma = math.Log(float64(l.P95)/float64(l.Median)) / z95
	}
	longest := math.MaxInt64 / 2.0
	if l.Max > 0 {
		longest = min(longest, float64(l.Max))
	}
	d := float64(l.Median) * math.Exp(sigma*math.Sqrt2*math.Erfinv(2*p-1))
	if math.IsNaN(d) { // of a sigma near the largest number
		return l.Median
	}
	return time.Duration(min(longest, d))
}

func (l LogNormal) validate(field string) error {
	var errs []error
	refuse := func(name string, wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("%s.%s: "+format, append([]any{field, name}, args...)...))
		}
	}
	refuse("Median", l.Median <= 0, "must be positive")
	refuse("P95", l.P95 != 0 && l.P95 <= l.Median, "%v is not above Median, %v", l.P95, l.Median)
	refuse("Sigma", (l.Sigma != 0) == (l.P95 != 0), "want either it or P95")
	refuse("Sigma", l.Sigma < 0 || math.IsNaN(l.Sigma) || math.IsInf(l.Sigma, 0), "%v is not a positive number", l.Sigma)
	refuse("Max", l.Max != 0 && l.Max < l.Median, "%v is less than Median, %v", l.Max, l.Median)
	return errors.Join(errs...)
}

// validateExecTimes checks the ways to say how long an operation takes.
func (c Config) validateExecTimes() error {
	var errs []error
	if c.ExecTimes != nil && (c.ExecTime != 0 || c.ExecTimeFunc != nil) {
		errs = append(errs, errors.New("ExecTimes: set only one of it, ExecTime and ExecTimeFunc"))
	}
	if d, ok := c.ExecTimes.(interface{ validate(field string) error }); ok {
		errs = append(errs, d.validate("ExecTimes"))
	}
	return errors.Join(errs...)
}

// execTime is how long the company's next operation takes, as far as the
// configuration says without looking at it: with ExecTimes a pure function of
// the seed, the company and the number of the operation.
func (s *Server) execTime(company string) time.Duration {
	if s.cfg.ExecTimes == nil {
		return s.cfg.ExecTime
	}
	n := s.ids.Count("exec-time", company)
	return max(0, s.cfg.ExecTimes.Quantile(chance(s.cfg.Seed, "exec-time", company, n)))
}
