package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/store"
)

// Resolution is what a person found out about an uncertain operation. Make
// one with [AcceptedAs], [NotAccepted] or [GivenUp].
type Resolution struct {
	fact   store.Fact
	giveUp string
}

// AcceptedAs says that the ERP has accepted the request, under this id. The
// operation is then awaited like any other.
func AcceptedAs(id string) Resolution {
	return Resolution{fact: store.AcceptedFact{ID: id, Source: store.FromUser}}
}

// NotAccepted says that the ERP has not accepted the request. Its key is free
// again. Say so only if you know: the work will be done again.
func NotAccepted(reason string) Resolution {
	return Resolution{fact: store.RejectedFact{ByUser: true, Reason: reason}}
}

// GivenUp says that nobody will find out. The key is free again; should the
// operation show up after all it is revived as late, and never touches what
// took its key.
func GivenUp(reason string) Resolution { return Resolution{giveUp: reason} }

// Resolve tells what became of an uncertain operation. It fails for one that
// is not uncertain, for an id that belongs to another operation, and with the
// store's errors.
func (o *Operation) Resolve(ctx context.Context, r Resolution) error {
	var err error
	switch f := r.fact.(type) {
	case nil:
		if r.giveUp == "" {
			return fmt.Errorf("resolve %s: want AcceptedAs, NotAccepted or GivenUp with a reason", o)
		}
		err = o.decide(ctx, store.Uncertain, store.Abandon{Reason: r.giveUp})
	case store.AcceptedFact:
		given := f.ID
		if f.ID = canonicalID(f.ID); f.ID == "" {
			return fmt.Errorf("resolve %s: AcceptedAs %q: want an id of letters, digits, - and _", o, cut(given, 64))
		}
		var rec store.Record
		if rec, err = o.record(ctx); err == nil && rec.Phase != store.Uncertain && rec.Phase != store.Abandoned {
			err = fmt.Errorf("it is %s", rec.Phase)
		}
		if err == nil {
			_, err = o.c.store.Report(ctx, o.c.cfg.Tenant, o.ref, f)
		}
	default:
		var rec store.Record
		if rec, err = o.record(ctx); err == nil && rec.Phase != store.Uncertain {
			err = fmt.Errorf("it is %s", rec.Phase)
		}
		if err == nil {
			_, err = o.c.store.Report(ctx, o.c.cfg.Tenant, o.ref, f)
		}
	}
	if err != nil {
		return fmt.Errorf("resolve %s: %w", o, storeError(err))
	}
	return nil
}

// decide makes a decision about the operation under a lease of its own, in
// the phase that allows it. Where another has the lease it waits for that
// one's end.
func (o *Operation) decide(ctx context.Context, phase store.Phase, d store.Decision) error {
	st, tenant := o.c.store, o.c.cfg.Tenant
	for {
		lease, rec, err := st.Acquire(ctx, tenant, o.ref, o.c.owner, time.Minute)
		if err == nil && rec.Phase != phase {
			return errors.Join(fmt.Errorf("it is %s", rec.Phase), st.Release(ctx, lease))
		}
		if err == nil {
			if _, err = st.Decide(ctx, lease, d); err != nil {
				o.c.release(ctx, lease)
			}
		}
		switch {
		case errors.Is(err, store.ErrFenced):
		case errors.Is(err, store.ErrLeased):
			// Somebody is about to give it back, or to decide the same.
			wait := min(time.Second, max(time.Millisecond, time.Until(rec.Lease.Until)))
			if _, err := pause(ctx, o.c.life, wait); err != nil {
				return err
			}
		default:
			return err
		}
	}
}
