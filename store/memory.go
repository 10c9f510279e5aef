package store

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/vismanet-go/background/store/internal/ordered"
)

// Memory keeps records in memory: for tests, and for programs that may lose
// what is pending when they end. It is safe for concurrent use and starts no
// goroutine. Make one with [NewMemory].
type Memory struct {
	UnimplementedStore

	hub  Hub
	keep time.Duration

	mu         sync.Mutex // guards the rest
	closed     bool
	rows       map[string]*row // by ref
	groups     map[phased]*group
	ids        map[string]*row      // by id, the first of those that have it
	keys       map[tenantKey]*row   // by key held
	tombstones map[string]Tombstone // by ref
	keysGone   map[tenantKey]string // ref by key
	keyed      map[string][]string  // by tenant: refs of tombstones that had a key, oldest first
	gone       []string             // refs of tombstones without a key, oldest first
	ended      []string             // refs in the order in which they ended, for dropping
	documents  map[tenantKey]Document
	bodies     map[string][]byte // by ref
	lines      map[tenantKey]*line
	waiting    map[string]*ordered.Set[*line] // by tenant: those in which something waits, by name
	tx         memoryTx                       // of the step in progress
}

// maxGone bounds the tombstones that only tell a late notification that its
// operation is purged. Those that hold a key stay.
const maxGone = 1 << 16

type tenantKey struct{ tenant, key string }

// MemoryConfig configures a [Memory]. Its zero value means the defaults.
type MemoryConfig struct {
	// Keep is how long a record stays after it ended, also if nobody has
	// acknowledged it. Older ones are removed as new records come; their keys
	// stay as tombstones, and so do the refs of the last 65 536 that have no
	// key. Default: 24 h, which is how long the ERP keeps answers.
	Keep time.Duration
}

// NewMemory returns an empty store.
func NewMemory(cfg MemoryConfig) *Memory {
	m := &Memory{
		keep:       cmp.Or(cfg.Keep, 24*time.Hour),
		rows:       make(map[string]*row),
		groups:     make(map[phased]*group),
		ids:        make(map[string]*row),
		keys:       make(map[tenantKey]*row),
		tombstones: make(map[string]Tombstone),
		keysGone:   make(map[tenantKey]string),
		keyed:      make(map[string][]string),
		documents:  make(map[tenantKey]Document),
		bodies:     make(map[string][]byte),
		lines:      make(map[tenantKey]*line),
		waiting:    make(map[string]*ordered.Set[*line]),
	}
	m.tx.m = m
	return m
}

// memoryTx is a step, one after the other. It collects whom to wake.
type memoryTx struct {
	UnimplementedTx

	m         *Memory
	woke      []woken
	documents []tenantKey
}

// woken is a record whose watchers are woken after the step.
type woken struct{ tenant, ref string }

// step runs f as one atomic step and publishes what it changed.
func (m *Memory) step(ctx context.Context, f func(Rules) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	tx := &m.tx
	tx.woke, tx.documents = tx.woke[:0], tx.documents[:0]
	err := f(Rules{Tx: tx})
	for _, w := range tx.woke {
		m.hub.Publish(w.tenant, w.ref)
	}
	for _, d := range tx.documents {
		m.hub.Publish(DocumentTenant(d.tenant), d.key)
	}
	return err
}

// Create implements [Store].
func (m *Memory) Create(ctx context.Context, rec Record, owner string, ttl time.Duration) (out Record, err error) {
	err = m.step(ctx, func(r Rules) error {
		if err := m.drop(r); err != nil {
			return err
		}
		out, err = r.Create(rec.Clone(), owner, ttl)
		return err
	})
	return out, err
}

// Get implements [Store].
func (m *Memory) Get(ctx context.Context, tenant, ref string) (Record, error) {
	return m.find(ctx, CheckAnyTenant(tenant), func(tx Tx) (Record, bool, error) { return tx.Get(tenant, ref) })
}

// GetByID implements [Store].
func (m *Memory) GetByID(ctx context.Context, tenant, id string) (Record, error) {
	return m.find(ctx, CheckAnyTenant(tenant), func(tx Tx) (Record, bool, error) { return tx.GetByID(tenant, id) })
}

// GetByKey implements [Store].
func (m *Memory) GetByKey(ctx context.Context, tenant, key string) (Record, error) {
	return m.find(ctx, CheckTenant(tenant), func(tx Tx) (Record, bool, error) { return tx.GetByKey(tenant, key) })
}

// find reads one record as it reads now, unless its tenant was refused.
func (m *Memory) find(ctx context.Context, refused error, get func(Tx) (Record, bool, error)) (out Record, err error) {
	if refused != nil {
		return Record{}, refused
	}
	err = m.step(ctx, func(r Rules) error {
		rec, ok, err := get(r.Tx)
		if err == nil && !ok {
			err = ErrNotFound
		}
		out = rec.At(r.Tx.Now())
		return err
	})
	return out, err
}

// Report implements [Store].
func (m *Memory) Report(ctx context.Context, tenant, ref string, fact Fact) (out Record, err error) {
	err = m.step(ctx, func(r Rules) error {
		out, err = r.Report(tenant, ref, fact)
		return err
	})
	return out, err
}

// Notify implements [Store].
func (m *Memory) Notify(ctx context.Context, n Notification) (out Receipt, err error) {
	err = m.step(ctx, func(r Rules) error {
		if err := m.drop(r); err != nil {
			return err
		}
		out, err = r.Notify(n.Clone())
		return err
	})
	return out, err
}

// Acquire implements [Store].
func (m *Memory) Acquire(ctx context.Context, tenant, ref, owner string, purpose Purpose, ttl time.Duration) (l Lease, out Record, err error) {
	err = m.step(ctx, func(r Rules) error {
		l, out, err = r.Acquire(tenant, ref, owner, purpose, ttl)
		return err
	})
	return l, out, err
}

// Extend implements [Store].
func (m *Memory) Extend(ctx context.Context, l Lease, ttl time.Duration) (out Lease, err error) {
	err = m.step(ctx, func(r Rules) error {
		out, err = r.Extend(l, ttl)
		return err
	})
	return out, err
}

// Release implements [Store].
func (m *Memory) Release(ctx context.Context, l Lease) error {
	return m.step(ctx, func(r Rules) error { return r.Release(l) })
}

// Decide implements [Store].
func (m *Memory) Decide(ctx context.Context, l Lease, d Decision) (out Record, err error) {
	err = m.step(ctx, func(r Rules) error {
		out, err = r.Decide(l, d)
		return err
	})
	return out, err
}

// Watch implements [Store].
func (m *Memory) Watch(tenant string, refs ...string) *Watcher { return m.hub.Watch(tenant, refs...) }

// GetDocument implements [Store].
func (m *Memory) GetDocument(ctx context.Context, tenant, name string) (out Document, err error) {
	err = m.step(ctx, func(r Rules) error {
		out, err = r.GetDocument(tenant, name)
		return err
	})
	return out, err
}

// PutDocument implements [Store].
func (m *Memory) PutDocument(ctx context.Context, d Document) (out Document, err error) {
	err = m.step(ctx, func(r Rules) error {
		out, err = r.PutDocument(d)
		return err
	})
	return out.Clone(), err
}

// WatchDocuments implements [Store].
func (m *Memory) WatchDocuments(tenant string, names ...string) *Watcher {
	return m.hub.WatchDocuments(tenant, names...)
}

// Close implements [Store].
func (m *Memory) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.hub.Close()
	return nil
}

// drop removes what ended long ago, a little at a time, so that a program
// that never purges and never acknowledges stays bounded.
func (m *Memory) drop(r Rules) error {
	before := r.Tx.Now().Add(-m.keep)
	for range min(4, len(m.ended)) {
		ref := m.ended[0]
		var rec Record
		if w := m.rows[ref]; w != nil {
			rec = w.record()
		}
		at, over := ended(rec)
		if over && !at.Before(before) {
			return nil
		}
		m.ended = m.ended[1:]
		if !over {
			continue // gone, or alive again
		}
		awaited, err := r.awaited(rec)
		if err != nil {
			return err
		}
		if awaited {
			m.ended = append(m.ended, ref) // until its sequence has passed it
			continue
		}
		if err := r.remove(rec); err != nil {
			return err
		}
	}
	return nil
}

// ended reports whether nothing more happens to a record by itself, and since
// when.
func ended(rec Record) (time.Time, bool) {
	if rec.Tenant == DeliveryTenant {
		return time.Time{}, false
	}
	switch rec.Phase {
	case Acknowledged, Rejected, Expired, Abandoned, Dead:
		return rec.EndedAt, true
	case Settled:
		return rec.SettledAt, true
	case Unmatched:
		return rec.CreatedAt, true
	}
	return time.Time{}, false
}
