package store

import "time"

// Decide is [Store.Decide].
func (r Rules) Decide(l Lease, d Decision) (Record, error) {
	rec, err := r.held(l)
	if _, again := d.(AcknowledgeDecision); again && err == ErrFenced && rec.AcknowledgedUnder(l) {
		return rec, nil
	}
	if err != nil {
		return rec, err
	}
	if rec.Tenant == DeliveryTenant {
		return r.decideDelivery(rec, d)
	}
	switch d := d.(type) {
	case WithdrawDecision, RequeueDecision, SkipDecision:
		return r.decideOutbox(rec, d)
	case SendDecision, RescheduleDecision, ExpireDecision, AbandonDecision:
		rec, err = decideOperation(rec, d, r.Tx.Now())
	case InterruptDecision, AcknowledgeDecision, RetryDecision, DeadLetterDecision, ReplayDecision, DropDecision:
		rec, err = decideCompletion(rec, d, r.Tx.Now())
	default:
		err = &InvalidError{"decision", "must be one of the decision types of this package, by value"}
	}
	if err != nil {
		return Record{}, err
	}
	if rec.Phase == Sending {
		return r.put(rec)
	}
	return r.decided(rec)
}

// AcknowledgedUnder reports whether the record was acknowledged under the lease, whoever
// has had one since. A handler does that which acknowledges in a transaction of its own.
func (r Record) AcknowledgedUnder(l Lease) bool {
	return r.Phase == Acknowledged && r.RunEpoch == l.Epoch && l.Owner != ""
}

// decided ends the lease that a decision was made under. What was acknowledged keeps its
// epoch.
func (r Rules) decided(rec Record) (Record, error) {
	epoch := uint64(0)
	if rec.Phase == Acknowledged {
		epoch = rec.Lease.Epoch
	}
	rec.Lease, rec.RunEpoch = release(rec.Lease), epoch
	return r.put(rec)
}

// only returns an error unless the record is in one of the phases.
func (r Record) only(change string, phases ...Phase) error {
	for _, p := range phases {
		if r.Phase == p {
			return nil
		}
	}
	return &PhaseError{r.Ref, r.Phase, change}
}

// decideOperation applies a decision about an operation that has not ended.
func decideOperation(rec Record, d Decision, now time.Time) (Record, error) {
	var err error
	switch d := d.(type) {
	case SendDecision:
		if err = rec.only("be sent", Queued); rec.Blocked {
			err = &PhaseError{rec.Ref, rec.Phase, "be sent before those that stand ahead of it in its sequence"}
		}
		rec.Phase, rec.SentAt, rec.SendEpoch = Sending, now, rec.Lease.Epoch
		rec.Sends, rec.Due, rec.Reason = rec.Sends+1, time.Time{}, ""
	case RescheduleDecision:
		err = rec.only("be rescheduled", Queued, Accepted, Uncertain, Abandoned, Unmatched)
		rec.Polls++
		rec.PolledAt = now
		if d.Notifications == rec.Notifications {
			rec.Due = d.Due
		}
		if d.Progress != (Progress{}) {
			rec.Progress = d.Progress
		}
	case ExpireDecision:
		err = rec.only("expire", Accepted)
		rec.Phase, rec.Reason, rec.Due, rec.EndedAt = Expired, d.Reason, now, now // its handler is told
	case AbandonDecision:
		if !rec.Tentative() {
			err = rec.only("be abandoned", Uncertain, Unclear)
		}
		rec = rec.withdrawn(now)
		rec.Phase, rec.Reason, rec.Due, rec.EndedAt, rec.KeyReleased = Abandoned, d.Reason, time.Time{}, now, true
	}
	return rec, err
}

// decideCompletion applies a decision about the handler of an operation that
// has ended.
func decideCompletion(rec Record, d Decision, now time.Time) (Record, error) {
	var err error
	switch d := d.(type) {
	case InterruptDecision:
		err = rec.only("have a run interrupted", Settled, Expired)
		rec = rec.interrupted()
	case AcknowledgeDecision:
		err = rec.only("be acknowledged", Settled, Expired)
		rec = rec.acknowledged(now, "")
	case RetryDecision:
		err = rec.only("be retried", Settled, Expired)
		rec.Due, rec.Reason = d.Due, d.Reason
	case DeadLetterDecision:
		err = rec.only("be dead-lettered", Settled, Expired)
		rec.Phase, rec.Due, rec.Reason, rec.EndedAt = Dead, time.Time{}, d.Reason, now
	case DropDecision:
		err = rec.only("be dropped", Dead)
		rec = rec.acknowledged(now, d.Reason)
	case ReplayDecision:
		err = rec.only("be replayed", Dead)
		rec.Phase, rec.Due, rec.Attempts, rec.EndedAt = Settled, now, 0, time.Time{}
		if rec.Outcome == nil {
			rec.Phase, rec.EndedAt = Expired, now
		}
	}
	return rec, err
}

// acknowledged returns the record as one that nobody handles any more, for a
// reason if it was dropped. Its content goes: the application has it, or does not
// want it.
func (r Record) acknowledged(now time.Time, reason string) Record {
	r.Phase, r.EndedAt, r.Due, r.Reason = Acknowledged, now, time.Time{}, reason
	if r.Outcome != nil && len(r.Outcome.Content) > 0 {
		o := *r.Outcome
		o.Kept, o.Content, r.Outcome = false, nil, &o
	}
	return r
}
