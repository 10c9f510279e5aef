package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/mockserver"
)

// tour takes orders, disturbs, and counts what became of them.
func tour(ctx context.Context, replicas []*shop, erp *mockserver.Server, out io.Writer) error {
	const orders = 5
	number := func(i int) string { return fmt.Sprint(1000 + i) }
	for i := 1; i <= orders; i++ {
		if err := replicas[i%len(replicas)].order(ctx, number(i), i); err != nil {
			return fmt.Errorf("order %s: %w", number(i), err)
		}
	}
	fmt.Fprintf(out, "%d orders are taken, each in one transaction with the call for its invoice\n", orders)

	if err := replicas[0].order(ctx, number(3), 3); err != nil {
		return fmt.Errorf("order %s once more: %w", number(3), err)
	}
	fmt.Fprintf(out, "order %s is taken once more, as by a caller who got no answer\n", number(3))

	if err := replicas[0].changeOfMind(ctx, number(6)); !errors.Is(err, errChangeOfMind) {
		return fmt.Errorf("order %s: got %w, want it to be rolled back", number(6), err)
	}
	fmt.Fprintf(out, "order %s is rolled back, and its call with it\n", number(6))

	if err := replicas[0].awaitInvoices(ctx); err != nil {
		return err
	}
	for _, op := range erp.Operations() {
		for range 2 {
			if err := erp.Redeliver(ctx, op.ID); err != nil {
				return fmt.Errorf("redeliver: %w", err)
			}
		}
	}
	fmt.Fprintln(out, "the ERP notifies of every invoice twice more")
	time.Sleep(time.Second) // for whatever that might do

	var kept, invoices, marks int
	err := replicas[0].db.QueryRow(ctx, "SELECT count(*), count(DISTINCT invoice), sum(marked) FROM orders").Scan(&kept, &invoices, &marks)
	if err != nil {
		return err
	}
	made := len(erp.Operations())
	fmt.Fprintf(out, "%d orders, %d calls that the ERP took, %d invoices, %d marks\n", kept, made, invoices, marks)
	if kept != orders || made != orders || invoices != orders || marks != orders {
		return fmt.Errorf("want %d of each", orders)
	}
	return nil
}

var errChangeOfMind = errors.New("the customer has a change of mind")

// changeOfMind takes an order in a transaction that is rolled back.
func (s *shop) changeOfMind(ctx context.Context, number string) error {
	return pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		if err := s.orderIn(ctx, tx, number, 1); err != nil {
			return err
		}
		return errChangeOfMind
	})
}

// awaitInvoices waits until every order is marked, and no handler is to run again.
func (s *shop) awaitInvoices(ctx context.Context) error {
	for {
		var open int
		if err := s.db.QueryRow(ctx, "SELECT count(*) FROM orders WHERE invoice IS NULL").Scan(&open); err != nil {
			return err
		}
		if open == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d orders have no invoice: %w", open, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
