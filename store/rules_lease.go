package store

import "time"

// Acquire is [Store.Acquire].
func (r Rules) Acquire(tenant, ref, owner string, purpose Purpose, ttl time.Duration) (Lease, Record, error) {
	switch {
	case owner == "":
		return Lease{}, Record{}, &InvalidError{"owner", "must not be empty"}
	case !purpose.Valid():
		return Lease{}, Record{}, &InvalidError{"purpose", "must be poll, acknowledge, run, resolve or send"}
	case ttl <= 0:
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
	rec.Lease = Lease{Tenant: tenant, Ref: ref, Owner: owner, Epoch: nextEpoch(rec.Lease.Epoch, now)}.lasting(now, ttl)
	switch {
	case purpose == ToRun && rec.Runs(now):
		rec = rec.begun()
	case purpose == ToResolve && rec.Unresolved():
		rec.Asks, rec.AskedAt = rec.Asks+1, now
	}
	rec, err = r.put(rec)
	return rec.Lease, rec, err
}

// nextEpoch is higher than the last one, and also than those of a record that
// had the same ref and was removed.
func nextEpoch(last uint64, now time.Time) uint64 {
	return max(last+1, uint64(max(0, now.UnixMicro())))
}

// held returns the record if the lease is the valid one.
func (r Rules) held(l Lease) (Record, error) {
	if l.Owner == "" {
		return Record{}, ErrFenced
	}
	rec, err := r.get(l.Tenant, l.Ref)
	if err != nil {
		return rec, err
	}
	if rec.Lease.Owner != l.Owner || rec.Lease.Epoch != l.Epoch || !rec.Lease.Valid(r.Tx.Now()) {
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
	rec.Lease = rec.Lease.lasting(r.Tx.Now(), ttl)
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
