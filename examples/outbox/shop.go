package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store/pgstore"
)

// shop is one replica.
type shop struct {
	db     *pgxpool.Pool
	calls  *pgstore.Store // in the same database
	client *client.Client
	at     func(point, order string, attempt int) // where the demonstration disturbs
}

// order keeps an order and enqueues the call for its invoice: both or neither. To
// take the same order again changes nothing.
func (s *shop) order(ctx context.Context, number string, quantity int) error {
	return pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error { return s.orderIn(ctx, tx, number, quantity) })
}

// orderIn is order in a transaction.
func (s *shop) orderIn(ctx context.Context, tx pgx.Tx, number string, quantity int) error {
	_, err := tx.Exec(ctx, "INSERT INTO orders (number, quantity) VALUES ($1, $2) ON CONFLICT DO NOTHING", number, quantity)
	if err != nil {
		return err
	}
	req, err := invoiceOf(number, quantity)
	if err != nil {
		return err
	}
	_, err = s.client.Enqueue(ctx, req, client.SubmitOptions{
		Key: "order-" + number, Kind: "invoice", Metadata: map[string]string{"order": number},
		Within: s.calls.Within(pgstore.Pgx(tx)),
	})
	return err
}

// invoiced is the handler of what became of a call: it marks the order, exactly once.
func (s *shop) invoiced(ctx context.Context, done client.Completion) error {
	number := done.Metadata["order"]
	if done.Err != nil {
		return client.Discard(fmt.Errorf("order %s: %w", number, done.Err))
	}
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE orders SET invoice = $2, marked = marked + 1 WHERE number = $1", number, done.Result.CreatedID())
		if err != nil {
			return err
		}
		if err := s.calls.CompleteTx(ctx, pgstore.Pgx(tx), done.Lease); err != nil {
			return err // store.ErrFenced: another replica has the work
		}
		s.at(beforeCommit, number, done.Attempt)
		return nil
	})
	if err == nil {
		s.at(afterCommit, number, done.Attempt)
	}
	return err
}

// The points at which the demonstration may end a handler.
const (
	beforeCommit = "before its transaction is committed"
	afterCommit  = "after its transaction was committed"
)

func invoiceOf(number string, quantity int) (*http.Request, error) {
	body := fmt.Sprintf(`{"customerNumber": {"value": "10045"}, "customerRefNumber": {"value": %q}, "documentDate": {"value": "2026-09-01"},
		"invoiceLines": [{"operation": "Insert", "inventoryNumber": {"value": "SYK-01"}, "quantity": {"value": %d}}]}`, number, quantity)
	req, err := http.NewRequest(http.MethodPost, "/v2/customerinvoice", strings.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}
