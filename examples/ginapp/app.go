package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// app is the service, but for its sockets. Everything in it is safe for
// concurrent use.
type app struct {
	cfg      config
	log      *slog.Logger
	metrics  *metrics
	store    *sqlitestore.Store // operations of the ERP; client and receiver meet here
	book     *book              // what became of the orders: ours
	client   *client.Client
	receiver *receiver.Receiver
	erpURL   string
	access   access      // to the ERP
	draining atomic.Bool // no longer ready, because it is about to end
}

// open makes a service on what the data directory holds, gives it to f, and
// closes it again, whatever f returned.
func open(ctx context.Context, cfg config, erp erpAccess, log *slog.Logger, f func(*app) error) (err error) {
	a := &app{cfg: cfg, log: log}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.open(ctx, erp); err != nil {
		return err
	}
	return f(a)
}

func (a *app) open(ctx context.Context, erp erpAccess) (err error) {
	if err := os.MkdirAll(a.cfg.dataDir, 0o700); err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	if a.store, err = sqlitestore.Open(ctx, sqlitestore.Config{Path: filepath.Join(a.cfg.dataDir, "operations.db")}); err != nil {
		return err
	}
	if a.book, err = openBook(ctx, filepath.Join(a.cfg.dataDir, "orders.db")); err != nil {
		return err
	}
	if a.metrics, err = newMetrics(); err != nil {
		return err
	}
	a.receiver, err = receiver.New(receiver.Config{
		Store: a.store, SigningKeys: a.cfg.signingKeys, CapabilitySecrets: a.cfg.secrets,
		TrustedProxies: a.cfg.proxies, Observer: a.metrics.receiver, Logger: a.log,
	})
	if err != nil {
		return err
	}
	if err := errors.Join(a.metrics.receiver.Watch(a.receiver), a.metrics.client.Watch(a.store, a.cfg.tenant)); err != nil {
		return err
	}
	notify := client.Subscription()
	if a.cfg.notify == "url" {
		notify = client.WebhookURL(a.cfg.webhookURL, a.cfg.secrets[0])
	}
	a.client, err = client.New(client.Config{
		BaseURL: erp.baseURL, HTTPClient: erp.http, Refresh: erp.refresh, Schedule: erp.schedule,
		Store: a.store, Tenant: a.cfg.tenant, Notify: notify,
		OnComplete: map[string]client.Handler{
			kindInvoice: a.invoiced,
			kindRelease: a.released,
		},
		Verifiers:    map[string]client.Verifier{verifyReleased: invoiceReleased},
		Resolvers:    map[string]client.Resolver{kindInvoice: a.findInvoice},
		DrainTimeout: a.cfg.shutdown / 2, // see shutDown
		Observer:     a.metrics.client, Logger: a.log,
	})
	if err != nil {
		return err
	}
	a.erpURL = erp.baseURL
	a.access.token, a.access.client = erp.token, a.client
	return a.metrics.client.WatchClient(a.client)
}

// run does the work that no request waits for, until ctx is done and the
// handlers in progress have ended. It begins with what an earlier process left
// behind.
func (a *app) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var checking sync.WaitGroup
	defer checking.Wait()
	checking.Go(func() { a.checkAccess(ctx) })
	ended := make(chan error, 2)
	for name, loop := range map[string]func(context.Context) error{
		"client":   a.client.Run,
		"receiver": a.receiver.Run, // idle, unless you give it a handler of raw notifications
	} {
		go func() {
			defer stop() // the other one is of no use alone
			err := loop(ctx)
			if err == nil && ctx.Err() == nil {
				err = errors.New("ended by itself")
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			ended <- err
		}()
	}
	return errors.Join(<-ended, <-ended)
}

// checkAccess tells that the ERP cannot be called, and not only once an order comes. Of a
// token that it does not get clientauth tells itself.
func (a *app) checkAccess(ctx context.Context) {
	err := a.access.check(ctx)
	_, wrong := errors.AsType[*client.CheckError](err)
	_, told := errors.AsType[*clientauth.TokenError](err)
	if err != nil && (wrong || !told) && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "the ERP cannot be called: orders are kept, and sent once it can", "error", err)
	}
}

// close closes what was opened, the users of a thing before the thing.
func (a *app) close() error {
	var errs []error
	if a.client != nil {
		errs = append(errs, a.client.Close())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if a.book != nil {
		errs = append(errs, a.book.close())
	}
	return errors.Join(errs...)
}

// count tells how many operations wait for a person, by their phases. Metrics
// have the same, and the log each of them.
func (a *app) count(ctx context.Context) map[store.Phase]int {
	counts := make(map[store.Phase]int)
	for _, phase := range []store.Phase{store.Uncertain, store.Unclear, store.Dead} {
		n, err := a.store.Count(ctx, a.cfg.tenant, store.Query{Phases: []store.Phase{phase}})
		if err == nil && n > 0 { // unready tells of the store
			counts[phase] = n
		}
	}
	return counts
}

// unready says why the service cannot do its work; it returns none if it can.
func (a *app) unready(ctx context.Context) (reasons []string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if a.draining.Load() {
		reasons = append(reasons, "shutting down")
	}
	if stats, err := a.client.Stats(ctx); err == nil { // the store's health tells of an error
		a.access.doubt(stats.Outbox.PausedUntil)
	}
	_, heard := a.receiver.Health(ctx)
	for _, part := range []struct {
		name string
		err  error
	}{
		{"receiver", heard},
		{"store", a.store.Health(ctx)},
		{"orders", a.book.health(ctx)},
		{"erp", a.access.check(ctx)},
	} {
		if part.err != nil {
			reasons = append(reasons, part.name+": "+part.err.Error())
		}
	}
	return reasons
}
