package store

import (
	"fmt"
	"slices"
	"time"
)

// settled keeps the outcome. The first one that was told or read stays.
func (r Rules) settled(rec Record, f SettledFact, freed bool) (Record, error) {
	if f.ByUser {
		return r.told(rec, f, freed)
	}
	if f.Outcome.Told != "" {
		return rec, &InvalidError{"SettledFact.Outcome.Told", "must be empty unless ByUser is set"}
	}
	if rec.Enqueued && f.ID == "" && f.Outcome.refusal() &&
		(f.Epoch != 0 && f.Epoch != rec.SendEpoch || rec.ID != "" || rec.Phase == Rejected) {
		return r.known(rec, freed) // an older attempt, or one that was not the only one
	}
	if f.ID != "" && slices.Contains(rec.FormerIDs, f.ID) {
		return r.known(rec, freed)
	}
	if f.ID != rec.ID {
		return r.dispute(rec, Conflict{Reason: "a terminal state was read for an id that is not bound", ID: f.ID})
	}
	switch rec.Phase {
	case Settled, Acknowledged, Dead:
		return r.settledAgain(rec, f.Outcome, freed)
	case Accepted, Expired, Unclear:
		if f.ID == "" {
			return rec, &PhaseError{rec.Ref, rec.Phase, "have an outcome recorded without an id"}
		}
	case Sending, Uncertain, Abandoned, Rejected, Queued:
		if rec.Phase == Queued && rec.Sends == 0 {
			return rec, &PhaseError{rec.Ref, rec.Phase, "have an outcome recorded before it is sent"}
		}
		// One that was unclear before has its id.
		if f.ID == "" && !f.Outcome.Foreground {
			return rec, &PhaseError{rec.Ref, rec.Phase, "have an outcome recorded before it is accepted"}
		}
		if rec.Phase == Sending {
			rec.Lease = release(rec.Lease)
		}
	default:
		return rec, &PhaseError{rec.Ref, rec.Phase, "have an outcome recorded"}
	}
	return r.recordOutcome(rec, f.Outcome)
}

// recordOutcome makes the record settled.
func (r Rules) recordOutcome(rec Record, o Outcome) (Record, error) {
	rec.Late = rec.Late || rec.Unlearnt() || rec.only("", Abandoned, Rejected, Queued) == nil
	rec = rec.afresh()
	rec.Outcome = &o
	rec.Phase = Settled
	rec.Reason = ""
	rec.EndedAt = time.Time{}
	rec.SettledAt = r.Tx.Now()
	rec.Due = rec.SettledAt // its handler may run at once
	return r.put(rec)
}

// settledAgain is about an outcome of what has one.
func (r Rules) settledAgain(rec Record, o Outcome, freed bool) (Record, error) {
	known := rec.Outcome
	switch {
	case known == nil: // it expired, and its handler was told so
		if rec.Phase == Acknowledged {
			o.Kept, o.Content = false, nil
		}
		rec.Outcome, rec.Late = &o, true
		return r.note(rec, Conflict{Reason: "it ended after all, and its handler was told that it had expired", ID: rec.ID})
	case known.refusal() && o.Foreground && !o.refusal(): // an earlier attempt was not refused
		if rec.Phase == Settled {
			return r.recordOutcome(rec.unrefused(), o)
		}
		return r.dispute(rec, Conflict{Reason: fmt.Sprintf("an earlier attempt was answered with %d, and a later one was refused", o.StatusCode)})
	case known.Told != "":
		if known.StatusCode == o.StatusCode && known.Succeeded() == o.Succeeded() {
			return r.known(rec, freed)
		}
		reason := fmt.Sprintf("the ERP ended it with %d, and a person had told %d", o.StatusCode, known.StatusCode)
		return r.dispute(rec, Conflict{Reason: reason, ID: rec.ID})
	case !known.Kept && o.Kept: // the first one could not keep the content
		rec.Outcome = &o
		return r.put(rec)
	}
	return r.known(rec, freed)
}

// told keeps what a person says of the outcome.
func (r Rules) told(rec Record, f SettledFact, freed bool) (Record, error) {
	switch {
	case f.Outcome.Told == "":
		return rec, &InvalidError{"SettledFact.Outcome.Told", "must say why, as ByUser is set"}
	case f.ID != "" && f.ID != rec.ID:
		return rec, &InvalidError{"SettledFact.ID", "must be empty or the id that is bound, as ByUser is set"}
	case rec.Outcome != nil && rec.Outcome.Told == f.Outcome.Told && rec.Outcome.StatusCode == f.Outcome.StatusCode &&
		rec.only("", Settled, Acknowledged, Dead) == nil:
		return r.known(rec, freed)
	case !rec.Tentative() && !rec.Unlearnt() && rec.only("", Uncertain, Abandoned, Unclear) != nil:
		return rec, &PhaseError{rec.Ref, rec.Phase, "be told its outcome by a person"}
	}
	if f.ID == "" {
		rec = rec.withdrawn(r.Tx.Now())
	}
	return r.recordOutcome(rec, f.Outcome)
}

// unclear keeps an end that nobody understands.
func (r Rules) unclear(rec Record, f UnclearFact, freed bool) (Record, error) {
	switch {
	case f.ID == "":
		return rec, &InvalidError{"UnclearFact.ID", "must not be empty"}
	case f.Outcome.Told != "":
		return rec, &InvalidError{"UnclearFact.Outcome.Told", "must be empty"}
	case slices.Contains(rec.FormerIDs, f.ID):
		return r.known(rec, freed)
	case f.ID != rec.ID:
		return r.dispute(rec, Conflict{Reason: "an unclear end was read for an id that is not bound", ID: f.ID})
	case rec.only("", Unclear, Settled, Acknowledged, Dead, Rejected, Abandoned) == nil:
		return r.known(rec, freed) // as known, or known better, or decided by a person
	case rec.only("", Accepted, Expired) != nil:
		return rec, &PhaseError{rec.Ref, rec.Phase, "become unclear"}
	}
	rec.Late = rec.Late || rec.Phase == Expired
	rec = rec.afresh()
	o := f.Outcome
	rec.Outcome = &o
	rec.Phase = Unclear
	rec.Reason = "the ERP named an end that is neither success nor failure"
	rec.EndedAt = r.Tx.Now()
	rec.Due = time.Time{}
	rec.Asks, rec.AskedAt = 0, time.Time{}
	return r.put(rec)
}

// afresh returns a record of which the handler was told, or is being told, that
// it expired, as one that no handler has seen: whoever runs it is fenced, for it
// does not know the end.
func (r Record) afresh() Record {
	if r.Unlearnt() {
		r.Lease, r.RunEpoch, r.Attempts = release(r.Lease), 0, 0
	}
	return r
}

// unrefused returns the record without the refusal of its last attempt, as an
// earlier one turned out to be accepted. A handler that runs was told of the
// refusal, and is fenced.
func (r Record) unrefused() Record {
	r.Outcome, r.SettledAt, r.Due, r.Late = nil, time.Time{}, time.Time{}, true
	r.Lease, r.RunEpoch, r.Attempts = release(r.Lease), 0, 0
	return r
}

// withdrawn returns the record without an id that only a person named.
func (r Record) withdrawn(now time.Time) Record {
	if !r.unconfirmed() {
		return r
	}
	r = r.noted(Conflict{At: now, Reason: "a person withdrew the id", ID: r.ID})
	r.ID, r.IDSource, r.AcceptedAt, r.Progress = "", "", time.Time{}, Progress{}
	return r
}
