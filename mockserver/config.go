package mockserver

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// Config configures a [Server]. Every field may be left zero: that gives one
// company, an ERP with made-up invoices, and an operation that takes 20 ms. The
// functions in it may be called from several goroutines at a time.
type Config struct {
	// DefaultCompany is the ERP company of a request that names none.
	// Default: "1000001".
	DefaultCompany string

	// Companies maps bearer tokens to companies. Independently of it, the
	// token "company:<id>" always stands for company <id>, a token of the
	// token endpoint for the company of its tenant, and an ipp-company-id
	// header wins over any token.
	Companies map[string]string

	// MaxCompanies bounds how many companies the server serves, as each costs
	// memory for good: about 90 kB once its invoices were asked for. A request
	// of one more is answered 503. Those that the Config names are always
	// served. Default: 10 000.
	MaxCompanies int

	// RequireToken refuses with 401 what carries no bearer token, or one that
	// Companies (if it has entries) does not know. It is short for [AuthAny]
	// as Auth.Mode. Default: any token, and none, will do.
	RequireToken bool

	// Auth is the token endpoint, and what is demanded of tokens.
	Auth Auth

	// ExternalURL is the API root in the links of answers, for a mock behind
	// a proxy. Default: scheme, host and base path of the request.
	ExternalURL string

	// Clock is how time passes for the companies, for each on its own; see
	// [Server.Clock]. Default: real time.
	Clock ClockConfig

	// Seed makes ids reproducible, per company. 0: random ids.
	Seed uint64

	// Queue keeps the operations. Default: a [MemoryQueue]. Package
	// sqlitequeue has one for several servers, which then also keeps their
	// notifications and the data of the built-in ERP. Close it after the
	// server.
	Queue Queue

	// Workers is how many operations of one company run at a time, on all
	// servers of a shared Queue together. Default: 1.
	Workers int

	// MaxRunning is how many operations, of all companies, this server runs at
	// a time. Default: no limit.
	MaxRunning int

	// Order is the order in which a company's operations start. Default: that
	// of their arrival.
	Order Order

	// MaxAttempts is how often an operation is started whose worker stops in
	// the middle; then it is Failed. It matters with a shared Queue only.
	// Default: 5.
	MaxAttempts int

	// ExecTime is how long an operation takes once a worker has picked it up;
	// its handler runs at the end of that time. Default: 20 ms.
	ExecTime time.Duration

	// ExecTimes spreads the execution times instead: [Uniform], [LogNormal]
	// or a Distribution of your own. How long the n-th operation of a company
	// takes follows from Seed, the company and n.
	ExecTimes Distribution

	// ExecTimeFunc, if set, is asked for each operation instead. Its argument
	// is the request that the handler will get, without a body.
	ExecTimeFunc func(*http.Request) time.Duration

	// ExecTimeout bounds a handler. At its end the operation is Failed, and
	// what the handler does later is ignored. Default: 10 min.
	ExecTimeout time.Duration

	// Retention is how long a result is kept. Default: 24 h.
	Retention time.Duration

	// RateLimit is counted per company.
	RateLimit RateLimit

	// Subscription is the webhook subscription that the header values
	// "subscription" and "subscription:..." notify. Without a URL such an
	// operation runs and nobody is told.
	Subscription Subscription

	// Subscriptions are those of single companies, by company; Subscription is
	// then that of all others.
	Subscriptions map[string]Subscription

	// URLRetry is the retry policy of notifications to the URL in the header.
	// Default: 3 attempts, else as in [Retry].
	URLRetry Retry

	// AllowPublicTargets lifts the rule that notifications go to loopback and
	// private addresses only.
	AllowPublicTargets bool

	// NotifyClient, if set, sends the notifications, and AllowPublicTargets
	// has no effect. Redirects are not followed all the same. See
	// [MemoryClient] for receivers in the same process.
	NotifyClient *http.Client

	// Handler answers requests below /v1/ and /v2/ that neither a handler
	// registered with [Server.Handle] nor the built-in ERP knows. It can be
	// backgrounded like any other. Default: such requests get 404.
	Handler http.Handler

	// Faults are the rules that [Server.Faults] begins with.
	Faults []Rule

	// Fault, if set, is asked before each request is looked at, and may
	// disturb it; where it returns nil the rules are asked. Its argument can
	// be read without harm to the request.
	Fault func(*http.Request) *Fault

	// NotifyFault, if set, is asked once for each accepted operation that is
	// to be notified, and may disturb that; where it returns the zero value
	// the rules are asked. The Delivery it gets has no attempts and no body
	// yet.
	NotifyFault func(Delivery) NotifyFault

	// Profile settles what is not known of the real system.
	Profile Profile

	// JournalBytes bounds the memory behind [Server.Journal]. Default: 16 MiB.
	JournalBytes int

	// MaxBody bounds a request's body; larger ones get 413. Default: 32 MiB.
	MaxBody int64

	// Logger gets what the mock does. Default: silence.
	Logger *slog.Logger
}

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

// subscription is the one that tells of a company's operations.
func (c Config) subscription(company string) Subscription {
	if sub, ok := c.Subscriptions[company]; ok {
		return sub
	}
	return c.Subscription
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
	return errors.Join(wantURL(field+".URL", s.URL), s.Retry.validate(field+".Retry"))
}

// Retry is how often and how soon a notification is tried. Success is any 2xx.
type Retry struct {
	Attempts    int           // default 5, for URLRetry 3
	Interval    time.Duration // before the second attempt, doubled for each further one; default 5 s
	MaxInterval time.Duration // default 10 min
	Timeout     time.Duration // of one attempt, in real time whatever the clock; default 10 s
}

// before is the wait before attempt n+1.
func (r Retry) before(n int) time.Duration {
	wait := r.Interval
	for range n - 1 {
		if wait > r.MaxInterval/2 {
			return r.MaxInterval
		}
		wait *= 2
	}
	return min(wait, r.MaxInterval)
}

func (r Retry) withDefaults(attempts int) Retry {
	r.Attempts = cmp.Or(r.Attempts, attempts)
	r.Interval = cmp.Or(r.Interval, 5*time.Second)
	r.MaxInterval = cmp.Or(r.MaxInterval, 10*time.Minute)
	r.Timeout = cmp.Or(r.Timeout, 10*time.Second)
	return r
}

func (c Config) withDefaults() Config {
	c.DefaultCompany = cmp.Or(c.DefaultCompany, "1000001")
	c.MaxCompanies = cmp.Or(c.MaxCompanies, 10_000)
	c.Workers = cmp.Or(c.Workers, 1)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, 5)
	c.ExecTime = cmp.Or(c.ExecTime, 20*time.Millisecond)
	c.ExecTimeout = cmp.Or(c.ExecTimeout, 10*time.Minute)
	c.Retention = cmp.Or(c.Retention, 24*time.Hour)
	c.RateLimit.Limit = cmp.Or(c.RateLimit.Limit, 15000)
	c.RateLimit.Window = cmp.Or(c.RateLimit.Window, time.Hour)
	c.RateLimit.Policy = cmp.Or(c.RateLimit.Policy, "4-fixed-window")
	c.Subscription = c.Subscription.withDefaults()
	c.Subscriptions = maps.Clone(c.Subscriptions)
	for company, sub := range c.Subscriptions {
		c.Subscriptions[company] = sub.withDefaults()
	}
	c.URLRetry = c.URLRetry.withDefaults(3)
	c.JournalBytes = cmp.Or(c.JournalBytes, 16<<20)
	c.MaxBody = cmp.Or(c.MaxBody, 32<<20)
	c.Profile = c.Profile.withDefaults()
	c.Auth = c.Auth.withDefaults(c.Seed)
	if (c.RequireToken || c.Profile.RequireToken) && c.Auth.Mode == AuthOff {
		c.Auth.Mode = AuthAny
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// validate reports every fault at once, each named by its field.
func (c Config) validate() error {
	errs := []error{
		wantRoot("ExternalURL", c.ExternalURL),
		c.Subscription.validate("Subscription"),
		wantRoot("Profile.OriginalURIBase", c.Profile.OriginalURIBase),
		notNegative("MaxCompanies", c.MaxCompanies),
		notNegative("Workers", c.Workers),
		notNegative("MaxRunning", c.MaxRunning),
		notNegative("MaxAttempts", c.MaxAttempts),
		notNegative("ExecTime", c.ExecTime),
		c.validateExecTimes(),
		notNegative("ExecTimeout", c.ExecTimeout),
		notNegative("Retention", c.Retention),
		c.Clock.validate(),
		c.RateLimit.validate(),
		c.Auth.validate(),
		notNegative("JournalBytes", c.JournalBytes),
		notNegative("MaxBody", c.MaxBody),
		c.URLRetry.validate("URLRetry"),
		validateRules("Faults", c.Faults, nil),
	}
	if c.Order != OrderFIFO && c.Order != OrderShuffle {
		errs = append(errs, fmt.Errorf("%s: %q is not one of its values", "Order", c.Order))
	}
	if _, shared := c.Queue.(SharedQueue); shared && c.Seed != 0 {
		errs = append(errs, fmt.Errorf("%s: a shared Queue needs ids that no other server makes: leave it 0", "Seed"))
	}
	for _, company := range slices.Sorted(maps.Keys(c.Subscriptions)) {
		errs = append(errs, c.Subscriptions[company].validate(fmt.Sprintf("Subscriptions[%q]", company)))
	}
	for token, company := range c.Companies {
		if token == "" || company == "" {
			errs = append(errs, fmt.Errorf("%s: token %q, company %q: neither may be empty", "Companies", token, company))
		}
	}
	return errors.Join(append(errs, c.Profile.validate())...)
}

func (r Retry) validate(field string) error {
	return errors.Join(
		notNegative(field+".Attempts", r.Attempts),
		notNegative(field+".Interval", r.Interval),
		notNegative(field+".MaxInterval", r.MaxInterval),
		notNegative(field+".Timeout", r.Timeout),
	)
}

func wantURL(field, value string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%s %q: want http(s)://host", field, value)
	}
	return nil
}

// wantRoot is wantURL for what links begin with.
func wantRoot(field, value string) error {
	beyond := func(r rune) bool { return r <= ' ' || r > '~' }
	if strings.ContainsAny(value, "?#") || strings.ContainsFunc(value, beyond) {
		return fmt.Errorf("%s %q: want http(s)://host/path in ASCII, without a query", field, value)
	}
	return wantURL(field, value)
}

func notNegative[T int | int64 | time.Duration](field string, v T) error {
	if v < 0 {
		return fmt.Errorf("%s: must not be negative", field)
	}
	return nil
}
