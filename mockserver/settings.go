package mockserver

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/erp"
	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/notify"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/openapi/server"
)

// A setting is something that holds for all companies, unless one has its own,
// and that may change while the server runs. It is safe for concurrent use.
type setting[T any] struct {
	first    T            // for all, as in the Config
	firstOwn map[string]T // of single companies, as in the Config

	mu  sync.RWMutex // guards all below
	all T
	own map[string]T
}

func newSetting[T any](first T, own map[string]T) *setting[T] {
	return &setting[T]{first: first, firstOwn: own, all: first, own: maps.Clone(own)}
}

// of is what holds for a company; for all that have nothing of their own, if
// that is empty.
func (s *setting[T]) of(company string) T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if v, ok := s.own[company]; ok {
		return v
	}
	return s.all
}

// set changes what holds for a company; for all that have nothing of their own,
// if that is empty.
func (s *setting[T]) set(company string, v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if company == "" {
		s.all = v
		return
	}
	if s.own == nil {
		s.own = make(map[string]T)
	}
	s.own[company] = v
}

// reset takes back what was set for a company; everything, if that is empty.
func (s *setting[T]) reset(company string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, had := s.firstOwn[company]
	switch {
	case company == "":
		s.all, s.own = s.first, maps.Clone(s.firstOwn)
	case had:
		s.own[company] = first
	default:
		delete(s.own, company)
	}
}

// A front is the built-in ERP and the background API as a profile shows them.
type front struct {
	profile profile.Profile
	builtin *route.Table
}

// endpoints is all that the contract asks for: the built-in ERP and the
// background API. That it implements the generated interface is what keeps the
// mock and the contract together.
type endpoints struct {
	*erp.ERP
	*stateAPI
}

var _ server.ServerInterface = endpoints{}

// newFront is the front of a profile that has its defaults.
func (s *Server) newFront(p profile.Profile) *front {
	f := &front{profile: p, builtin: route.New()}
	if !p.ExactQueryNames {
		f.builtin.Names = queryNames()
	}
	all := endpoints{s.erp.As(s.erpConfig(p)), &stateAPI{s, p}}
	router := server.ServeMux(f.builtin)
	if s.cfg.NoERP {
		router = backgroundOnly{f.builtin}
	} else {
		for pattern, h := range all.Routes() {
			f.builtin.HandleFunc(pattern, h)
		}
	}
	server.HandlerWithOptions(all, server.StdHTTPServerOptions{BaseRouter: router, ErrorHandlerFunc: badParameter})
	return f
}

// backgroundOnly is a table that takes no routes but those of the background API.
type backgroundOnly struct{ *route.Table }

func (b backgroundOnly) HandleFunc(pattern string, f func(http.ResponseWriter, *http.Request)) {
	if _, path, _ := strings.Cut(pattern, " "); route.IsBackground(path) {
		b.Table.HandleFunc(pattern, f)
	}
}

// erpConfig is what the built-in ERP takes of a profile.
func (s *Server) erpConfig(p profile.Profile) erp.Config {
	return erp.Config{
		MaxPageSize:      p.MaxPageSize,
		UnquotedETags:    p.UnquotedETags,
		ForegroundResult: p.ForegroundActionResult,
		BackgroundResult: p.BackgroundActionResult,
		AsyncActions:     p.ReportAccepted,
		BeyondEnd:        p.PageBeyondEndStatus,
		NoBody:           func(status int) bool { return answer.Bodiless(p, status) },
		NullKeeps:        p.NullKeeps,
		CreditNoteType:   p.CreditNoteType,
		LineTypeCodes:    p.LineTypeCodes,
		SwapCurrencies:   p.SwapCurrencies,
		NewID:            s.ids.GUID,
		Now:              func(company string) time.Time { return wire.TimesOf(p).Local(s.clocks.Now(company)) },
		Sleep:            Sleep,
	}
}

// profileOf is the profile of a company.
func (s *Server) profileOf(company string) profile.Profile { return s.fronts.of(company).profile }

// Profile returns what the real system is taken to be for a company, and with
// an empty name for those that have no profile of their own. Each switch that
// has a default shows it.
func (s *Server) Profile(company string) profile.Profile { return s.profileOf(company) }

// SetProfile changes what the real system is taken to be for a company, from
// its next request and notification on; with an empty name for all that have no
// profile of their own. [Server.Reset] takes it back. The error names every
// switch that is wrong.
func (s *Server) SetProfile(company string, p profile.Profile) error {
	if err := p.Validate("Profile"); err != nil {
		return err
	}
	s.fronts.set(company, s.newFront(p.WithDefaults()))
	return nil
}

// RateLimit returns the limit of a company's calls, and with an empty name of
// those that have none of their own.
func (s *Server) RateLimit(company string) RateLimit { return s.rates.of(company) }

// SetRateLimit changes the limit of a company's calls; with an empty name for
// all that have none of their own. Whom it concerns begins a new window with
// its next call. Fields that are zero get their defaults. [Server.Reset] takes
// it back. The error names every field that is wrong.
func (s *Server) SetRateLimit(company string, l RateLimit) error {
	if err := l.validate(); err != nil {
		return err
	}
	s.rates.set(company, l.withDefaults())
	s.limits.Reset(company)
	s.same.Reset(company)
	return nil
}

// RateUsed returns how many calls a company has made in its present window, and
// when that ends; zero if it has none.
func (s *Server) RateUsed(company string) (used int, ends time.Time) {
	return s.limits.Used(company, s.clocks.Now(company))
}

// limitsOf are what the gate counts a company's calls by.
func (s *Server) limitsOf(company string) gate.Limits {
	l, p := s.rates.of(company), s.profileOf(company)
	return gate.Limits{
		Limit: l.Limit, Window: l.Window, Policy: l.Policy, Block: l.Block,
		ResetEpoch: p.RateLimitResetEpoch, RetryAfterDate: p.RetryAfterDate, Body: p.RateLimitBody,
	}
}

// sameLimitsOf are what the gate counts a company's equal requests by.
func (s *Server) sameLimitsOf(company string) gate.SameLimits {
	l, p := s.rates.of(company).Same, s.profileOf(company)
	return gate.SameLimits{
		Calls: l.Calls, Window: l.Window, Failed: l.Failed, FailedWindow: l.FailedWindow, PathOnly: l.PathOnly,
		ResetEpoch: p.RateLimitResetEpoch, DateAfter: p.RetryAfterDate,
	}
}

// Subscription returns the webhook subscription of a company, and with an empty
// name that of those that have none of their own. Its TenantID is empty where
// it follows from the company.
func (s *Server) Subscription(company string) Subscription { return s.subscriptions.of(company) }

// SetSubscription changes the webhook subscription of a company; with an empty
// name for all that have none of their own. Operations that were accepted
// before keep their address. Fields that are zero get their defaults; without a
// URL there is no subscription. [Server.Reset] takes it back. The error names
// every field that is wrong.
func (s *Server) SetSubscription(company string, sub Subscription) error {
	if err := sub.validate("Subscription"); err != nil {
		return err
	}
	s.subscriptions.set(company, sub.withDefaults())
	return nil
}

// notified is where the notifications of a company's operations go.
func (s *Server) notified(company string) notify.Subscription {
	sub := s.subscriptions.of(company)
	if sub.TenantID == "" {
		sub.TenantID = s.cfg.Auth.tenant(company)
	}
	return notify.Subscription{
		URL: sub.URL, SigningKey: sub.SigningKey, ID: sub.ID, TenantID: sub.TenantID,
		ApplicationID: sub.ApplicationID, ApplicationVersion: sub.ApplicationVersion, GroupID: sub.GroupID,
		Retry: notify.Retry(sub.Retry),
	}
}
