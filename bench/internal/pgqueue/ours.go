package pgqueue

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/vismanet-go/background/bench/internal/contender"
	"github.com/vismanet-go/background/bench/internal/memerp"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/pgstore"
)

// OpenStore opens one with its defaults, that says nothing.
func OpenStore(ctx context.Context, dsn string) (*pgstore.Store, error) {
	return pgstore.Open(ctx, pgstore.Config{DSN: dsn, MaxUnmatched: math.MaxInt32, Logger: silent()})
}

// Create stores what the client stores before it sends.
func Create() Kind {
	return Kind{Name: "client: record stored before it is sent", AcceptsOnly: true, Open: func(ctx context.Context, dsn string, _ func(int)) (Queue, error) {
		st, err := OpenStore(ctx, dsn)
		return &created{stored{st}}, err
	}}
}

// stored is a queue that is a store.
type stored struct{ st *pgstore.Store }

// Left counts what is not acknowledged.
func (q stored) Left(ctx context.Context) (int, error) {
	return q.st.Count(ctx, sample.Tenant, store.Query{Phases: []store.Phase{
		store.Queued, store.Sending, store.Uncertain, store.Accepted, store.Settled, store.Dead, store.Unclear, store.Expired,
	}})
}

func (q stored) Close() error { return q.st.Close() }

type created struct{ stored }

func (q *created) Accept(ctx context.Context, n int) error {
	_, err := q.st.Create(ctx, sample.Record(n), "bench", time.Minute)
	return err
}

// Receive has the receiver store notifications of operations that wait for
// them. Whoever is to handle them watches the operations in its own store.
func Receive() Kind {
	return Kind{Name: "receiver: notification stored", Open: func(ctx context.Context, dsn string, handle func(int)) (Queue, error) {
		st, err := OpenStore(ctx, dsn)
		if err != nil {
			return nil, err
		}
		rcv, err := sample.Receiver(st)
		if err != nil {
			return nil, errors.Join(err, st.Close())
		}
		q := &received{stored: stored{st}, rcv: rcv, waits: make(map[string]int)}
		if handle != nil {
			q.watcher = st.Watch(sample.Tenant, store.NoRef)
			q.watching.Go(func() { q.watch(handle) })
		}
		return q, nil
	}}
}

type received struct {
	stored
	rcv *receiver.Receiver

	watcher  *store.Watcher
	watching sync.WaitGroup
	mu       sync.Mutex // guards waits
	waits    map[string]int
}

func (q *received) Prepare(ctx context.Context, from, n int) error {
	return sample.Seed(ctx, q.st, from, n)
}

// Expect implements [Expecter].
func (q *received) Expect(from, n int) {
	for i := range n {
		ref := sample.Ref(from + i)
		q.mu.Lock()
		q.waits[ref] = from + i
		q.mu.Unlock()
		q.watcher.Add(ref)
	}
}

// watch tells of the operations that were notified. Where the store may have
// missed some, it asks for those that are due, as the client does.
func (q *received) watch(handle func(int)) {
	for range q.watcher.C() {
		refs, all := q.watcher.Take()
		if all {
			page, err := q.st.Due(context.Background(), sample.Tenant, store.DueQuery{Phases: []store.Phase{store.Accepted}, By: time.Now(), Limit: math.MaxInt32})
			if err != nil {
				return // the store is closed
			}
			for _, rec := range page.Records {
				if rec.Notifications > 0 {
					refs = append(refs, rec.Ref)
				}
			}
		}
		q.mu.Lock()
		for _, ref := range refs {
			if n, ok := q.waits[ref]; ok {
				delete(q.waits, ref)
				handle(n)
			}
		}
		q.mu.Unlock()
	}
}

func (q *received) Accept(ctx context.Context, n int) error {
	return sample.Hand(ctx, q.rcv, sample.Notice(n))
}

func (q *received) Close() error {
	err := q.st.Close() // which ends the watcher
	q.watching.Wait()
	return err
}

// Steps are the steps of a whole life in the store alone, one after the other.
func Steps() Kind {
	return Kind{Name: "store: create, accept, settle, run, acknowledge", Open: func(ctx context.Context, dsn string, handle func(int)) (Queue, error) {
		st, err := OpenStore(ctx, dsn)
		return &steps{stored{st}, handle}, err
	}}
}

type steps struct {
	stored
	handle func(int)
}

func (q *steps) Accept(ctx context.Context, n int) error {
	if err := sample.Accepted(ctx, q.st, n); err != nil {
		return err
	}
	ref := sample.Ref(n)
	fact := store.SettledFact{ID: sample.ID(n), Outcome: store.Outcome{Status: "Finished", StatusCode: 201, Content: memerp.Content}}
	if _, err := q.st.Report(ctx, sample.Tenant, ref, fact); err != nil {
		return err
	}
	lease, _, err := q.st.Acquire(ctx, sample.Tenant, ref, "bench", store.ToRun, time.Minute)
	if err != nil {
		return err
	}
	q.handle(n)
	_, err = q.st.Decide(ctx, lease, store.AcknowledgeDecision{})
	return err
}

// Lives are whole lives: the client submits to an ERP in memory, whose
// notification the receiver takes; the client polls, keeps the answer and has it
// handled.
func Lives() Kind {
	return Kind{Name: "client and receiver: submit until acknowledged", Open: func(ctx context.Context, dsn string, handle func(int)) (Queue, error) {
		return openLives(ctx, dsn, handle)
	}}
}

// kind is that of the operations whose handlers are waited for.
const kind = "invoice"

type ourLives struct {
	stored
	c     *client.Client
	rcv   *receiver.Receiver
	stop  context.CancelFunc
	ended chan error
}

func openLives(ctx context.Context, dsn string, handle func(int)) (_ *ourLives, err error) {
	st, err := OpenStore(ctx, dsn)
	if err != nil {
		return nil, err
	}
	q := &ourLives{stored: stored{st}, ended: make(chan error, 1)}
	if q.rcv, err = sample.Receiver(st); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	q.c, err = client.New(client.Config{
		BaseURL: memerp.Base, HTTPClient: &http.Client{Transport: &memerp.Server{Keep: true}}, Store: st, Tenant: sample.Tenant, Notify: client.Subscription(), Workers: workers,
		OnComplete: map[string]client.Handler{kind: func(_ context.Context, done client.Completion) error {
			n, err := sample.Number(done.ID)
			if err == nil && done.Err == nil {
				handle(n)
			}
			return errors.Join(err, done.Err)
		}},
	})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() { q.ended <- q.c.Run(ctx) }()
	return q, nil
}

func (q *ourLives) Accept(ctx context.Context, n int) error {
	req, err := contender.Request(memerp.WithIndex(ctx, n), contender.Path)
	if err != nil {
		return err
	}
	op, err := q.c.Submit(req.Context(), req, client.SubmitOptions{Kind: kind})
	if err != nil {
		return err
	}
	notice := sample.Notice(n)
	notice.Ref = op.Ref()
	for {
		err := sample.Hand(ctx, q.rcv, notice)
		if err == nil {
			return nil
		}
		select { // who sends notifications tries again after any answer but a 2xx
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (q *ourLives) Close() error {
	q.stop()
	return errors.Join(<-q.ended, q.c.Close(), q.st.Close())
}

// Service is all that a replica runs, which is here to have nothing to do.
func Service() Kind {
	return Kind{Name: "store, receiver.Run, client.Run", Open: func(ctx context.Context, dsn string, handle func(int)) (Queue, error) {
		q, err := openLives(ctx, dsn, handle)
		if err != nil {
			return nil, err
		}
		s := &service{ourLives: q, ended: make(chan error, 1)}
		q.rcv.Handle(func(context.Context, receiver.Notification) error { return nil })
		ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
		go func() { s.ended <- q.rcv.Run(ctx) }()
		return s, nil
	}}
}

type service struct {
	*ourLives
	stop  context.CancelFunc
	ended chan error
}

func (s *service) Close() error {
	s.stop()
	return errors.Join(<-s.ended, s.ourLives.Close())
}
