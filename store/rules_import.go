package store

import (
	"fmt"
	"time"
)

// Import takes over what another store holds, as it is there. It is safe to repeat:
// what is there and has come as far or further stays, which the result says. Move
// tombstones and sequences before records, so that what is freed is free, and so that
// nothing gets the place of what has still to come.
//
// A record has come further if it was changed later, by the clocks of the two stores,
// or was leased since, as all work on it begins.
func (r Rules) Import(it Item) (Imported, error) {
	switch {
	case it.Record != nil && it.Gone:
		return r.importGone(*it.Record)
	case it.Record != nil:
		return r.importRecord(it)
	case it.Tombstone != nil:
		return r.importTombstone(*it.Tombstone)
	case it.Sequence != nil:
		return r.importSequence(*it.Sequence)
	case it.Document != nil:
		return r.importDocument(*it.Document)
	}
	return Imported{}, &InvalidError{"Item", "must hold something"}
}

func kept(format string, args ...any) (Imported, error) {
	return Imported{ImportKept, fmt.Sprintf(format, args...)}, nil
}

func refused(format string, args ...any) (Imported, error) {
	return Imported{ImportRefused, fmt.Sprintf(format, args...)}, nil
}

// since is a time for people.
func since(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (r Rules) importRecord(it Item) (Imported, error) {
	rec := *it.Record
	if err := CheckTenant(rec.Tenant); err != nil {
		return Imported{}, err
	}
	have, found, err := r.Tx.Get(AnyTenant, rec.Ref)
	if err != nil {
		return Imported{}, err
	}
	if found {
		if out, err := compare(have, rec); out.Result != "" || err != nil {
			return out, err
		}
	} else if out, err := r.wasRemoved(it); out.Result != "" || err != nil {
		return out, err
	}
	for _, check := range []func(Record) (Imported, error){r.keyTaken, r.idTaken} {
		if out, err := check(rec); out.Result != "" || err != nil {
			return out, err
		}
	}
	if rec.Place > 0 && (!found || have.Place != rec.Place) {
		if out, err := r.placeTaken(rec); out.Result != "" || err != nil {
			return out, err
		}
	}
	if err := r.Tx.Put(rec); err != nil {
		return Imported{}, err
	}
	switch {
	case rec.HasBody:
		err = r.Tx.PutBody(rec.Tenant, rec.Ref, it.Body)
	case found && have.HasBody:
		err = r.Tx.DeleteBody(rec.Tenant, rec.Ref)
	}
	if found {
		return Imported{Result: ImportUpdated}, err
	}
	return Imported{Result: ImportAdded}, err
}

// compare decides about a record that is there; the empty result says that rec is
// further.
func compare(have, rec Record) (Imported, error) {
	switch {
	case have.Tenant != rec.Tenant:
		return refused("tenant %s has a record of that ref", have.Tenant)
	case have.UpdatedAt.Equal(rec.UpdatedAt) && have.Lease.Epoch == rec.Lease.Epoch:
		return Imported{Result: ImportSame}, nil
	case !have.UpdatedAt.Before(rec.UpdatedAt):
		return kept("it is %s there, changed at %s", have.Phase, since(have.UpdatedAt))
	case have.Lease.Epoch > rec.Lease.Epoch, have.Notifications > rec.Notifications:
		return kept("it is %s there, and was worked on since", have.Phase)
	}
	return Imported{}, nil
}

// wasRemoved decides about a record that is not there.
func (r Rules) wasRemoved(it Item) (Imported, error) {
	rec := it.Record
	t, found, err := r.Tx.GetTombstone(AnyTenant, rec.Ref)
	switch {
	case err != nil:
		return Imported{}, err
	case found && !t.At.Before(rec.CreatedAt):
		return kept("it was purged there at %s", since(t.At))
	case it.Again && (rec.Phase == Unmatched || rec.Tenant == DeliveryTenant):
		return kept("it was moved before, and has been dealt with there")
	}
	return Imported{}, nil
}

func (r Rules) keyTaken(rec Record) (Imported, error) {
	if !rec.HoldsKey() {
		return Imported{}, nil
	}
	other, found, err := r.Tx.GetByKey(rec.Tenant, rec.Key)
	if err != nil {
		return Imported{}, err
	}
	if found && other.Ref != rec.Ref {
		return refused("record %s, which is %s, holds its key %q there", other.Ref, other.Phase, rec.Key)
	}
	// One that was made later took the key over.
	t, found, err := r.Tx.GetTombstoneByKey(rec.Tenant, rec.Key)
	if err != nil || !found || t.Ref == rec.Ref || t.Ref == rec.Supersedes || t.At.Before(rec.CreatedAt) {
		return Imported{}, err
	}
	return refused("record %s, which was purged there, holds its key %q", t.Ref, rec.Key)
}

// idTaken also removes the record that stood for the operation as long as only
// notifications told of it.
func (r Rules) idTaken(rec Record) (Imported, error) {
	if rec.ID == "" {
		return Imported{}, nil
	}
	other, found, err := r.Tx.GetByID(rec.Tenant, rec.ID)
	switch {
	case err != nil || !found || other.Ref == rec.Ref:
		return Imported{}, err
	case rec.Phase == Unmatched:
		return kept("its operation is known there as record %s", other.Ref)
	case other.Phase != Unmatched:
		return refused("record %s has its id %s there", other.Ref, rec.ID)
	case other.UpdatedAt.After(rec.UpdatedAt):
		return Imported{}, nil // a notification that the other store did not get
	}
	return Imported{}, r.Tx.Delete(other.Tenant, other.Ref)
}

func (r Rules) placeTaken(rec Record) (Imported, error) {
	next, found, err := r.Tx.NextInSequence(rec.Tenant, rec.Sequence, rec.Place-1)
	if err != nil {
		return Imported{}, err
	}
	if found && next.Place == rec.Place && next.Ref != rec.Ref {
		return refused("record %s has its place %d in sequence %q there", next.Ref, rec.Place, rec.Sequence)
	}
	seq, found, err := r.Tx.GetSequence(rec.Tenant, rec.Sequence)
	if err == nil && found && rec.Blocked && rec.Place <= seq.Done+1 {
		// Nobody would tell it that its turn has come.
		return refused("sequence %q has gone on there up to its place %d", rec.Sequence, rec.Place)
	}
	return Imported{}, err
}

func (r Rules) importGone(rec Record) (Imported, error) {
	have, found, err := r.Tx.Get(rec.Tenant, rec.Ref)
	switch {
	case err != nil:
		return Imported{}, err
	case !found:
		return Imported{Result: ImportSame}, nil
	case have.UpdatedAt.After(rec.UpdatedAt):
		return kept("it is %s there, changed at %s", have.Phase, since(have.UpdatedAt))
	}
	return Imported{Result: ImportRemoved}, r.Tx.Delete(rec.Tenant, rec.Ref)
}

func (r Rules) importTombstone(t Tombstone) (Imported, error) {
	have, found, err := r.Tx.GetTombstone(AnyTenant, t.Ref)
	switch {
	case err != nil:
		return Imported{}, err
	case found && have.Tenant != t.Tenant:
		return refused("tenant %s had a record of that ref", have.Tenant)
	case found && have.At.Equal(t.At) && have.Key == t.Key:
		return Imported{Result: ImportSame}, nil
	case found && have.At.After(t.At), found && have.At.Equal(t.At) && have.Key == "":
		return kept("its key was freed, or taken over, there")
	}
	rec, live, err := r.Tx.Get(AnyTenant, t.Ref)
	switch {
	case err != nil:
		return Imported{}, err
	case live && rec.Tenant != t.Tenant:
		return refused("tenant %s has a record of that ref", rec.Tenant)
	case live && rec.UpdatedAt.After(t.At):
		return kept("it is %s there, changed at %s", rec.Phase, since(rec.UpdatedAt))
	}
	if t.Key != "" {
		other, held, err := r.Tx.GetByKey(t.Tenant, t.Key)
		if err != nil {
			return Imported{}, err
		}
		if held && other.Ref != t.Ref {
			return refused("record %s, which is %s, holds its key %q there", other.Ref, other.Phase, t.Key)
		}
		gone, held, err := r.Tx.GetTombstoneByKey(t.Tenant, t.Key)
		if err != nil {
			return Imported{}, err
		}
		if held && gone.Ref != t.Ref && !gone.At.Before(t.At) {
			return refused("record %s, which was purged there, holds its key %q", gone.Ref, t.Key)
		}
	}
	if err := r.Tx.PutTombstone(t); err != nil {
		return Imported{}, err
	}
	if found || live {
		return Imported{Result: ImportUpdated}, nil
	}
	return Imported{Result: ImportAdded}, nil
}

func (r Rules) importSequence(s Sequence) (Imported, error) {
	have, found, err := r.Tx.GetSequence(s.Tenant, s.Name)
	if err != nil {
		return Imported{}, err
	}
	have.Head, s.Head = Record{}, Record{}
	result := ImportAdded
	if found {
		result = ImportUpdated
	}
	if found && have.Last == s.Last && have.Done == s.Done && have.Waiting == s.Waiting {
		return Imported{Result: ImportSame}, nil
	}
	if found && (have.Last > s.Last || have.Done > s.Done) {
		// It may have ended in the other store and have begun anew.
		_, stands, err := r.Tx.NextInSequence(s.Tenant, s.Name, 0)
		if err != nil {
			return Imported{}, err
		}
		if stands {
			return kept("it has gone on there: %d of %d are done", have.Done, have.Last)
		}
	}
	return Imported{Result: result}, r.Tx.PutSequence(s)
}

func (r Rules) importDocument(d Document) (Imported, error) {
	if err := CheckDocument(d.Tenant, d.Name); err != nil {
		return Imported{}, err
	}
	have, found, err := r.Tx.GetDocument(d.Tenant, d.Name)
	switch {
	case err != nil:
		return Imported{}, err
	case found && have.Version == d.Version:
		return Imported{Result: ImportSame}, nil
	case found && have.Version > d.Version:
		return kept("it was written there at %s", since(have.ChangedAt))
	}
	result := ImportAdded
	if found {
		result = ImportUpdated
	}
	return Imported{Result: result}, r.Tx.PutDocument(d)
}
