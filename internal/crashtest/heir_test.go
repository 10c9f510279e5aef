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
	wantRepeated  = "repeated"  // a GET: listed, given up, asked again
	wantNothing   = "nothing"   // there is none
)

// inherit is the process that comes after: it opens the file, submits the same
// work under the same key, as an application does that does not know how far it
// came, and brings everything to its end.
func inherit(o orders) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a, end, err := newApp(ctx, o)
	if err != nil {
		return err
	}
	if a.key != "" {
		if _, err := a.submit(ctx); err != nil {
			return err
		}
	}
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
			err = op.Resolve(ctx, client.GivenUp("asked again"))
		}
		if err == nil {
			_, err = a.submit(ctx)
		}
		if err == nil {
			err = a.finish(ctx)
		}
	}
	if err != nil {
		return err
	}
	return end()
}

// finish brings what is not done to its end.
func (a *app) finish(ctx context.Context) error {
	recs, err := a.store.List(ctx, tenant, store.Query{})
	if err != nil {
		return err
	}
	if a.handlers {
		for _, rec := range recs {
			if err := a.runUntil(ctx, rec.Ref, store.Handled); err != nil {
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
