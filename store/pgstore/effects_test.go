package pgstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/pgstore"
)

// application is a program whose own table is in the database of its store: effects,
// which takes as many rows of one name as are written.
type application struct {
	*testing.T
	pool *pgxpool.Pool
	db   *sql.DB // the same database
	cfg  pgstore.Config
}

func newApplication(t *testing.T) *application {
	t.Helper()
	dsn, schema := pgtest.DSN(t)
	_, own := pgtest.DSN(t)
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.ConnConfig.RuntimeParams["search_path"] = own
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { db.Close() })
	a := &application{t, pool, db, pgstore.Config{DSN: dsn, Schema: schema, Logger: slog.New(slog.DiscardHandler)}}
	for _, statement := range []string{"CREATE SCHEMA " + own, "CREATE TABLE orders (name text PRIMARY KEY)", "CREATE TABLE effects (name text)"} {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// open returns one handle on the store, as a process has it.
func (a *application) open() *pgstore.Store {
	a.Helper()
	s, err := pgstore.Open(a.Context(), a.cfg)
	if err != nil {
		a.Fatal(err)
	}
	a.Cleanup(func() { s.Close() })
	return s
}

// count counts the rows of a name.
func (a *application) count(table, name string) (n int) {
	a.Helper()
	if err := a.pool.QueryRow(a.Context(), "SELECT count(*) FROM "+table+" WHERE name = $1", name).Scan(&n); err != nil {
		a.Fatal(err)
	}
	return n
}

// complete writes an effect and acknowledges in one transaction, which is committed
// unless an error is given.
func (a *application) complete(ctx context.Context, st *pgstore.Store, l store.Lease, name string, instead error) error {
	return pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO effects VALUES ($1)", name); err != nil {
			return err
		}
		return errors.Join(st.CompleteTx(ctx, pgstore.Pgx(tx), l), instead)
	})
}

// completeSQL is complete by database/sql.
func (a *application) completeSQL(ctx context.Context, st *pgstore.Store, l store.Lease, name string) error {
	tx, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "INSERT INTO effects VALUES ($1)", name); err != nil {
		return err
	}
	if err := st.CompleteTx(ctx, pgstore.SQL(tx), l); err != nil {
		return err
	}
	return tx.Commit()
}

var errNoRoom = errors.New("no room")

// TestAnOrderAndItsCallAreOneTransaction enqueues in transactions that are committed
// and rolled back, and applies the effects of the outcomes in others.
func TestAnOrderAndItsCallAreOneTransaction(t *testing.T) {
	a := newApplication(t)
	st := a.open()
	mock, err := mockserver.New(mockserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer mock.Close()
	var mu sync.Mutex
	runs := make(map[string]int)
	handler := func(ctx context.Context, done client.Completion) error {
		name := done.Key
		mu.Lock()
		runs[name]++
		mu.Unlock()
		switch {
		case done.Err != nil:
			return client.Discard(done.Err)
		case name == "rolls back, says so" && done.Attempt == 1:
			return a.complete(ctx, st, done.Lease, name, errNoRoom)
		case name == "rolls back, says nothing":
			_ = a.complete(ctx, st, done.Lease, name, errNoRoom)
			return nil
		case name == "fails after it":
			return errors.Join(a.complete(ctx, st, done.Lease, name, nil), errNoRoom)
		case name == "by database/sql":
			return a.completeSQL(ctx, st, done.Lease, name)
		}
		return a.complete(ctx, st, done.Lease, name, nil)
	}
	c, err := client.New(client.Config{
		BaseURL: "https://erp.mock", HTTPClient: mock.Client(), Store: st, Tenant: "fjord", Logger: slog.New(slog.DiscardHandler),
		OnComplete: map[string]client.Handler{"invoice": handler},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()

	enqueueAs := func(within store.Enqueuer, name, reference string) (*client.Operation, error) {
		invoice := fmt.Sprintf(`{"customerNumber":{"value":"10045"},"customerRefNumber":{"value":%q},"documentDate":{"value":"2026-09-01"},
			"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`, reference)
		req, err := http.NewRequest(http.MethodPost, "/v2/customerinvoice", strings.NewReader(invoice))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		return c.Enqueue(t.Context(), req, client.SubmitOptions{Key: name, Kind: "invoice", Within: within})
	}
	enqueue := func(within store.Enqueuer, name string) (*client.Operation, error) {
		return enqueueAs(within, name, name)
	}
	order := func(name string, instead error) (op *client.Operation, err error) {
		return op, pgx.BeginFunc(t.Context(), a.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "INSERT INTO orders VALUES ($1)", name); err != nil {
				return err
			}
			if op, err = enqueue(st.Within(pgstore.Pgx(tx)), name); err != nil {
				return err
			}
			if _, err := st.Get(t.Context(), "fjord", op.Ref()); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: before the commit others see %v, want %v", name, err, store.ErrNotFound)
			}
			return instead
		})
	}
	never, err := order("never was", errNoRoom)
	if !errors.Is(err, errNoRoom) {
		t.Fatalf("got %v, want %v", err, errNoRoom)
	}
	want := map[string]int{ // rows
		"commits": 1, "by database/sql": 1, "fails after it": 1, "rolls back, says so": 1, "rolls back, says nothing": 0,
	}
	var ops []*client.Operation
	var committed string // the ref of the one of that name
	for name := range want {
		if name == "by database/sql" {
			tx, err := a.db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			op, err := enqueue(st.Within(pgstore.SQL(tx)), name)
			if err := errors.Join(err, tx.Commit()); err != nil {
				t.Fatal(err)
			}
			ops = append(ops, op)
			continue
		}
		op, err := order(name, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name == "commits" {
			committed = op.Ref()
		}
		ops = append(ops, op)
	}
	_ = pgx.BeginFunc(t.Context(), a.pool, func(tx pgx.Tx) error {
		within := st.Within(pgstore.Pgx(tx))
		first, err := enqueue(within, "twice in it")
		if err != nil {
			t.Errorf("twice in a transaction: %v", err)
			return err
		}
		for key, ref := range map[string]string{"twice in it": first.Ref(), "commits": committed} {
			if again, err := enqueue(within, key); err != nil || again.Ref() != ref {
				t.Errorf("%s, the same again: got %v, %v; want operation %s", key, again, err, ref)
			}
			if _, err := enqueueAs(within, key, "other work"); !errors.Is(err, client.ErrKeyReused) {
				t.Errorf("%s, for other work: got %v, want %v", key, err, client.ErrKeyReused)
			}
		}
		if _, err := tx.Exec(t.Context(), "INSERT INTO orders VALUES ('goes on')"); err != nil {
			t.Errorf("after a key that is held the transaction does not go on: %v", err)
		}
		return errNoRoom
	})
	for _, op := range ops {
		testkit.Eventually(t, op.Key()+" is acknowledged", func() bool {
			rec, err := st.Get(t.Context(), "fjord", op.Ref())
			return err == nil && rec.Phase == store.Acknowledged
		})
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for name, rows := range want {
		wantRuns := 1
		if name == "rolls back, says so" {
			wantRuns = 2
		}
		if got := a.count("effects", name); got != rows || runs[name] != wantRuns {
			t.Errorf("%s: %d effects of %d runs, want %d of %d", name, got, runs[name], rows, wantRuns)
		}
		if got := a.count("orders", name); got != 1 && name != "by database/sql" {
			t.Errorf("%s: %d orders, want 1", name, got)
		}
	}
	if _, err := st.Get(t.Context(), "fjord", never.Ref()); !errors.Is(err, store.ErrNotFound) || runs["never was"] != 0 {
		t.Errorf("what was rolled back is in the store: %v", err)
	}
	if calls := len(mock.Operations()); calls != len(want) {
		t.Errorf("the ERP took %d operations, want %d", calls, len(want))
	}
}

// TestManyDuplicatesHaveOneEffect has 100 copies of each notification arrive at two
// receivers, whose handlers write a row for each.
func TestManyDuplicatesHaveOneEffect(t *testing.T) {
	const notifications, copies = 10, 100
	const key, url = "c2lnbi1rZXktZm9yLXRlc3Rz", "/webhooks/erp"
	a := newApplication(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	var receivers []http.Handler
	for range 2 {
		st := a.open()
		rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{key}, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		rcv.Handle(func(ctx context.Context, n receiver.Notification) error {
			if strings.HasSuffix(n.ID, "0") && n.Attempt == 1 {
				return a.complete(ctx, st, n.Lease, n.ID, errNoRoom)
			}
			return a.complete(ctx, st, n.Lease, n.ID, nil)
		})
		mux := http.NewServeMux()
		rcv.Register(mux, url)
		receivers = append(receivers, mux)
		go func() { ended <- rcv.Run(ctx) }()
	}
	id := func(i int) string { return fmt.Sprintf("ffffffff-0000-4000-8000-%012d", i) }
	var sent sync.WaitGroup
	for _, h := range receivers {
		sender := receivertest.Sender{Handler: h, URL: "https://hooks.test" + url, Key: key}
		for i := range notifications {
			sent.Go(func() {
				for range copies / len(receivers) {
					if status, err := sender.Send(t.Context(), receivertest.Notice{ID: id(i), StatusCode: 201}); err != nil || status != http.StatusOK {
						t.Errorf("answered %d, %v; want 200", status, err)
					}
				}
			})
		}
	}
	sent.Wait()
	st := a.open()
	testkit.Eventually(t, "nothing is left to be handled", func() bool {
		n, err := st.Count(t.Context(), store.DeliveryTenant, store.Query{})
		return err == nil && n == 0
	})
	stop()
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Error(err)
	}
	for i := range notifications {
		if got := a.count("effects", id(i)); got != 1 {
			t.Errorf("%d copies of notification %d had %d effects, want 1", copies, i, got)
		}
	}
}
