//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// batch is a file with many operations that have ended, of three kinds, whose
// answers the ERP no longer has.
type batch struct {
	*round
	kinds   map[string]string // by ref
	answers map[string]string // by ref
	runs    []*attempt
	dead    []*process
}

// lateMark is how long before a kill a handler may have returned and yet be
// run again: what it decided may not have been on disk.
const lateMark = time.Second

// newBatch submits operations, waits until they are settled, and has the ERP
// forget them.
func newBatch(t *testing.T, size int) (*batch, error) {
	r, err := newRound(t, "asking", &fuse{}, nil)
	if err != nil {
		return nil, err
	}
	for _, rule := range r.erp.mock.Faults().List() {
		r.erp.mock.Faults().Remove(rule.Rule.Name)
	}
	b := &batch{round: r, kinds: make(map[string]string), answers: make(map[string]string)}
	st, c, end, err := b.open(t.Context(), nil)
	if err != nil {
		return nil, err
	}
	items := func(yield func(client.Item) bool) {
		for i := range size {
			req, err := http.NewRequest("GET", fmt.Sprintf("/v1/customerinvoice?pageNumber=%d&pageSize=3", 1+i%16), nil)
			if err != nil || !yield(client.Item{Request: req, Options: client.SubmitOptions{Kind: []string{"good", "flaky", "good", "bad"}[i%4]}}) {
				return
			}
		}
	}
	for _, err := range c.SubmitAll(t.Context(), items, 8) {
		if err != nil {
			return nil, err
		}
	}
	if err := b.runUntil(t.Context(), c, func() bool { return b.count(t.Context(), st, store.Settled) == size }); err != nil {
		return nil, err
	}
	err = b.forget(t.Context(), st, size)
	return b, errors.Join(err, end())
}

// forget notes the answers and removes them from the ERP.
func (b *batch) forget(ctx context.Context, st *sqlitestore.Store, size int) error {
	recs, err := st.List(ctx, tenant, store.Query{Limit: size})
	if err != nil {
		return err
	}
	for _, rec := range recs {
		b.kinds[rec.Ref] = rec.Kind
		if b.answers[rec.Ref], err = b.erp.answered(rec.ID); err != nil {
			return err
		}
		b.erp.mock.Expire(rec.ID)
		if _, err := b.erp.answered(rec.ID); err == nil {
			return fmt.Errorf("the ERP still has %s", rec.ID)
		}
	}
	return nil
}

// open opens the file in this process.
func (b *batch) open(ctx context.Context, handlers map[string]client.Handler) (*sqlitestore.Store, *client.Client, func() error, error) {
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: storePath(b.dir), BusyTimeout: patience})
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := client.New(client.Config{
		BaseURL: b.erp.base, Store: st, Tenant: tenant, OnComplete: handlers, InFlight: 32,
		Schedule: func(client.PollInfo) time.Duration { return time.Millisecond },
	})
	if err != nil {
		return nil, nil, nil, errors.Join(err, st.Close())
	}
	return st, c, func() error { return errors.Join(c.Close(), st.Close()) }, nil
}

func (b *batch) count(ctx context.Context, st *sqlitestore.Store, phases ...store.Phase) int {
	n, err := st.Count(ctx, tenant, store.Query{Phases: phases})
	if err != nil {
		return -1
	}
	return n
}

// runUntil runs a client until it is enough.
func (b *batch) runUntil(ctx context.Context, c *client.Client, enough func() bool) error {
	ctx, stop := context.WithTimeout(ctx, 2*patience)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	for !enough() && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
	err := ctx.Err()
	stop()
	return errors.Join(err, <-ended)
}

// kill has two processes handle, kills one of them after another and starts a
// new one in its place, until there is not much left or it has done n. It
// returns how many it killed, none of them left alive.
func (b *batch) kill(t *testing.T, n int) (kills int, err error) {
	st, _, end, err := b.open(t.Context(), nil)
	if err != nil {
		return 0, err
	}
	defer end()
	var fleet [2]*process
	left := func() int { return b.count(t.Context(), st, store.Settled) }
	for kills < n && left() > 20 {
		for i := range fleet {
			if fleet[i] != nil {
				continue
			}
			if fleet[i], err = b.start(orders{Role: "handlers"}); err != nil {
				return kills, err
			}
		}
		victim, life := 0, rand.N(150*time.Millisecond)
		if kills%5 == 4 { // one that lives long enough for what it decided to stand
			victim, life = 1, lateMark+300*time.Millisecond
		}
		if !fleet[victim].await("begin", patience) {
			break // the other one has left nothing
		}
		time.Sleep(life)
		if err := b.bury(fleet[victim]); err != nil {
			return kills, err
		}
		fleet[victim] = nil
		kills++
	}
	for _, p := range fleet {
		if p != nil {
			if err := b.bury(p); err != nil {
				return kills, err
			}
			kills++
		}
	}
	return kills, nil
}

// bury kills a process and notes what it did.
func (b *batch) bury(p *process) error {
	when := time.Now()
	p.kill()
	runs, err := attempts(len(b.dead), p, when)
	b.dead = append(b.dead, p)
	b.runs = append(b.runs, runs...)
	return err
}

// finish has one more process handle what is left, until it ends well.
func (b *batch) finish(t *testing.T) error {
	st, _, end, err := b.open(t.Context(), nil)
	if err != nil {
		return err
	}
	defer end()
	p, err := b.start(orders{Role: "handlers"})
	if err != nil {
		return err
	}
	for late := time.Now().Add(2 * patience); b.count(t.Context(), st, store.Settled) != 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			return fmt.Errorf("%d are not handled", b.count(t.Context(), st, store.Settled))
		}
	}
	time.Sleep(50 * time.Millisecond)
	if _, err := p.in.Write([]byte("end\n")); err != nil {
		return err
	}
	if err := p.ended(patience); err != nil {
		return err
	}
	runs, err := attempts(len(b.dead), p, time.Time{})
	b.dead = append(b.dead, p)
	b.runs = append(b.runs, runs...)
	slices.SortStableFunc(b.runs, func(x, y *attempt) int { return x.begun.Compare(y.begun) })
	return err
}
