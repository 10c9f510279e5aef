package scenario

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// What a scenario has that says nothing else.
const (
	defaultCompany = "1000001"
	defaultSeed    = 1
)

var defaultStart = time.Date(2026, time.January, 31, 8, 0, 0, 0, time.UTC)

// Config is the configuration of the mock, with clocks that stand.
func (s *Scenario) Config() (mockserver.Config, error) {
	p, err := s.Profile.profile()
	cfg := mockserver.Config{
		DefaultCompany: cmp.Or(s.Company, defaultCompany),
		Seed:           cmp.Or(s.Seed, defaultSeed),
		Clock:          mockserver.ClockConfig{Manual: true, Start: s.start()},
		ExecTime:       s.ExecTime.config(),
		Workers:        s.Workers,
		Retention:      s.Retention,
		RateLimit:      s.RateLimit.config(),
		Subscription:   s.Subscription.config(),
		URLRetry:       s.URLRetry.config(),
		Faults:         s.Faults,
		Profile:        p,
	}
	cfg.Auth = mockserver.Auth{Mode: mockserver.AuthMode(s.Auth.Mode), TokenLife: s.Auth.TokenLife}
	for id, secret := range s.Auth.Clients {
		if cfg.Auth.Clients == nil {
			cfg.Auth.Clients = make(map[string]mockserver.AuthClient)
		}
		cfg.Auth.Clients[id] = mockserver.AuthClient{Secret: secret}
	}
	return cfg, err
}

func (s *Scenario) start() time.Time {
	if s.Start.IsZero() {
		return defaultStart
	}
	return s.Start
}

func (e ExecTime) config() mockserver.ExecTime {
	switch {
	case len(e.Each) > 0:
		return &sequence{left: e.Each}
	case e.Median != 0:
		return mockserver.LogNormal{Median: e.Median, P95: e.P95, Max: e.Max}
	case e.Max != 0:
		return mockserver.Uniform{Min: e.Min, Max: e.Max}
	}
	return mockserver.Fixed(cmp.Or(e.Fixed, 20*time.Millisecond))
}

// A sequence of times is given to operations in the order in which they are
// accepted.
type sequence struct {
	mu   sync.Mutex // guards left
	left []time.Duration
}

// For implements [mockserver.ExecTime].
func (s *sequence) For(*http.Request, float64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.left[0]
	if len(s.left) > 1 {
		s.left = s.left[1:]
	}
	return next
}

func (r Retry) config() mockserver.Retry {
	return mockserver.Retry{Attempts: r.Attempts, Interval: r.Interval, MaxInterval: r.MaxInterval}
}

func (l RateLimit) config() mockserver.RateLimit {
	return mockserver.RateLimit{Limit: l.Limit, Window: l.Window, Policy: l.Policy, Block: l.Block, Same: mockserver.SameRequests{
		Calls: l.Same.Calls, Window: l.Same.Window, Failed: l.Same.Failed, FailedWindow: l.Same.FailedWindow, PathOnly: l.Same.PathOnly,
	}}
}

func (s Subscription) config() mockserver.Subscription {
	return mockserver.Subscription{URL: HookURL, SigningKey: s.SigningKey, ID: s.ID, TenantID: s.TenantID, Retry: s.Retry.config()}
}

// apply gives companies what they have of their own.
func (s *Scenario) apply(srv *mockserver.Server) error {
	var errs []error
	for _, company := range sortedKeys(s.Companies) {
		own := s.Companies[company]
		var err error
		if own.Profile.Base != "" || own.Profile.Switches != nil {
			p, wrong := own.Profile.profile()
			err = errors.Join(wrong, srv.SetProfile(company, p))
		}
		if own.RateLimit != (RateLimit{}) {
			err = errors.Join(err, srv.SetRateLimit(company, own.RateLimit.config()))
		}
		if own.Subscription != (Subscription{}) {
			err = errors.Join(err, srv.SetSubscription(company, own.Subscription.config()))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("companies.%s: %w", company, err))
		}
	}
	return errors.Join(errs...)
}

// serve answers as an endpoint says.
func (e Endpoint) serve(w http.ResponseWriter, r *http.Request) {
	if mockserver.Sleep(r.Context(), e.Takes) != nil {
		return
	}
	for name, value := range e.Header {
		w.Header().Set(name, value)
	}
	body, isJSON := bodyOf(e.Body)
	if isJSON && w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(cmp.Or(e.Status, http.StatusOK))
	_, _ = w.Write(body)
}

// bodyOf is a body as it is sent, and whether it is JSON.
func bodyOf(v any) (body []byte, isJSON bool) {
	switch v := v.(type) {
	case nil:
		return nil, false
	case string:
		return []byte(v), json.Valid([]byte(v))
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was read from a file
	}
	return data, true
}

// registeredAt is what net/http says of a pattern that helps only who registers it.
var registeredAt = regexp.MustCompile(` \(registered at [^)]*\)`)

// register adds the endpoints to a server. The error is about patterns.
func (s *Scenario) register(srv *mockserver.Server) (err error) {
	for i, e := range s.Endpoints {
		func() {
			defer func() {
				if p := recover(); p != nil {
					text := registeredAt.ReplaceAllString(fmt.Sprint(p), "")
					err = errors.Join(err, fmt.Errorf("endpoints[%d].path: %s", i, strings.ReplaceAll(text, ":\n", "; ")))
				}
			}()
			srv.Handle(strings.ToUpper(e.Method)+" "+e.Path, http.HandlerFunc(e.serve))
		}()
	}
	return err
}
