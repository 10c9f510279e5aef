package store

import "time"

// Retention tells [Store.Purge] what is old enough to be removed. A zero time
// removes nothing of its kind.
type Retention struct {
	// Ended removes what was acknowledged or rejected, or expired, before this
	// time. An expired record goes whether or not its handler was told.
	Ended time.Time
	// Unacknowledged removes what settled before this time and was never
	// acknowledged: work whose outcome nobody asked for. If its handler is to
	// run again, the time of that run counts instead. A record under a valid
	// lease stays.
	Unacknowledged time.Time
	// Unmatched removes notifications of unknown operations that came before
	// this time. Those of [NoTenant] belong to every tenant.
	Unmatched time.Time
	// Keys frees the keys of operations that were removed before this time. A
	// key protects from doing the same work twice only as long as it is
	// remembered: keep it for longer than anybody may submit the work again.
	// Each takes about 200 bytes. Once it is freed, a notification of its
	// operation is one of an unknown operation.
	Keys time.Time
}

// PurgeCount tells what a purge removed.
type PurgeCount struct {
	Ended          int
	Unacknowledged int // outcomes that were lost to the application
	Unmatched      int
	Keys           int // of operations that were removed before
}

// Total is how many records were removed.
func (p PurgeCount) Total() int { return p.Ended + p.Unacknowledged + p.Unmatched }

// count returns the counter of a record's phase, nil if a purge never removes
// it: it is pending, uncertain, unclear or dead, which wait for a person,
// abandoned, which a late 202 may revive, or a delivery.
func (p *PurgeCount) count(rec Record) *int {
	if rec.Tenant == DeliveryTenant {
		return nil
	}
	switch rec.Phase {
	case Acknowledged, Rejected, Expired:
		return &p.Ended
	case Settled:
		return &p.Unacknowledged
	case Unmatched:
		return &p.Unmatched
	}
	return nil
}

// old reports whether a record is older than p keeps it.
func (p Retention) old(rec Record) bool {
	switch rec.Phase {
	case Acknowledged, Rejected, Expired:
		return rec.EndedAt.Before(p.Ended)
	case Settled:
		return rec.SettledAt.Before(p.Unacknowledged) && rec.Due.Before(p.Unacknowledged)
	case Unmatched:
		return rec.CreatedAt.Before(p.Unmatched)
	}
	return false
}

// forgets reports whether the key of a tombstone is older than p keeps it.
func (p Retention) forgets(t Tombstone) bool { return t.Key != "" && t.At.Before(p.Keys) }

// Purge is [Store.Purge] for one record, which it counts if it removes it. It
// takes [AnyTenant].
func (r Rules) Purge(tenant, ref string, p Retention, out *PurgeCount) error {
	rec, ok, err := r.Tx.Get(tenant, ref)
	if err != nil {
		return err
	}
	if !ok {
		return ErrNotFound
	}
	rec = rec.At(r.Tx.Now())
	n := out.count(rec)
	if n == nil || !p.old(rec) || rec.Phase == Settled && rec.Lease.Valid(r.Tx.Now()) {
		return nil
	}
	if awaited, err := r.awaited(rec); awaited || err != nil {
		return err
	}
	*n++
	return r.remove(rec)
}
