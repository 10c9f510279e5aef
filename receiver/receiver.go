package receiver

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/hook"
)

// Receiver takes notifications in. It is an [http.Handler], starts no
// goroutine, and is safe for concurrent use. Make one with [New].
type Receiver struct {
	cfg Config
	log *slog.Logger
}

// New returns a receiver, or an error that names every field of cfg that is
// wrong. It starts nothing and does not call the store.
func New(cfg Config) (*Receiver, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("receiver: %w", err)
	}
	cfg = cfg.withDefaults()
	return &Receiver{cfg: cfg, log: cfg.Logger}, nil
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
	segment := takeSegment(r)
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	rc.limitReading(w, r)
	a, ok := rc.admit(segment, below)
	if !ok {
		rc.log.DebugContext(r.Context(), "unknown capability, or no such mode", "remote", r.RemoteAddr)
		http.NotFound(w, r)
		return
	}
	body, ok := rc.authenticatedBody(w, r, a)
	if !ok {
		return
	}
	if retry, err := rc.keep(r, a, body); err != nil {
		// A 5xx makes the sender try again; a 2xx here would lose it.
		w.Header().Set("Retry-After", retry)
		http.Error(w, "not stored", http.StatusServiceUnavailable)
		return
	}
	// A duplicate is success too: the first copy is safe.
	w.WriteHeader(http.StatusOK)
}

// admission is how a request may get in.
type admission struct {
	mode   string // as in store.Notification
	ref    string // URL mode: what the capability vouches for
	secret string // the capability, to be kept out of what is stored
	signed bool   // a signature is required
}

const (
	modeURL          = "url"
	modeSubscription = "subscription"
)

// admit decides by the path alone, before the body is read. It reports false
// if there is nothing at this path.
func (rc *Receiver) admit(segment string, below bool) (admission, bool) {
	if rc.cfg.Unauthenticated {
		a := admission{mode: modeSubscription}
		if isCapability(segment) {
			a.secret = segment
		}
		return a, true
	}
	if ref, ok := hook.ParseCapability(rc.cfg.CapabilitySecrets, segment, time.Now()); ok {
		return admission{mode: modeURL, ref: ref, secret: segment}, true
	}
	if below || len(rc.cfg.SigningKeys) == 0 || (len(rc.cfg.CapabilitySecrets) > 0 && isCapability(segment)) {
		return admission{}, false
	}
	return admission{mode: modeSubscription, signed: true}, true
}

// authenticatedBody returns the whole body, its signature checked where one
// is required. If it reports false it has answered.
func (rc *Receiver) authenticatedBody(w http.ResponseWriter, r *http.Request, a admission) ([]byte, bool) {
	if r.ContentLength > rc.cfg.MaxBodyBytes {
		rc.refuse(w, r, http.StatusRequestEntityTooLarge, "the body is too large")
		return nil, false
	}
	var signature []byte
	if a.signed {
		var ok bool
		if signature, ok = decodeSignature(r.Header.Get(rc.cfg.SignatureHeader)); !ok {
			rc.refuse(w, r, http.StatusUnauthorized, "the signature is missing or malformed")
			return nil, false
		}
	}
	body, err := rc.readBody(w, r)
	if err != nil {
		rc.refuse(w, r, statusOfRead(err), "the body was not read")
		return nil, false
	}
	if a.signed && !verify(rc.cfg.SigningKeys, signature, body) {
		rc.refuse(w, r, http.StatusUnauthorized, "the signature is wrong")
		return nil, false
	}
	return body, true
}

// refuse answers with a client error and says in the log why.
func (rc *Receiver) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	rc.log.WarnContext(r.Context(), "webhook refused", "status", status, "why", why, "remote", r.RemoteAddr)
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
}
