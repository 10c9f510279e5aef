// Package faultstore has a store for tests that fails, or answers late, when a
// test wants it.
package faultstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

// Always is a number of calls: all until the next Fail.
const Always = -1

// patience is how many calls a test may make between two Fails.
const patience = 20_000

// errPatience says that a test asks the store without end.
var errPatience = errors.New("faultstore: very many calls")

// Store is a store whose methods fail as often as they are told to. After that
// they work again, and after very many calls all of them fail: who asks without
// end fails its test and does not hang it. It is safe for concurrent use.
type Store struct {
	store.Store

	mu     sync.Mutex // guards the rest
	faults map[string]fault
	late   map[string]time.Duration
	calls  map[string]int // since the last Fail
	made   int            // of them in all
}

type fault struct {
	err  error
	left int
}

// New returns a store that hands all calls on.
func New(st store.Store) *Store {
	return &Store{Store: st, faults: make(map[string]fault), late: make(map[string]time.Duration), calls: make(map[string]int)}
}

// NewMemory returns a store in memory.
func NewMemory() *Store { return New(store.NewMemory(store.MemoryConfig{})) }

// Fail has the next n calls of a method fail, or all with [Always], or none with
// 0. It counts calls anew.
func (s *Store) Fail(method string, n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = fault{err, n}
	clear(s.calls)
	s.made = 0
}

// Late has a method answer after a time, when its work is done.
func (s *Store) Late(method string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late[method] = d
}

// Made returns how many calls there were since the last Fail, of whatever method.
func (s *Store) Made() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// Calls is Made for one method.
func (s *Store) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// Call counts a call of a method and returns the error that it is to fail with.
// Who wraps a Store calls it where it does not hand the call on.
func (s *Store) Call(method string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[method]++
	if s.made++; s.made > patience {
		return errPatience
	}
	f := s.faults[method]
	if f.left == 0 {
		return nil
	}
	if f.left > 0 {
		f.left--
		s.faults[method] = f
	}
	return f.err
}

// answered returns when a call of a method has been answered.
func (s *Store) answered(method string) {
	s.mu.Lock()
	d := s.late[method]
	s.mu.Unlock()
	if d > 0 {
		time.Sleep(d)
	}
}

// do makes a call.
func do[T any](s *Store, method string, f func() (T, error)) (T, error) {
	if err := s.Call(method); err != nil {
		var none T
		return none, err
	}
	defer s.answered(method)
	return f()
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, rec store.Record, owner string, ttl time.Duration) (store.Record, error) {
	return do(s, "Create", func() (store.Record, error) { return s.Store.Create(ctx, rec, owner, ttl) })
}

// Enqueue implements [store.Store].
func (s *Store) Enqueue(ctx context.Context, rec store.Record, body []byte) (store.Record, error) {
	return do(s, "Enqueue", func() (store.Record, error) { return s.Store.Enqueue(ctx, rec, body) })
}

// GetBody implements [store.Store].
func (s *Store) GetBody(ctx context.Context, tenant, ref string) ([]byte, error) {
	return do(s, "GetBody", func() ([]byte, error) { return s.Store.GetBody(ctx, tenant, ref) })
}

// GetSequence implements [store.Store].
func (s *Store) GetSequence(ctx context.Context, tenant, name string) (store.Sequence, error) {
	return do(s, "GetSequence", func() (store.Sequence, error) { return s.Store.GetSequence(ctx, tenant, name) })
}

// Sequences implements [store.Store].
func (s *Store) Sequences(ctx context.Context, tenant string, q store.SequenceQuery) ([]store.Sequence, error) {
	return do(s, "Sequences", func() ([]store.Sequence, error) { return s.Store.Sequences(ctx, tenant, q) })
}

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, tenant, ref string) (store.Record, error) {
	return do(s, "Get", func() (store.Record, error) { return s.Store.Get(ctx, tenant, ref) })
}

// List implements [store.Store].
func (s *Store) List(ctx context.Context, tenant string, q store.Query) ([]store.Record, error) {
	return do(s, "List", func() ([]store.Record, error) { return s.Store.List(ctx, tenant, q) })
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, tenant string, q store.Query) (int, error) {
	return do(s, "Count", func() (int, error) { return s.Store.Count(ctx, tenant, q) })
}

// Report implements [store.Store].
func (s *Store) Report(ctx context.Context, tenant, ref string, fact store.Fact) (store.Record, error) {
	return do(s, "Report", func() (store.Record, error) { return s.Store.Report(ctx, tenant, ref, fact) })
}

// Acquire implements [store.Store].
func (s *Store) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (store.Lease, store.Record, error) {
	if err := s.Call("Acquire"); err != nil {
		return store.Lease{}, store.Record{}, err
	}
	defer s.answered("Acquire")
	return s.Store.Acquire(ctx, tenant, ref, owner, purpose, ttl)
}

// Extend implements [store.Store].
func (s *Store) Extend(ctx context.Context, l store.Lease, ttl time.Duration) (store.Lease, error) {
	return do(s, "Extend", func() (store.Lease, error) { return s.Store.Extend(ctx, l, ttl) })
}

// Decide implements [store.Store].
func (s *Store) Decide(ctx context.Context, l store.Lease, d store.Decision) (store.Record, error) {
	return do(s, "Decide", func() (store.Record, error) { return s.Store.Decide(ctx, l, d) })
}

// GetDocument implements [store.Store].
func (s *Store) GetDocument(ctx context.Context, tenant, name string) (store.Document, error) {
	return do(s, "GetDocument", func() (store.Document, error) { return s.Store.GetDocument(ctx, tenant, name) })
}

// PutDocument implements [store.Store].
func (s *Store) PutDocument(ctx context.Context, d store.Document) (store.Document, error) {
	return do(s, "PutDocument", func() (store.Document, error) { return s.Store.PutDocument(ctx, d) })
}
