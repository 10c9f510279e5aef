package store

// begun counts a run.
func (r Record) begun() Record {
	r.Attempts++
	r.RunEpoch = r.Lease.Epoch
	return r
}

// interrupted takes back that a run began under the lease.
func (r Record) interrupted() Record {
	if r.RunEpoch == r.Lease.Epoch {
		r.Attempts = max(0, r.Attempts-1)
	}
	return r
}
