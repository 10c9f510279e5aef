package sqlitestore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/internal/lockfile"
	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// Store is a [store.Store] in an SQLite file. It is safe for concurrent use,
// by several processes of one machine. Make one with [Open].
type Store struct {
	store.UnimplementedStore

	cfg    Config
	hub    store.Hub
	locks  *lockfile.Dir  // of all who have the file open
	lock   *lockfile.Lock // held while this one lives; leases name it
	file   *sqlitefile.File
	writer *writer // used by the goroutine that writes

	gone     chan struct{} // closed by Close
	watching sync.WaitGroup
	active   atomic.Bool   // somebody watches
	toggle   chan struct{} // tells the watcher that active changed
	erased   atomic.Bool   // bodies were removed since the last purge: the log holds copies

	once     sync.Once
	closeErr error // read after once
}

var _ store.Store = (*Store)(nil)

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, rec store.Record, owner string, ttl time.Duration) (out store.Record, err error) {
	st := &step{run: func(t *tx, r store.Rules) (err error) {
		out, err = r.Create(rec, owner, ttl)
		if e := t.fillError(err); e != nil {
			return e
		}
		return err
	}}
	if rec.Supersedes == "" {
		// The common case needs nothing that is in the file, and the writer
		// has enough to do.
		if st.fresh, err = s.newFresh(&out, rec, owner, ttl); err != nil {
			return store.Record{}, err
		}
	}
	err = s.do(ctx, st)
	return out, err
}

// Report implements [store.Store]. An outcome that the ERP still has is lazy: see
// [LazyFor].
func (s *Store) Report(ctx context.Context, tenant, ref string, fact store.Fact) (out store.Record, err error) {
	st := &step{}
	if f, settled := fact.(store.SettledFact); settled && f.ID != "" && !f.ByUser {
		st.sync = sqlitefile.Soon
	}
	st.run = func(t *tx, r store.Rules) (err error) {
		if out, err = r.Report(tenant, ref, fact); st.sync != sqlitefile.AtOnce && !plainEnd(out, err, t.now) {
			st.sync = sqlitefile.AtOnce
		}
		return t.filled(&out, err)
	}
	err = s.do(ctx, st)
	return out, err
}

// erpKeeps is for how long after it was accepted the outcome of an operation can
// be had again: for half of the day for which the ERP keeps it at least.
const erpKeeps = 12 * time.Hour

// plainEnd reports whether what was recorded is no more than what the ERP will say
// again if it is lost.
func plainEnd(rec store.Record, err error, now time.Time) bool {
	return err == nil && rec.Phase == store.Settled && !rec.Late && rec.Conflicts == 0 && now.Sub(rec.AcceptedAt) < erpKeeps
}

// Decide implements [store.Store]. [store.AcknowledgeDecision] and
// [store.InterruptDecision] are lazy, and [store.RescheduleDecision] needs no
// sync: see [LazyFor].
func (s *Store) Decide(ctx context.Context, l store.Lease, d store.Decision) (store.Record, error) {
	lazy := sqlitefile.AtOnce
	switch d.(type) {
	case store.AcknowledgeDecision, store.InterruptDecision:
		lazy = sqlitefile.Soon
	case store.RescheduleDecision:
		lazy = sqlitefile.Whenever
	}
	return s.record(ctx, lazy, func(r store.Rules) (store.Record, error) { return r.Decide(l, d) })
}

// record runs a rule that returns a record.
func (s *Store) record(ctx context.Context, lazy sqlitefile.Sync, rule func(store.Rules) (store.Record, error)) (store.Record, error) {
	var out store.Record
	err := s.do(ctx, &step{sync: lazy, run: func(t *tx, r store.Rules) (err error) {
		out, err = rule(r)
		return t.filled(&out, err)
	}})
	return out, err
}

// Notify implements [store.Store].
func (s *Store) Notify(ctx context.Context, n store.Notification) (out store.Receipt, err error) {
	err = s.do(ctx, &step{once: recordjson.Quote(n.Body), run: func(_ *tx, r store.Rules) (err error) {
		out, err = r.Notify(n)
		return err
	}})
	if err != nil {
		return store.Receipt{}, err
	}
	return out, nil
}

// Acquire implements [store.Store]. The count of a run or a question is lazy: see
// [LazyFor].
func (s *Store) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (store.Lease, store.Record, error) {
	lazy := sqlitefile.Whenever
	if purpose == store.ToRun || purpose == store.ToResolve {
		lazy = sqlitefile.Soon
	}
	var l store.Lease
	rec, err := s.record(ctx, lazy, func(r store.Rules) (rec store.Record, err error) {
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
	err = s.do(ctx, &step{sync: sqlitefile.Whenever, run: func(_ *tx, r store.Rules) (err error) {
		out, err = r.Extend(l, ttl)
		return err
	}})
	if err != nil {
		return store.Lease{}, err
	}
	return out, nil
}

// Release implements [store.Store].
func (s *Store) Release(ctx context.Context, l store.Lease) error {
	return s.do(ctx, &step{sync: sqlitefile.Whenever, run: func(_ *tx, r store.Rules) error { return r.Release(l) }})
}

// Watch implements [store.Store]. Changes by other processes wake those whom
// they are about, within [PollInterval].
func (s *Store) Watch(tenant string, refs ...string) *store.Watcher {
	return s.hub.Watch(tenant, refs...)
}

// Close refuses further calls with [store.ErrClosed], carries out what already
// waits, syncs what is lazy, and returns when the goroutine that writes has
// ended. It is idempotent.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.gone)
		s.watching.Wait()
		s.closeErr = s.file.Close()
		s.hub.Close()
		_ = s.lock.Close()
	})
	return s.closeErr
}
