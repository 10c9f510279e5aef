//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/lease"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store/pgstore"
)

// replicaLease is how long the leases of replicas are, so that one can be stopped for
// longer. What is left of it when its holder has to end leaves room for busy machines.
const replicaLease = 9 * time.Second

// The tables of the application. Nothing in them keeps an effect from being written
// twice.
const applicationTables = `CREATE TABLE orders (reference text NOT NULL); CREATE TABLE effects (reference text NOT NULL, ref text NOT NULL, run text NOT NULL)`

// replica is one of several processes that serve one application with one database.
type replica struct {
	orders
	store  *pgstore.Store
	client *client.Client
	pool   *pgxpool.Pool // of the application's own transactions
	runs   atomic.Int64
}

// replicate is a replica. It makes work of its own until it is told to stop that, and
// ends well when it is told so.
func replicate(o orders) error {
	lease.TTL = replicaLease
	log, err := os.OpenFile(filepath.Join(o.Dir, o.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	logger := slog.New(slog.NewTextHandler(log, nil))
	r := &replica{orders: o}
	ctx := context.Background()
	for r.store == nil { // it may be started while the database is away
		if r.store, err = pgstore.Open(ctx, pgstore.Config{DSN: o.DSN, Logger: logger}); err != nil {
			logger.Warn("open the store", "error", err)
			time.Sleep(50 * time.Millisecond)
		}
	}
	if r.pool, err = pgxpool.New(ctx, o.DSN); err != nil {
		return err
	}
	r.client, err = client.New(client.Config{
		BaseURL: o.Base, Store: r.store, Tenant: tenant, Notify: client.Subscription(), Logger: logger,
		OnComplete: map[string]client.Handler{"invoice": r.handle}, Workers: 8, MaxAttempts: 1000, CallTimeout: 2 * time.Second,
		Schedule: func(client.PollInfo) time.Duration { return 2 * time.Second },
	})
	if err != nil {
		return err
	}
	srv, err := r.listen(logger)
	if err != nil {
		return err
	}
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.client.Run(run) }()
	r.work(ctx)
	say("idle")
	<-goOn
	stop()
	err = errors.Join(<-ended, r.client.Close(), srv.Close(), r.store.Close())
	r.pool.Close()
	return err
}

// listen has notifications of the ERP taken in.
func (r *replica) listen(logger *slog.Logger) (*http.Server, error) {
	rcv, err := receiver.New(receiver.Config{Store: r.store, SigningKeys: []string{signingKey}, Logger: logger})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	rcv.Register(mux, hookPath)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	say("listening", l.Addr().String())
	return srv, nil
}

// ways are those in which work is handed over. A reference begins with its way.
var ways = []string{"submit", "enqueue", "sequence", "order"}

// work hands over what was left, and then new work, until the parent says that it is
// enough.
func (r *replica) work(ctx context.Context) {
	enough := make(chan struct{})
	go func() {
		<-goOn
		close(enough)
	}()
	var all sync.WaitGroup
	defer all.Wait()
	for _, reference := range r.Again {
		all.Go(func() { r.handOver(ctx, reference) })
	}
	for _, way := range ways { // one of each at a time, so that a sequence has an order
		all.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-enough:
					return
				case <-time.After(20*time.Millisecond + rand.N(160*time.Millisecond)):
				}
				r.handOver(ctx, fmt.Sprintf("%s/%s/%d", way, r.Name, n))
			}
		})
	}
}

// handOver hands over one operation, trying for as long as it takes, as an application
// does that keeps what it has to do.
func (r *replica) handOver(ctx context.Context, reference string) {
	say("tries", reference)
	for {
		op, err := r.handOverOnce(ctx, reference)
		_, unclear := errors.AsType[*client.UncertainError](err)
		_, unwritten := errors.AsType[*client.RecordError](err)
		if err == nil || op != nil && (unclear || unwritten) {
			say("has", reference, op.Ref())
			return
		}
		say("refused", reference, err.Error())
		time.Sleep(100 * time.Millisecond)
	}
}

func (r *replica) handOverOnce(ctx context.Context, reference string) (*client.Operation, error) {
	way, rest, _ := strings.Cut(reference, "/")
	req, opts := invoiceOf(reference)
	switch way {
	case "submit":
		return r.client.Submit(ctx, req, opts)
	case "order":
		return r.order(ctx, reference)
	case "sequence":
		opts.Sequence, _, _ = strings.Cut(rest, "/")
	}
	return r.client.Enqueue(ctx, req, opts)
}

// order enqueues in one transaction with a row of the application's, which sometimes is
// rolled back. While it is open, its key keeps others from the same reference.
func (r *replica) order(ctx context.Context, reference string) (op *client.Operation, err error) {
	err = pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		req, opts := invoiceOf(reference)
		opts.Within = r.store.Within(pgstore.Pgx(tx))
		if op, err = r.client.Enqueue(ctx, req, opts); err != nil {
			return err
		}
		if rand.N(10) == 0 {
			return errFailed
		}
		_, err := tx.Exec(ctx, "INSERT INTO orders SELECT $1 WHERE NOT EXISTS (SELECT FROM orders WHERE reference = $1)", reference)
		return err
	})
	return op, err
}

// invoiceOf is the request of a reference, under its own key.
func invoiceOf(reference string) (*http.Request, client.SubmitOptions) {
	req, err := http.NewRequest("POST", "/v2/customerinvoice?reference="+reference, strings.NewReader(invoice))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req, client.SubmitOptions{Key: reference, Kind: "invoice", Metadata: map[string]string{"reference": reference}}
}

// handle is the application's handler. It tells when it begins and right before it
// returns, by its standard output, which is there while the database is not.
func (r *replica) handle(ctx context.Context, done client.Completion) error {
	run := fmt.Sprintf("%s:%d", r.Name, r.runs.Add(1))
	say("begin", run, done.Ref, now())
	err := r.apply(ctx, done, run)
	verdict := "ok"
	if err != nil {
		verdict = err.Error()
	}
	say("end", run, now(), verdict)
	return err
}

// apply writes the effect, in one transaction with the end of the operation. Now and
// then it fails, before and after, or takes its time with the transaction open.
func (r *replica) apply(ctx context.Context, done client.Completion, run string) error {
	if done.Err != nil {
		return done.Err
	}
	pause := rand.N(40 * time.Millisecond)
	if rand.N(40) == 0 {
		pause = 2 * time.Second
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		return ctx.Err()
	}
	lie := rand.N(30) == 0 // an error, although it is committed
	err := pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO effects VALUES ($1, $2, $3)", done.Metadata["reference"], done.Ref, run); err != nil {
			return err
		}
		if rand.N(30) == 0 {
			return errFailed
		}
		if err := r.store.CompleteTx(ctx, pgstore.Pgx(tx), done.Lease); err != nil {
			return err
		}
		if rand.N(10) == 0 {
			time.Sleep(rand.N(300 * time.Millisecond))
		}
		return nil
	})
	if err == nil && lie {
		err = errFailed
	}
	return err
}
