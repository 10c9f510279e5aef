package upstream

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/httpx"
	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/upstream/cassette"
)

// Config configures an [Upstream]. URL is required, unless Cassette only replays.
// The functions in it may be called from several goroutines at a time.
type Config struct {
	// URL is the root of the API: scheme, host and, if there is one, the path
	// below which its paths are. Default: the root that the file of
	// Cassette.Replay names.
	URL string

	// Transport makes the calls. It must not send a call again by itself. Default:
	// one that leaves answers compressed, and that uses no connection that was idle
	// for 4 s, which the upstream may be about to close.
	Transport http.RoundTripper

	// TLS, if set, is whom the default Transport trusts, and what it shows.
	TLS *tls.Config

	// Drop names headers of calls that are not passed on. A star at the end stands
	// for anything: "ipp-*".
	Drop []string

	// Forwarded tells the upstream who called the mock, and how, by X-Forwarded-For,
	// X-Forwarded-Host and X-Forwarded-Proto. Default: it does not learn that.
	Forwarded bool

	// Rewrite, if set, changes a call before it is made. An error ends it, unsent.
	// It may not change where the call goes.
	Rewrite func(*http.Request) error

	// Repeat is which calls may be made more than once. Default: [RepeatSafe].
	Repeat Repeat

	// RepeatKey is the name of a header, such as Idempotency-Key, by which the
	// upstream recognizes a call that it has carried out already: a call that has
	// it may be made more than once. Default: none does.
	RepeatKey string

	// MaxContent bounds the answer of a call in the background. It is in memory, up
	// to three times its size while it is received, and with a queue in memory once
	// until its retention ends. Default: 32 MiB.
	MaxContent int64

	// MaxWait bounds how long a call in the background waits for the upstream's
	// rate limits, all of its waits together. When it is over, the refusal is the
	// answer. It should be less than ExecTimeout of the server, which goes on
	// meanwhile. Default: 5 min.
	MaxWait time.Duration

	// NoWait takes every refusal for the answer, and has no call wait.
	NoWait bool

	// FailOn are statuses of answers, such as 502 and 504, that make an operation
	// Failed: a gateway gives them for an upstream that it did not reach. Default:
	// none, as what answered is not known.
	FailOn []int

	// FinishUnanswered makes an operation Finished whose upstream did not answer,
	// with 502 or 504 and a message, as in the foreground. Default: Failed.
	FinishUnanswered bool

	// Cassette, if Record or Replay is set, records calls or answers them.
	Cassette cassette.Config

	// Logger gets what does not show in answers: calls that wait, and what is not
	// recorded. Default: silence.
	Logger *slog.Logger
}

// A Repeat is which calls may be made more than once.
type Repeat string

// These are the calls that may be made more than once.
const (
	// RepeatSafe is GET, HEAD, OPTIONS and TRACE, which change nothing.
	RepeatSafe Repeat = ""

	// RepeatIdempotent is PUT and DELETE as well, which RFC 9110 calls idempotent. A
	// PUT that is repeated undoes what others changed in between, unless it has an
	// If-Match, and a DELETE that is repeated is answered 404.
	RepeatIdempotent Repeat = "idempotent"
)

// mayRepeat reports whether a call may be made more than once.
func (c *Config) mayRepeat(method string, h http.Header) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	case http.MethodPut, http.MethodDelete:
		if c.Repeat == RepeatIdempotent {
			return true
		}
	}
	return c.RepeatKey != "" && h.Get(c.RepeatKey) != ""
}

// drops reports whether a header of calls is not passed on.
func (c *Config) drops(name string) bool {
	return slices.ContainsFunc(c.Drop, func(pattern string) bool {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
		}
		return strings.EqualFold(name, pattern)
	})
}

func (c Config) withDefaults() Config {
	c.MaxContent = cmp.Or(c.MaxContent, 32<<20)
	c.MaxWait = cmp.Or(c.MaxWait, 5*time.Minute)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Cassette.Root = cmp.Or(c.Cassette.Root, c.URL)
	if c.Cassette.Logger == nil {
		c.Cassette.Logger = c.Logger
	}
	return c
}

// usesCassette reports whether calls are recorded or replayed.
func (c *Config) usesCassette() bool { return c.Cassette.Record != "" || c.Cassette.Replay != "" }

// replaysOnly reports whether no call leaves the program.
func (c *Config) replaysOnly() bool { return c.Cassette.Replay != "" && c.Cassette.Record == "" }

func (c Config) validate() error {
	errs := []error{
		check.Root("URL", c.URL), check.NotNegative("MaxContent", c.MaxContent), check.NotNegative("MaxWait", c.MaxWait),
		check.OneOf("Repeat", c.Repeat, RepeatSafe, RepeatIdempotent),
	}
	if c.URL == "" && !c.replaysOnly() {
		errs = append(errs, errors.New("URL: name the root of an API, such as https://api.example.com, or a cassette to replay and none to record"))
	}
	if u, err := url.Parse(c.URL); err == nil && u.User != nil {
		errs = append(errs, errors.New("URL: must not hold credentials: callers send theirs in the header Authorization"))
	}
	if c.RepeatKey != "" && !check.IsToken(c.RepeatKey) {
		errs = append(errs, fmt.Errorf("RepeatKey: %q is no name of a header", c.RepeatKey))
	}
	for _, name := range c.Drop {
		if !check.IsToken(name) {
			errs = append(errs, fmt.Errorf("%s: %q is no name of a header", "Drop", name))
		}
	}
	for _, status := range c.FailOn {
		if status < 200 || status > 599 {
			errs = append(errs, fmt.Errorf("FailOn: %d is no status of an answer", status))
		}
	}
	if c.Transport != nil && c.TLS != nil {
		errs = append(errs, errors.New("TLS: is for the default Transport; leave out one of the two"))
	}
	return errors.Join(errs...)
}

// newTransport is the default of Config.Transport. Servers close connections that
// are idle, many after 5 s; a call that is sent at that moment fails, and nobody
// knows whether it arrived.
func newTransport(trust *tls.Config) *http.Transport {
	t := httpx.Transport()
	t.DisableCompression = true
	t.IdleConnTimeout = 4 * time.Second
	t.MaxIdleConnsPerHost = 64
	if trust != nil {
		t.TLSClientConfig = trust.Clone()
	}
	return t
}
