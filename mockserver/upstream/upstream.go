package upstream

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/upstream/cassette"
)

// An Upstream is a [mockserver.Fallback] that passes calls on to an API. It is safe
// for concurrent use, and starts no goroutines of its own. Use [New] to make one.
type Upstream struct {
	cfg       Config
	root      *url.URL
	via       string // what it calls itself in the header Via
	transport http.RoundTripper
	network   *http.Transport    // the default transport; nil: it is the caller's
	tape      *cassette.Cassette // nil: none
	limits    limits
}

var _ mockserver.Fallback = (*Upstream)(nil)

// New returns an upstream. The error names every field of cfg that is wrong.
func New(cfg Config) (*Upstream, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	u := &Upstream{cfg: cfg, transport: cfg.Transport, via: "1.1 erpmock-" + uuid.NewString()[:8]}
	if cfg.usesCassette() {
		tape, err := cassette.Open(cfg.Cassette)
		if err != nil {
			return nil, fmt.Errorf("Cassette.%w", err)
		}
		u.tape = tape
		if u.cfg.URL == "" {
			u.cfg.URL = tape.Root()
		}
		if u.cfg.URL == "" {
			u.cfg.URL = "http://upstream.invalid" // nothing is sent there
		}
	}
	if u.transport == nil && !cfg.replaysOnly() {
		u.network = newTransport(cfg.TLS)
		u.transport = u.network
	}
	if u.tape != nil {
		u.transport = u.tape.Transport(u.transport)
	}
	var err error
	if u.root, err = url.Parse(strings.TrimRight(u.cfg.URL, "/")); err != nil {
		return nil, errors.Join(err, u.Close()) // it was parsed before
	}
	u.root.Host = strings.ToLower(u.root.Host)
	return u, nil
}

// Route implements [mockserver.Fallback]: every path is the upstream's.
func (u *Upstream) Route(*http.Request) (mockserver.Route, bool) {
	return mockserver.Route{Handler: u, OwnTime: true, Streams: true}, true
}

// Reset forgets the rate limits that were met for a company, for all of them if
// that is empty. A cassette goes on from where it is.
func (u *Upstream) Reset(company string) { u.limits.reset(company) }

// Unused lists the recorded calls that nobody has made so far.
func (u *Upstream) Unused() []*cassette.Entry {
	if u.tape == nil {
		return nil
	}
	return u.tape.Unused()
}

// Close closes idle connections and the cassette, and returns what
// [cassette.Cassette.Close] returns: an error about recorded answers that were not
// asked for, for example. Close the server before.
func (u *Upstream) Close() error {
	if u.network != nil {
		u.network.CloseIdleConnections()
	}
	if u.tape == nil {
		return nil
	}
	return u.tape.Close()
}

// ServeHTTP passes a call on: as one in the background if its context says so, see
// [mockserver.CallFrom].
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, _ := mockserver.CallFrom(r.Context())
	if c.Background() {
		u.background(w, r, c)
		return
	}
	u.foreground(w, r, c)
}

// refuse answers in the mock's own name.
func refuse(w http.ResponseWriter, status int, message string) {
	answer.WriteMessage(w, status, message)
}
