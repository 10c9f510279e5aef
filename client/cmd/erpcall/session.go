package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// kind is that of operations which erpcall submits, so that no service takes them
// for its own.
const kind = "erpcall"

// A session is what a command works with.
type session struct {
	*client.Client
	store   store.Store
	tenant  string
	baseURL string
	origin  erp.Origin // that of baseURL
	profile profile
	own     bool   // the store is erpcall's, and not that of a service
	where   string // of the store, for people
	close   []func()
}

// Close ends a session; what runs at the ERP goes on there.
func (s *session) Close() {
	for i := len(s.close) - 1; i >= 0; i-- {
		s.close[i]()
	}
}

// use says what a command wants of a session.
type use struct {
	calls bool // it calls the ERP
	makes bool // a store that is not there is made
	log   *slog.Logger
	watch client.Observer

	schedule client.Schedule // nil: the client's
}

// soon is the schedule of somebody who waits: where nothing was learned of a route,
// the first poll comes after half a second and not after two.
func soon(p client.PollInfo) time.Duration {
	if wait := client.DefaultSchedule(p); p.Polls > 0 || p.Notify || p.Learned != nil || p.Scarcity > 0 {
		return wait
	}
	return 500 * time.Millisecond
}

// open opens a session. Errors that are about options name them.
func (a *app) open(ctx context.Context, u use) (_ *session, err error) {
	p, err := a.settled()
	if err != nil {
		return nil, err
	}
	s := &session{profile: p}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if u.log == nil {
		u.log = a.logger()
	}
	dir, err := a.openStore(ctx, s, u)
	if err != nil {
		return nil, err
	}
	cfg := client.Config{
		BaseURL: cmp.Or(p.URL, clientauth.BaseURL), Store: s.store, Application: p.ClientID,
		Header: make(http.Header), Verifiers: verifiers(), Logger: u.log, Observer: u.watch, Schedule: u.schedule,
		// Another program may keep things longer; what is erpcall's own it purges itself.
		KeepRecords: forever, KeepUnacknowledged: forever, KeepKeys: forever,
		MaxBuffer: maxBody,
	}
	if err := a.credentials(ctx, s, &cfg, dir, u); err != nil {
		return nil, err
	}
	s.tenant = cmp.Or(p.StoreTenant, p.Tenant, p.Company, p.name, defaultTenant)
	cfg.Tenant, s.baseURL = s.tenant, cfg.BaseURL
	if p.Company != "" {
		cfg.Header.Set("ipp-company-id", p.Company)
		cfg.Header.Set("ipp-application-type", "Visma.net Financials")
	}
	if s.Client, err = client.New(cfg); err != nil {
		return nil, cli.UsageError{Err: withOptions(err)}
	}
	s.close = append(s.close, func() { _ = s.Client.Close() })
	if s.origin, err = erp.ParseOrigin(s.baseURL, true); err != nil {
		return nil, cli.UsageError{Err: withOptions(err)}
	}
	if s.own && u.makes {
		a.purge(ctx, s)
	}
	return s, nil
}

// maxBody is how long the body of a request may be: a row of a batch is as long.
const maxBody = maxRow

const (
	forever       = 100 * 365 * 24 * time.Hour
	defaultTenant = "default"
)

// settled are the profile's settings with those of flags and variables before them.
func (a *app) settled() (profile, error) {
	if a.mock {
		if a.store != "" || a.storeTenant != "" {
			return profile{}, cli.Usagef("--mock has a store of its own, so that nothing that is meant for the ERP goes to the mock: leave out --store and --store-tenant, or unset ERPCALL_STORE and ERPCALL_STORE_TENANT")
		}
		return profile{name: mockProfile, URL: mockserver.BaseURL}, nil
	}
	p, err := a.readProfile()
	if err != nil {
		return p, err
	}
	p.URL = cmp.Or(a.url, p.URL)
	p.TokenURL = cmp.Or(a.tokenURL, p.TokenURL)
	p.ClientID = cmp.Or(a.clientID, p.ClientID)
	p.ClientSecret = cmp.Or(a.Lookup(envSecret), p.ClientSecret)
	p.Token = cmp.Or(a.Lookup(envToken), p.Token)
	p.Tenant = cmp.Or(a.tenant, p.Tenant)
	p.Company = cmp.Or(a.company, p.Company)
	p.Store = cmp.Or(a.store, p.Store)
	p.StoreTenant = cmp.Or(a.storeTenant, p.StoreTenant)
	p.DatabaseURLFile = cmp.Or(a.databaseURL, p.DatabaseURLFile)
	p.NotifySecret = cmp.Or(a.Lookup(envNotifySecret), p.NotifySecret)
	return p, nil
}

// credentials makes what adds them to the calls. A command that makes none needs
// none.
func (a *app) credentials(ctx context.Context, s *session, cfg *client.Config, dir string, u use) error {
	p := s.profile
	switch {
	case a.mock:
		if !u.calls {
			return nil
		}
		srv, stop, err := openMock(ctx, dir, a.mockFault, cfg.Logger)
		if err != nil {
			return err
		}
		s.close = append(s.close, stop)
		cfg.HTTPClient = srv.Client()
		return nil
	case p.Token != "":
		cfg.Header.Set("Authorization", "Bearer "+strings.TrimPrefix(p.Token, "Bearer "))
		return nil
	case p.ClientID != "" && p.ClientSecret != "":
		auth, err := clientauth.New(clientauth.Config{
			BaseURLs: []string{cfg.BaseURL}, ClientID: p.ClientID, ClientSecret: p.ClientSecret, TenantID: p.Tenant,
			TokenURL: p.TokenURL, Logger: cfg.Logger,
		})
		if err != nil {
			return cli.UsageError{Err: withOptions(err)}
		}
		cfg.HTTPClient, cfg.Refresh = auth.HTTPClient(), auth.Refresh
		return nil
	case u.calls && !isLoopback(cfg.BaseURL):
		return cli.Usagef("there are no credentials: set %s, or --client-id, --tenant and %s, or write a profile (erpcall help call says where), or try --mock", envToken, envSecret)
	}
	return nil
}

// withOptions names the options in the error of a configuration.
func withOptions(err error) error {
	if text := optionOf(err); text != err.Error() {
		return errors.New(text)
	}
	return err
}

func optionOf(err error) string {
	return strings.NewReplacer(
		"BaseURLs", "--url", "BaseURL", "--url", "ClientID", "--client-id", "ClientSecret", envSecret, "TenantID", "--tenant",
		"TokenURL", "--token-url", "Tenant:", "--store-tenant:",
	).Replace(err.Error())
}

// openStore opens where operations are kept, and returns the directory of erpcall.
func (a *app) openStore(ctx context.Context, s *session, u use) (dir string, err error) {
	where := s.profile.Store
	switch {
	case where == "":
		if dir, err = a.stateDir(); err != nil {
			return "", err
		}
		if err = os.MkdirAll(dir, 0o700); err != nil {
			return "", err
		}
		s.own, where = true, filepath.Join(dir, cmp.Or(s.profile.name, namelessStore)+".db")
	case where == "postgres", strings.HasPrefix(where, "postgres:"):
		return "", a.openPostgres(ctx, s, strings.TrimPrefix(strings.TrimPrefix(where, "postgres"), ":"))
	}
	return dir, a.openSQLite(ctx, s, where, u)
}

// purge forgets what nobody will ask for: erpcall runs nothing that would do it.
func (a *app) purge(ctx context.Context, s *session) {
	const day = 24 * time.Hour
	now := time.Now()
	_, err := s.store.Purge(ctx, s.tenant, store.Retention{
		Ended: now.Add(-30 * day), Unacknowledged: now.Add(-180 * day), Unmatched: now.Add(-30 * day), Keys: now.Add(-2 * 365 * day),
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		a.warn("what is old was not removed: %v", err)
	}
}

// logger writes what the client does if that is wanted. Else it is silent: what went
// wrong is the error of the command.
func (a *app) logger() *slog.Logger {
	if a.verbose {
		return a.logFrom(slog.LevelDebug)
	}
	return slog.New(slog.DiscardHandler)
}

func (a *app) logFrom(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: level}))
}

// warn tells of what went wrong beside what was asked for.
func (a *app) warn(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintln(a.Stderr, "erpcall:", plain(fmt.Sprintf(format, args...)))
	}
}
