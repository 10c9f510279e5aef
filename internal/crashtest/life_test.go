//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// app is the application in a child.
type app struct {
	orders
	scenario
	fuse   *fuse
	store  *sqlitestore.Store
	client *client.Client
	ledger *os.File
}

func storePath(dir string) string  { return filepath.Join(dir, "background.db") }
func ledgerPath(dir string) string { return filepath.Join(dir, "ledger") }

// newApp opens what an application needs; close ends it well.
func newApp(ctx context.Context, o orders) (a *app, close func() error, err error) {
	a = &app{orders: o, scenario: scenarios[o.Scenario], fuse: &fuse{mode: o.Mode, point: o.Point}}
	a.fuse.pass("code/begun")
	if a.ledger, err = os.OpenFile(ledgerPath(o.Dir), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, nil, err
	}
	if a.store, err = sqlitestore.Open(ctx, sqlitestore.Config{Path: storePath(o.Dir), BusyTimeout: patience}); err != nil {
		return nil, nil, err
	}
	a.fuse.pass("code/opened")
	st := newSteps(a.store, a.fuse)
	cfg := a.config(o, st, newWire(a.fuse))
	if a.handlers {
		cfg.OnComplete = map[string]client.Handler{"invoice": a.handle}
	}
	if a.client, err = client.New(cfg); err != nil {
		return nil, nil, err
	}
	a.fuse.pass("code/made")
	srv := &http.Server{ReadHeaderTimeout: time.Minute}
	if a.notify != "" && (a.receiver || o.Role == "heir") {
		if err := a.listen(st, srv); err != nil {
			return nil, nil, err
		}
		a.fuse.pass("code/listening")
	}
	return a, func() error {
		err := a.client.Close()
		a.fuse.pass("code/client-closed")
		return errors.Join(err, srv.Close(), a.store.Close(), a.ledger.Close())
	}, nil
}

// listen mounts a receiver on the listener that the parent left.
func (a *app) listen(st store.Store, srv *http.Server) error {
	rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{signingKey}, CapabilitySecrets: []string{secret}})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	rcv.Register(mux, hookPath)
	srv.Handler = mux
	l, err := net.FileListener(os.NewFile(3, "hook"))
	if err != nil {
		return err
	}
	go func() { _ = srv.Serve(l) }()
	return nil
}

// handle is the application's handler.
func (a *app) handle(ctx context.Context, done client.Completion) error {
	a.fuse.pass("code/handling")
	use := func() error { return a.use(ctx, done.Result, done.Err) }
	if a.outbox {
		use = func() error { return a.note(ctx, done) }
	}
	err := use()
	a.fuse.pass("code/used")
	return err
}

// use is the effect of an operation: a line in the ledger.
func (a *app) use(ctx context.Context, res *client.Result, err error) error {
	if err != nil {
		return fmt.Errorf("use: %w", err)
	}
	content, err := res.Bytes(ctx)
	if err != nil {
		return fmt.Errorf("use: %w", err)
	}
	_, err = a.ledger.WriteString(outcome(res.ID, res.StatusCode, res.Header.Get("Location"), content) + "\n")
	return err
}

// submit makes the request as any application would.
func (a *app) submit(ctx context.Context) (*client.Operation, error) {
	op, err := a.client.Submit(ctx, a.request(), a.options())
	if _, unclear := errors.AsType[*client.UncertainError](err); unclear {
		say("submitted", op.Ref(), "uncertain")
		return op, nil
	}
	if err != nil {
		return nil, err
	}
	say("submitted", op.Ref(), "as", op.ID())
	return op, nil
}

// live is the process that is killed or stopped somewhere.
func live(o orders) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a, end, err := newApp(ctx, o)
	if err != nil {
		return err
	}
	if a.outbox {
		if err = a.handOver(ctx); err == nil {
			err = end()
		}
		a.fuse.pass("code/ended")
		return err
	}
	op, err := a.submit(ctx)
	if err != nil {
		return err
	}
	a.fuse.pass("code/submitted")
	if a.handlers {
		err = a.runUntil(ctx, op.Ref(), store.Acknowledged)
		a.fuse.pass("code/handled")
	} else {
		err = a.waitAndAck(ctx, op)
	}
	if err == nil {
		err = end()
	}
	a.fuse.pass("code/ended")
	return err
}

func (a *app) waitAndAck(ctx context.Context, op *client.Operation) error {
	res, err := op.Wait(ctx)
	a.fuse.pass("code/waited")
	if err = a.use(ctx, res, err); err != nil {
		return err
	}
	a.fuse.pass("code/used")
	err = op.Ack(ctx)
	a.fuse.pass("code/acknowledged")
	return err
}

// runUntil runs the handlers until the operation is in the phase. It asks
// past the points, because nobody knows how often it has to.
func (a *app) runUntil(ctx context.Context, ref string, phase store.Phase) error {
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.client.Run(run) }()
	err := a.await(ctx, ref, phase)
	stop()
	return errors.Join(err, <-ended)
}

func (a *app) await(ctx context.Context, ref string, phase store.Phase) error {
	for {
		rec, err := a.store.Get(ctx, tenant, ref)
		if err != nil || rec.Phase == phase {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is %s, want %s: %w", ref, rec.Phase, phase, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
