package pgstore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// Store is a [store.Store] in a PostgreSQL database. It is safe for concurrent use,
// by any number of processes on any number of machines. Make one with [Open].
type Store struct {
	store.UnimplementedStore

	cfg          Config
	schema       string // quoted
	channel      string
	sender       string // tells our notifications from those of others
	pool         *pgxpool.Pool
	listenConfig *pgx.ConnConfig
	hub          store.Hub
	texts        sync.Map // statements with the name of the schema

	steps   chan *step
	closing sync.RWMutex // guards closed
	closed  bool
	working sync.WaitGroup // the goroutine that writes
	groups  atomic.Int64   // that were carried out
	pending atomic.Int64   // steps whose callers wait
	delayed atomic.Int64   // of these, those that come again later
	failed  atomic.Pointer[failure]
	warned  sync.Map    // connections whose server has warned, by its process
	mute    atomic.Bool // the server takes no more notifications

	longWait, findOut time.Duration // tests change these before they use the store

	gone     chan struct{} // closed by Close
	watching sync.WaitGroup
	active   atomic.Bool   // somebody watches
	toggle   chan struct{} // tells the watcher that active changed
	heard    hearing

	once sync.Once
}

var _ store.Store = (*Store)(nil)

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, rec store.Record, owner string, ttl time.Duration) (store.Record, error) {
	st := &step{needs: s.forNew(rec), fresh: rec.Ref}
	return s.change(ctx, st, func(r store.Rules) (store.Record, error) { return r.Create(rec, owner, ttl) })
}

// Enqueue implements [store.Store].
func (s *Store) Enqueue(ctx context.Context, rec store.Record, body []byte) (store.Record, error) {
	st := &step{needs: s.forNew(rec), fresh: rec.Ref, size: len(body)}
	out, err := s.change(ctx, st, func(r store.Rules) (store.Record, error) { return r.Enqueue(rec, body) })
	if err != nil {
		return store.Record{}, err
	}
	return out, nil
}

// Report implements [store.Store]. It is strict: a fact that ends a lease must not be
// forgotten by the server while its holder remembers.
func (s *Store) Report(ctx context.Context, tenant, ref string, fact store.Fact) (store.Record, error) {
	st := &step{needs: s.forFact(tenant, ref, fact)}
	if f, ok := fact.(store.SettledFact); ok {
		st.size = len(f.Outcome.Content)
	}
	return s.change(ctx, st, func(r store.Rules) (store.Record, error) { return r.Report(tenant, ref, fact) })
}

// Decide implements [store.Store]. [store.AcknowledgeDecision] and
// [store.InterruptDecision] are lazy: see [LazyFor].
func (s *Store) Decide(ctx context.Context, l store.Lease, d store.Decision) (store.Record, error) {
	st := &step{}
	st.needs.ref(l.Ref)
	switch d.(type) {
	case store.AcknowledgeDecision, store.InterruptDecision:
		st.lazy = true
	}
	return s.change(ctx, st, func(r store.Rules) (store.Record, error) { return r.Decide(l, d) })
}

// Notify implements [store.Store].
func (s *Store) Notify(ctx context.Context, n store.Notification) (out store.Receipt, err error) {
	st := &step{needs: s.forNotification(n), once: recordjson.Quote(n.Body), size: len(n.Body)}
	st.run = func(_ *view, r store.Rules) (err error) {
		out, err = r.Notify(n)
		return err
	}
	if err := s.do(ctx, st); err != nil {
		return store.Receipt{}, err
	}
	return out, nil
}

// Acquire implements [store.Store]. A record that a transaction of the application holds
// by [Store.CompleteTx] counts as leased until that ends, also where its lease has
// ended meanwhile.
func (s *Store) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (l store.Lease, rec store.Record, err error) {
	st := &step{}
	st.needs.ref(ref)
	st.instead = func() error {
		leased, err := s.Get(ctx, tenant, ref)
		if err != nil || !leased.Lease.Valid(leased.UpdatedAt) {
			return errBlocked
		}
		*st.out = leased
		return store.ErrLeased
	}
	rec, err = s.change(ctx, st, func(r store.Rules) (rec store.Record, err error) {
		l, rec, err = r.Acquire(tenant, ref, owner, purpose, ttl)
		return rec, err
	})
	if err != nil {
		l = store.Lease{}
	}
	return l, rec, err
}

// Extend implements [store.Store].
func (s *Store) Extend(ctx context.Context, l store.Lease, ttl time.Duration) (out store.Lease, err error) {
	st := &step{run: func(_ *view, r store.Rules) (err error) {
		out, err = r.Extend(l, ttl)
		return err
	}}
	st.needs.ref(l.Ref)
	if err := s.do(ctx, st); err != nil {
		return store.Lease{}, err
	}
	return out, nil
}

// Release implements [store.Store].
func (s *Store) Release(ctx context.Context, l store.Lease) error {
	st := &step{run: func(_ *view, r store.Rules) error { return r.Release(l) }}
	st.needs.ref(l.Ref)
	return s.do(ctx, st)
}

// PutDocument implements [store.Store]. It is lazy: see [LazyFor].
func (s *Store) PutDocument(ctx context.Context, d store.Document) (out store.Document, err error) {
	st := &step{lazy: true, run: func(_ *view, r store.Rules) (err error) {
		out, err = r.PutDocument(d)
		return err
	}}
	st.needs.names = []int64{s.name("document", d.Tenant, d.Name)}
	if err = s.do(ctx, st); err == nil || err == store.ErrChanged {
		return out.Clone(), err
	}
	return store.Document{}, err
}

// Watch implements [store.Store]. Changes by other processes wake those whom they are
// about as soon as the server tells of them, and within [WakeWithin] where its
// notifications are lost.
func (s *Store) Watch(tenant string, refs ...string) *store.Watcher {
	return s.hub.Watch(tenant, refs...)
}

// WatchDocuments implements [store.Store].
func (s *Store) WatchDocuments(tenant string, names ...string) *store.Watcher {
	return s.hub.WatchDocuments(tenant, names...)
}

// closeTime is how long Close waits for the last sync.
const closeTime = 5 * time.Second

// Close refuses further calls with [store.ErrClosed], carries out what already
// waits, syncs what is lazy, and returns when the goroutines have ended. It is
// idempotent.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.closing.Lock()
		s.closed = true
		s.closing.Unlock()
		close(s.steps) // nobody hands any more
		s.working.Wait()
		close(s.gone)
		s.watching.Wait()
		s.hub.Close()
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		if s.groups.Load() > 0 {
			// What was committed before is in front of it in the server's log.
			if conn, err := s.acquire(ctx); err == nil {
				_ = s.strict(ctx, conn.Conn())
				conn.Release()
			}
		}
		s.pool.Close()
	})
	return nil
}
