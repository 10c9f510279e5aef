package mockserver

import (
	"errors"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/internal/gate"
)

// RateLimit is a fixed window of calls per company; polls count, unless
// Profile.PollsAreFree is set.
type RateLimit struct {
	Limit  int           // calls in the window; default 15000
	Window time.Duration // default 1 h, from the company's first call
	Policy string        // name shown in X-RateLimit-Policy; default "4-fixed-window"

	// Block, if not 0, refuses a company that made one call too many for this
	// long, also beyond the end of the window; each further call begins it
	// anew. See [OldHostLimit].
	Block time.Duration
}

// OldHostLimit is what was measured at the old host in August 2026: about ten
// quick calls, and then refusals that outlast waits of two minutes.
func OldHostLimit() RateLimit {
	return RateLimit{Limit: 10, Window: time.Minute, Policy: "6-fixed-window", Block: 5 * time.Minute}
}

func (l RateLimit) validate() error {
	return errors.Join(
		check.NotNegative("RateLimit.Limit", l.Limit), check.NotNegative("RateLimit.Window", l.Window), check.NotNegative("RateLimit.Block", l.Block),
	)
}

// limits are what the gate counts by.
func (c Config) limits() gate.Limits {
	return gate.Limits{
		Limit: c.RateLimit.Limit, Window: c.RateLimit.Window, Policy: c.RateLimit.Policy, Block: c.RateLimit.Block,
		ResetEpoch: c.Profile.RateLimitResetEpoch, RetryAfterDate: c.Profile.RetryAfterDate, Body: c.Profile.RateLimitBody,
	}
}
