// Package storetest checks that a [store.Store] keeps its promises. Every
// implementation of this module runs it; run it for your own as well:
//
//	func TestMyStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{Open: func(t *testing.T) store.Store { … }})
//	}
package storetest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/store"
)

// Harness tells the suite how to use an implementation.
type Harness struct {
	// Open returns an empty store. The suite closes it. Required.
	Open func(t *testing.T) store.Store
	// Bubble runs each test in a testing/synctest bubble, so that leases end
	// in virtual time. For implementations without sockets and without a
	// clock of their own.
	Bubble bool
	// Lease is how long the leases of the suite last; tests wait for some of
	// them to end. Default: a minute in a bubble, else 150 ms.
	Lease time.Duration
	// Share returns another handle on what a store keeps, as another process
	// has it. The suite does not close it. Without it the suite does not check
	// what one handle learns of the other.
	Share func(t *testing.T, s store.Store) store.Store
	// Ahead carries out a step on the store as a process does whose clock is
	// ahead by a time: the Tx of the rules tells that time as now. Without it
	// the suite does not check what becomes of such a process's leases and
	// plans.
	Ahead func(t *testing.T, s store.Store, by time.Duration, step func(store.Rules) error) error
}

// Run runs the whole suite, each promise as a subtest.
func Run(t *testing.T, h Harness) {
	if h.Lease == 0 {
		h.Lease = 150 * time.Millisecond
		if h.Bubble {
			h.Lease = time.Minute
		}
	}
	groups := [][]test{createTests, factTests, notifyTests, leaseTests, deliveryTests, watchTests, purgeTests, retentionTests, concurrencyTests}
	groups = append(groups, runTests, tenantTests, documentTests, listTests, toldTests, forgottenTests, unclearTests, boundTests, dueTests, epochTests, outboxTests, sequenceTests)
	if h.Ahead != nil {
		groups = append(groups, clockTests, documentClockTests)
	}
	for _, tt := range slices.Concat(groups...) {
		t.Run(tt.name, func(t *testing.T) {
			if h.Bubble {
				synctest.Test(t, func(t *testing.T) { runOne(t, h, tt) })
			} else {
				runOne(t, h, tt)
			}
		})
	}
}

func runOne(t *testing.T, h Harness, tt test) {
	s := h.Open(t)
	defer s.Close()
	tt.run(&env{T: t, Store: s, ctx: t.Context(), ttl: h.Lease, share: h.Share, aside: h.Ahead})
}

type test struct {
	name string
	run  func(*env)
}

// env is a test with its store and short hands that fail the test.
type env struct {
	*testing.T
	store.Store
	ctx context.Context
	ttl time.Duration
	n   int

	share func(*testing.T, store.Store) store.Store
	aside func(*testing.T, store.Store, time.Duration, func(store.Rules) error) error
}

const (
	tenant = "fjord"
	other  = "fjell"
	owner  = "replica-a"
	rival  = "replica-b"
	id1    = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"
	id2    = "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"
)

// fresh is a new record of the tenant with a ref of its own.
func (e *env) fresh(phase store.Phase) store.Record {
	e.n++
	return store.Record{
		Tenant: tenant, Ref: "ref-" + strconv.Itoa(e.n), Phase: phase,
		Method: "POST", Path: "/v2/customerinvoice", Notify: "subscription",
	}
}

func (e *env) create(rec store.Record) store.Record {
	e.Helper()
	out, err := e.Create(e.ctx, rec, owner, e.ttl)
	e.must(err)
	return out
}

// purge removes what ended before the time, and what is unmatched since before it.
func (e *env) purge(tenant string, before time.Time) (int, error) {
	out, err := e.Purge(e.ctx, tenant, store.Retention{Ended: before, Unmatched: before})
	return out.Total(), err
}

// sending creates a record that is being sent.
func (e *env) sending() store.Record {
	e.Helper()
	return e.create(e.fresh(store.Sending))
}

// accepted creates a record that was accepted under the id.
func (e *env) accepted(id string) store.Record {
	e.Helper()
	return e.report(e.sending(), store.AcceptedFact{ID: id, Source: store.FromAnswer})
}

// settled creates a record that ended with the status code.
func (e *env) settled(id string, code int) store.Record {
	e.Helper()
	return e.report(e.accepted(id), store.SettledFact{ID: id, Outcome: store.Outcome{Status: "Finished", StatusCode: code}})
}

func (e *env) report(rec store.Record, f store.Fact) store.Record {
	e.Helper()
	out, err := e.Report(e.ctx, rec.Tenant, rec.Ref, f)
	e.must(err)
	return out
}

func (e *env) acquire(rec store.Record, who string) store.Lease {
	e.Helper()
	l, _, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, who, store.ToPoll, e.ttl)
	e.must(err)
	return l
}

func (e *env) decide(l store.Lease, d store.Decision) store.Record {
	e.Helper()
	out, err := e.Decide(e.ctx, l, d)
	e.must(err)
	return out
}

// while is how long the leases last that a test takes to decide at once, so that
// they do not end by themselves on a busy machine.
const while = time.Minute

// choose takes the lease, decides and gives it back.
func (e *env) choose(rec store.Record, d store.Decision) store.Record {
	e.Helper()
	l, _, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToPoll, while)
	e.must(err)
	out := e.decide(l, d)
	e.must(e.Release(e.ctx, l))
	return out
}

// begin takes the lease and begins a run of the handler.
func (e *env) begin(rec store.Record, who string) (store.Lease, store.Record) {
	e.Helper()
	l, out, err := e.Store.Acquire(e.ctx, rec.Tenant, rec.Ref, who, store.ToRun, e.ttl)
	e.must(err)
	return l, out
}

// ran begins a run of the handler and decides what follows from it.
func (e *env) ran(rec store.Record, d store.Decision) store.Record {
	e.Helper()
	l, _, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToRun, while)
	e.must(err)
	return e.decide(l, d)
}

func (e *env) notify(n store.Notification) store.Receipt {
	e.Helper()
	r, err := e.Notify(e.ctx, n)
	e.must(err)
	return r
}

func (e *env) get(rec store.Record) store.Record {
	e.Helper()
	out, err := e.Get(e.ctx, rec.Tenant, rec.Ref)
	e.must(err)
	return out
}

// lapse waits until every lease given so far has ended.
func (e *env) lapse() { time.Sleep(e.ttl + e.ttl/10) }

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("unexpected error: %v", err)
	}
}

func (e *env) wantErr(got, want error) {
	e.Helper()
	if !errors.Is(got, want) {
		e.Fatalf("got error %v, want %v", got, want)
	}
}

func (e *env) wantPhase(rec store.Record, want store.Phase) {
	e.Helper()
	if rec.Phase != want {
		e.Fatalf("phase of %s: got %s (%s), want %s", rec.Ref, rec.Phase, rec.Reason, want)
	}
}

func (e *env) wantConflict(err error) {
	e.Helper()
	if _, ok := errors.AsType[*store.ConflictError](err); !ok {
		e.Fatalf("got error %v, want a *store.ConflictError", err)
	}
}

func (e *env) wantPhaseError(err error) {
	e.Helper()
	if _, ok := errors.AsType[*store.PhaseError](err); !ok {
		e.Fatalf("got error %v, want a *store.PhaseError", err)
	}
}
