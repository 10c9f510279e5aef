package store

import "time"

// Tx is what [Rules] needs of an implementation inside one atomic step: no
// other step sees or changes anything between its calls. What a record refers to
// may be shared in either direction and is never changed: the rules copy what
// they change, and so does an implementation. After the step has been made
// durable the implementation wakes the watchers of every record that was Put and
// for which [Record.Wakes] is true, and of every document that was put or
// deleted, by its name in [DocumentTenant].
//
// A step that returns *[ConflictError] is made durable like one that returns
// nil: it has kept the contradiction. Any other error undoes the step.
//
// It may grow, as [Store] may: embed [UnimplementedTx].
type Tx interface {
	implementsTx()

	// Now is the clock that leases are judged by.
	Now() time.Time
	// Get finds a record by its ref, which is unique in the whole store. It
	// takes [AnyTenant].
	Get(tenant, ref string) (rec Record, found bool, err error)
	// GetByID finds the record with this ID. It takes [AnyTenant]. Where
	// several have it, one that is not in phase [Unmatched] is preferred;
	// which of those, if several tenants have it, is not said.
	GetByID(tenant, id string) (rec Record, found bool, err error)
	// GetByKey finds the record for which [Record.HoldsKey] is true.
	GetByKey(tenant, key string) (rec Record, found bool, err error)
	// GetTombstone finds the tombstone of a ref. It takes [AnyTenant].
	GetTombstone(tenant, ref string) (t Tombstone, found bool, err error)
	// GetTombstoneByKey finds the tombstone with this Key.
	GetTombstoneByKey(tenant, key string) (t Tombstone, found bool, err error)
	// CountUnmatched counts the records of a tenant in phase [Unmatched].
	CountUnmatched(tenant string) (int, error)
	// Put stores a record, replacing the one with the same tenant and ref.
	Put(Record) error
	// Delete removes a record.
	Delete(tenant, ref string) error
	// PutTombstone stores a tombstone and removes the record that it is of.
	PutTombstone(Tombstone) error
	// GetDocument finds a document. Its Now is not set.
	GetDocument(tenant, name string) (d Document, found bool, err error)
	// PutDocument stores a document, replacing the one with the same tenant
	// and name.
	PutDocument(Document) error
	// DeleteDocument removes a document that is there.
	DeleteDocument(tenant, name string) error
	// PutBody keeps the body of a record that was Put. The caller may change it
	// afterwards.
	PutBody(tenant, ref string, body []byte) error
	// DeleteBody removes the body of a record, for which HasBody was true so far.
	// That of a record which is deleted goes by itself.
	DeleteBody(tenant, ref string) error
	// GetSequence finds a sequence. Its Head is not set.
	GetSequence(tenant, name string) (s Sequence, found bool, err error)
	// PutSequence stores a sequence but for its Head, replacing the one with the
	// same tenant and name.
	PutSequence(Sequence) error
	// DeleteSequence removes a sequence that is there.
	DeleteSequence(tenant, name string) error
	// NextInSequence finds the record of a sequence whose Place is the lowest
	// one higher than after. No two records of a sequence have the same Place,
	// but for 0.
	NextInSequence(tenant, name string, after uint64) (rec Record, found bool, err error)
}

// Tombstone is what a purge leaves of a record.
type Tombstone struct {
	Tenant      string
	Ref         string
	ID          string
	Key         string
	Fingerprint string
	// Supersedable says that the work did not succeed, so that a new record
	// may take the key over.
	Supersedable bool
	// At is when the record was removed.
	At time.Time
}

// Rules are the state machine of a record, written once for all
// implementations. Each method is one atomic step.
type Rules struct {
	Tx Tx
	// MaxUnmatched limits the records in phase [Unmatched] per tenant. Default:
	// 10 000.
	MaxUnmatched int
}

// get returns the record of a tenant as it reads now.
func (r Rules) get(tenant, ref string) (Record, error) {
	if err := CheckTenant(tenant); err != nil {
		return Record{}, err
	}
	rec, ok, err := r.Tx.Get(tenant, ref)
	if err != nil {
		return Record{}, err
	}
	if !ok {
		return Record{}, ErrNotFound
	}
	return rec.At(r.Tx.Now()), nil
}

// put stamps and stores a record.
func (r Rules) put(rec Record) (Record, error) {
	rec.UpdatedAt = r.Tx.Now()
	if rec.Blocked = rec.Blocked && rec.Phase == Queued; rec.Blocked {
		rec.Due = time.Time{}
	}
	if latest := rec.UpdatedAt.Add(MaxDue); rec.Due.After(latest) {
		rec.Due = latest
	}
	if rec.HasBody && !rec.needsBody() {
		rec.HasBody = false
		if err := r.Tx.DeleteBody(rec.Tenant, rec.Ref); err != nil {
			return rec, err
		}
	}
	if rec.passed() {
		return r.pass(rec)
	}
	return rec, r.Tx.Put(rec)
}

// dispute keeps a contradiction on the record and reports it.
func (r Rules) dispute(rec Record, c Conflict) (Record, error) {
	rec, err := r.note(rec, c)
	if err != nil {
		return rec, err
	}
	return rec, &ConflictError{Ref: rec.Ref, Reason: c.Reason}
}

// note keeps a contradiction.
func (r Rules) note(rec Record, c Conflict) (Record, error) {
	c.At = r.Tx.Now()
	return r.put(rec.noted(c))
}

// noted keeps the first contradiction and counts the others.
func (r Record) noted(c Conflict) Record {
	r.Conflicts++
	if r.Conflict == nil {
		r.Conflict = &c
	}
	return r
}
