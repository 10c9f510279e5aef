package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/mockserver"
)

// tour takes orders, kills a replica, and counts.
type tour struct {
	db    *pgxpool.Pool
	erp   *mockserver.Server
	fleet *fleet
	url   string // of orders, at the proxy
	out   io.Writer
	taken int
}

const each = 20 // orders of each part

func (t *tour) run(ctx context.Context, hard bool) error {
	if err := errors.Join(t.orders(ctx), t.await(ctx, "SELECT count(DISTINCT number) FROM effects")); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%d orders are invoiced by %d replicas\n", t.taken, replicas)
	if err := t.example(ctx); err != nil {
		return err
	}

	if err := t.orders(ctx); err != nil {
		return err
	}
	for !hard && len(t.erp.Operations()) < t.taken { // the ERP has them, and works on them
		if err := pause(ctx); err != nil {
			return err
		}
	}
	if err := t.fleet.kill("B"); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "replica B is killed; %d orders are taken, and the ERP has ended %d\n", t.taken, t.ended())

	begun := time.Now()
	if err := errors.Join(t.orders(ctx), t.await(ctx, "SELECT count(DISTINCT number) FROM effects")); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%d orders are invoiced, %.1f s after that\n", t.taken, time.Since(begun).Seconds())
	time.Sleep(time.Second) // for whatever might be done twice

	var kept, effects, invoices, webhooks int
	err := t.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM orders), count(*), count(DISTINCT invoice),
		(SELECT count(DISTINCT number) FROM webhooks) FROM effects`).Scan(&kept, &effects, &invoices, &webhooks)
	if err != nil {
		return err
	}
	made := len(t.erp.Operations())
	fmt.Fprintf(t.out, "%d orders, %d calls that the ERP took, %d invoices, %d effects\n", kept, made, invoices, effects)
	if kept != t.taken || made != t.taken || invoices != t.taken || effects != t.taken {
		return fmt.Errorf("want %d of each", t.taken)
	}
	return nil
}

// orders has some more orders taken, all at once. One that is not answered by 202 is
// sent again, under the same number.
func (t *tour) orders(ctx context.Context) error {
	errs := make([]error, each)
	var all sync.WaitGroup
	for i := range errs {
		t.taken++
		address := fmt.Sprint(t.url, 1000+t.taken)
		all.Go(func() {
			for {
				if errs[i] = post(ctx, address); errs[i] == nil || pause(ctx) != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func post(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		return errors.New(res.Status)
	}
	return nil
}

// await waits until a query counts as many as were taken.
func (t *tour) await(ctx context.Context, query string) error {
	for {
		var n int
		if err := t.db.QueryRow(ctx, query).Scan(&n); err != nil {
			return err
		}
		if n >= t.taken {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("%d of %d: %w", n, t.taken, err)
		}
	}
}

// example shows one order that all replicas had to do with, if there is one.
func (t *tour) example(ctx context.Context) error {
	rows, err := t.db.Query(ctx, `SELECT o.number, o.replica, w.replica, e.replica FROM orders o JOIN webhooks w USING (number) JOIN effects e USING (number)
		WHERE o.replica <> w.replica AND w.replica <> e.replica AND e.replica <> o.replica ORDER BY 1 LIMIT 1`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var number, taken, notified, handled string
		if err := rows.Scan(&number, &taken, &notified, &handled); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "order %s: taken by %s, its webhook landed on %s, its handler ran on %s\n", number, taken, notified, handled)
	}
	return rows.Err()
}

// ended counts what the ERP has ended.
func (t *tour) ended() (n int) {
	for _, op := range t.erp.Operations() {
		if op.HasEnded() {
			n++
		}
	}
	return n
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}
