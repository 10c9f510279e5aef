package store

import (
	"fmt"
	"time"
)

// Create is [Store.Create].
func (r Rules) Create(rec Record, owner string, ttl time.Duration) (Record, error) {
	if rec.Sequence != "" {
		return Record{}, &InvalidError{"Sequence", "must be empty: only what is enqueued is in one"}
	}
	rec, err := r.admit(rec, owner, ttl)
	if err != nil {
		return Record{}, err
	}
	return r.put(rec)
}

// admit checks a new record and returns it as it begins, with its key taken.
func (r Rules) admit(rec Record, owner string, ttl time.Duration) (Record, error) {
	if err := checkNew(rec, owner, ttl); err != nil {
		return Record{}, err
	}
	if _, ok, err := r.Tx.Get(AnyTenant, rec.Ref); err != nil {
		return Record{}, err
	} else if ok {
		return Record{}, ErrExists
	}
	if rec.Key != "" {
		if err := r.takeKey(rec); err != nil {
			return Record{}, err
		}
	}
	now := r.Tx.Now()
	rec.CreatedAt = now
	if rec.Phase == Sending {
		rec.SentAt = now
		rec.Lease = Lease{Tenant: rec.Tenant, Ref: rec.Ref, Owner: owner, Epoch: nextEpoch(0, now)}.lasting(now, ttl)
		rec.SendEpoch = rec.Lease.Epoch
	}
	return rec, nil
}

func checkNew(rec Record, owner string, ttl time.Duration) error {
	if err := checkOwn("Tenant", rec.Tenant); err != nil {
		return err
	}
	required := []struct{ field, value string }{
		{"Ref", rec.Ref}, {"Method", rec.Method}, {"Path", rec.Path},
	}
	for _, f := range required {
		if f.value == "" {
			return &InvalidError{f.field, "must not be empty"}
		}
	}
	switch {
	case rec.Phase != Queued && rec.Phase != Sending:
		return &InvalidError{"Phase", "a new record is queued or sending"}
	case rec.Phase == Sending && owner == "":
		return &InvalidError{"owner", "must not be empty for a record that is being sent"}
	case rec.Phase == Sending && ttl <= 0:
		return &InvalidError{"ttl", "must be positive for a record that is being sent"}
	case rec.ID != "" || rec.Outcome != nil || rec.Lease != (Lease{}) || rec.KeyReleased:
		return &InvalidError{"Record", "ID, Outcome, Lease and KeyReleased of a new record are set by the store"}
	case rec.Enqueued || rec.HasBody || rec.Place != 0 || rec.Blocked || rec.Sends != 0 || rec.Doubted || rec.FormerIDs != nil:
		return &InvalidError{"Record", "Enqueued, HasBody, Place, Blocked, Sends, Doubted and FormerIDs of a new record are set by the store"}
	}
	return nil
}

// takeKey makes sure that the record may have its key.
func (r Rules) takeKey(rec Record) error {
	holder, held, err := r.Tx.GetByKey(rec.Tenant, rec.Key)
	if err != nil {
		return err
	}
	if held {
		holder = holder.At(r.Tx.Now())
		if rec.Supersedes != holder.Ref || !supersedable(holder) {
			return &KeyHeldError{Record: holder}
		}
		holder.KeyReleased = true
		_, err = r.put(holder)
		return err
	}
	t, gone, err := r.Tx.GetTombstoneByKey(rec.Tenant, rec.Key)
	if err != nil {
		return err
	}
	if !gone && rec.Supersedes != "" {
		return r.knownToSupersede(rec)
	}
	if gone && (rec.Supersedes != t.Ref || !t.Supersedable) {
		return &KeyHeldError{Purged: true, Record: Record{
			Tenant: t.Tenant, Ref: t.Ref, ID: t.ID, Key: t.Key, Fingerprint: t.Fingerprint,
		}}
	}
	return nil
}

// knownToSupersede refuses a record that is to take over a key that nobody
// holds, unless it names an operation that had it: a ref that was misspelt
// would otherwise do the work anew without a word.
func (r Rules) knownToSupersede(rec Record) error {
	former, ok, err := r.Tx.Get(rec.Tenant, rec.Supersedes)
	if err != nil || ok && (former.Key == rec.Key || rec.Key == "") {
		return err
	}
	if ok {
		return &InvalidError{"Supersedes", fmt.Sprintf("operation %s never held the key %q", rec.Supersedes, rec.Key)}
	}
	_, purged, err := r.Tx.GetTombstone(rec.Tenant, rec.Supersedes)
	if err != nil || purged {
		return err
	}
	return &InvalidError{"Supersedes", fmt.Sprintf("there is no operation %s: want the ref of the one that failed", rec.Supersedes)}
}

// supersedable reports whether the work may be done anew under the same key:
// if it ended, and not in success. An expired record may be: nobody can learn
// any more how it ended, and whoever supersedes it does so by name. What is
// uncertain or unclear must be resolved or abandoned first.
func supersedable(rec Record) bool {
	if rec.Unlearnt() {
		return true
	}
	return rec.only("", Settled, Acknowledged, Dead) == nil && !rec.Outcome.Succeeded()
}

// remove takes a record away. One of our own leaves a tombstone.
func (r Rules) remove(rec Record) error {
	if rec.Phase == Unmatched || rec.Tenant == DeliveryTenant {
		return r.Tx.Delete(rec.Tenant, rec.Ref)
	}
	t := Tombstone{Tenant: rec.Tenant, Ref: rec.Ref, ID: rec.ID, Fingerprint: rec.Fingerprint, At: r.Tx.Now()}
	if rec.HoldsKey() {
		t.Key, t.Supersedable = rec.Key, supersedable(rec)
	}
	if err := r.Tx.PutTombstone(t); err != nil {
		return err
	}
	return r.closeSequence(rec)
}
