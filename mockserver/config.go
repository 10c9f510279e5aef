package mockserver

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/internal/erp"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/mockserver/queue"
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
	// memory for good: about 3 kB, and what is changed in it. Requests of
	// further ones are answered 503. Those that the Config names are always
	// served. Default: 10 000.
	MaxCompanies int

	// Auth is the token endpoint, and what is demanded of tokens: by default
	// nothing, and with Profile.RequireToken what [AuthAny] demands.
	Auth Auth

	// ExternalURL is the API root in the links of answers, for a mock behind
	// a proxy. Default: scheme, host and base path of the request.
	ExternalURL string

	// Clock is how time passes for the companies, for each on its own; see
	// [Server.Clock]. Default: real time.
	Clock ClockConfig

	// NoERP leaves the built-in ERP out: what is not answered otherwise goes to the
	// Fallbacks. The background API is there all the same.
	NoERP bool

	// Invoices is how many customer invoices each company begins with: 003501
	// and so on, made up, the same for all companies and each time. The oldest
	// are paid, then come open ones, and the last sixth is not released. They
	// cost memory once they are changed, and about 4 MB for each hundred thousand
	// and each field that lists are filtered by, of which the first such list makes
	// an index. Servers of one Queue need the same number. Default: 48.
	Invoices int

	// Seed makes ids reproducible, per company. 0: random ids.
	Seed uint64

	// Queue keeps the operations. Default: one in memory. Package
	// queue/sqlitequeue has one for several servers, which also keeps their
	// notifications and the data of the built-in ERP. Close the queue after the
	// server.
	Queue queue.Queue

	// Workers is how many operations of one company run at a time, on all
	// servers of a shared Queue together. Default: 1.
	Workers int

	// MaxRunning is how many operations, of all companies, this server runs at
	// a time. Default: no limit.
	MaxRunning int

	// Order is the order in which a company's operations start. Default: that
	// of their arrival.
	Order queue.Order

	// MaxAttempts is how often an operation is started if each time its worker
	// stops in the middle; then it is Failed. It matters with a shared Queue
	// only. Default: 5.
	MaxAttempts int

	// ExecTime is how long an operation takes once a worker has picked it up;
	// its handler runs at the end of that time: [Fixed], [Uniform], [LogNormal],
	// [ExecTimeFunc], or one of your own. Default: 20 ms.
	ExecTime ExecTime

	// ExecTimeout bounds a handler. At its end the operation is Failed, and
	// what the handler does later is ignored. Default: 10 min.
	ExecTimeout time.Duration

	// Retention is how long a result is kept. Default: 24 h.
	Retention time.Duration

	// RateLimit is counted per company.
	RateLimit RateLimit

	// Subscription is the webhook subscription that the header values
	// "subscription" and "subscription:..." notify. Without a URL there, such an
	// operation runs and nobody is told.
	Subscription Subscription

	// Subscriptions are those of single companies, by company; Subscription is
	// then for all others.
	Subscriptions map[string]Subscription

	// URLRetry is the retry policy of notifications to the URL in the header.
	// Default: 3 attempts, else as in [Retry].
	URLRetry Retry

	// AllowPublicTargets lifts the rule that notifications go to loopback and
	// private addresses only.
	AllowPublicTargets bool

	// NotifyTLS, if set, is how notifications trust receivers on TLS, and what
	// they show them: RootCAs for a certificate of development. Default: the
	// certificates that the system trusts.
	NotifyTLS *tls.Config

	// NotifyClient, if set, sends the notifications, and AllowPublicTargets and
	// NotifyTLS have no effect. It follows no redirects either. See [MemoryClient] for receivers
	// in the same process.
	NotifyClient *http.Client

	// CORSOrigins are the origins whose pages may call the ERP from a browser:
	// "https://app.example.com", "http://localhost:*" for any port, or "*". They
	// may not call what is below /__mock/. Default: none.
	CORSOrigins []string

	// Fallbacks answer, in their order, what neither a handler registered with
	// [Server.Handle] nor the built-in ERP does: package openapidoc has one that
	// answers from an OpenAPI document. Default: such requests get 404.
	Fallbacks []Fallback

	// Faults are the rules that [Server.Faults] begins with.
	Faults []fault.Rule

	// Profile settles what is not known of the real system.
	Profile profile.Profile

	// JournalBytes bounds the memory behind [Server.Journal]. Default: 16 MiB.
	JournalBytes int

	// MaxBody bounds a request's body; larger ones get 413, unless a fallback takes
	// them as they come ([Route]). Default: 32 MiB.
	MaxBody int64

	// Logger gets what the mock does. Default: silence.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.DefaultCompany = cmp.Or(c.DefaultCompany, "1000001")
	c.MaxCompanies = cmp.Or(c.MaxCompanies, 10_000)
	c.Invoices = cmp.Or(c.Invoices, erp.DefaultInvoices)
	c.Workers = cmp.Or(c.Workers, 1)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, 5)
	if c.ExecTime == nil {
		c.ExecTime = Fixed(20 * time.Millisecond)
	}
	c.ExecTimeout = cmp.Or(c.ExecTimeout, 10*time.Minute)
	c.Retention = cmp.Or(c.Retention, 24*time.Hour)
	c.RateLimit = c.RateLimit.withDefaults()
	c.Subscription = c.Subscription.withDefaults()
	c.Subscriptions = maps.Clone(c.Subscriptions)
	for company, sub := range c.Subscriptions {
		c.Subscriptions[company] = sub.withDefaults()
	}
	c.URLRetry = c.URLRetry.withDefaults(3)
	c.JournalBytes = cmp.Or(c.JournalBytes, 16<<20)
	c.MaxBody = cmp.Or(c.MaxBody, 32<<20)
	c.Profile = c.Profile.WithDefaults()
	c.Auth = c.Auth.withDefaults(c.Seed)
	if c.Queue == nil {
		c.Queue = queue.NewMemory()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// validate reports every fault at once, each named by its field.
func (c Config) validate() error {
	errs := []error{
		check.Root("ExternalURL", c.ExternalURL),
		c.Subscription.validate("Subscription"),
		check.NotNegative("MaxCompanies", c.MaxCompanies),
		check.NotNegative("Invoices", c.Invoices),
		check.NotNegative("Workers", c.Workers),
		check.NotNegative("MaxRunning", c.MaxRunning),
		check.NotNegative("MaxAttempts", c.MaxAttempts),
		validateExecTime("ExecTime", c.ExecTime),
		check.NotNegative("ExecTimeout", c.ExecTimeout),
		check.NotNegative("Retention", c.Retention),
		c.Clock.validate(),
		c.RateLimit.validate(),
		c.Auth.validate(),
		check.NotNegative("JournalBytes", c.JournalBytes),
		check.NotNegative("MaxBody", c.MaxBody),
		c.URLRetry.validate("URLRetry"),
		c.validateOrigins(),
		fault.Validate("Faults", c.Faults, len(c.Fallbacks) > 0),
	}
	for i, f := range c.Fallbacks {
		if f == nil {
			errs = append(errs, fmt.Errorf("%s[%d]: must not be nil", "Fallbacks", i))
		}
	}
	if c.Order != queue.FIFO && c.Order != queue.Shuffle {
		errs = append(errs, fmt.Errorf("%s: %q is not one of its values", "Order", c.Order))
	}
	if _, shared := c.Queue.(queue.Shared); shared && c.Seed != 0 {
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
	return errors.Join(append(errs, c.Profile.Validate("Profile"))...)
}

// RateLimit bounds the calls of a company in a fixed window; polls count,
// unless Profile.PollsAreFree is set.
type RateLimit struct {
	Limit  int           // calls in the window; default 15000
	Window time.Duration // default 1 h, from the company's first call
	Policy string        // name shown in X-RateLimit-Policy; default "4-fixed-window"

	// Block, if not 0, is how long a company that made one call too many is
	// refused, also beyond the end of the window; each further call begins it
	// anew. See [OldHostLimit].
	Block time.Duration

	// Same bounds how often equal requests are made. Default: as often as Limit
	// lets.
	Same SameRequests
}

// SameRequests bounds equal requests of a company: those with the same method,
// path, query and body, in which case does not matter but for the body. What is
// one too many is answered 429 by the policy "IntervalLimit", and is not counted;
// polls are counted, unless Profile.PollsAreFree is set. Such limits are known of
// the old gateway only, and what makes requests equal is not: see
// [OldGatewayLimit].
type SameRequests struct {
	Calls  int           // in Window; 0: any number
	Window time.Duration // default 1 min

	Failed       int           // that were answered 400 or more, in FailedWindow; 0: any number
	FailedWindow time.Duration // default 5 min

	PathOnly bool // all requests for one path are equal
}

// OldHostLimit is the limit that was measured at the old host in August 2026:
// about ten quick calls, and then refusals that outlast waits of two minutes.
func OldHostLimit() RateLimit {
	return RateLimit{Limit: 10, Window: time.Minute, Policy: "6-fixed-window", Block: 5 * time.Minute}
}

// OldGatewayLimit is the limit of the old gateway as it was told in 2021: 15 000
// calls per hour, the same request five times a minute, and the same request that
// fails twice in five minutes.
func OldGatewayLimit() RateLimit {
	return RateLimit{Same: SameRequests{Calls: 5, Failed: 2}}
}

func (l RateLimit) withDefaults() RateLimit {
	l.Limit = cmp.Or(l.Limit, 15000)
	l.Window = cmp.Or(l.Window, time.Hour)
	l.Policy = cmp.Or(l.Policy, "4-fixed-window")
	l.Same.Window = cmp.Or(l.Same.Window, time.Minute)
	l.Same.FailedWindow = cmp.Or(l.Same.FailedWindow, 5*time.Minute)
	return l
}

func (l RateLimit) validate() error {
	return errors.Join(
		check.NotNegative("RateLimit.Same.Calls", l.Same.Calls), check.NotNegative("RateLimit.Same.Window", l.Same.Window),
		check.NotNegative("RateLimit.Same.Failed", l.Same.Failed), check.NotNegative("RateLimit.Same.FailedWindow", l.Same.FailedWindow),
		check.NotNegative("RateLimit.Limit", l.Limit), check.NotNegative("RateLimit.Window", l.Window), check.NotNegative("RateLimit.Block", l.Block),
	)
}
