package store

import "time"

// MaxDue is how far ahead a record can be due. A later time is cut to it when
// it is written. A record that reads as due still later was written while a
// clock was ahead: it is due now.
const MaxDue = 2 * time.Hour

// At returns the record as it reads at the time now. Two things that nobody
// writes show here: a request whose sender vanished is [Uncertain], and times
// of the past that lie more than [ClockSlack] ahead, or a Due more than
// [MaxDue] ahead, were written by a clock that was ahead and do not make
// anybody wait.
func (r Record) At(now time.Time) Record {
	if r.Phase == Sending && !r.Lease.Valid(now) {
		r.Phase = Uncertain
		r.Reason = "the sender ended before it recorded an outcome"
	}
	ahead := func(t time.Time) bool { return t.After(now.Add(ClockSlack)) }
	if voidDue(r.Due, now) || r.Due.IsZero() && r.Phase == Accepted && ahead(r.AcceptedAt) {
		r.Due = now
	}
	if ahead(r.PolledAt) {
		// A while ago: what waits for some time after it would else begin to
		// wait anew each time that the record is read.
		r.PolledAt = now.Add(-ClockSlack)
	}
	if ahead(r.AskedAt) {
		r.AskedAt = now.Add(-ClockSlack)
	}
	for _, t := range [...]*time.Time{
		&r.SentAt, &r.AcceptedAt, &r.SettledAt, &r.EndedAt,
		&r.Progress.SeenAt, &r.Progress.MissingSince, &r.Progress.RefusedSince, &r.Progress.EndSeen,
	} {
		if ahead(*t) {
			*t = now
		}
	}
	return r
}

// voidDue reports whether a time is too far ahead to have been planned by a
// clock that was right.
func voidDue(due, now time.Time) bool { return due.After(now.Add(MaxDue)) }
