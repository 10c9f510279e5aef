package store

import (
	"cmp"
	"slices"
	"time"
)

// Report is [Store.Report].
func (r Rules) Report(tenant, ref string, fact Fact) (Record, error) {
	rec, err := r.get(tenant, ref)
	if err != nil {
		return Record{}, err
	}
	if rec.Tenant == DeliveryTenant {
		return rec, &PhaseError{rec.Ref, rec.Phase, "take a fact about an operation"}
	}
	switch f := fact.(type) {
	case AcceptedFact:
		return r.accepted(rec, f)
	case RejectedFact:
		return r.rejected(rec, f)
	case NotTakenFact:
		return r.notTaken(rec, f)
	case UncertainFact:
		return r.uncertain(rec, f)
	case RefutedFact:
		i := slices.Index(rec.Candidates, f.ID)
		if i < 0 {
			return rec, nil
		}
		rec.Candidates = slices.Concat(rec.Candidates[:i], rec.Candidates[i+1:])
		return r.note(rec, Conflict{Reason: f.Reason, ID: f.ID})
	case SettledFact:
		rec, freed := rec.freed(f.Epoch)
		return r.settled(rec, f, freed)
	case UnclearFact:
		rec, freed := rec.freed(f.Epoch)
		return r.unclear(rec, f, freed)
	}
	return rec, &InvalidError{"fact", "must be one of the fact types of this package, by value"}
}

// accepted binds an id. An id read from a 202 always wins over one that was
// inferred; one that was inferred replaces nothing, but that a person may name
// another one as long as nothing has confirmed the first. What a person told
// of the outcome stays in any case.
func (r Rules) accepted(rec Record, f AcceptedFact) (Record, error) {
	if f.ID == "" {
		return rec, &InvalidError{"AcceptedFact.ID", "must not be empty"}
	}
	switch f.Source {
	case FromAnswer, FromUser, FromEvidence:
	default:
		return rec, &InvalidError{"AcceptedFact.Source", "must be answer, user or evidence"}
	}
	if slices.Contains(rec.FormerIDs, f.ID) {
		return rec, nil // it ended, and was queued again since
	}
	if rec.Phase == Unmatched && rec.ID == f.ID {
		return r.bind(rec, f) // adopted although somebody else submitted it
	}
	if rec.ID == f.ID {
		if f.Source == FromAnswer && rec.IDSource != FromAnswer {
			rec.IDSource = FromAnswer
			return r.put(rec)
		}
		return rec, nil
	}
	if rec.Phase == Unmatched {
		return rec, &PhaseError{rec.Ref, rec.Phase, "bind another id"}
	}
	corrected := f.Source == FromUser && rec.Tentative()
	if rec.ID != "" && !corrected && (f.Source != FromAnswer || rec.IDSource == FromAnswer) {
		return r.secondID(rec, f)
	}
	// One that was refused may have been accepted by an earlier attempt.
	refused := rec.ID == "" && rec.Phase == Settled && rec.Outcome.refusal()
	if o := rec.Outcome; o != nil && !refused && (rec.ID == "" || o.Told != "") { // answered in the foreground, or told
		return r.secondID(rec, f)
	}
	switch rec.Phase {
	case Sending, Uncertain, Abandoned, Queued, Rejected, Accepted, Expired, Unclear, Settled:
	default: // acknowledged or dead under an inferred id: the outcome was used
		return r.secondID(rec, f)
	}
	holder, held, err := r.Tx.GetByID(rec.Tenant, f.ID)
	if err != nil {
		return rec, err
	}
	if held && holder.Phase != Unmatched {
		if f.Source != FromAnswer || holder.IDSource == FromAnswer {
			return r.dispute(rec, Conflict{Reason: "the id is bound to operation " + holder.Ref, ID: f.ID})
		}
		if err := r.unbind(holder); err != nil {
			return rec, err
		}
	}
	return r.bind(rec, f)
}

// secondID keeps an id that cannot become the record's own. It is never
// thrown away: a GET that was sent twice has two.
func (r Rules) secondID(rec Record, f AcceptedFact) (Record, error) {
	if slices.Contains(rec.OtherIDs, f.ID) {
		return rec, nil
	}
	if len(rec.OtherIDs) < maxIDs {
		rec.OtherIDs = with(rec.OtherIDs, f.ID)
	}
	return r.dispute(rec, Conflict{Reason: "accepted under a second id", ID: f.ID})
}

// with returns a new list, for records share theirs.
func with(list []string, id string) []string { return append(slices.Clip(list), id) }

// unbind takes an inferred id from a record because a 202 gave it to another.
func (r Rules) unbind(rec Record) error {
	id := rec.ID
	rec.ID, rec.IDSource = "", ""
	told := rec.Outcome != nil && rec.Outcome.Told != ""
	switch {
	case !told && rec.only("", Accepted, Settled, Expired, Unclear) == nil:
		rec.Phase = Uncertain
		rec.Reason = "its inferred id was answered to another operation"
		rec.Outcome, rec.Progress = nil, Progress{}
		rec.Asks, rec.AskedAt = 0, time.Time{}
		rec.AcceptedAt, rec.SettledAt, rec.EndedAt, rec.Due = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		rec.Lease = release(rec.Lease) // what it was taken for was about the id
	default: // what was acknowledged, or told, stays so; the id stays as a trace
		rec.OtherIDs = with(rec.OtherIDs, id)
	}
	_, err := r.note(rec, Conflict{Reason: "the inferred id belongs to another operation", ID: id})
	return err
}

// bind makes the record accepted under f.ID and takes over what was notified of
// that id before.
func (r Rules) bind(rec Record, f AcceptedFact) (Record, error) {
	now := r.Tx.Now()
	if rec.Phase != Unmatched {
		if err := r.adopt(&rec, f.ID); err != nil {
			return rec, err
		}
	}
	switch rec.Phase {
	case Sending:
		rec.Lease = release(rec.Lease) // it was the attempt's
	case Abandoned, Rejected:
		rec.Late = true
	case Queued:
		rec.Late = rec.Late || rec.Doubted
	case Settled:
		if rec.ID == "" { // it was refused
			rec = rec.unrefused()
		}
	}
	if rec.ID != "" && rec.ID != f.ID { // an inferred id gives way, and with it what it led to
		rec.Outcome, rec.Progress, rec.SettledAt = nil, Progress{}, time.Time{}
		rec.Lease = release(rec.Lease) // what a poll of the other id saw is not about this one
		rec.Due = now
		reason := "a 202 answered another id than the one inferred"
		if f.Source == FromUser {
			reason = "a person named another id than before"
		}
		rec = rec.noted(Conflict{At: now, Reason: reason, ID: rec.ID})
	}
	rec.ID, rec.IDSource = f.ID, f.Source
	rec.Candidates = nil
	rec.Phase = Accepted
	rec.Reason = ""
	if rec.AcceptedAt = now; !f.At.IsZero() && f.At.Before(now) {
		rec.AcceptedAt = f.At
	}
	rec.EndedAt = time.Time{}
	switch {
	case rec.Notification != nil:
		rec.Due = now
	case !f.Due.IsZero():
		rec.Due = f.Due
	}
	return r.put(rec)
}

// adopt merges a record that was made for a notification of the id, and
// removes it.
func (r Rules) adopt(rec *Record, id string) error {
	for _, tenant := range []string{rec.Tenant, ""} { // "" if the sender named none
		unmatched, ok, err := r.Tx.Get(cmp.Or(tenant, NoTenant), UnmatchedRef(tenant, id))
		if err != nil {
			return err
		}
		if !ok || unmatched.ID != "" && unmatched.ID != id {
			continue // or it was adopted, and has become another operation's
		}
		switch unmatched.Phase {
		case Unmatched, Accepted, Uncertain:
		default:
			continue // it was adopted, and its outcome was or will be used
		}
		if rec.Notification == nil {
			rec.Notification = unmatched.Notification
		}
		rec.Notifications += unmatched.Notifications
		rec.Duplicates += unmatched.Duplicates
		if err := r.Tx.Delete(unmatched.Tenant, unmatched.Ref); err != nil {
			return err
		}
	}
	return nil
}

// rejected says what became of an attempt; it counts only if nothing better
// is known and no later attempt was made.
func (r Rules) rejected(rec Record, f RejectedFact) (Record, error) {
	now := r.Tx.Now()
	switch {
	case rec.Phase == Rejected:
		return rec, nil
	case f.ByUser && f.Epoch != 0 && f.Epoch != rec.SendEpoch:
		return rec, &PhaseError{rec.Ref, rec.Phase, "be resolved as not accepted by an earlier attempt: it was sent again since"}
	case f.ByUser:
		if rec.Phase != Uncertain && rec.Phase != Unclear && !rec.Tentative() {
			return rec, &PhaseError{rec.Ref, rec.Phase, "be resolved as not accepted"}
		}
		if rec = rec.withdrawn(now); rec.HasBody {
			return r.notAccepted(rec, f.Reason)
		}
	case rec.Phase == Queued && rec.Sends > 0:
		return rec, nil // so it was taken to be
	case rec.ID != "" || rec.only("", Sending, Uncertain, Abandoned) != nil:
		return r.dispute(rec, Conflict{Reason: "reported as rejected while " + string(rec.Phase)})
	case f.Epoch != rec.SendEpoch:
		return rec, nil // an older attempt; the last one decides
	}
	if rec.Phase == Sending {
		rec.Lease = release(rec.Lease)
	}
	rec.Phase = Rejected
	rec.Reason = f.Reason
	rec.KeyReleased = true
	rec.Due = time.Time{}
	rec.EndedAt = now
	return r.put(rec)
}

func (r Rules) uncertain(rec Record, f UncertainFact) (Record, error) {
	known := rec.Phase == Uncertain && rec.Reason == f.Reason
	if (rec.Phase != Sending && rec.Phase != Uncertain) || f.Epoch != rec.SendEpoch || known {
		return rec, nil
	}
	if rec.Phase == Sending {
		rec.Lease = release(rec.Lease)
	}
	rec.Phase = Uncertain
	rec.Reason = f.Reason
	return r.put(rec)
}

// freed returns the record without its lease if that has the epoch, and whether
// it had.
func (r Record) freed(epoch uint64) (Record, bool) {
	if epoch == 0 || r.Lease.Owner == "" || r.Lease.Epoch != epoch {
		return r, false
	}
	r.Lease = release(r.Lease)
	return r, true
}

// known is what becomes of a fact that says nothing new: it is written only if
// it has freed the record.
func (r Rules) known(rec Record, freed bool) (Record, error) {
	if freed {
		return r.put(rec)
	}
	return rec, nil
}

// release ends a lease and keeps its epoch, so that the next one is higher.
func release(l Lease) Lease {
	return Lease{Tenant: l.Tenant, Ref: l.Ref, Epoch: l.Epoch}
}
