// Command outbox is a shop that keeps its orders in PostgreSQL. An order and the call
// for its invoice are one transaction, and so are the outcome and the order's mark
// that it is invoiced.
//
//	go run ./examples/outbox
//
// starts a PostgreSQL and a mock of the ERP of its own, has handlers end where it
// hurts most, and counts. With DATABASE_URL in the environment it uses that database,
// in schemas that it makes and removes.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store/pgstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv("DATABASE_URL"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "outbox:", err)
		os.Exit(1)
	}
}

// run runs the demonstration on a database, or on one of its own.
func run(ctx context.Context, dsn string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if dsn == "" {
		pg, err := pgcluster.Start(ctx, pgcluster.Config{})
		if err != nil {
			return fmt.Errorf("%w; or name a database in DATABASE_URL", err)
		}
		defer pg.Close()
		dsn = pg.DSN()
	}
	own := "outbox_" + strings.ToLower(rand.Text()[:8])
	db, err := connect(ctx, dsn, own)
	if err != nil {
		return err
	}
	defer db.Close()
	defer func() {
		_, _ = db.Exec(context.WithoutCancel(ctx), "DROP SCHEMA IF EXISTS "+own+", "+own+"_calls CASCADE")
	}()
	stores := pgstore.Config{DSN: dsn, Schema: own + "_calls", Logger: slog.New(slog.DiscardHandler)}
	return demonstrate(ctx, db, stores, out)
}

// connect opens the database of the shop, whose tables are in a schema of their own.
func connect(ctx context.Context, dsn, schema string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("DATABASE_URL cannot be read") // the error may show parts of it
	}
	cfg.ConnConfig.RuntimeParams["search_path"] = schema
	db, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	_, err = db.Exec(ctx, `CREATE SCHEMA `+schema+`;
		CREATE TABLE orders (
			number   text PRIMARY KEY,
			quantity int  NOT NULL,
			invoice  text,                   -- that the ERP made
			marked   int  NOT NULL DEFAULT 0 -- how often it was marked as invoiced
		)`)
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

const (
	webhook    = "/webhooks/erp"
	signingKey = "c2lnbi1rZXktb2YtdGhlLXNob3A="
)

// demonstrate runs two replicas of the shop, and the ERP that they call.
func demonstrate(ctx context.Context, db *pgxpool.Pool, stores pgstore.Config, out io.Writer) error {
	hooks := http.NewServeMux()
	erp, err := mockserver.New(mockserver.Config{
		Subscription: mockserver.Subscription{URL: "https://shop.example" + webhook, SigningKey: signingKey},
		NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"shop.example": hooks}),
	})
	if err != nil {
		return err
	}
	defer erp.Close()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 2)
	var replicas []*shop
	for range cap(ended) {
		st, err := pgstore.Open(ctx, stores)
		if err != nil {
			return err
		}
		defer st.Close()
		s := &shop{db: db, calls: st, at: trouble(out)}
		s.client, err = client.New(client.Config{
			BaseURL: mockserver.BaseURL, HTTPClient: erp.Client(), Store: st, Tenant: "1000001", Notify: client.Subscription(), Logger: slog.New(slog.DiscardHandler),
			OnComplete: map[string]client.Handler{"invoice": s.invoiced},
		})
		if err != nil {
			return err
		}
		defer s.client.Close()
		replicas = append(replicas, s)
	}
	rcv, err := receiver.New(receiver.Config{Store: replicas[0].calls, SigningKeys: []string{signingKey}})
	if err != nil {
		return err
	}
	rcv.Register(hooks, webhook)
	for _, s := range replicas {
		go func() { ended <- s.client.Run(ctx) }()
	}
	failed := tour(ctx, replicas, erp, out)
	stop()
	for range replicas {
		failed = errors.Join(failed, <-ended)
	}
	return failed
}

// trouble returns what ends handlers of some orders, as a crash of their process does.
func trouble(out io.Writer) func(point, order string, attempt int) {
	return func(point, order string, attempt int) {
		if attempt == 1 && (order == "1002" && point == beforeCommit || order == "1004" && point == afterCommit) {
			fmt.Fprintf(out, "order %s: its handler ends %s\n", order, point)
			panic("the process ends here")
		}
	}
}
