package receiver

import (
	"context"
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
	rc := &Receiver{cfg: cfg, log: cfg.Logger, refused: &sparing{log: cfg.Logger}}
	for _, name := range cfg.KeepHeaders {
		rc.headers = append(rc.headers, header{name, strings.ToLower(name)})
	}
	return rc, nil
}

// Register mounts the receiver on mux: the path itself, with and without a
// slash at its end, for subscription mode, and everything below it for URL
// mode. The path may have a host before it, as mux patterns may. Register
// panics where [http.ServeMux.Handle] does: if the path is taken or malformed.
func (rc *Receiver) Register(mux *http.ServeMux, path string) {
	path = strings.TrimRight(path, "/")
	if strings.Contains(path, "/") { // else it is the root, whose only form is "/{$}"
		mux.Handle(path, rc)
	}
	mux.Handle(path+"/{$}", rc)
	mux.HandleFunc(path+"/", rc.ServeCapability)
}

// ServeHTTP serves both modes, whatever the path before the last segment: a
// last segment that looks like a capability is URL mode, anything else is
// subscription mode. Routers that can tell the mounted path from what is
// below it should route the latter to [Receiver.ServeCapability].
//
// It answers, with no detail in the body:
//
//	200  the notification is stored, now or earlier
//	401  the signature is missing or wrong
//	403  the sender's address is not one of Config.AllowFrom
//	404  the capability is unknown, expired or forged, or there is no
//	     subscription mode: as [http.NotFound] answers
//	405  the method is not POST
//	408  the body came too slowly; 400 if it broke off
//	413  the body is larger than Config.MaxBodyBytes
//	503  it could not be stored; Retry-After says when to send it again
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
	seen := Received{Key: -1}
	seen.Status = rc.answer(w, r, below, &seen)
	seen.Duration = time.Since(begun)
	rc.cfg.Observer.Received(r.Context(), seen)
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
	a, ok := rc.admit(segment, below)
	if !ok {
		rc.log.DebugContext(r.Context(), "unknown capability, or no such mode", "remote", rc.remote(r))
		http.NotFound(w, r)
		return http.StatusNotFound
	}
	seen.Mode, seen.Key = a.mode, a.key
	body, status := rc.authenticatedBody(w, r, a, seen)
	if status != 0 {
		return status
	}
	if retry, err := rc.keep(r, a, body, seen); err != nil {
		// A 5xx makes the sender try again; a 2xx here would lose it.
		w.Header().Set("Retry-After", retry)
		http.Error(w, "not stored", http.StatusServiceUnavailable)
		return http.StatusServiceUnavailable
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
// if there is nothing at this path.
func (rc *Receiver) admit(segment string, below bool) (admission, bool) {
	if rc.cfg.Unauthenticated {
		a := admission{mode: modeSubscription, key: -1}
		if isCapability(segment) {
			a.secret = segment
		}
		return a, true
	}
	if ref, key := rc.vouched(segment); key >= 0 {
		return admission{mode: modeURL, ref: ref, secret: segment, key: key}, true
	}
	if below || len(rc.cfg.SigningKeys) == 0 || (len(rc.cfg.CapabilitySecrets) > 0 && isCapability(segment)) {
		return admission{}, false
	}
	return admission{mode: modeSubscription, signed: true, key: -1}, true
}

// vouched returns the ref that a capability vouches for and the index of the
// secret that it was made with, or -1. All secrets are tried, so that the time
// does not tell which one it was.
func (rc *Receiver) vouched(segment string) (ref string, key int) {
	key = -1
	now := time.Now()
	for i := range rc.cfg.CapabilitySecrets {
		if r, ok := hook.ParseCapability(rc.cfg.CapabilitySecrets[i:i+1], segment, now); ok {
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
	if err != nil {
		return nil, rc.refuse(w, r, statusOfRead(err), "the body was not read")
	}
	if a.signed {
		if seen.Key = verify(rc.cfg.SigningKeys, signature, body); seen.Key < 0 {
			return nil, rc.refuse(w, r, http.StatusUnauthorized, "the signature is wrong")
		}
	}
	return body, 0
}

// refuse answers with a client error and says in the log why.
func (rc *Receiver) refuse(w http.ResponseWriter, r *http.Request, status int, why string) int {
	rc.refused.warn(r.Context(), "webhook refused", "status", status, "why", why, "remote", rc.remote(r))
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
	return status
}
