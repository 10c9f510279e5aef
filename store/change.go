package store

import "time"

// Fact is something that was observed. It merges into the record whoever
// reports it and whenever. The types are [AcceptedFact], [RejectedFact],
// [UncertainFact], [RefutedFact] and [SettledFact]; what a webhook delivered is reported
// with [Store.Notify].
type Fact interface{ fact() }

// AcceptedFact says that the ERP accepted the request under an id.
type AcceptedFact struct {
	ID     string
	Source Source    // FromAnswer, FromUser or FromEvidence
	At     time.Time // when it was accepted, if that was earlier; zero means now
}

// RejectedFact says that the attempt with the given epoch was certainly not
// accepted: refused by the ERP, or never sent. A user who resolves an
// uncertain record as not accepted reports it with ByUser.
type RejectedFact struct {
	Epoch  uint64
	ByUser bool
	Reason string
}

// RefutedFact says that a candidate id was looked at and belongs to something
// else. It is kept as a conflict.
type RefutedFact struct {
	ID     string
	Reason string
}

// UncertainFact says that the attempt with the given epoch was sent and that
// its answer did not tell whether it was accepted.
type UncertainFact struct {
	Epoch  uint64
	Reason string
}

// SettledFact says that a terminal state was read for the id. A foreground
// answer has no id.
type SettledFact struct {
	ID      string
	Outcome Outcome
}

func (AcceptedFact) fact()  {}
func (RejectedFact) fact()  {}
func (UncertainFact) fact() {}
func (RefutedFact) fact()   {}
func (SettledFact) fact()   {}

// Decision is something that the holder of a lease chose. The types are
// [Send], [Reschedule], [Handle], [Retry], [Bury], [Replay], [Expire] and
// [Abandon]. Each of them but [Send] ends the lease. What they mean for a
// delivery says [DeliveryTenant].
type Decision interface{ decision() }

// Send moves a queued record to [Sending]; the lease becomes the attempt's.
type Send struct{}

// Reschedule plans the next look after one that found no end. Heard is
// [Record.Notifications] as it was when the look began: if another
// notification came since, the look that it asked for is kept.
type Reschedule struct {
	Due      time.Time
	Heard    int
	Progress Progress // what the look saw; the zero value keeps what was seen before
}

// Handle says that the application has the outcome, or knows that it expired.
// It is lazy: see [Store].
type Handle struct{}

// Retry says that the handler failed and is to run again when due.
type Retry struct {
	Due    time.Time
	Reason string
}

// Bury parks a settled record among the dead.
type Bury struct{ Reason string }

// Replay brings a dead record back to its handler.
type Replay struct{}

// Expire says that the ERP no longer knows an accepted operation.
type Expire struct{ Reason string }

// Abandon gives up an uncertain record and frees its key.
type Abandon struct{ Reason string }

func (Send) decision()       {}
func (Reschedule) decision() {}
func (Handle) decision()     {}
func (Retry) decision()      {}
func (Bury) decision()       {}
func (Replay) decision()     {}
func (Expire) decision()     {}
func (Abandon) decision()    {}
