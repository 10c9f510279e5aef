package pgstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// step is one change. Its run may be called more than once, each time for a
// transaction of which nothing has become of the one before.
type step struct {
	ctx   context.Context
	run   func(*view, store.Rules) error
	needs needs
	fresh string            // the ref of a record that it makes, which is random and not looked for
	once  recordjson.Quoted // the body of a notification, if it is about one
	// lazy may be set if the change need not be on disk; run may take it back.
	lazy bool
	// out, if there is one, is a record that leaves the store with its content.
	out  *store.Record
	size int // bytes that it carries
	// instead, if set, is asked what the caller is told once the step has waited for a
	// lock for a while; errBlocked has it go on waiting.
	instead func() error

	taken atomic.Bool // by the writer, or by a caller who does not wait any more
	since time.Time
	waits time.Duration // the last wait for somebody else's lock
	tries int           // after a failure that may pass
	told  bool          // that it waits
	err   error
	done  chan struct{}
}

// needs are what a step is known to read, so that it is read for all steps of a group
// at once, and the names that nobody else may be about meanwhile: what is not there
// cannot be locked.
type needs struct {
	refs          []string
	ids           []string
	tenants, keys []string // pairs
	names         []int64
}

// name is the number under which something is locked that may not be there yet.
func (s *Store) name(parts ...string) int64 {
	h := sha256.New()
	for _, part := range append(parts, s.schema) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part)))
		h.Write([]byte(part))
	}
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

func (n *needs) ref(refs ...string) {
	for _, ref := range refs {
		if ref != "" && !slices.Contains(n.refs, ref) {
			n.refs = append(n.refs, ref)
		}
	}
}

// id is about an id that may become, or be, that of a record.
func (n *needs) id(s *Store, tenant, id string) {
	if id == "" {
		return
	}
	n.ids = append(n.ids, id)
	n.names = append(n.names, s.name("id", id))
	n.ref(store.UnmatchedRef(tenant, id), store.UnmatchedRef("", id))
}

// forNew are the needs of a new record.
func (s *Store) forNew(rec store.Record) (n needs) {
	n.ref(rec.Supersedes)
	if rec.Key != "" {
		n.tenants, n.keys = []string{rec.Tenant}, []string{rec.Key}
		n.names = append(n.names, s.name("key", rec.Tenant, rec.Key))
	}
	if rec.Sequence != "" {
		n.names = append(n.names, s.name("sequence", rec.Tenant, rec.Sequence))
	}
	return n
}

func (s *Store) forFact(tenant, ref string, fact store.Fact) (n needs) {
	n.ref(ref)
	if f, ok := fact.(store.AcceptedFact); ok {
		n.id(s, tenant, f.ID)
	}
	return n
}

func (s *Store) forNotification(m store.Notification) (n needs) {
	n.ref(m.Ref)
	if m.ID != "" {
		n.id(s, m.Tenant, m.ID)
		return n
	}
	sum := sha256.Sum256(m.Body)
	n.names = append(n.names, s.name("body", m.Tenant, string(sum[:])))
	return n
}

// do has a step carried out and waits for it. If ctx ends before its turn has come,
// nothing was changed; after that it is carried out.
func (s *Store) do(ctx context.Context, st *step) error {
	if ctx.Err() != nil { // else the writer might be as fast
		return context.Cause(ctx)
	}
	st.ctx, st.since, st.done = ctx, time.Now(), make(chan struct{})
	s.pending.Add(1)
	defer s.pending.Add(-1)
	if err := s.hand(st); err != nil {
		return err
	}
	select {
	case <-st.done:
		return st.err
	case <-ctx.Done():
	}
	if st.taken.CompareAndSwap(false, true) {
		return s.unavailable(context.Cause(ctx), st)
	}
	<-st.done
	return st.err
}

// hand gives a step to the writer.
func (s *Store) hand(st *step) error {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return store.ErrClosed
	}
	select {
	case s.steps <- st:
		return nil
	case <-st.ctx.Done():
		return context.Cause(st.ctx)
	}
}

// end tells the caller.
func (st *step) end(err error) {
	st.err = err
	close(st.done)
}

// change runs a rule that returns a record.
func (s *Store) change(ctx context.Context, st *step, rule func(store.Rules) (store.Record, error)) (out store.Record, err error) {
	st.out = &out
	st.run = func(_ *view, r store.Rules) (err error) {
		out, err = rule(r)
		return err
	}
	err = s.do(ctx, st)
	return out, err
}

// completed returns the record that leaves the store with a step, also that of an
// error, if its content has still to be read.
func (st *step) completed(err error) *store.Record {
	rec := st.out
	if held, ok := errors.AsType[*store.KeyHeldError](err); ok {
		rec = &held.Record
	}
	if rec == nil || !kept(rec) || isThere(rec) {
		return nil
	}
	return rec
}
