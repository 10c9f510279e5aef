package client

import (
	"time"

	"github.com/vismanet-go/background/store"
)

// State is how far an operation has come, as last seen.
type State struct {
	Ref   string
	ID    string // empty while it is not known
	Phase store.Phase
	// Status is the ERP's own word: "Started", "Finished", "Failed" or
	// whatever it may invent; empty before the first poll.
	Status string
	// StatusCode is that of the answer, 0 until there is one.
	StatusCode int
	Received   time.Time // when the ERP queued it; zero if not known
	Started    time.Time // when it was picked up; zero while it is queued
	Finished   time.Time // zero until it has ended
	Polls      int       // polls, the one that found the end included
	Notified   time.Time // when the last notification came; zero if none did
	// Missing says that the last poll found no such operation.
	Missing bool
	// Foreground says that the ERP ran the request at once.
	Foreground bool
	// Late marks an operation that turned out to be accepted after it had
	// been given up.
	Late bool
	// Reason is why it is rejected, uncertain, abandoned, expired or unclear, why
	// its handler failed last or gave it up, or why it was dropped.
	Reason string
	// Attempts counts the runs of its handler, from its first or from the last
	// [Operation.Replay].
	Attempts int
	// Asked is how often a [Resolver] was asked what became of it.
	Asked int
	Sent  time.Time // when the request was sent last; zero if it was not
	// Ended is when it was acknowledged, rejected, given up or dropped, expired,
	// became unclear, or died.
	Ended time.Time
	// Told is why a person, or a [Resolver], says that it ended like this: see
	// [EndedWith].
	Told string
	// Tentative says that a person named the ID and that the ERP has not
	// confirmed it yet: Resolve may still replace it.
	Tentative bool
}

// stateOf is the State of a record.
func stateOf(rec store.Record) State {
	s := State{
		Ref: rec.Ref, ID: rec.ID, Phase: rec.Phase, Status: rec.Progress.Status, Received: rec.Progress.ReceivedAt,
		Started: rec.Progress.StartedAt, Missing: rec.Progress.Missing, Polls: rec.Polls, Late: rec.Late,
		Reason: rec.Reason, Attempts: rec.Attempts, Asked: rec.Asks, Sent: rec.SentAt, Ended: rec.EndedAt, Tentative: rec.Tentative(),
	}
	if rec.Notification != nil {
		s.Notified = rec.Notification.ReceivedAt
	}
	if o := rec.Outcome; o != nil {
		s.Status, s.StatusCode, s.Missing = o.Status, o.StatusCode, false
		s.Received, s.Started, s.Finished = o.ReceivedAt, o.StartedAt, o.FinishedAt
		s.Told = o.Told
		if s.Foreground = o.Foreground; !s.Foreground && s.Told == "" {
			s.Polls++ // the record counts those that found no end
		}
	}
	return s
}

// ran is the time from queued to done by the ERP's clock, 0 if not known.
func (s State) ran() time.Duration {
	if s.Finished.IsZero() || s.Received.IsZero() {
		return 0
	}
	return max(0, s.Finished.Sub(s.Received))
}

// queued is the time from queued to started by the ERP's clock, 0 if not known.
func (s State) queued() time.Duration {
	if s.Started.IsZero() || s.Received.IsZero() {
		return 0
	}
	return max(0, s.Started.Sub(s.Received))
}

// executed is the time from started to done by the ERP's clock, 0 if not known.
func (s State) executed() time.Duration {
	if s.Finished.IsZero() || s.Started.IsZero() {
		return 0
	}
	return max(0, s.Finished.Sub(s.Started))
}
