package receiver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/store"
)

// Config configures a [Receiver]. Store is required, and at least one way to
// authenticate: signing keys, capability secrets or both, in a list or from a
// function; Unauthenticated must be chosen by name and alone. Any other field
// left zero means the default named in its comment.
type Config struct {
	// Store keeps what arrives. It is shared with the client, which the store
	// wakes; a store on disk is what makes an acknowledged notification safe.
	Store store.Store

	// SigningKeys are the signature keys of the webhook subscription, exactly
	// as the developer portal shows them. Each is accepted, so that a new key
	// can be added before the old one is removed. Without any, and without
	// SigningKeysFunc, the mounted path itself does not exist.
	SigningKeys []string

	// SigningKeysFunc returns further signature keys, from a store of secrets for
	// example: it is asked for each request whose signature is to be checked, so
	// that keys are rotated without a restart. It is called concurrently, after the
	// body was read and before anything about the sender is known, so it answers
	// from memory and renews what it has now and then. Its context ends after
	// StoreTimeout.
	//
	// If it returns an error, panics, returns no key where there is no list, or one
	// that the list would be refused for, that is logged at level Error. A request
	// whose signature fits none of the keys that are left is answered 503 then, and
	// not 401: the sender is not to blame, and is to send again.
	SigningKeysFunc func(ctx context.Context) ([]string, error)

	// CapabilitySecrets are the secrets that capability URLs are made with,
	// the same that the client has. Each is accepted, so that they can be
	// rotated: a URL is good for up to 72 h. Without any, and without
	// CapabilitySecretsFunc, nothing exists below the mounted path.
	CapabilitySecrets []string

	// CapabilitySecretsFunc returns further secrets, as SigningKeysFunc does keys.
	// It is asked for each request whose last segment has the form of a
	// capability, before the body is read; 503 takes the place of 404.
	CapabilitySecretsFunc func(ctx context.Context) ([]string, error)

	// Unauthenticated accepts whatever is sent: for tests, or behind a
	// gateway that authenticates. A notification is only a hint, so a forged
	// one costs the client a poll, but anybody may fill the store.
	Unauthenticated bool

	// SignatureHeader holds the base64 of HMAC-SHA256 over the raw body.
	// Default: "x-vwd-signature-v1".
	SignatureHeader string

	// MaxBodyBytes bounds the body; more is answered 413. Default: 1 MiB.
	MaxBodyBytes int64

	// KeepHeaders names further headers to store with the notification, such
	// as those that the client asked for as pairs. The dispatcher's own
	// x-vwd- headers are always kept, except the signature.
	KeepHeaders []string

	// Tenant translates the value of the x-vwd-tenant-id header into the name
	// of the tenant as the client knows it. With ok = false the tenant is not
	// one of ours: the notification is answered 403, logged and not stored.
	// That loses nothing, for the client polls its operations in any case, and
	// a dispatcher that sends again finds a tenant that was added meanwhile.
	// It is not asked about a notification that names no tenant, nor in URL
	// mode, where the capability says which operation is meant. It is called
	// concurrently and must not block.
	//
	// The header is not signed. A recorded body can be sent again with any
	// other tenant, so the name decides where an operation is sought, and
	// nothing else: what names another tenant than the operation's is kept as
	// a conflict and never wakes its client.
	//
	// Nil means that the header is stored and not used: the operation is
	// found by its ref or id alone, neither of which can be guessed.
	Tenant func(vismaTenantID string) (tenant string, ok bool)

	// ReadTimeout bounds the time that a request's body may take, where the
	// server's connection supports it; a shorter one of the server itself
	// stays. Default: 10 s.
	ReadTimeout time.Duration

	// StoreTimeout bounds the time that storing may take. It runs on when the
	// sender hangs up. Default: 10 s.
	StoreTimeout time.Duration

	// AllowFrom lists the addresses that may send; from any other a request is
	// answered 403, whatever it brings. It adds to authentication and replaces
	// none of it. See [VendorAddresses]. Default: any address.
	AllowFrom []netip.Prefix

	// TrustedProxies lists your own proxies and load balancers. Where one of
	// them is the peer of the connection, the sender is the last entry of
	// X-Forwarded-For that is none of them. Without them that header, which
	// anybody can send, is not looked at. Leave the parsing to the receiver:
	// a middleware that writes the header into RemoteAddr undoes the check.
	//
	// A peer that has no address because it came over a Unix socket counts as
	// a loopback address, for only processes of this machine can reach it: it
	// is trusted where 127.0.0.1 or ::1 is.
	TrustedProxies []netip.Prefix

	// HandledElsewhere keeps notifications for the handler of another process
	// that shares the store: set it where there is no Handle.
	HandledElsewhere bool

	// Workers is how many notifications are handled at a time. Default: 4.
	Workers int

	// HandlerTimeout bounds one run of the handler. Default: 15 min.
	HandlerTimeout time.Duration

	// Lease is how long a notification belongs to a process that ended while
	// it handled it; then another one takes it over. It is renewed while the
	// handler runs. At least 1 s. Default: 1 min.
	Lease time.Duration

	// MaxAttempts is how many runs may fail, or take their process with them,
	// before a notification is a dead letter. A run counts when it begins. The waits
	// between them double from a second to an hour, and half of each is random,
	// so that the default, 20, takes seven hours or so.
	MaxAttempts int

	// DrainTimeout bounds how long Run waits for handlers in progress once
	// its context is done. Default: 20 s, which is less than orchestrators
	// usually give a process to end.
	DrainTimeout time.Duration

	// Observer is told of requests and handler runs, for metrics. Default:
	// nobody.
	Observer Observer

	// Logger gets what happens: Debug for what went well, Warn for what was
	// refused, or will be tried again, Error for what needs a person. Bodies,
	// capabilities and signatures are never logged. What anybody can make
	// happen is logged at most ten times a second. Default: silent.
	Logger *slog.Logger
}

// String tells no more than what the configuration is for: its fields hold keys.
func (c Config) String() string {
	var modes []string
	for mode, on := range map[string]bool{modeSubscription: c.signed(), modeURL: c.vouching(), "unauthenticated": c.Unauthenticated} {
		if on {
			modes = append(modes, mode)
		}
	}
	slices.Sort(modes)
	return "receiver.Config(" + strings.Join(modes, ", ") + ")"
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// validate reports every fault at once, each named by its field.
func (c Config) validate() error {
	var errs []error
	fault := func(field, want string) { errs = append(errs, fmt.Errorf("%s: %s", field, want)) }
	if c.Store == nil {
		fault("Store", "is required")
	}
	authenticated := c.signed() || c.vouching()
	if !authenticated && !c.Unauthenticated {
		fault("SigningKeys, CapabilitySecrets", "at least one of them is required, or its function, or Unauthenticated")
	}
	if authenticated && c.Unauthenticated {
		fault("Unauthenticated", "must not be set beside SigningKeys or CapabilitySecrets, or their functions")
	}
	errs = append(errs,
		checkSecrets("SigningKeys", c.SigningKeys, goodKey),
		checkSecrets("CapabilitySecrets", c.CapabilitySecrets, goodSecret))
	if c.SignatureHeader != "" && !hook.IsToken(c.SignatureHeader) {
		fault("SignatureHeader", "must be the name of an HTTP header")
	}
	for i, name := range c.KeepHeaders {
		if !hook.IsToken(name) || c.secretHeader(name) {
			fault(fmt.Sprintf("KeepHeaders[%d] %q", i, name), "must be the name of an HTTP header that holds no secret")
		}
	}
	for field, value := range c.numbers() {
		if value < 0 {
			fault(field, "must not be negative")
		}
	}
	if c.Lease > 0 && c.Lease < time.Second {
		fault("Lease", "must be at least 1s")
	}
	for i, p := range c.AllowFrom {
		if !p.IsValid() {
			fault(fmt.Sprintf("AllowFrom[%d]", i), "must be an address and a length, such as 192.0.2.1/32")
		}
	}
	for i, p := range c.TrustedProxies {
		if !p.IsValid() || p.Bits() == 0 { // a proxy that is everybody lets everybody say who they are
			fault(fmt.Sprintf("TrustedProxies[%d]", i), "must be an address and a length above 0, such as 10.0.0.0/8")
		}
	}
	return errors.Join(errs...)
}

// numbers yields the fields that must not be negative, in a fixed order.
func (c Config) numbers() iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		_ = yield("MaxBodyBytes", c.MaxBodyBytes) &&
			yield("ReadTimeout", int64(c.ReadTimeout)) &&
			yield("StoreTimeout", int64(c.StoreTimeout)) &&
			yield("Workers", int64(c.Workers)) &&
			yield("HandlerTimeout", int64(c.HandlerTimeout)) &&
			yield("Lease", int64(c.Lease)) &&
			yield("MaxAttempts", int64(c.MaxAttempts)) &&
			yield("DrainTimeout", int64(c.DrainTimeout))
	}
}

// Where good ones come from.
const (
	goodKey    = "copy the whole key from the webhook's page in the developer portal"
	goodSecret = "make one of 32 random bytes, as openssl rand -base64 32 does"
)

// signed reports whether there is subscription mode, and vouching whether there is
// URL mode.
func (c Config) signed() bool { return len(c.SigningKeys) > 0 || c.SigningKeysFunc != nil }

func (c Config) vouching() bool {
	return len(c.CapabilitySecrets) > 0 || c.CapabilitySecretsFunc != nil
}

// checkSecrets never puts a secret into its error. The remedy says where a
// good one comes from.
func checkSecrets(field string, secrets []string, remedy string) error {
	var errs []error
	for i, s := range secrets {
		fault := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s[%d]: %s", field, i, fmt.Sprintf(format, args...)))
		}
		switch {
		case strings.TrimSpace(s) == "":
			fault("is blank: has %d bytes, want at least %d; is what it is read from set? If so, %s", len(s), hook.MinSecret, remedy)
		case strings.TrimSpace(s) != s: // the line end of the file that it came from
			fault("must not have white space at its ends, such as the line end of a file: cut it off")
		case strings.ContainsFunc(s, unicode.IsControl) || strings.Contains(s, "\ufeff"):
			fault("holds a line end or another character that is not printed; %s", remedy)
		case len(s) < hook.MinSecret:
			fault("has %d bytes, want at least %d, for a short one can be guessed; %s", len(s), hook.MinSecret, remedy)
		}
	}
	return errors.Join(errs...)
}

// secretHeader reports whether a header must not be stored.
func (c Config) secretHeader(name string) bool {
	return slices.ContainsFunc([]string{
		cmp.Or(c.SignatureHeader, defaultSignatureHeader), "Authorization", "Proxy-Authorization", "Cookie",
	}, func(secret string) bool { return strings.EqualFold(name, secret) })
}

func (c Config) withDefaults() Config {
	c.SigningKeys = slices.Clone(c.SigningKeys)
	c.CapabilitySecrets = slices.Clone(c.CapabilitySecrets)
	c.SignatureHeader = cmp.Or(c.SignatureHeader, defaultSignatureHeader)
	c.MaxBodyBytes = cmp.Or(c.MaxBodyBytes, 1<<20)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, 10*time.Second)
	c.StoreTimeout = cmp.Or(c.StoreTimeout, 10*time.Second)
	c.AllowFrom = unmapped(c.AllowFrom)
	c.TrustedProxies = unmapped(c.TrustedProxies)
	c.Workers = cmp.Or(c.Workers, handler.Workers)
	c.HandlerTimeout = cmp.Or(c.HandlerTimeout, handler.Timeout)
	c.Lease = cmp.Or(c.Lease, time.Minute)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, handler.MaxAttempts)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, handler.DrainTimeout)
	if c.Observer == nil {
		c.Observer = NopObserver{}
	}
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	keep := slices.Clone(dispatcherHeaders)
	for _, name := range c.KeepHeaders {
		keep = append(keep, http.CanonicalHeaderKey(name))
	}
	c.KeepHeaders = slices.DeleteFunc(keep, c.secretHeader)
	return c
}
