package mockserver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/chance"
	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/internal/request"
)

// An ExecTime tells how long each operation takes. For is a pure function; what
// it returns below zero counts as zero. See [Fixed], [Uniform], [LogNormal] and
// [ExecTimeFunc].
type ExecTime interface {
	// For returns the time of one operation. R is the request that its handler
	// will get, without a body. P is a random number from 0 up to 1; it is the
	// same for the n-th operation of a company in each run with the same
	// Config.Seed.
	For(r *http.Request, p float64) time.Duration
}

// Fixed gives every operation the same time.
type Fixed time.Duration

// For implements [ExecTime].
func (f Fixed) For(*http.Request, float64) time.Duration { return time.Duration(f) }

func (f Fixed) validate(field string) error { return check.NotNegative(field, time.Duration(f)) }

// An ExecTimeFunc tells the time by the request.
type ExecTimeFunc func(*http.Request) time.Duration

// For implements [ExecTime].
func (f ExecTimeFunc) For(r *http.Request, _ float64) time.Duration { return f(r) }

// Uniform spreads evenly from Min to Max.
type Uniform struct{ Min, Max time.Duration }

// For implements [ExecTime].
func (u Uniform) For(_ *http.Request, p float64) time.Duration {
	return u.Min + time.Duration(p*float64(u.Max-u.Min))
}

func (u Uniform) validate(field string) error {
	errs := []error{check.NotNegative(field+".Min", u.Min)}
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

	// P95 is what 95 % do not exceed. Sigma is the standard deviation of the
	// logarithm and says the same; set one of the two.
	P95   time.Duration
	Sigma float64

	// Max, if not 0, bounds the times.
	Max time.Duration
}

// z95 is how many standard deviations the 95 % quantile is above the median.
const z95 = 1.6448536269514722

// For implements [ExecTime].
func (l LogNormal) For(_ *http.Request, p float64) time.Duration {
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

func validateExecTime(field string, e ExecTime) error {
	if e, ok := e.(interface{ validate(field string) error }); ok {
		return e.validate(field)
	}
	return nil
}

// execTime is how long the company's next operation takes.
func (s *Server) execTime(in *request.Request, path, id string) time.Duration {
	if fixed, ok := s.cfg.ExecTime.(Fixed); ok {
		return time.Duration(fixed)
	}
	hint := in.ForEndpoint(context.Background(), path, id, 0)
	hint.Body = http.NoBody
	n := s.ids.Count("exec-time", in.Company)
	return max(0, s.cfg.ExecTime.For(hint, chance.Of(s.cfg.Seed, "exec-time", in.Company, n)))
}
