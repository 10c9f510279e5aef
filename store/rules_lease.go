package store

import "time"

// Acquire is [Store.Acquire].
func (r Rules) Acquire(tenant, ref, owner string, ttl time.Duration) (Lease, Record, error) {
	if owner == "" {
		return Lease{}, Record{}, &InvalidError{"owner", "must not be empty"}
	}
	if ttl <= 0 {
		return Lease{}, Record{}, &InvalidError{"ttl", "must be positive"}
	}
	rec, err := r.get(tenant, ref)
	if err != nil {
		return Lease{}, Record{}, err
	}
	now := r.Tx.Now()
	if rec.Lease.Valid(now) {
		return Lease{}, rec, ErrLeased
	}
	rec.Lease = Lease{Tenant: tenant, Ref: ref, Owner: owner, Epoch: nextEpoch(rec.Lease.Epoch, now), Until: now.Add(ttl)}
	rec, err = r.put(begin(rec, now))
	return rec.Lease, rec, err
}

// nextEpoch is higher than the last one, and also than those of a record that
// had the same ref and was removed.
func nextEpoch(last uint64, now time.Time) uint64 {
	return max(last+1, uint64(max(0, now.UnixMicro())))
}

// held returns the record if the lease is the valid one.
func (r Rules) held(l Lease) (Record, error) {
	rec, err := r.get(l.Tenant, l.Ref)
	if err != nil {
		return rec, err
	}
	if l.Owner == "" || rec.Lease.Owner != l.Owner || rec.Lease.Epoch != l.Epoch || !rec.Lease.Valid(r.Tx.Now()) {
		return rec, ErrFenced
	}
	return rec, nil
}

// Extend is [Store.Extend].
func (r Rules) Extend(l Lease, ttl time.Duration) (Lease, error) {
	if ttl <= 0 {
		return Lease{}, &InvalidError{"ttl", "must be positive"}
	}
	rec, err := r.held(l)
	if err != nil {
		return Lease{}, err
	}
	rec.Lease.Until = r.Tx.Now().Add(ttl)
	rec, err = r.put(rec)
	return rec.Lease, err
}

// Release is [Store.Release].
func (r Rules) Release(l Lease) error {
	rec, err := r.held(l)
	if err == ErrFenced || err == ErrNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if rec.Phase == Sending {
		// An attempt ends with an outcome, never by letting go.
		return &PhaseError{rec.Ref, rec.Phase, "release the lease of the attempt"}
	}
	rec.Lease = release(rec.Lease)
	_, err = r.put(rec)
	return err
}

// Decide is [Store.Decide].
func (r Rules) Decide(l Lease, d Decision) (Record, error) {
	rec, err := r.held(l)
	if err != nil {
		return rec, err
	}
	if rec.Tenant == DeliveryTenant {
		return r.decideDelivery(rec, d)
	}
	now := r.Tx.Now()
	allowed := func(change string, phases ...Phase) error {
		for _, p := range phases {
			if rec.Phase == p {
				return nil
			}
		}
		return &PhaseError{rec.Ref, rec.Phase, change}
	}
	switch d := d.(type) {
	case Send:
		err = allowed("be sent", Queued)
		rec.Phase, rec.SentAt, rec.SendEpoch = Sending, now, l.Epoch
	case Reschedule:
		err = allowed("be rescheduled", Queued, Accepted, Uncertain, Abandoned, Heard)
		rec.Polls++
		rec.LookedAt = now
		if d.Heard == rec.Notifications {
			rec.Due = d.Due
		}
		if d.Progress != (Progress{}) {
			rec.Progress = d.Progress
		}
	case Handle:
		err = allowed("be handled", Settled, Expired)
		rec.Phase, rec.EndedAt, rec.Due, rec.Reason = Handled, now, time.Time{}, ""
		if o := rec.Outcome; o != nil && len(o.Content) > 0 {
			o.Kept, o.Content = false, nil // the application has it
		}
	case Retry:
		err = allowed("be retried", Settled, Expired)
		rec.Attempts++
		rec.Due, rec.Reason = d.Due, d.Reason
	case Bury:
		err = allowed("be parked", Settled, Expired)
		rec.Phase, rec.Due, rec.Reason = Dead, time.Time{}, d.Reason
	case Replay:
		err = allowed("be replayed", Dead)
		rec.Phase, rec.Due, rec.Attempts = Settled, now, 0
		if rec.Outcome == nil {
			rec.Phase = Expired
		}
	case Expire:
		err = allowed("expire", Accepted)
		rec.Phase, rec.Reason, rec.Due, rec.EndedAt = Expired, d.Reason, now, now // its handler is told
	case Abandon:
		err = allowed("be abandoned", Uncertain)
		rec.Phase, rec.Reason, rec.Due, rec.EndedAt, rec.KeyReleased = Abandoned, d.Reason, time.Time{}, now, true
	default:
		err = &InvalidError{"decision", "must be one of the decision types of this package, by value"}
	}
	if err != nil {
		return Record{}, err
	}
	if rec.Phase != Sending {
		rec.Lease = release(rec.Lease)
	}
	return r.put(rec)
}
