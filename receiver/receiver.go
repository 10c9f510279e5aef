package receiver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/internal/hook"
)

// Receiver takes notifications in. It is an [http.Handler] and safe for
// concurrent use; only Run starts goroutines. Make one with [New].
type Receiver struct {
	cfg     Config
	log     *slog.Logger
	refused *sparing // logger of what anybody can make happen
	broken  *sparing // logger of faults that every request repeats
	headers []header // to store with a notification

	handler atomic.Pointer[func(context.Context, Notification) error]
	running atomic.Bool

	stored, failed atomic.Int64 // Unix nanoseconds
	unparsed       atomic.Int64
}

// New returns a receiver, or an error that names every field of cfg that is
// wrong. It starts nothing and does not call the store.
func New(cfg Config) (*Receiver, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("receiver: %w", err)
	}
	cfg = cfg.withDefaults()
	rc := &Receiver{cfg: cfg, log: cfg.Logger, refused: &sparing{out: cfg.Logger}, broken: &sparing{out: cfg.Logger}}
	for _, name := range cfg.KeepHeaders {
		rc.headers = append(rc.headers, header{name, strings.ToLower(name)})
	}
	return rc, nil
}

// String tells the modes that it serves, and no keys, which a plain %v of its
// fields would show.
func (rc *Receiver) String() string { return "receiver of " + rc.cfg.String() }

// GoString is String, for %#v.
func (rc *Receiver) GoString() string { return rc.String() }

// LogValue is String, for slog.
func (rc *Receiver) LogValue() slog.Value { return slog.StringValue(rc.String()) }

// ServeHTTP serves both modes, whatever the path before the last segment: a
// last segment that looks like a capability is URL mode, anything else is
// subscription mode. Routers that can tell the mounted path from what is
// below it should route the latter to [Receiver.ServeCapability].
//
// It answers, with no detail in the body:
//
//	200  the notification is stored, now or earlier
//	401  the signature is missing or wrong
//	403  the sender's address is not one of Config.AllowFrom, or Config.Tenant
//	     does not know the tenant that it names
//	404  the capability is unknown, expired or forged, or there is no
//	     subscription mode: as [http.NotFound] answers
//	405  the method is not POST
//	408  the body came too slowly; 400 if it broke off
//	413  the body is larger than Config.MaxBodyBytes
//	503  it could not be stored, keys or secrets could not be had from
//	     Config's functions, or something that runs before the receiver has
//	     read its body; Retry-After says when to send it again
//
// In URL mode the capability alone decides; a signature header, which nothing
// documents there, is not looked at.
//
// Before anything else it takes the capability out of r.URL and r.RequestURI,
// in place, so that whatever logs the request after this finds [Redact]ed
// paths.
func (rc *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc.serve(w, r, false)
}

// ServeCapability is [Receiver.ServeHTTP] for routes below the mounted path,
// where only capabilities live: whatever has no valid one is answered as an
// unknown route is, unless Config.Unauthenticated is set.
func (rc *Receiver) ServeCapability(w http.ResponseWriter, r *http.Request) {
	rc.serve(w, r, true)
}

func (rc *Receiver) serve(w http.ResponseWriter, r *http.Request, below bool) {
	begun := time.Now()
	var seen Received
	seen.Status = rc.answer(w, r, below, &seen)
	seen.Duration = time.Since(begun)
	rc.observe(r.Context(), func() { rc.cfg.Observer.Received(r.Context(), seen) })
}

// answer does the work of a request. It returns the status that it answered.
func (rc *Receiver) answer(w http.ResponseWriter, r *http.Request, below bool, seen *Received) int {
	segment := takeSegment(r)
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return http.StatusMethodNotAllowed
	}
	rc.limitReading(w, r)
	if !rc.allowed(r) {
		// Whatever it brought: the answer must not tell whether it was right.
		return rc.refuse(w, r, http.StatusForbidden, "the sender's address is not allowed")
	}
	a, ok, err := rc.admit(r.Context(), segment, below)
	if err != nil {
		return rc.undecided(w)
	}
	if !ok {
		rc.log.DebugContext(r.Context(), "unknown capability, or no such mode", "remote", rc.remote(r))
		http.NotFound(w, r)
		return http.StatusNotFound
	}
	seen.Mode = a.mode
	seen.matched(a.key)
	body, status := rc.authenticatedBody(w, r, a, seen)
	if status != 0 {
		return status
	}
	retry, err := rc.keep(r, a, body, seen)
	var stranger *strangerError
	switch {
	case errors.As(err, &stranger):
		return rc.refuse(w, r, http.StatusForbidden, stranger.Error())
	case err != nil:
		return again(w, retry)
	}
	// A duplicate is success too: the first copy is safe.
	w.WriteHeader(http.StatusOK)
	return http.StatusOK
}

// admission is how a request may get in.
type admission struct {
	mode   string // as in store.Notification
	ref    string // URL mode: what the capability vouches for
	secret string // the capability, to be kept out of what is stored
	signed bool   // a signature is required
	key    int    // index of the secret that made the capability, else -1
}

const (
	modeURL          = "url"
	modeSubscription = "subscription"
)

// admit decides by the path alone, before the body is read. It reports false
// if there is nothing at this path. An error says that the secrets, which could
// not be had, may tell otherwise.
func (rc *Receiver) admit(ctx context.Context, segment string, below bool) (admission, bool, error) {
	if rc.cfg.Unauthenticated {
		a := admission{mode: modeSubscription, key: -1}
		if isCapability(segment) {
			a.secret = segment
		}
		return a, true, nil
	}
	if isCapability(segment) && rc.cfg.vouching() {
		secrets, err := rc.secrets(ctx)
		if ref, key := vouched(secrets, segment); key >= 0 {
			return admission{mode: modeURL, ref: ref, secret: segment, key: key}, true, nil
		}
		return admission{}, false, err
	}
	if below || !rc.cfg.signed() {
		return admission{}, false, nil
	}
	return admission{mode: modeSubscription, signed: true, key: -1}, true, nil
}

// vouched returns the ref that a capability vouches for and the index of the
// secret that it was made with, or -1. All secrets are tried, so that the time
// does not tell which one it was.
func vouched(secrets []string, segment string) (ref string, key int) {
	key = -1
	now := time.Now()
	for i := range secrets {
		if r, ok := hook.ParseCapability(secrets[i:i+1], segment, now); ok {
			ref, key = r, i
		}
	}
	return ref, key
}

// authenticatedBody returns the whole body, its signature checked where one
// is required. A status other than 0 says what it has answered instead.
func (rc *Receiver) authenticatedBody(w http.ResponseWriter, r *http.Request, a admission, seen *Received) ([]byte, int) {
	if r.ContentLength > rc.cfg.MaxBodyBytes {
		return nil, rc.refuse(w, r, http.StatusRequestEntityTooLarge, "the body is too large")
	}
	var signature []byte
	if a.signed {
		var ok bool
		if signature, ok = decodeSignature(r.Header.Get(rc.cfg.SignatureHeader)); !ok {
			return nil, rc.refuse(w, r, http.StatusUnauthorized, "the signature is missing or malformed")
		}
	}
	body, err := rc.readBody(w, r)
	seen.Bytes = len(body)
	var consumed *consumedError
	switch {
	case errors.As(err, &consumed):
		return nil, rc.unread(w, r, consumed)
	case err != nil:
		return nil, rc.refuse(w, r, statusOfRead(err), "the body was not read")
	}
	var unknown error // why there may be keys that are not known
	if a.signed {
		var keys []string
		keys, unknown = rc.keys(r.Context())
		seen.matched(verify(keys, signature, body))
	}
	switch unsigned := a.signed && !seen.Authenticated; {
	case vanished(r, body) && (unsigned || !a.signed):
		return nil, rc.unread(w, r, &consumedError{announced: -1})
	case unsigned && r.ContentLength > 0 && int64(len(body)) > r.ContentLength:
		return nil, rc.unread(w, r, &consumedError{r.ContentLength, len(body), "the body was replaced before"})
	case unsigned && unknown != nil:
		return nil, rc.undecided(w)
	case unsigned && r.ContentLength < 0:
		return nil, rc.refuse(w, r, http.StatusUnauthorized, "the signature does not fit the body, unless something before the receiver has read a part of it")
	case unsigned:
		return nil, rc.refuse(w, r, http.StatusUnauthorized, "the signature is wrong")
	}
	return body, 0
}

// unread answers a request whose body is not what the sender sent, by no fault
// of the sender.
func (rc *Receiver) unread(w http.ResponseWriter, r *http.Request, e *consumedError) int {
	rc.failed.Store(time.Now().UnixNano())
	rc.broken.log(r.Context(), slog.LevelError, "webhook not stored, because something before the receiver touches the body: "+
		"mount the receiver before whatever reads or replaces bodies", "error", e, "remote", rc.remote(r))
	return again(w, retryLater)
}

// undecided answers a request of which it cannot be said whether it is authentic,
// because keys could not be had, which is logged.
func (rc *Receiver) undecided(w http.ResponseWriter) int {
	rc.failed.Store(time.Now().UnixNano())
	return again(w, retrySoon)
}

// again asks the sender to send the notification once more.
func again(w http.ResponseWriter, seconds string) int {
	// A 5xx makes the sender try again; a 2xx would lose the notification.
	w.Header().Set("Retry-After", seconds)
	http.Error(w, "not stored", http.StatusServiceUnavailable)
	return http.StatusServiceUnavailable
}

// refuse answers with a client error and says in the log why.
func (rc *Receiver) refuse(w http.ResponseWriter, r *http.Request, status int, why string) int {
	rc.refused.log(r.Context(), slog.LevelWarn, "webhook refused", "status", status, "why", why, "remote", rc.remote(r))
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
	return status
}
