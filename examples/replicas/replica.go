package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/openapi/erp"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store/pgstore"
)

// replica is one of the processes. They know nothing of each other: the store is all
// that they share.
type replica struct {
	name   string
	erp    string // its address
	db     *pgxpool.Pool
	calls  *pgstore.Store
	client *client.Client
}

// serve is a replica, until its standard input ends: then its parent wants that, or is
// gone.
func serve(ctx context.Context, name string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	r := &replica{name: name, erp: os.Getenv("REPLICA_ERP")}
	dsn, schema := os.Getenv("DATABASE_URL"), os.Getenv("REPLICA_SCHEMA")
	var err error
	if r.db, err = connect(ctx, dsn, schema); err != nil {
		return err
	}
	defer r.db.Close()
	if r.calls, err = pgstore.Open(ctx, stores(dsn, schema)); err != nil {
		return err
	}
	defer r.calls.Close()
	r.client, err = client.New(client.Config{
		BaseURL: r.erp, Store: r.calls, Tenant: company, Notify: client.Subscription(),
		CallTimeout: 2 * time.Second, UncertainAfter: 10 * time.Second, // the mock is quick
		Logger:     slog.New(slog.DiscardHandler),
		OnComplete: map[string]client.Handler{"invoice": r.invoiced},
		Resolvers:  map[string]client.Resolver{"invoice": r.find},
	})
	if err != nil {
		return err
	}
	defer r.client.Close()
	rcv, err := receiver.New(receiver.Config{Store: r.calls, SigningKeys: []string{signingKey}})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders/{number}", r.order)
	mux.Handle("POST "+webhook, r.noting(rcv))
	srv, err := listen(mux)
	if err != nil {
		return err
	}
	defer srv.Close()
	fmt.Println(srv.Addr) // for the parent
	return r.client.Run(ctx)
}

// order takes an order: it and the call for its invoice are one transaction, and to
// take it again changes nothing.
func (r *replica) order(w http.ResponseWriter, req *http.Request) {
	ctx, number := req.Context(), req.PathValue("number")
	err := pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO orders VALUES ($1, $2) ON CONFLICT DO NOTHING", number, r.name); err != nil {
			return err
		}
		call, err := invoiceOf(number)
		if err != nil {
			return err
		}
		_, err = r.client.Enqueue(ctx, call, client.SubmitOptions{
			Key: "order-" + number, Kind: "invoice", Metadata: map[string]string{"order": number},
			Pairs: []client.Pair{{Name: "order", Value: number}}, Within: r.calls.Within(pgstore.Pgx(tx)),
		})
		return err
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// invoiced is the handler: its effect is one row, in the transaction that acknowledges.
func (r *replica) invoiced(ctx context.Context, done client.Completion) error {
	if done.Err != nil {
		return client.Discard(done.Err)
	}
	return pgx.BeginFunc(ctx, r.db, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO effects VALUES ($1, $2, $3)", done.Metadata["order"], r.name, done.Result.CreatedID())
		if err != nil {
			return err
		}
		return r.calls.CompleteTx(ctx, pgstore.Pgx(tx), done.Lease)
	})
}

// find tells what became of a call whose replica was killed before it read the answer,
// if no webhook does: whether the ERP has an invoice of that order.
func (r *replica) find(ctx context.Context, u client.Unresolved) (client.Resolution, error) {
	var none client.Resolution
	api, err := erp.NewClientWithResponses(r.erp, erp.WithHTTPClient(u.Client))
	if err != nil {
		return none, err
	}
	order := u.Metadata["order"]
	found, err := api.ListCustomerInvoicesWithResponse(client.InForeground(ctx), &erp.ListCustomerInvoicesParams{ExternalReference: &order})
	switch {
	case err != nil:
		return none, err
	case found.JSON200 == nil:
		return none, errors.New("the search was answered " + found.Status())
	case len(*found.JSON200) == 0:
		return client.NotAccepted("the ERP has no invoice of the order"), nil
	}
	location := "/v1/customerinvoice/" + (*found.JSON200)[0].ReferenceNumber
	return client.EndedWith(client.Answer{StatusCode: http.StatusCreated, Header: http.Header{"Location": {location}}}, "found by its order"), nil
}

// noting notes on which replica a webhook landed.
func (r *replica) noting(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = r.db.Exec(req.Context(), "INSERT INTO webhooks VALUES ($1, $2)", req.Header.Get("order"), r.name)
		h.ServeHTTP(w, req)
	})
}

func invoiceOf(number string) (*http.Request, error) {
	body := fmt.Sprintf(`{"customerNumber": {"value": "10045"}, "externalReference": {"value": %q}, "documentDate": {"value": "2026-09-01"},
		"invoiceLines": [{"operation": "Insert", "inventoryNumber": {"value": "SYK-01"}, "quantity": {"value": 1}}]}`, number)
	req, err := http.NewRequest(http.MethodPost, "/v2/customerinvoice", strings.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}
