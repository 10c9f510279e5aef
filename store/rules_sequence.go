package store

// The head of a sequence stands right behind Done: when one leaves or succeeds,
// Done moves up to the next that is there, and that one is no longer blocked. So
// nothing has to be looked for when a record is enqueued or sent.

// blocked reports whether the record stands behind another one of its sequence.
func (r Rules) blocked(rec Record) (bool, error) {
	if rec.Place == 0 {
		return false, nil
	}
	seq, _, err := r.Tx.GetSequence(rec.Tenant, rec.Sequence)
	return rec.Place > seq.Done+1, err
}

// line gives a new record its place in its sequence: that of former, if it waits
// there, else a new one.
func (r Rules) line(rec, former Record) (Record, error) {
	seq, found, err := r.Tx.GetSequence(rec.Tenant, rec.Sequence)
	if err != nil {
		return rec, err
	}
	if !found {
		seq = Sequence{Tenant: rec.Tenant, Name: rec.Sequence}
	}
	if former.Sequence == rec.Sequence && former.Place > seq.Done {
		rec.Place, former.Place = former.Place, 0
		if _, err := r.put(former); err != nil {
			return rec, err
		}
	} else {
		seq.Last++
		seq.Waiting++
		rec.Place = seq.Last
		if err := r.Tx.PutSequence(seq); err != nil {
			return rec, err
		}
	}
	rec.Blocked = rec.Place > seq.Done+1
	return rec, nil
}

// leave stores a record that leaves its sequence, which goes on without it.
func (r Rules) leave(rec Record) (Record, error) {
	at := rec.Place
	rec.Place = 0
	if at == 0 {
		return r.put(rec)
	}
	seq, _, err := r.Tx.GetSequence(rec.Tenant, rec.Sequence)
	if err != nil {
		return rec, err
	}
	if rec, err = r.put(rec); err != nil || at <= seq.Done {
		return rec, err
	}
	seq.Waiting--
	return rec, r.advance(seq)
}

// pass stores a record that its sequence may go on behind. Once it did, the sequence
// is left alone: others may be at it.
func (r Rules) pass(rec Record) (Record, error) {
	if old, _, err := r.Tx.Get(rec.Tenant, rec.Ref); err != nil {
		return rec, err
	} else if old.passed() {
		return rec, r.Tx.Put(rec)
	}
	seq, found, err := r.Tx.GetSequence(rec.Tenant, rec.Sequence)
	if err != nil {
		return rec, err
	}
	if err := r.Tx.Put(rec); err != nil || !found || rec.Place != seq.Done+1 {
		return rec, err
	}
	return rec, r.advance(seq)
}

// advance moves Done up to the next one that has not succeeded.
func (r Rules) advance(seq Sequence) error {
	for {
		next, found, err := r.Tx.NextInSequence(seq.Tenant, seq.Name, seq.Done)
		switch {
		case err != nil:
			return err
		case !found:
			seq.Done = seq.Last
			return r.Tx.PutSequence(seq)
		case next.passed():
			seq.Done = next.Place
			seq.Waiting--
			continue
		}
		seq.Done = next.Place - 1
		if next.Blocked {
			// It is as urgent as what was enqueued with it.
			next.Blocked, next.Due = false, next.CreatedAt
			if _, err := r.put(next); err != nil {
				return err
			}
		}
		return r.Tx.PutSequence(seq)
	}
}

// awaited reports whether the sequence of the record has not passed it.
func (r Rules) awaited(rec Record) (bool, error) {
	if rec.Place == 0 {
		return false, nil
	}
	seq, found, err := r.Tx.GetSequence(rec.Tenant, rec.Sequence)
	return found && rec.Place > seq.Done, err
}

// closeSequence removes the sequence of a record that was removed, if that was the
// last one with a place in it.
func (r Rules) closeSequence(rec Record) error {
	if rec.Sequence == "" {
		return nil
	}
	seq, found, err := r.Tx.GetSequence(rec.Tenant, rec.Sequence)
	if err != nil || !found || seq.Waiting > 0 {
		return err
	}
	if _, found, err = r.Tx.NextInSequence(rec.Tenant, rec.Sequence, 0); err != nil || found {
		return err
	}
	return r.Tx.DeleteSequence(rec.Tenant, rec.Sequence)
}
