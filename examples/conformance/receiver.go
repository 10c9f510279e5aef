package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/vismanet-go/background/store"
)

// aReceiver is a receiver alone, with the store that it writes to.
type aReceiver struct {
	http.Handler
	store *faultyStore
}

// A faultyStore is a store that fails when it is told to.
type faultyStore struct {
	store.Store
	fails atomic.Bool
}

// Notify implements [store.Store].
func (s *faultyStore) Notify(ctx context.Context, n store.Notification) (store.Receipt, error) {
	if s.fails.Load() {
		return store.Receipt{}, errors.New("the disk is full")
	}
	return s.Store.Notify(ctx, n)
}

func newReceiver(env environment) (*aReceiver, error) {
	st, err := openStore(env)
	if err != nil {
		return nil, err
	}
	faulty := &faultyStore{Store: st}
	handler, err := newHandler(env, faulty)
	if err != nil {
		return nil, err
	}
	return &aReceiver{handler, faulty}, nil
}

func (r *aReceiver) close() error { return r.store.Close() }

func (r *aReceiver) do(s step) (answer, error) {
	switch s.Do {
	case "list":
		return r.list()
	case "store":
		r.store.fails.Store(!s.Works)
		return answer{}, nil
	}
	return answer{}, fmt.Errorf("there is no step %q", s.Do)
}

// list reads what is stored of operations that nobody submitted here.
func (r *aReceiver) list() (answer, error) {
	recs, err := r.store.List(context.Background(), store.NoTenant, store.Query{Phases: []store.Phase{store.Unmatched}, Limit: 1000})
	a := answer{Notifications: []notification{}}
	for _, rec := range recs {
		a.Notifications = append(a.Notifications, notification{rec.ID})
	}
	return a, err
}
