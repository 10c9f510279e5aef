package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/store"
)

// Stats is what a client has to do, and what it may call, at one moment. The zero
// value of each field means none, or not known.
type Stats struct {
	Budget BudgetStats
	// Pending counts the operations of the tenant that [Client.Pending] lists, and
	// Person those that need one, whichever replica submitted them.
	Pending PendingStats
	Person  PersonStats
	Polls   PollStats
	Outbox  OutboxStats
	// Missed is how many operations in a row ended of which the ERP was asked to tell, and
	// whose end a poll of this client found first: see [NeedsNotifications]. What is found
	// within 10 s of its end does not count, for a notification may have been on its way.
	Missed int
}

// BudgetStats is what a client may call. Limits are those that the ERP's answers told
// of, for this application in this company; calls are those of this client, and not of
// other replicas.
type BudgetStats struct {
	// Limit is how many calls are allowed in a window, Left how many of them are
	// left for all replicas, and ResetsAt when the next window begins. Where there
	// are several limits they are those of the one of which the least is left. A
	// Limit of 0 means that none is known.
	Limit    int
	Left     int
	ResetsAt time.Time
	Policies []PolicyStats // all limits
	// PausedUntil is before when the ERP asked not to be called; zero if it did not.
	PausedUntil time.Time
	Calls       CallCounts // made since the client was
	Waiting     CallCounts // wait for their turn now
	InFlight    int        // being made now
	Limited     int        // answered 429 since the client was made
	// Needed is how many calls it takes at least to bring all to its end that is
	// pending, or waits to be sent by this client. While it is more than what is Left
	// the limit cannot carry the load, and some of it waits for the next window.
	Needed int
	// LongestWait is for how long the one call has waited that has waited longest.
	LongestWait time.Duration
	// PollDelay predicts how long a scheduled poll waits that is due now: by those
	// that wait before it, and what the limit allows, other replicas left aside. It is 0
	// where no limit is known.
	PollDelay time.Duration
}

// PolicyStats is one limit.
type PolicyStats struct {
	Name     string // of the policy; empty if the ERP does not tell
	Limit    int    // calls in a window
	Left     int    // for all replicas
	ResetsAt time.Time
	Calls    CallCounts // of this client, since it knows of the present window
}

// CallCounts are numbers of calls by what they are for, the most urgent first.
type CallCounts struct {
	Content      int // of what has ended
	Notified     int // polls after a notification, and those that somebody asked for
	Overdue      int // polls before the ERP forgets an operation
	Verification int // of verifiers
	Poll         int // polls by the schedule
	Submit       int // also calls in the foreground, and for tokens where the ERP limits those
}

// Total is the sum of all.
func (n CallCounts) Total() int {
	return n.Content + n.Notified + n.Overdue + n.Verification + n.Poll + n.Submit
}

// PendingStats are numbers of operations whose outcome nobody has acknowledged, by
// their phase.
type PendingStats struct {
	Queued   int
	Sending  int
	Accepted int // at the ERP
	Settled  int // a handler or an Ack is awaited
	Expired  int // the same
}

// PersonStats are numbers of operations that need a person.
type PersonStats struct {
	Uncertain int // also those of which a notification or a [Resolver] may still tell
	Unclear   int
	Dead      int
	// Sequences counts those that have stopped, see [Client.Sequences]; a thousand at
	// most.
	Sequences int
}

// OutboxStats is what [Client.Run] of this client does about the outbox.
type OutboxStats struct {
	Sending int // requests that are being sent
	// PausedUntil is before when nothing is sent, because the ERP refuses the
	// credentials; zero if it takes them.
	PausedUntil time.Time
	// PollsLag is whether nothing is sent because more is pending than can be polled in
	// time.
	PollsLag bool
}

// PollStats are numbers of operations by when this client polls them next. Those that
// nobody waits for here are not among them, unless [Client.Run] runs, which has those of
// the whole tenant as they become due.
type PollStats struct {
	Due   int // now: they wait for their turn, or for one of [Config.InFlight]
	Soon  int // within the next minute
	Later int
}

// Stats tells what the client has to do, and what it may call. It makes no call to the
// ERP. An error is the store's; then what does not come from the store is there
// all the same.
func (c *Client) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	waits := c.sched.waits(time.Now())
	s.Polls = waits.polls
	s.Missed = c.missed.inRow()
	var err error
	count := func(p store.Phase) (n int) {
		if err == nil {
			if n, err = c.store.Count(ctx, c.cfg.Tenant, store.Query{Phases: []store.Phase{p}}); err != nil {
				err = fmt.Errorf("count what is %s: %w", p, storeError(err))
			}
		}
		return n
	}
	s.Pending = PendingStats{
		Queued: count(store.Queued), Sending: count(store.Sending), Accepted: count(store.Accepted),
		Settled: count(store.Settled), Expired: count(store.Expired),
	}
	s.Person = PersonStats{Uncertain: count(store.Uncertain), Unclear: count(store.Unclear), Dead: count(store.Dead)}
	if stopped, failed := c.store.Sequences(ctx, c.cfg.Tenant, store.SequenceQuery{Stopped: true, Limit: 1000}); failed == nil {
		s.Person.Sequences = len(stopped)
	} else if err == nil && !errors.Is(failed, errors.ErrUnsupported) { // a store without an outbox has none
		err = fmt.Errorf("count sequences that have stopped: %w", storeError(failed))
	}
	s.Outbox = c.outboxStats()
	s.Budget = c.budgetStats(waits, s.Pending.Accepted)
	return s, err
}

// budgetStats adds what waits in the scheduler to what waits in the budget.
func (c *Client) budgetStats(waits schedulerWaits, pending int) BudgetStats {
	now := time.Now()
	b := c.budget.State()
	s := BudgetStats{
		Limit: b.Limit, Left: b.Remaining, ResetsAt: b.Reset, PausedUntil: b.PausedUntil,
		Calls: countsOf(b.Calls), Waiting: countsOf(b.Waiting), InFlight: b.InFlight, Limited: b.Limited,
		Needed: c.budget.Load(pending).Needed,
	}
	s.Waiting.Notified += waits.notified
	s.Waiting.Overdue += waits.overdue
	s.Waiting.Poll += waits.polls.Due - waits.notified - waits.overdue
	for _, p := range b.Policies {
		s.Policies = append(s.Policies, PolicyStats{Name: p.Name, Limit: p.Limit, Left: p.Remaining, ResetsAt: p.Reset, Calls: countsOf(p.Calls)})
	}
	for _, since := range []time.Time{b.Since, waits.since} {
		if !since.IsZero() {
			s.LongestWait = max(s.LongestWait, now.Sub(since))
		}
	}
	s.PollDelay = c.budget.Delay(s.Waiting.Total() - s.Waiting.Submit)
	return s
}

func countsOf(n budget.Counts) CallCounts {
	return CallCounts{
		Content: n[budget.Content], Notified: n[budget.Notified], Overdue: n[budget.Overdue],
		Verification: n[budget.Verification], Poll: n[budget.Poll], Submit: n[budget.Submit],
	}
}

// schedulerWaits is what the scheduler has planned.
type schedulerWaits struct {
	polls             PollStats
	notified, overdue int       // of those that are due
	since             time.Time // when the one became due that has waited longest; zero if none waits
}

// waits counts the polls that are planned.
func (s *scheduler) waits(now time.Time) (n schedulerWaits) {
	type due struct {
		basis basis
		ref   string
	}
	var asked []due // whose plan only says when the schedule is asked again
	count := func(at time.Time) {
		switch {
		case at.After(now.Add(time.Minute)):
			n.polls.Later++
		case at.After(now):
			n.polls.Soon++
		default:
			n.polls.Due++
			if n.since.IsZero() || at.Before(n.since) {
				n.since = at
			}
		}
	}
	s.mu.Lock()
	for l := laneNotified; l <= lanePoll; l++ {
		before := n.polls.Due
		sooner := s.lanes[l].by(now.Add(time.Minute), 0, func(it *item) {
			if l == lanePoll && !it.basis.at.IsZero() {
				asked = append(asked, due{it.basis, it.ref})
				return
			}
			count(it.plan.until)
		})
		n.polls.Later += len(s.lanes[l]) - sooner
		switch l {
		case laneNotified:
			n.notified = n.polls.Due - before
		case laneOverdue:
			n.overdue = n.polls.Due - before
		}
	}
	s.mu.Unlock()
	for i := range asked {
		count(s.c.dueBy(&asked[i].basis, asked[i].ref))
	}
	return n
}

// by calls f with the items below the i-th that are planned by a time, and returns how
// many these are. It looks at no more than twice as many.
func (h itemHeap) by(end time.Time, i int, f func(*item)) int {
	if i >= len(h) || h[i].plan.until.After(end) {
		return 0
	}
	f(h[i])
	return 1 + h.by(end, 2*i+1, f) + h.by(end, 2*i+2, f)
}
