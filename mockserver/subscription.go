package mockserver

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// Subscription is a webhook subscription as it is set up in the Developer
// Portal: where notifications go and what identifies them.
type Subscription struct {
	URL        string // absolute; empty: no subscription
	SigningKey string // the portal's text, used as it stands; empty: no signature header
	ID         string // x-vwd-subscription-id; default a fixed GUID

	// TenantID is x-vwd-tenant-id. Default: the company's in Auth.Tenants,
	// else a GUID derived from the company.
	TenantID string

	ApplicationID      string // default "erpmock"
	ApplicationVersion string // default "1"
	GroupID            string // default "default"

	Retry Retry // default: 5 attempts, else as in [Retry]
}

func (s Subscription) withDefaults() Subscription {
	s.ID = cmp.Or(s.ID, wire.DerivedGUID(0, "subscription", 1))
	s.ApplicationID = cmp.Or(s.ApplicationID, "erpmock")
	s.ApplicationVersion = cmp.Or(s.ApplicationVersion, "1")
	s.GroupID = cmp.Or(s.GroupID, "default")
	s.Retry = s.Retry.withDefaults(5)
	return s
}

func (s Subscription) validate(field string) error {
	return errors.Join(check.URL(field+".URL", s.URL), s.Retry.validate(field+".Retry"))
}

// Retry is how often and how soon a notification is tried. Success is any 2xx.
type Retry struct {
	Attempts    int           // default 5, for URLRetry 3
	Interval    time.Duration // before the second attempt, doubled for each further one; default 5 s
	MaxInterval time.Duration // default 10 min
	Timeout     time.Duration // of one attempt, in real time whatever the clock; default 10 s
}

func (r Retry) withDefaults(attempts int) Retry {
	r.Attempts = cmp.Or(r.Attempts, attempts)
	r.Interval = cmp.Or(r.Interval, 5*time.Second)
	r.MaxInterval = cmp.Or(r.MaxInterval, 10*time.Minute)
	r.Timeout = cmp.Or(r.Timeout, 10*time.Second)
	return r
}

func (r Retry) validate(field string) error {
	return errors.Join(
		check.NotNegative(field+".Attempts", r.Attempts),
		check.NotNegative(field+".Interval", r.Interval),
		check.NotNegative(field+".MaxInterval", r.MaxInterval),
		check.NotNegative(field+".Timeout", r.Timeout),
	)
}

// tenant is the id of a company's tenant in notifications.
func (a Auth) tenant(company string) string {
	for _, tenant := range slices.Sorted(maps.Keys(a.Tenants)) {
		if a.Tenants[tenant] == company {
			return tenant
		}
	}
	return wire.DerivedGUID(0, "tenant\x00"+company, 1)
}
