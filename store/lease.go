package store

import "time"

// Lease is the right of one owner to decide about one record until a time.
// Each acquisition has a higher epoch than all before it on that record. The
// zero Lease is nobody's.
type Lease struct {
	Tenant string
	Ref    string
	Owner  string
	Epoch  uint64
	Until  time.Time
}

// Valid reports whether somebody holds the lease at the time now.
func (l Lease) Valid(now time.Time) bool { return l.Owner != "" && now.Before(l.Until) }
