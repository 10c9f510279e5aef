package store

import "time"

// MaxLease is the longest time that a lease is given for. A caller that asks
// for more gets this much and must extend it.
const MaxLease = time.Hour

// ClockSlack is how far the clocks of those who share a store may differ. A
// time of something past that lies further ahead was written while a clock was
// ahead.
const ClockSlack = 5 * time.Minute

// Lease is the right of one owner to decide about one record until a time.
// Each acquisition has a higher epoch than all before it on that record. The
// zero Lease is nobody's.
type Lease struct {
	Tenant string
	Ref    string
	Owner  string
	Epoch  uint64
	Until  time.Time
	// TTL is for how long the lease was given or last extended, so that it
	// began at Until - TTL. It is 0 in records that an earlier version wrote.
	TTL time.Duration
}

// Valid reports whether somebody holds the lease at the time now. A lease that
// begins more than [ClockSlack] ahead is void: the clock was ahead when it was
// given and was set right since. One without a TTL counts as given for
// [MaxLease].
func (l Lease) Valid(now time.Time) bool {
	ttl := l.TTL
	if ttl <= 0 || ttl > MaxLease {
		ttl = MaxLease
	}
	return l.Owner != "" && now.Before(l.Until) && !l.Until.Add(-ttl).After(now.Add(ClockSlack))
}

// lasting returns the lease as given at the time now, for ttl.
func (l Lease) lasting(now time.Time, ttl time.Duration) Lease {
	l.TTL = min(ttl, MaxLease)
	l.Until = now.Add(l.TTL)
	return l
}
