// Command replicas runs one program three times on one PostgreSQL, behind a proxy that
// gives each request to the next of them: an order is taken by one, the webhook of its
// invoice lands on another, and its handler runs on any. One is killed in the middle.
//
//	go run ./examples/replicas
//
// starts a PostgreSQL, a mock of the ERP, the proxy and the three processes, and
// counts. With DATABASE_URL in the environment it uses that database, in schemas that
// it makes and removes. With -hard the one is killed while it sends and handles, which
// takes the others half a minute to be sure of.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store/pgstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := errors.New("no arguments are taken but -hard: DATABASE_URL names the database")
	if name := os.Getenv("REPLICA"); name != "" {
		err = serve(ctx, name)
	} else {
		hard := flag.Bool("hard", false, "kill one while it sends and handles")
		if flag.Parse(); flag.NArg() == 0 {
			err = run(ctx, os.Getenv("DATABASE_URL"), *hard, os.Stdout)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "replicas:", err)
		os.Exit(1)
	}
}

const (
	webhook    = "/webhooks/erp"
	signingKey = "c2lnbi1rZXktb2YtdGhlLXNob3A="
	company    = "1000001"
	replicas   = 3
)

// run runs the demonstration on a database, or on one of its own.
func run(ctx context.Context, dsn string, hard bool, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if dsn == "" {
		pg, err := pgcluster.Start(ctx, pgcluster.Config{})
		if err != nil {
			return fmt.Errorf("%w; or name a database in DATABASE_URL", err)
		}
		defer pg.Close()
		dsn = pg.DSN()
	}
	schema := "replicas_" + strings.ToLower(rand.Text()[:8])
	db, err := connect(ctx, dsn, schema)
	if err != nil {
		return err
	}
	defer db.Close()
	defer func() {
		_, _ = db.Exec(context.WithoutCancel(ctx), "DROP SCHEMA IF EXISTS "+schema+", "+schema+"_calls CASCADE")
	}()
	_, err = db.Exec(ctx, `CREATE SCHEMA `+schema+`;
		CREATE TABLE orders   (number text PRIMARY KEY, replica text);
		CREATE TABLE webhooks (number text, replica text);
		CREATE TABLE effects  (number text, replica text, invoice text) -- as many rows as are written`)
	if err != nil {
		return err
	}

	p := &proxy{}
	front, err := listen(p)
	if err != nil {
		return err
	}
	defer front.Close()
	erp, err := mockserver.New(mockserver.Config{
		DefaultCompany: company, Workers: 100, ExecTime: mockserver.Fixed(1500 * time.Millisecond),
		Subscription: mockserver.Subscription{
			URL: "http://" + front.Addr + webhook, SigningKey: signingKey, Retry: mockserver.Retry{Interval: 100 * time.Millisecond},
		},
	})
	if err != nil {
		return err
	}
	defer erp.Close()
	back, err := listen(erp)
	if err != nil {
		return err
	}
	defer back.Close()

	f := &fleet{proxy: p, env: []string{"DATABASE_URL=" + dsn, "REPLICA_SCHEMA=" + schema, "REPLICA_ERP=http://" + back.Addr}}
	for i := range replicas {
		if err := f.start(ctx, string(rune('A'+i))); err != nil {
			return errors.Join(err, f.stop())
		}
	}
	t := tour{db: db, erp: erp, fleet: f, url: "http://" + front.Addr + "/orders/", out: out}
	return errors.Join(t.run(ctx, hard), f.stop())
}

// connect opens the tables of the shop, which are in a schema of their own.
func connect(ctx context.Context, dsn, schema string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("DATABASE_URL cannot be read") // the error may show parts of it
	}
	cfg.ConnConfig.RuntimeParams["search_path"] = schema
	return pgxpool.NewWithConfig(ctx, cfg)
}

// stores is the configuration of the store beside the tables of a schema.
func stores(dsn, schema string) pgstore.Config {
	return pgstore.Config{DSN: dsn, Schema: schema + "_calls", MaxConns: 4, Logger: slog.New(slog.DiscardHandler)}
}

// listen serves at Addr, a free port of the loopback interface, until it is closed.
func listen(h http.Handler) (*http.Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Addr: l.Addr().String(), Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }() // returns when srv is closed
	return srv, nil
}
