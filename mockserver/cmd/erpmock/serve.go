package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
	"github.com/vismanet-go/background/mockserver/dashboard"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
	"github.com/vismanet-go/background/mockserver/scenario"
)

func (a *app) serveCommand() *cli.Command { return a.commandOf(&serving{}) }

// commandOf is the command that reads its options into s.
func (a *app) commandOf(s *serving) *cli.Command {
	list := s.options()
	return &cli.Command{
		Use:   "serve",
		Short: "run a mock until SIGINT or SIGTERM; the command if none is named",
		Long: `Runs a mock of the Visma.net ERP Background API until it gets SIGINT or SIGTERM.

It prints where it is and a curl line to try, and then a line for each change of an operation and each attempt to notify.`,
		Examples: `erpmock
erpmock serve --listen localhost:0 --port-file port
erpmock --exec-time 1s..5s --faults rules.json
erpmock --spec erp.json --stateful --validate warn
erpmock --config erpmock.yaml`,
		Options: list,
		Prepare: func(from cli.Sources) (cli.Sources, error) {
			name := cmp.Or(s.config, a.lookup(variable("config")))
			if name == "" {
				return from, nil
			}
			file, err := readConfig(name)
			if err != nil {
				return from, fmt.Errorf("--config: %w", err)
			}
			from.File = file
			return from, nil
		},
		Run: func(ctx context.Context, _ []string) error { return a.serve(ctx, s, list) },
	}
}

// serve runs a mock until ctx ends.
func (a *app) serve(ctx context.Context, s *serving, list cli.Options) (err error) {
	s.mock.Logger = a.logger(s)
	var secure *tls.Config
	secure, err = s.tls.config(certificateHosts(s.listen, s.mock.ExternalURL))
	if err == nil {
		s.mock.NotifyTLS, err = s.webhooks.config("webhook-ca")
	}
	if err == nil {
		err = s.turnSwitches()
	}
	if err != nil {
		return cli.UsageError{Err: err}
	}
	if s.queue.Dir != "" {
		s.queue.Logger = s.mock.Logger
		queue, err := sqlitequeue.Open(ctx, s.queue)
		if err != nil {
			text, wrong := list.ByFlags(err)
			if wrong {
				return cli.UsageError{Err: errors.New(text)}
			}
			return fmt.Errorf("--data: %s", text)
		}
		defer queue.Close()
		s.mock.Queue, s.mock.MaxRunning = queue, cmp.Or(s.mock.MaxRunning, 64)
	}
	if err := s.openSpecs(); err != nil {
		text, _ := list.ByFlags(err)
		return cli.UsageError{Err: errors.New(text)}
	}
	api, err := s.openUpstream()
	if err != nil {
		text, _ := list.ByFlags(err)
		return cli.UsageError{Err: errors.New(text)}
	}
	if api != nil {
		s.mock.Fallbacks = append(s.mock.Fallbacks, api)
		defer func() { // after the mock
			if unused := api.Close(); err == nil {
				err = unused
			}
		}()
	}
	mock, err := mockserver.New(s.mock)
	if err != nil {
		text, _ := list.ByFlags(err)
		return cli.UsageError{Err: errors.New(text)}
	}
	defer mock.Close()
	if host, _, err := net.SplitHostPort(s.listen); err == nil && host != "" {
		s.admin.Hosts = append(s.admin.Hosts, host)
	}
	s.admin.Export = func(w io.Writer, srv *mockserver.Server, company, format string) error {
		return scenario.Export(w, srv, scenario.RecordOptions{Company: company, Seed: s.mock.Seed}, format)
	}
	if api != nil {
		s.admin.Unused = func() []admin.UnusedAnswer { return unusedAnswers(api) }
	}
	if !s.noDashboard {
		s.admin.Page = dashboard.Page()
	}
	s.admin.Scenarios, s.admin.RunScenario = builtInScenarios, runBuiltIn
	control, err := admin.Mount(mock, s.admin)
	if err != nil {
		text, _ := list.ByFlags(err)
		return cli.UsageError{Err: errors.New(text)}
	}
	mock.Start()
	listeners, err := listen(ctx, s.listen)
	if err != nil {
		return listening(s.listen, err)
	}
	srv := &http.Server{Handler: literal(mock), TLSConfig: secure, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.mock.Logger.Handler(), slog.LevelInfo)}
	srv.RegisterOnShutdown(control.Close)
	addr := listeners[0].Addr().(*net.TCPAddr)
	defer removePort(s.portFile, addr)
	return serveAll(ctx, srv, listeners, func() error { return a.announce(s, addr, control.Token()) })
}

// logger is where the mock tells what happens.
func (a *app) logger(s *serving) *slog.Logger {
	switch {
	case s.verbose:
		return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	case s.quiet:
		return slog.New(newConsole(a.stderr, slog.LevelWarn))
	}
	return slog.New(newConsole(a.stderr, slog.LevelDebug))
}

// serveAll serves on all listeners until ctx ends, and then lets requests in
// progress finish. Ready is called once it can be reached; an error of it ends
// everything.
func serveAll(ctx context.Context, srv *http.Server, listeners []net.Listener, ready func() error) error {
	served := make(chan error, len(listeners))
	for _, l := range listeners {
		if srv.TLSConfig != nil {
			go func() { served <- srv.ServeTLS(l, "", "") }()
		} else {
			go func() { served <- srv.Serve(l) }()
		}
	}
	err := ready()
	ended := 0
	if err == nil {
		select {
		case err = <-served:
			ended++
		case <-ctx.Done():
		}
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if srv.Shutdown(grace) != nil {
		_ = srv.Close() // cuts off what would not end
	}
	for range len(listeners) - ended {
		<-served
	}
	return err
}

// turnSwitches turns those of --profile-json, and lets pages of this machine call
// if no others were named.
func (s *serving) turnSwitches() error {
	if s.mock.CORSOrigins == nil {
		s.mock.CORSOrigins = loopbackOrigins()
	}
	if s.switches == "" {
		return nil
	}
	data, err := os.ReadFile(s.switches)
	if err == nil {
		if err = s.mock.Profile.Set(data); err != nil {
			err = fmt.Errorf("%s: %w", s.switches, err)
		}
	}
	if err != nil {
		return fmt.Errorf("--profile-json: %w", err)
	}
	return nil
}

// loopbackOrigins are those of pages that are developed on this machine.
func loopbackOrigins() []string {
	return []string{"http://localhost:*", "https://localhost:*", "http://127.0.0.1:*", "https://127.0.0.1:*", "http://[::1]:*", "https://[::1]:*"}
}

// announce tells where the mock is, and how to try it.
func (a *app) announce(s *serving, addr *net.TCPAddr, token string) error {
	if s.portFile != "" {
		if err := writeWhole(s.portFile, portLine(addr), 0o644); err != nil {
			return fmt.Errorf("--port-file: %w", err)
		}
	}
	base := rootAt(addr, s.tls != tlsFiles{})
	_, err := fmt.Fprintf(a.stdout, `erpmock listens on %[1]s
Try it: the answer is 202; its Location tells the state, and that where the content is.
  curl -i %[2]s-H 'erp-api-background: none' '%[1]s%[4]s'
%[3]s%[5]sReference: %[1]s/__mock/docs
Control: %[1]s/__mock/v1/docs
`, base, s.headers(), s.tokenHint(base), s.tried(), s.dashboardHint(base))
	if err == nil && !addr.IP.IsLoopback() && s.admin.Token == "" {
		_, err = fmt.Fprintf(a.stdout, "Control from other machines needs this token: %s\n", token)
	}
	return err
}

// dashboardHint tells where the dashboard is, if there is one.
func (s *serving) dashboardHint(base string) string {
	if s.noDashboard {
		return ""
	}
	return "Dashboard: " + base + "/__mock/\n"
}

// tried is the path of the call that is told to be tried.
func (s *serving) tried() string {
	if s.mock.NoERP {
		return "/"
	}
	return "/v1/customerinvoice?pageNumber=1&pageSize=2"
}

// rootAt is where this machine reaches what listens on an address.
func rootAt(addr *net.TCPAddr, secure bool) string {
	host, scheme := addr.IP.String(), "http"
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	if secure {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

// headers are what a call needs besides, for curl.
func (s *serving) headers() string {
	var h string
	switch {
	case s.tls.selfSigned && s.tls.cert != "":
		h = "--cacert '" + s.tls.cert + "' "
	case s.tls.selfSigned:
		h = "--insecure "
	}
	switch {
	case s.mock.Auth.Mode == mockserver.AuthStrict:
		h += `-H "Authorization: Bearer $TOKEN" `
	case s.mock.Profile.RequireToken || s.mock.Auth.Mode == mockserver.AuthAny:
		h += "-H 'Authorization: Bearer company:1000001' "
	}
	if s.mock.Profile.RequireIPPHeaders {
		h += "-H 'ipp-company-id: 1000001' -H 'ipp-application-type: Visma.net Financials' "
	}
	return h
}

// tokenHint tells where a token comes from if one of the endpoint is needed.
// The secret is not repeated: what is printed ends up in logs.
func (s *serving) tokenHint(base string) string {
	if s.mock.Auth.Mode != mockserver.AuthStrict {
		return ""
	}
	client, tenant := slices.Min(slices.Collect(maps.Keys(s.mock.Auth.Clients))), "1000001"
	if len(s.mock.Auth.Tenants) > 0 {
		tenant = slices.Min(slices.Collect(maps.Keys(s.mock.Auth.Tenants)))
	}
	return fmt.Sprintf(`TOKEN is the access_token of this answer:
  curl -d grant_type=client_credentials -d 'client_id=%s' -d 'client_secret=...' -d 'tenant_id=%s' %s/connect/token
`, client, tenant, base)
}
