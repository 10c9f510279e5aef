package store

import "time"

// MaxDue is how far ahead a record can be due: what is planned for later is
// planned for then, and what lies further ahead when it is read was written
// while a clock was ahead, and is due.
const MaxDue = 2 * time.Hour

// At returns the record as it reads at the time now. Nobody needs to write
// that a request whose sender vanished is uncertain, and that times which lie
// ahead, although they tell of what was, are those of a clock that was ahead:
// nothing waits until such a clock would have been right.
func (r Record) At(now time.Time) Record {
	if r.Phase == Sending && !r.Lease.Valid(now) {
		r.Phase = Uncertain
		r.Reason = "the sender ended before it recorded an outcome"
	}
	if voidDue(r.Due, now) {
		r.Due = now
	}
	for _, t := range [...]*time.Time{
		&r.LookedAt, &r.SentAt, &r.AcceptedAt, &r.SettledAt, &r.EndedAt,
		&r.Progress.SeenAt, &r.Progress.MissingSince, &r.Progress.RefusedSince, &r.Progress.EndSeen,
	} {
		if t.After(now.Add(ClockSlack)) {
			*t = now
		}
	}
	return r
}

// voidDue reports whether a time is too far ahead to have been planned by a
// clock that was right.
func voidDue(due, now time.Time) bool { return due.After(now.Add(MaxDue)) }
