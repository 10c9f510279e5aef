// Command console shows the operators' page of package client/console over a mock:
// operations of every kind, some of which need a person.
//
//	go run ./examples/console
//	go run ./examples/console -listen 127.0.0.1:8080 -operations 10000
//
// It asks nobody who they are, and so listens on loopback only: see Authorize.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/console"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address on loopback")
	many := flag.Int("operations", 0, "so many further operations that have ended")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *listen, *many); err != nil {
		fmt.Fprintln(os.Stderr, "console:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, listen string, many int) error {
	if host, _, err := net.SplitHostPort(listen); err != nil || !net.ParseIP(host).IsLoopback() {
		return errors.New("-listen: want an address on loopback, for nobody is asked who they are")
	}
	s, err := newService()
	if err != nil {
		return err
	}
	defer s.close()
	page, err := console.New(console.Config{
		Client: s.client, Store: s.store, Tenant: "acme", Title: "Invoices",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		// A service asks its own login here.
		Authorize: func(*http.Request) (console.Principal, error) {
			return console.Principal{Name: "you", CanAct: true}, nil
		},
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/ops/console/", http.StripPrefix("/ops/console", page))
	mux.HandleFunc("POST /orders/{key}", func(w http.ResponseWriter, r *http.Request) {
		s.submit(r.Context(), http.MethodGet, "/v1/customerinvoice/003501", "", r.PathValue("key"), "invoice")
		w.WriteHeader(http.StatusAccepted)
	})
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	fmt.Printf("http://%s/ops/console/\n", l.Addr())
	go s.work(ctx, many)
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// A service has a client with handlers, and an ERP on a bad day.
type service struct {
	erp    *mockserver.Server
	store  *store.Memory
	client *client.Client
}

func newService() (*service, error) {
	erp, err := mockserver.New(mockserver.Config{
		ExecTime: mockserver.ExecTimeFunc(howLong), Workers: 8, Seed: 1, RateLimit: mockserver.RateLimit{Limit: 1_000_000},
		Faults: []fault.Rule{{On: fault.OnIntake, Path: "/v1/customerinvoice/{number}/action/release", Every: 3, Do: fault.Answer{Process: true, Drop: true}}},
	})
	if err != nil {
		return nil, err
	}
	s := &service{erp: erp, store: store.NewMemory(store.MemoryConfig{})}
	s.client, err = client.New(client.Config{
		BaseURL: mockserver.BaseURL, HTTPClient: erp.Client(), Store: s.store, Tenant: "acme",
		OnComplete: map[string]client.Handler{"invoice": s.handle, "bulk": s.handle},
	})
	if err != nil {
		_ = erp.Close()
		return nil, err
	}
	return s, nil
}

func (s *service) close() {
	_ = s.client.Close()
	_ = s.erp.Close()
	_ = s.store.Close()
}

// handle takes an outcome, but for some.
func (s *service) handle(_ context.Context, done client.Completion) error {
	if strings.HasSuffix(done.Key, "7") && done.Kind == "invoice" && done.Attempt == 1 {
		return client.Discard(errors.New("the ledger's database refused the entry: <b>no such account</b>"))
	}
	return nil
}

const invoice = `{"customerNumber": {"value": "10000"}, "documentDate": {"value": "2026-06-01T00:00:00"},
	"invoiceLines": [{"operation": "Insert", "description": {"value": "<script>document.title='owned'</script>"}, "quantity": {"value": 2}, "unitPriceInCurrency": {"value": 100}}]}`

// howLong lets reports run for long, and the rest for a moment.
func howLong(r *http.Request) time.Duration {
	if strings.HasSuffix(r.URL.Path, "/customer") {
		return time.Hour
	}
	return 20 * time.Millisecond
}

// work makes operations of every kind.
func (s *service) work(ctx context.Context, many int) {
	go func() { _ = s.client.Run(ctx) }() // it ends with ctx
	for i := range 24 {
		key := fmt.Sprintf("order-%d", 4701+i)
		switch i % 4 {
		case 0:
			s.submit(ctx, http.MethodPost, "/v2/customerinvoice", invoice, key, "invoice")
		case 1:
			s.submit(ctx, http.MethodPost, fmt.Sprintf("/v1/customerinvoice/%06d/action/release", 3541+i/4), "{}", key, "release")
		case 2:
			s.submit(ctx, http.MethodGet, fmt.Sprintf("/v1/customerinvoice/%06d", 3501+i), "", key, "invoice")
		case 3:
			s.submit(ctx, http.MethodGet, "/v1/customer?pageSize="+fmt.Sprint(i), "", key, "report")
		}
	}
	for i := range 4 {
		body := invoice
		if i == 1 {
			body = "{}" // the ERP refuses it, and its sequence stops
		}
		if req, err := http.NewRequest(http.MethodPost, "/v1/customerinvoice", strings.NewReader(body)); err == nil {
			_, _ = s.client.Enqueue(ctx, req, client.SubmitOptions{Key: fmt.Sprint("subscription-", i), Kind: "subscription", Sequence: "subscriptions of Nordlys"})
		}
	}
	for i := range many {
		s.submit(ctx, http.MethodGet, fmt.Sprintf("/v1/customerinvoice/%06d", 3501+i%48), "", fmt.Sprint("bulk-", i), "bulk")
	}
}

// submit submits a request; what becomes of it is seen on the page.
func (s *service) submit(ctx context.Context, method, path, body, key, kind string) {
	req, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	_, _ = s.client.Submit(ctx, req, client.SubmitOptions{Key: key, Kind: kind, Metadata: map[string]string{"order": key, "from": "<i>web shop</i>"}})
}
