package store

import "time"

// AcquireRun is [RunAcquirer.AcquireRun].
func (r Rules) AcquireRun(tenant, ref, owner string, ttl time.Duration) (Lease, Record, error) {
	rec, err := r.leased(tenant, ref, owner, ttl)
	if err != nil {
		return Lease{}, rec, err
	}
	if rec.Runs(r.Tx.Now()) {
		rec = rec.begun()
	}
	rec, err = r.put(rec)
	return rec.Lease, rec, err
}

// begun counts a run, once for each lease.
func (r Record) begun() Record {
	if r.RunEpoch != r.Lease.Epoch {
		r.Attempts++
		r.RunEpoch = r.Lease.Epoch
	}
	return r
}

// interrupted takes back that a run began under the lease.
func (r Record) interrupted() Record {
	if r.RunEpoch == r.Lease.Epoch {
		r.Attempts = max(0, r.Attempts-1)
	}
	return r
}
