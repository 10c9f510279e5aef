// Command erpmock runs a mock of the Visma.net ERP Background API.
//
//	erpmock                                          # on 127.0.0.1:8787
//	erpmock --listen 127.0.0.1:0 --port-file port    # any free port, its number in a file
//	erpmock --data dir                               # survives kill -9; run it twice for two servers
//
// It prints its address and a curl line to try, serves until SIGINT or
// SIGTERM, and then exits with status 0. GET /__mock/health tells that it is
// ready, /__mock/docs shows the reference of the API. The listener is open before anything
// is printed or written, so whoever reads the file can connect. Exit status 2
// means wrong flags, 1 any other error.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/sqlitequeue"
	"github.com/vismanet-go/background/openapi/docs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are what the flags say beside the mock's own Config.
type options struct {
	listen   string
	portFile string
	verbose  bool
	mock     mockserver.Config
	data     string // empty: in memory
	queue    sqlitequeue.Config
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("erpmock", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.listen, "listen", "127.0.0.1:8787", "address to listen on; port 0 is any free one")
	f.StringVar(&o.portFile, "port-file", "", "write the port's number to this `file` once connections are accepted")
	f.BoolVar(&o.verbose, "verbose", false, "log every operation")
	f.StringVar(&o.mock.ExternalURL, "external-url", "", "API root in the links of answers (default: as the caller wrote it)")
	f.StringVar(&o.mock.Subscription.URL, "subscription-url", "", "where notifications of the value \"subscription\" go")
	f.StringVar(&o.mock.Subscription.SigningKey, "signing-key", "", "key that signs them")
	f.StringVar(&o.mock.Subscription.TenantID, "tenant-id", "", "tenant id in them (default: derived from the company)")
	f.BoolVar(&o.mock.AllowPublicTargets, "allow-public-targets", false, "send notifications to other than loopback and private addresses")
	f.DurationVar(&o.mock.ExecTime, "exec-time", 500*time.Millisecond, "how long an operation takes")
	f.IntVar(&o.mock.Workers, "workers", 1, "operations of one company that run at a time")
	f.DurationVar(&o.mock.Retention, "retention", 24*time.Hour, "how long results are kept")
	f.IntVar(&o.mock.RateLimit.Limit, "rate-limit", 15000, "calls per company and hour")
	f.BoolVar(&o.mock.RequireToken, "require-token", false, "answer 401 without a bearer token")
	f.Uint64Var(&o.mock.Seed, "seed", 0, "make ids reproducible (default: random)")
	f.StringVar(&o.data, "data", "", "keep everything in this `directory`; several processes may share it (default: in memory)")
	f.Func("durability", "what --data survives: normal (kill -9) or full (power loss too) (default normal)", func(v string) error {
		o.queue.Durability = sqlitequeue.Durability(v)
		return nil
	})
	f.StringVar(&o.queue.Worker, "worker-id", "", "`name` among the processes that share --data: it takes over at once what its predecessor left")
	f.DurationVar(&o.queue.Lease, "lease", 10*time.Second, "how long a process that shares --data may be silent before others do its work")
	f.IntVar(&o.mock.MaxRunning, "max-running", 0, "operations that run at a time, of all companies (default: no limit, 64 with --data)")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		err := fmt.Errorf("unexpected argument %q", f.Arg(0))
		fmt.Fprintln(stderr, "erpmock:", err)
		return o, err
	}
	return o, nil
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
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
	if o.data != "" {
		o.queue.Logger = o.mock.Logger
		queue, err := sqlitequeue.Open(o.data, o.queue)
		if err != nil {
			fmt.Fprintln(stderr, "erpmock:", err)
			return 1
		}
		defer queue.Close()
		o.mock.Queue, o.mock.MaxRunning = queue, cmp.Or(o.mock.MaxRunning, 64)
	}
	mock, err := mockserver.New(o.mock)
	if err != nil {
		fmt.Fprintln(stderr, "erpmock:", err)
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
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: withDocs(mock), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	err = announce(o, l.Addr().(*net.TCPAddr), stdout)
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

// withDocs adds the reference page, which only the program carries.
func withDocs(mock http.Handler) http.Handler {
	page := docs.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/__mock/docs" {
			page.ServeHTTP(w, r)
			return
		}
		mock.ServeHTTP(w, r)
	})
}

// announce tells where the mock is, and how to try it.
func announce(o options, addr *net.TCPAddr, stdout io.Writer) error {
	if o.portFile != "" {
		if err := writeWhole(o.portFile, strconv.Itoa(addr.Port)+"\n"); err != nil {
			return err
		}
	}
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	base := "http://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
	token := ""
	if o.mock.RequireToken {
		token = "-H 'Authorization: Bearer company:1000001' "
	}
	_, err := fmt.Fprintf(stdout, `erpmock listens on %[1]s
Try it: the answer is 202; its Location tells the state, and that where the content is.
  curl -i %[2]s-H 'erp-api-background: none' '%[1]s/v1/customerinvoice?pageNumber=1&pageSize=2'
Reference: %[1]s/__mock/docs
`, base, token)
	return err
}

// writeWhole writes a file such that a reader never sees a part of it.
func writeWhole(name, content string) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error that matters is returned
	}
	return err
}
