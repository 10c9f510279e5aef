package store

import (
	"cmp"
	"slices"
	"time"
)

// Query selects records. Its zero value selects all of a tenant.
type Query struct {
	Phases   []Phase           // any of these; all if empty
	Kinds    []string          // any of these; all if empty
	Metadata map[string]string // all of these pairs, among others; all if empty
	// CreatedFrom and CreatedBefore bound when a record was created, from the
	// one on and before the other; the zero time is no bound.
	CreatedFrom, CreatedBefore time.Time
	DueBy                      time.Time // only what is due by this time; the zero time means all

	NewestFirst bool     // the latest created first, and not the earliest
	After       Position // behind this one in that order; the zero Position means from the start
	Limit       int      // at most this many; 0 means 100
	// WithoutContent leaves the kept content out of what is listed, which may
	// be a thousand times as large as the rest: Outcome.Kept and all else are
	// there, and Outcome.Content is nil.
	WithoutContent bool
}

// Position is where a record stands in a list: records are ordered by when they
// were created, and those of one moment by their refs. A record's position
// never changes, so a list can go on from one that is gone.
type Position struct {
	CreatedAt time.Time
	Ref       string
}

// Position returns where the record stands in a list. The next page of a query
// is that After the Position of the last record.
func (r Record) Position() Position { return Position{r.CreatedAt, r.Ref} }

// Compare returns -1, 0 or 1 as p stands before q, is q, or stands behind it,
// the earliest first.
func (p Position) Compare(q Position) int {
	return cmp.Or(p.CreatedAt.Compare(q.CreatedAt), cmp.Compare(p.Ref, q.Ref))
}

// Follows reports whether a record is listed behind q.After.
func (q Query) Follows(p Position) bool {
	switch {
	case q.After == Position{}:
		return true
	case q.NewestFirst:
		return p.Compare(q.After) < 0
	}
	return p.Compare(q.After) > 0
}

// Bounds returns the positions that all that q selects stand behind and before, the
// zero Position where there is no such bound: its After, and its times. No ref is
// empty, so that a time without one stands before all of that time.
func (q Query) Bounds() (low, high Position) {
	low, high = Position{CreatedAt: q.CreatedFrom}, Position{CreatedAt: q.CreatedBefore}
	switch {
	case q.After == Position{}:
	case q.NewestFirst && (high == Position{} || q.After.Compare(high) < 0):
		high = q.After
	case !q.NewestFirst && low.Compare(q.After) < 0:
		low = q.After
	}
	return low, high
}

// Selects reports whether q selects a record, as it reads at some time, by
// all but After, Limit and WithoutContent.
func (q Query) Selects(rec Record) bool {
	for name, value := range q.Metadata {
		if got, ok := rec.Metadata[name]; !ok || got != value {
			return false
		}
	}
	return (len(q.Phases) == 0 || slices.Contains(q.Phases, rec.Phase)) &&
		(len(q.Kinds) == 0 || slices.Contains(q.Kinds, rec.Kind)) &&
		!rec.CreatedAt.Before(q.CreatedFrom) &&
		(q.CreatedBefore.IsZero() || rec.CreatedAt.Before(q.CreatedBefore)) &&
		(q.DueBy.IsZero() || !rec.Due.IsZero() && !rec.Due.After(q.DueBy))
}

// SelectsAt is Selects for a stored record that is read at the time now. One
// that is due more than [MaxDue] ahead counts as due, whatever q.DueBy is.
func (q Query) SelectsAt(rec Record, now time.Time) bool {
	if voidDue(rec.Due, now) {
		q.DueBy = time.Time{}
	}
	return q.Selects(rec.At(now))
}
