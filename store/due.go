package store

import "time"

// DueQuery selects work by when it is due: see [Store.Due].
type DueQuery struct {
	Phases []Phase   // any of these, as they read; all if empty
	Kinds  []string  // any of these; all if empty
	By     time.Time // only what is due by this time
	Limit  int       // at most this many; 0 means 100
	// WithoutContent leaves the kept content out, as in [Query].
	WithoutContent bool
}

// DueList is what is due, and when there will be more.
type DueList struct {
	Records []Record // the earliest due first
	// Next is when the first of those becomes due that are planned and not
	// among Records, because the limit left it out, it is due later, or
	// somebody has it leased: then not before the lease ends, as it is now. It
	// is zero if there are none. What changes meanwhile wakes watchers.
	Next time.Time
}

// DueAt is when there is something to do for the record, as it is stored, at the
// time now; the zero time means at once. What is accepted, settled or expired, a
// delivery and what is enqueued are due at once without a Due; nothing else is
// planned without one, nor is what is [Record.Blocked]. A Due more than [MaxDue]
// ahead is void: the record is due at once.
func (r Record) DueAt(now time.Time) (due time.Time, planned bool) {
	if r.Blocked {
		return time.Time{}, false
	}
	if voidDue(r.Due, now) {
		return time.Time{}, true
	}
	if r.Due.IsZero() {
		switch r.Phase {
		case Accepted, Settled, Expired, Delivery:
		case Queued:
			return time.Time{}, r.Enqueued
		default:
			return time.Time{}, false
		}
	}
	return r.Due, true
}
