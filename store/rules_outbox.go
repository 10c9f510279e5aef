package store

import (
	"fmt"
	"time"
)

// MaxBody is how many bytes a body may have that is kept.
const MaxBody = 16 << 20

// Enqueue is [Store.Enqueue].
func (r Rules) Enqueue(rec Record, body []byte) (Record, error) {
	if rec.Phase == "" {
		rec.Phase = Queued
	}
	switch {
	case rec.Phase != Queued:
		return Record{}, &InvalidError{"Phase", "of what is enqueued must be queued, or empty"}
	case len(body) > MaxBody:
		return Record{}, &InvalidError{"body", fmt.Sprintf("must not be longer than %d bytes", MaxBody)}
	case len(rec.Sequence) > MaxSequenceName:
		return Record{}, &InvalidError{"Sequence", fmt.Sprintf("must not be longer than %d bytes", MaxSequenceName)}
	}
	rec, err := r.admit(rec, "", 0)
	if err != nil {
		return Record{}, err
	}
	former, err := r.former(rec)
	if err != nil {
		return Record{}, err
	}
	rec.Enqueued, rec.HasBody, rec.Due = true, true, rec.CreatedAt
	if rec.Sequence != "" {
		if rec, err = r.line(rec, former); err != nil {
			return Record{}, err
		}
	}
	if rec, err = r.put(rec); err != nil {
		return Record{}, err
	}
	return rec, r.Tx.PutBody(rec.Tenant, rec.Ref, body)
}

// former returns the record that an enqueued one supersedes, whose body nobody
// needs any more; the zero Record if there is none, or it was purged.
func (r Rules) former(rec Record) (Record, error) {
	if rec.Supersedes == "" {
		return Record{}, nil
	}
	former, ok, err := r.Tx.Get(rec.Tenant, rec.Supersedes)
	if err != nil {
		return Record{}, err
	}
	if !ok {
		return Record{}, r.knownToSupersede(rec)
	}
	former = former.At(r.Tx.Now())
	if !supersedable(former) && former.only("", Abandoned, Rejected) != nil {
		want := "that of one that failed, expired or was given up"
		return Record{}, &InvalidError{"Supersedes", fmt.Sprintf("operation %s is %s: want %s", former.Ref, former.Phase, want)}
	}
	if former.HasBody {
		former.HasBody = false
		if err := r.Tx.DeleteBody(former.Tenant, former.Ref); err != nil {
			return Record{}, err
		}
		return r.put(former)
	}
	return former, nil
}

// needsBody reports whether the record may have to be sent yet, or once more.
func (r Record) needsBody() bool {
	return !r.KeyReleased && r.only("", Acknowledged, Rejected, Abandoned) != nil
}

// notTaken has what was certainly not taken sent again.
func (r Rules) notTaken(rec Record, f NotTakenFact) (Record, error) {
	if !rec.Enqueued || rec.Phase == Abandoned {
		return r.rejected(rec, RejectedFact{Epoch: f.Epoch, Reason: f.Reason})
	}
	if !rec.HasBody || f.Epoch != rec.SendEpoch || rec.only("", Sending, Uncertain) != nil {
		return rec, nil // something better is known, or a later attempt was made
	}
	if rec.Phase == Sending {
		rec.Lease = release(rec.Lease)
	}
	if rec.Doubted && len(rec.Candidates) > 0 {
		return r.doubtful(rec)
	}
	if rec.Due = f.Due; f.Due.IsZero() {
		rec.Due = r.Tx.Now()
	}
	rec.Phase, rec.Reason = Queued, f.Reason
	return r.queue(rec)
}

// doubtful makes a record uncertain although its last attempt was certainly not
// accepted.
func (r Rules) doubtful(rec Record) (Record, error) {
	rec.Phase, rec.Due = Uncertain, time.Time{}
	rec.Reason = "a notification tells of an attempt that counts as not accepted by a person's word"
	rec.Asks, rec.AskedAt = 0, time.Time{}
	return r.put(rec)
}

// queue stores a record that is queued again.
func (r Rules) queue(rec Record) (_ Record, err error) {
	if rec.Blocked, err = r.blocked(rec); err != nil {
		return rec, err
	}
	return r.put(rec)
}

// anew returns the record as one that is to be sent again at the time now. Of what
// became of it so far only the id stays, among the former ones.
func (r Record) anew(now time.Time, reason string) Record {
	if r.ID != "" {
		r.FormerIDs = with(r.FormerIDs[max(0, len(r.FormerIDs)-maxIDs+1):], r.ID)
	}
	r.Phase, r.Reason, r.Due = Queued, reason, now
	r.ID, r.IDSource, r.Candidates, r.Notification = "", "", nil, nil
	r.Outcome, r.Progress, r.Polls, r.PolledAt = nil, Progress{}, 0, time.Time{}
	r.AcceptedAt, r.SettledAt, r.EndedAt = time.Time{}, time.Time{}, time.Time{}
	r.Attempts, r.RunEpoch, r.Asks, r.AskedAt = 0, 0, 0, time.Time{}
	return r
}

// notAccepted has a record sent again of which a person says that it was not
// accepted. What says otherwise is kept as a conflict.
func (r Rules) notAccepted(rec Record, reason string) (Record, error) {
	now := r.Tx.Now()
	if n := rec.Notification; n != nil {
		rec = rec.noted(Conflict{At: now, Reason: "a person says that it was not accepted, and a notification tells of it", ID: n.ID, Body: n.Body})
	}
	rec = rec.anew(now, reason)
	rec.Doubted = true
	return r.queue(rec)
}

// decideOutbox applies a decision about what was enqueued.
func (r Rules) decideOutbox(rec Record, d Decision) (Record, error) {
	now := r.Tx.Now()
	var err error
	switch d := d.(type) {
	case WithdrawDecision:
		err = rec.only("be withdrawn", Queued)
		rec.Phase, rec.Reason, rec.KeyReleased, rec.Due, rec.EndedAt = Rejected, d.Reason, true, time.Time{}, now
	case SkipDecision:
		var awaited bool
		switch awaited, err = r.awaited(rec); {
		case err != nil:
		case !awaited:
			err = &PhaseError{rec.Ref, rec.Phase, "be skipped: no sequence waits for it"}
		case !rec.stops():
			err = &PhaseError{rec.Ref, rec.Phase, "be skipped: it does not stop its sequence"}
		}
		rec.Reason = skipped(rec.Reason, d.Reason)
	case RequeueDecision:
		err = rec.only("be queued again", Settled, Dead)
		switch {
		case err != nil:
		case !supersedable(rec) || rec.Outcome == nil:
			err = &PhaseError{rec.Ref, rec.Phase, "be queued again: it has not failed"}
		case !rec.HasBody:
			err = &PhaseError{rec.Ref, rec.Phase, "be queued again: its body is gone; supersede it"}
		}
		rec = rec.anew(now, "")
		rec.Late = false
	}
	if err != nil {
		return Record{}, err
	}
	rec.Lease, rec.RunEpoch = release(rec.Lease), 0
	if rec.Phase == Queued {
		return r.queue(rec)
	}
	return r.leave(rec)
}

// skipped adds why a record was skipped to the reason that it has.
func skipped(reason, why string) string {
	if reason == "" {
		return "skipped: " + why
	}
	return reason + "; skipped: " + why
}
