package budget

import "time"

// State is what is known of a budget at one moment.
type State struct {
	// Limit, Remaining and Reset are those of the limit that is nearest to its
	// end. A Limit of 0 means that none is known.
	Limit     int
	Remaining int
	Reset     time.Time
	// Policies are all limits that are known.
	Policies []Policy
	// PausedUntil is the time before which the ERP asked not to be called; zero if
	// it did not.
	PausedUntil time.Time
	Calls       Counts // granted since the budget was made
	Waiting     Counts // in Take
	// Since is since when the one waits in Take who has waited longest; zero if nobody
	// does.
	Since    time.Time
	InFlight int // granted, and not answered yet
	Limited  int // answers 429
}

// Policy is what is known of one limit.
type Policy struct {
	Name      string // of the policy, or "" if the ERP does not tell
	Limit     int
	Remaining int // what replicas have leased counts as left
	Reset     time.Time
	Calls     Counts // of this replica in the present window
}

// State returns what is known now.
func (b *Budget) State() State {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	s := State{Calls: b.calls, InFlight: b.inflight, Limited: b.limited}
	for c := range numClasses {
		s.Waiting[c] = b.queue[c].length
		if w := b.queue[c].first; w != nil && (s.Since.IsZero() || w.since.Before(s.Since)) {
			s.Since = w.since
		}
	}
	if !passed(now, b.pause.until) {
		s.PausedUntil = b.pause.until
	}
	for _, w := range b.windows {
		p := Policy{Name: w.policy, Limit: w.limit, Remaining: min(w.limit, w.left+w.slice+w.outstanding()), Reset: w.end, Calls: w.taken}
		if w.policy[0] == '#' {
			p.Name = ""
		}
		s.Policies = append(s.Policies, p)
		if s.Limit == 0 || p.Remaining*s.Limit < s.Remaining*p.Limit {
			s.Limit, s.Remaining, s.Reset = p.Limit, p.Remaining, p.Reset
		}
	}
	return s
}
