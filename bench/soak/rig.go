package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

const (
	signingKey = "a key of more than 16 bytes"
	capability = "a secret of more than 16 bytes"
	tenant     = "soak"
	hookPath   = "/webhooks/erp"
	kindRun    = "run"
	// callers is how many operations a rig has under way.
	callers = 48
)

// A rig is a client and a receiver on a store, and the traffic through them.
type rig struct {
	name string
	seed uint64
	keep time.Duration // of results by the mock
	st   store.Store
	c    *client.Client
	http *http.Client // of calls in the foreground, faults included
	base string
	hook string // where the mock finds the receiver

	ops    atomic.Int64 // that were begun
	filled int64        // of them by fill
	done, refused, left, given, expired,
	submitted, handled atomic.Int64

	stop context.CancelFunc // of what runs beside the traffic
	runs sync.WaitGroup
	rcv  *receiver.Receiver
}

// newReceiver makes the handler that the mock notifies.
func newReceiver(st store.Store) (*receiver.Receiver, http.Handler, error) {
	rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{signingKey}, CapabilitySecrets: []string{capability}})
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	rcv.Register(mux, hookPath)
	rcv.Handle(func(context.Context, receiver.Notification) error { return nil })
	return rcv, mux, nil
}

// start completes a rig whose store, receiver, base, hook and http are there.
func (r *rig) start(ctx context.Context) error {
	c, err := client.New(client.Config{
		BaseURL: r.base, HTTPClient: r.http, Store: r.st, Tenant: tenant, Notify: client.Subscription(),
		Schedule:    func(client.PollInfo) time.Duration { return 500 * time.Millisecond }, // well within the retention
		CallTimeout: 5 * time.Second, KeepRecords: time.Second,
		OnComplete: map[string]client.Handler{kindRun: func(context.Context, client.Completion) error {
			r.handled.Add(1)
			return nil
		}},
	})
	if err != nil {
		return err
	}
	r.c = c
	ctx, r.stop = context.WithCancel(ctx)
	r.runs.Go(func() { _ = c.Run(ctx) })
	r.runs.Go(func() { _ = r.rcv.Run(ctx) })
	r.runs.Go(func() { r.sweep(ctx) })
	return nil
}

// end stops what runs; the store is closed by who opened it.
func (r *rig) end() error {
	r.stop()
	r.runs.Wait()
	r.http.CloseIdleConnections()
	return r.c.Close()
}

// drive sends operations until ctx ends, at a rate, or as fast as they go if
// that is 0. Those under way at the end are ended. It returns how many a second
// were begun.
func (r *rig) drive(ctx context.Context, rate float64) (perSecond float64) {
	begun, first := time.Now(), r.ops.Load()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := r.ops.Add(1)
				if rate > 0 {
					at := begun.Add(time.Duration(float64(n-first) / rate * float64(time.Second)))
					select {
					case <-ctx.Done():
						return
					case <-time.After(time.Until(at)):
					}
				}
				r.one(context.WithoutCancel(ctx), n)
			}
		})
	}
	<-ctx.Done()
	perSecond = float64(r.ops.Load()-first) / time.Since(begun).Seconds()
	wg.Wait()
	return perSecond
}

// one is one operation, or one call in the foreground.
func (r *rig) one(ctx context.Context, n int64) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	rng := rand.New(rand.NewPCG(r.seed, uint64(n)))
	path := fmt.Sprintf("/v1/customerinvoice/%06d", 3529+rng.IntN(20)) // some are released and refuse changes
	switch kind := rng.IntN(10); kind {
	case 0:
		r.foreground(ctx, path)
	case 1:
		r.do(ctx, path)
	default:
		opts := client.SubmitOptions{}
		if kind < 4 {
			opts.Kind = kindRun
		}
		if kind%2 == 0 {
			opts.Notify = client.WebhookURL(r.hook, capability)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, path, strings.NewReader(fmt.Sprintf(`{"note":{"value":"soak-%d"}}`, n)))
		if err != nil {
			panic(err) // of constants
		}
		r.submit(ctx, req, opts)
	}
}

func (r *rig) foreground(ctx context.Context, path string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		panic(err)
	}
	if resp, err := r.http.Do(req); err == nil { // or a fault
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

func (r *rig) do(ctx context.Context, path string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		panic(err)
	}
	resp, err := r.c.Do(req)
	if err != nil {
		r.refused.Add(1)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	r.done.Add(1)
}

func (r *rig) submit(ctx context.Context, req *http.Request, opts client.SubmitOptions) {
	op, _ := r.c.Submit(ctx, req, opts) // with an operation an error says that it is uncertain
	if op == nil {
		r.refused.Add(1)
		return
	}
	if opts.Kind == kindRun {
		r.submitted.Add(1)
		return // Run ends it, or the sweep
	}
	wait, cancel := context.WithTimeout(ctx, 2*r.keep)
	defer cancel()
	res, err := op.Wait(wait)
	switch {
	case res != nil:
		r.done.Add(1)
		_ = op.Ack(ctx) // or the sweep does
	case errors.Is(err, client.ErrExpired):
		_ = op.Ack(ctx)
	default:
		r.left.Add(1) // to the sweep
	}
}

// sweep is the person who looks after what cannot end by itself here: it gives
// up what stays uncertain, and tells of what the mock has forgotten that the
// ERP has, long before the day is over that the client would wait. And it
// purges, for which the client takes its time.
func (r *rig) sweep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Second):
		}
		r.tidy(ctx, store.Uncertain, 3*time.Second, store.AbandonDecision{Reason: "soak"}, &r.given)
		r.tidy(ctx, store.Accepted, 2*r.keep, store.ExpireDecision{Reason: "soak"}, &r.expired)
		r.tidy(ctx, store.Settled, 2*r.keep, store.AcknowledgeDecision{}, nil)
		r.tidy(ctx, store.Expired, 2*r.keep, store.AcknowledgeDecision{}, nil)
		now := time.Now()
		_, _ = r.st.Purge(ctx, store.AnyTenant, store.Retention{Ended: now.Add(-time.Second), Unmatched: now.Add(-2 * r.keep)})
	}
}

func (r *rig) tidy(ctx context.Context, phase store.Phase, age time.Duration, d store.Decision, count *atomic.Int64) {
	q := store.Query{Phases: []store.Phase{phase}, Limit: 500}
	for {
		page, err := r.st.List(ctx, tenant, q)
		if err != nil || len(page) == 0 {
			return
		}
		for _, rec := range page {
			q.After = rec.Position()
			changed := rec.UpdatedAt
			if phase == store.Accepted {
				changed = rec.AcceptedAt // every poll updates the record
			}
			if time.Since(changed) < age/4 || time.Since(rec.CreatedAt) < age {
				continue
			}
			l, _, err := r.st.Acquire(ctx, tenant, rec.Ref, "sweep", store.ToPoll, 5*time.Second)
			if err != nil {
				continue
			}
			if _, err := r.st.Decide(ctx, l, d); err == nil && count != nil {
				count.Add(1)
			}
		}
	}
}

// open counts what has not ended.
func (r *rig) open(ctx context.Context) (int, error) {
	return r.st.Count(ctx, tenant, store.Query{Phases: []store.Phase{
		store.Sending, store.Uncertain, store.Accepted, store.Settled, store.Expired,
	}})
}

func (r *rig) String() string {
	return fmt.Sprintf("%s: %d begun, %d waited for and done, %d refused, %d not waited for to the end, %d left to Run, %d handled, %d uncertain given up, %d not read in time",
		r.name, r.ops.Load(), r.done.Load(), r.refused.Load(), r.left.Load(), r.submitted.Load(), r.handled.Load(), r.given.Load(), r.expired.Load())
}
