package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/store"
)

// Config configures a [Client]. Only BaseURL is required; a zero field means
// the default named in its comment.
type Config struct {
	// BaseURL is the root of the ERP API: "https://api.finance.visma.net", or
	// "https://integration.visma.net/API/controller/api" for the old host.
	// It must be https, or http on a loopback address.
	BaseURL string

	// FormerOrigins are base URLs that the ERP had before: operations that
	// were submitted there are polled at BaseURL. No call is made to them.
	FormerOrigins []string

	// AllowHTTP permits a BaseURL of http on any host. Tokens then travel in
	// the clear.
	AllowHTTP bool

	// HTTPClient sends every call and adds the credentials. The client uses a
	// copy that follows no redirects. Its Timeout bounds each single call.
	// Default: an http.Client without credentials.
	//
	// Where it has no Transport the client makes one of its own: a copy of
	// [http.DefaultTransport] that sends pings on HTTP/2 connections, so that
	// one that died silently is closed within 15 s. A Transport that is given
	// should do the same, for net/http does not by itself:
	//
	//	t := http.DefaultTransport.(*http.Transport).Clone()
	//	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	HTTPClient *http.Client

	// Refresh, if set, is called after a 401, before the call is made once
	// more: drop a cached token here. It may be called by several goroutines.
	Refresh func(ctx context.Context) error

	// Header is added to every call that does not set the same name itself:
	// ipp-company-id and ipp-application-type on the old host, or
	// Authorization where the token never changes. What an operation needs
	// to be read must stand here and not on the request alone.
	Header http.Header

	// Notify says how the ERP tells that an operation is done. Default:
	// [NoNotification].
	Notify Notify

	// Store keeps the operations. A receiver that is to wake this client
	// needs the same one. Default: a new [store.Memory] that is closed with
	// the client. A store that is given is not closed.
	Store store.Store

	// Tenant is the ERP company that the credentials belong to; it scopes
	// keys and ids in the store. Required unless the store is in memory,
	// where the default is "default".
	Tenant string

	// Application names the application whose limits the calls count against: its
	// client id, for example. The ERP limits an application in a company, so
	// clients that have the same Tenant, BaseURL and Application share one budget
	// of calls through Store, on all replicas. Default: one without a name.
	Application string

	// CheckPath is what [Client.Check] reads: path and query, below BaseURL and v1 or
	// v2, of a GET that every company answers and that changes nothing. Default: one row
	// of the customer invoices.
	CheckPath string

	// Verifiers are the follow-up checks that [SubmitOptions.Verify] names.
	Verifiers map[string]Verifier

	// Resolvers find out, by [SubmitOptions.Kind], what became of operations that
	// are uncertain or unclear. [Client.Run] asks them. Default: a person does.
	Resolvers map[string]Resolver

	// OnComplete are the handlers of operations that have ended, by
	// [SubmitOptions.Kind]; [Client.Run] calls them. Operations of a kind
	// without one are left to [Operation.Ack].
	OnComplete map[string]Handler

	// Workers is how many handlers and resolvers run at a time. Default: 4.
	Workers int

	// HandlerTimeout bounds one run of a handler. Default: 15 min.
	HandlerTimeout time.Duration

	// DrainTimeout is how long Run waits for handlers and resolvers when it
	// ends. Default: 20 s, which is less than what orchestrators usually give.
	DrainTimeout time.Duration

	// MaxAttempts is how often a handler is run before its operation is a dead
	// letter. A run counts when it begins, also of a handler that takes its
	// process with it. The waits between them double from a second to an hour,
	// and half of each is random, so that the default, 20, takes seven hours or
	// so.
	MaxAttempts int

	// UncertainAfter is how long after a request was sent, if no answer told
	// what became of it, a wait goes on for the notification that may tell.
	// Then the wait ends with an [*UncertainError]; where no notification was
	// asked for, it ends at once. A notification that comes later still
	// resolves the operation. The NotAccepted of a [Resolver] counts no sooner
	// than this, so it must be longer than the ERP takes at its slowest.
	// Default: 15 min.
	UncertainAfter time.Duration

	// AdoptUnmatched takes over operations of this tenant that were submitted
	// by others, and that only a notification told of: once the ERP shows
	// them, they are handled like our own, with an empty Kind.
	AdoptUnmatched bool

	// KeepRecords is how long Run keeps records that ended. Default: 7 days.
	KeepRecords time.Duration

	// KeepUnacknowledged is how long Run keeps the outcome of an operation that
	// nobody acknowledged and no handler took. Run logs how many it removes
	// after that. Default: 30 days.
	KeepUnacknowledged time.Duration

	// Schedule plans the polls. Default: [DefaultSchedule].
	Schedule Schedule

	// KeepKeys is for how long Run has the store remember the keys of
	// operations after their records are gone. Until then the same key is
	// refused, which protects from doing the work twice. Default: two years.
	KeepKeys time.Duration

	// KeepContent is the size in bytes up to which a stored answer is fetched
	// as soon as the operation has ended. A larger one is read from the ERP
	// when [Result.Open] is called. Default: 1 MiB.
	KeepContent int64

	// MaxContent is the size in bytes up to which [Result.Bytes], [Decode]
	// and [Client.Do] read an answer into memory; [Result.Open] streams any
	// size. Default: 64 MiB.
	MaxContent int64

	// MaxBuffer is the size in bytes up to which a request body is held in
	// memory, so that it can be sent again where that is safe. A larger one
	// is sent once, as a stream. Default: 1 MiB.
	MaxBuffer int64

	// Senders is how many requests of the outbox are being sent at a time. Default: 4.
	Senders int

	// Seal and Open encrypt and decrypt what is kept in the store of requests that were
	// enqueued and of answers: about says to which record data belongs, and is to be
	// authenticated with it. Open gets what Seal returned, also after keys were changed
	// and after a restart; while it fails nothing is sent, handled, given up or erased,
	// and it is tried again. They are called by several goroutines. Default: all is
	// kept as it is.
	Seal, Open func(ctx context.Context, about, data []byte) ([]byte, error)

	// InFlight is how many polls run at a time, over all operations of the
	// client. Default: 8.
	InFlight int

	// CallTimeout bounds each poll, each fetch of content that is kept, and
	// each call of a verifier or a resolver. It is also for how long the body
	// of a 202 or of a refusal may pause; that of any other answer to a submit
	// may pause ten times as long. An operation that a killed process was
	// polling waits up to four times as long before another process polls it.
	// Default: 30 s.
	CallTimeout time.Duration

	// Observer is told of submits, waits, calls, ends and handlers, for traces
	// and metrics. Default: none.
	Observer Observer

	// Logger tells what happens: Debug each step, Warn what is repeated, Error
	// where a person is needed. It never gets tokens, bodies or webhook
	// addresses. Default: silent.
	Logger *slog.Logger
}

// String tells the origin and the tenant only: Header and Notify may hold
// secrets.
func (cfg Config) String() string {
	return fmt.Sprintf("client.Config(%q, tenant %q)", cfg.BaseURL, cfg.Tenant)
}

// GoString is String, for %#v.
func (cfg Config) GoString() string { return cfg.String() }

// withDefaults checks the configuration and fills in the defaults. It reports
// every fault at once, each named by its field.
func (cfg Config) withDefaults() (Config, erp.Origin, error) {
	var errs []error
	base, err := erp.ParseOrigin(cfg.BaseURL, cfg.AllowHTTP)
	if err != nil {
		errs = append(errs, wrong("BaseURL", err))
	}
	former := make([]string, 0, len(cfg.FormerOrigins))
	for i, f := range cfg.FormerOrigins {
		o, err := erp.ParseOrigin(f, true)
		if err != nil {
			errs = append(errs, wrong(fmt.Sprintf("FormerOrigins[%d]", i), err))
		}
		former = append(former, o.String())
	}
	cfg.FormerOrigins = former
	for kind, h := range cfg.OnComplete {
		if h == nil {
			errs = append(errs, wrong(fmt.Sprintf("OnComplete[%q]", kind), errors.New("needs a handler")))
		}
	}
	for name, v := range cfg.Verifiers {
		if name == "" || v.Path == nil || v.Check == nil {
			errs = append(errs, wrong(fmt.Sprintf("Verifiers[%q]", name), errors.New("needs a name, Path and Check")))
		}
	}
	for kind, r := range cfg.Resolvers {
		if r == nil {
			errs = append(errs, wrong(fmt.Sprintf("Resolvers[%q]", kind), errors.New("needs a resolver")))
		}
	}
	if cfg.CheckPath, err = checkPath(base, cmp.Or(cfg.CheckPath, defaultCheckPath)); err != nil {
		errs = append(errs, wrong("CheckPath", err))
	}
	if cfg.Seal != nil && cfg.Open == nil {
		errs = append(errs, wrong("Open", errors.New("must be set if Seal is, to read what it sealed")))
	}
	if err := cfg.Notify.check(); err != nil {
		errs = append(errs, wrong("Notify", err))
	}
	if _, memory := cfg.Store.(*store.Memory); cfg.Tenant == "" && cfg.Store != nil && !memory {
		errs = append(errs, wrong("Tenant", errors.New("must name the company, because the store may hold several")))
	}
	if strings.HasPrefix(cfg.Tenant, "*") {
		errs = append(errs, wrong("Tenant", errors.New("must not begin with an asterisk, as the words of package store do")))
	}
	header := make(http.Header, len(cfg.Header))
	for name, values := range cfg.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	if header[backgroundHeader] != nil {
		errs = append(errs, wrong("Header", errors.New(backgroundHeader+" is set by Notify")))
	}
	if err := sendable(header); err != nil {
		errs = append(errs, wrong("Header", err))
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"KeepContent", cfg.KeepContent},
		{"MaxContent", cfg.MaxContent},
		{"MaxBuffer", cfg.MaxBuffer},
		{"CallTimeout", int64(cfg.CallTimeout)},
		{"InFlight", int64(cfg.InFlight)},
		{"Workers", int64(cfg.Workers)},
		{"HandlerTimeout", int64(cfg.HandlerTimeout)},
		{"DrainTimeout", int64(cfg.DrainTimeout)},
		{"MaxAttempts", int64(cfg.MaxAttempts)},
		{"Senders", int64(cfg.Senders)},
		{"UncertainAfter", int64(cfg.UncertainAfter)},
		{"KeepRecords", int64(cfg.KeepRecords)},
		{"KeepUnacknowledged", int64(cfg.KeepUnacknowledged)},
		{"KeepKeys", int64(cfg.KeepKeys)},
	} {
		if f.value < 0 {
			errs = append(errs, wrong(f.name, errors.New("must not be negative")))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return cfg, base, fmt.Errorf("client config: %w", err)
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{}
	}
	if cfg.Observer == nil {
		cfg.Observer = NopObserver{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Header = header.Clone()
	cfg.OnComplete = maps.Clone(cfg.OnComplete)
	cfg.Workers = cmp.Or(cfg.Workers, handler.Workers)
	cfg.HandlerTimeout = cmp.Or(cfg.HandlerTimeout, handler.Timeout)
	cfg.DrainTimeout = cmp.Or(cfg.DrainTimeout, handler.DrainTimeout)
	cfg.UncertainAfter = cmp.Or(cfg.UncertainAfter, 15*time.Minute)
	cfg.MaxAttempts = cmp.Or(cfg.MaxAttempts, handler.MaxAttempts)
	cfg.KeepRecords = cmp.Or(cfg.KeepRecords, 7*24*time.Hour)
	cfg.KeepUnacknowledged = cmp.Or(cfg.KeepUnacknowledged, 30*24*time.Hour)
	cfg.KeepKeys = cmp.Or(cfg.KeepKeys, 2*365*24*time.Hour)
	cfg.Verifiers = maps.Clone(cfg.Verifiers)
	cfg.Resolvers = maps.Clone(cfg.Resolvers)
	cfg.Tenant = cmp.Or(cfg.Tenant, "default")
	cfg.KeepContent = cmp.Or(cfg.KeepContent, 1<<20)
	cfg.MaxContent = cmp.Or(cfg.MaxContent, 64<<20)
	cfg.MaxBuffer = cmp.Or(cfg.MaxBuffer, 1<<20)
	cfg.InFlight = cmp.Or(cfg.InFlight, 8)
	cfg.Senders = cmp.Or(cfg.Senders, 4)
	cfg.CallTimeout = cmp.Or(cfg.CallTimeout, 30*time.Second)
	return cfg, base, nil
}

// wrong names the field that an error is about.
func wrong(field string, err error) error { return fmt.Errorf("%s: %w", field, err) }
