// Command erpmock runs a mock of the Visma.net ERP Background API.
//
//	erpmock                                          # on 127.0.0.1:8787
//	erpmock --listen 127.0.0.1:0 --port-file port    # any free port, its number in a file
//	erpmock --data dir                               # survives kill -9; run it twice for two servers
//	erpmock --exec-time 1s..5s --faults rules.json   # an ERP on a bad day
//	erpmock --clock-rate 60 --exec-time 10m          # ten minutes of work in ten seconds
//	erpmock --profile strict --auth strict --client app:s3cret --tenant my-tenant=1000001
//
// erpmock --help lists the flags; each can be given as an environment variable
// too: ERPMOCK_EXEC_TIME for --exec-time. What --faults reads is described at
// [fault.Parse]. The clocks of --clock-rate and --clock-start begin anew with
// each start of the program, also where --data keeps the operations.
//
// It prints its address and a curl line to try, serves until SIGINT or SIGTERM,
// and then exits with status 0. GET /__mock/health tells that it is ready,
// /__mock/docs shows the reference of the API. The listener is open before
// anything is printed or written, so whoever reads the file can connect. Exit
// status 2 means wrong flags, 1 any other error.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr, os.Getenv)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	o.mock.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	if o.queue.Dir != "" {
		o.queue.Logger = o.mock.Logger
		queue, err := sqlitequeue.Open(ctx, o.queue)
		if err != nil {
			text, wrong := byFlags(err)
			if wrong {
				fmt.Fprintln(stderr, "erpmock:", text)
				return 2
			}
			fmt.Fprintf(stderr, "erpmock: --data: %s\n", text)
			return 1
		}
		defer queue.Close()
		o.mock.Queue, o.mock.MaxRunning = queue, cmp.Or(o.mock.MaxRunning, 64)
	}
	mock, err := mockserver.New(o.mock)
	if err != nil {
		text, _ := byFlags(err)
		fmt.Fprintln(stderr, "erpmock:", text)
		return 2
	}
	mock.Start()
	if err := serve(ctx, o, mock, stdout); err != nil {
		fmt.Fprintln(stderr, "erpmock:", err)
		return 1
	}
	return 0
}

// serve answers until ctx ends, then lets requests in progress finish.
func serve(ctx context.Context, o options, mock *mockserver.Server, stdout io.Writer) error {
	defer mock.Close()
	if host, _, err := net.SplitHostPort(o.listen); err == nil && host != "" {
		o.admin.Hosts = append(o.admin.Hosts, host)
	}
	control, err := admin.Mount(mock, o.admin)
	if err != nil {
		text, _ := byFlags(err)
		return errors.New(text)
	}
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return listening(o.listen, err)
	}
	srv := &http.Server{Handler: literal(mock), ReadHeaderTimeout: 10 * time.Second}
	srv.RegisterOnShutdown(control.Close)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	err = announce(o, l.Addr().(*net.TCPAddr), control, stdout)
	defer removePort(o.portFile, l.Addr().(*net.TCPAddr))
	if err == nil {
		select {
		case err = <-served:
			return err
		case <-ctx.Done():
		}
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if srv.Shutdown(grace) != nil {
		_ = srv.Close() // cuts off what would not end
	}
	<-served
	return err
}

// announce tells where the mock is, and how to try it.
func announce(o options, addr *net.TCPAddr, control *admin.Admin, stdout io.Writer) error {
	if o.portFile != "" {
		if err := writeWhole(o.portFile, portLine(addr)); err != nil {
			return fmt.Errorf("--port-file: %w", err)
		}
	}
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	base := "http://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
	_, err := fmt.Fprintf(stdout, `erpmock listens on %[1]s
Try it: the answer is 202; its Location tells the state, and that where the content is.
  curl -i %[2]s-H 'erp-api-background: none' '%[1]s/v1/customerinvoice?pageNumber=1&pageSize=2'
%[3]sReference: %[1]s/__mock/docs
Control: %[1]s/__mock/v1/docs
`, base, o.headers(), o.tokenHint(base))
	if err == nil && !addr.IP.IsLoopback() && o.admin.Token == "" {
		_, err = fmt.Fprintf(stdout, "Control from other machines needs this token: %s\n", control.Token())
	}
	return err
}

// headers are what a call needs besides, for curl.
func (o options) headers() string {
	var h string
	switch {
	case o.mock.Auth.Mode == mockserver.AuthStrict:
		h = `-H "Authorization: Bearer $TOKEN" `
	case o.mock.Profile.RequireToken || o.mock.Auth.Mode == mockserver.AuthAny:
		h = "-H 'Authorization: Bearer company:1000001' "
	}
	if o.mock.Profile.RequireIPPHeaders {
		h += "-H 'ipp-company-id: 1000001' -H 'ipp-application-type: Visma.net Financials' "
	}
	return h
}

// tokenHint tells where a token comes from if one of the endpoint is needed.
// The secret is not repeated: what is printed ends up in logs.
func (o options) tokenHint(base string) string {
	if o.mock.Auth.Mode != mockserver.AuthStrict {
		return ""
	}
	client, tenant := slices.Min(slices.Collect(maps.Keys(o.mock.Auth.Clients))), "1000001"
	if len(o.mock.Auth.Tenants) > 0 {
		tenant = slices.Min(slices.Collect(maps.Keys(o.mock.Auth.Tenants)))
	}
	return fmt.Sprintf(`TOKEN is the access_token of this answer:
  curl -d grant_type=client_credentials -d 'client_id=%s' -d 'client_secret=...' -d 'tenant_id=%s' %s/connect/token
`, client, tenant, base)
}
