//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

// shortLease is how long every lease lasts here, whatever the client asks for: a
// test cannot wait for half a minute.
const shortLease = 800 * time.Millisecond

// steps is a store whose every call has a point before and one after it, and
// whose leases are short.
type steps struct {
	store.Store
	fuse *fuse

	mu         sync.Mutex // guards the rest
	calls      map[string]int
	references map[string]string // of what was enqueued here, by ref
}

func newSteps(st store.Store, f *fuse) *steps {
	return &steps{Store: st, fuse: f, calls: make(map[string]int), references: make(map[string]string)}
}

// step passes the point before a call and returns what passes the one after. What
// is called about an operation of the outbox is counted for each.
func (s *steps) step(name, ref string) func() {
	name = strings.TrimPrefix(name, "store.")
	s.mu.Lock()
	if reference := s.references[ref]; reference != "" {
		name += "/" + reference
	}
	s.calls[name]++
	point := fmt.Sprintf("store/%s/%d", name, s.calls[name])
	s.mu.Unlock()
	s.fuse.pass(point + "/before")
	return func() { s.fuse.pass(point + "/after") }
}

func (s *steps) Create(ctx context.Context, rec store.Record, owner string, _ time.Duration) (store.Record, error) {
	defer s.step("Create", "")()
	return s.Store.Create(ctx, rec, owner, shortLease)
}

func (s *steps) Enqueue(ctx context.Context, rec store.Record, body []byte) (store.Record, error) {
	s.mu.Lock()
	s.references[rec.Ref] = rec.Metadata["reference"]
	s.mu.Unlock()
	defer s.step("Enqueue", rec.Ref)()
	return s.Store.Enqueue(ctx, rec, body)
}

func (s *steps) GetBody(ctx context.Context, tenant, ref string) ([]byte, error) {
	defer s.step("GetBody", ref)()
	return s.Store.GetBody(ctx, tenant, ref)
}

func (s *steps) Due(ctx context.Context, tenant string, q store.DueQuery) (store.DueList, error) {
	defer s.step("Due", "")()
	return s.Store.Due(ctx, tenant, q)
}

func (s *steps) Get(ctx context.Context, tenant, ref string) (store.Record, error) {
	defer s.step("Get", ref)()
	return s.Store.Get(ctx, tenant, ref)
}

func (s *steps) List(ctx context.Context, tenant string, q store.Query) ([]store.Record, error) {
	defer s.step("List", "")()
	return s.Store.List(ctx, tenant, q)
}

func (s *steps) Report(ctx context.Context, tenant, ref string, fact store.Fact) (store.Record, error) {
	defer s.step(fmt.Sprintf("%T", fact), ref)()
	return s.Store.Report(ctx, tenant, ref, fact)
}

func (s *steps) Notify(ctx context.Context, n store.Notification) (store.Receipt, error) {
	defer s.step("Notify", "")()
	return s.Store.Notify(ctx, n)
}

func (s *steps) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, _ time.Duration) (store.Lease, store.Record, error) {
	defer s.step("Acquire", ref)()
	return s.Store.Acquire(ctx, tenant, ref, owner, purpose, shortLease)
}

func (s *steps) Extend(ctx context.Context, l store.Lease, _ time.Duration) (store.Lease, error) {
	defer s.step("Extend", l.Ref)()
	return s.Store.Extend(ctx, l, shortLease)
}

func (s *steps) Release(ctx context.Context, l store.Lease) error {
	defer s.step("Release", l.Ref)()
	return s.Store.Release(ctx, l)
}

// Decide also tells what became of the decisions that end an operation.
func (s *steps) Decide(ctx context.Context, l store.Lease, d store.Decision) (store.Record, error) {
	defer s.step(fmt.Sprintf("%T", d), l.Ref)()
	rec, err := s.Store.Decide(ctx, l, d)
	switch d.(type) {
	case store.AcknowledgeDecision, store.DeadLetterDecision:
		verdict := "ok"
		if errors.Is(err, store.ErrFenced) {
			verdict = "fenced"
		} else if err != nil {
			verdict = "refused"
		}
		say("decided", l.Ref, now(), verdict)
	}
	return rec, err
}

func (s *steps) Watch(tenant string, refs ...string) *store.Watcher {
	defer s.step("Watch", "")()
	return s.Store.Watch(tenant, refs...)
}
