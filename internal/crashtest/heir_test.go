//go:build unix

package crashtest

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// What an heir is to make of the operation that it finds.
const (
	wantHandled   = "handled"   // by itself, or by evidence
	wantUncertain = "uncertain" // listed as such
	wantResolved  = "resolved"  // the same, until a person tells the id
	wantRepeated  = "repeated"  // listed, given up, submitted anew
	wantNothing   = "nothing"   // there is none
)

// inherit is the process that comes after: it opens the file, submits the same
// work under the same key, as an application does that does not know how far it
// came, and brings everything to its end. It submits again whenever the
// operation has come further.
func inherit(o orders) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a, end, err := newApp(ctx, o)
	if err != nil {
		return err
	}
	if a.outbox {
		if err := a.takeOver(ctx); err != nil {
			return err
		}
		return end()
	}
	if err := a.resubmit(ctx, 1); err != nil {
		return err
	}
	records := 1
	switch o.Want {
	case wantHandled:
		err = a.finish(ctx)
	case wantUncertain:
		_, err = a.unclear(ctx)
	case wantResolved:
		var op *client.Operation
		if op, err = a.unclear(ctx); err == nil {
			err = op.Resolve(ctx, client.AcceptedAs(o.Resolve))
		}
		if err == nil {
			err = a.finish(ctx)
		}
	case wantRepeated:
		var op *client.Operation
		if op, err = a.unclear(ctx); err == nil {
			err = op.Resolve(ctx, client.GivenUp("submitted anew"))
		}
		if err == nil {
			_, err = a.submit(ctx)
			records++
		}
		if err == nil {
			err = a.finish(ctx)
		}
	}
	if err == nil {
		err = a.resubmit(ctx, records)
	}
	if err != nil {
		return err
	}
	return end()
}

// resubmit submits the work again under its key. There must be as many records
// as before, and it must be the one that has the key.
func (a *app) resubmit(ctx context.Context, records int) error {
	if a.key == "" {
		return nil
	}
	op, err := a.submit(ctx)
	if err != nil {
		return err
	}
	recs, err := a.store.List(ctx, tenant, store.Query{})
	for _, rec := range recs {
		if rec.HoldsKey() && rec.Ref != op.Ref() || len(recs) != records {
			err = fmt.Errorf("submitting again gave %s; of %d records (want %d) %s has the key", op.Ref(), len(recs), records, rec.Ref)
		}
	}
	return err
}

// finish brings what is not done to its end.
func (a *app) finish(ctx context.Context) error {
	recs, err := a.store.List(ctx, tenant, store.Query{})
	if err != nil {
		return err
	}
	if a.handlers {
		for _, rec := range recs {
			if err := a.runUntil(ctx, rec.Ref, store.Acknowledged); err != nil {
				return err
			}
		}
		return nil
	}
	for _, list := range []iter.Seq2[*client.Operation, error]{a.client.Pending(ctx), a.client.Uncertain(ctx)} {
		var ops []*client.Operation
		for op, err := range list {
			if err != nil {
				return err
			}
			ops = append(ops, op)
		}
		for _, op := range ops {
			if err := a.waitAndAck(ctx, op); err != nil {
				return err
			}
		}
	}
	return nil
}

// unclear waits until the only operation is uncertain, and finds it in the
// list of those.
func (a *app) unclear(ctx context.Context) (*client.Operation, error) {
	recs, err := a.store.List(ctx, tenant, store.Query{})
	if err != nil {
		return nil, err
	}
	if len(recs) != 1 {
		return nil, fmt.Errorf("%d records, want 1", len(recs))
	}
	if err := a.await(ctx, recs[0].Ref, store.Uncertain); err != nil {
		return nil, err
	}
	if err := a.resubmit(ctx, 1); err != nil {
		return nil, err
	}
	var listed []*client.Operation
	for op, err := range a.client.Uncertain(ctx) {
		if err != nil {
			return nil, err
		}
		listed = append(listed, op)
	}
	i := slices.IndexFunc(listed, func(op *client.Operation) bool { return op.Ref() == recs[0].Ref })
	if i < 0 || len(listed) != 1 {
		return nil, fmt.Errorf("%s is uncertain, and %d are listed", recs[0].Ref, len(listed))
	}
	return listed[i], nil
}
