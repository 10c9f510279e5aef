package store

import "time"

// Fact is something that was observed. It merges into the record whoever
// reports it and whenever. The types are [AcceptedFact], [RejectedFact],
// [NotTakenFact], [UncertainFact], [RefutedFact], [SettledFact] and [UnclearFact];
// what a webhook delivered is reported with [Store.Notify].
type Fact interface{ fact() }

// AcceptedFact says that the ERP accepted the request under an id. An id that a
// person names binds a record only until the ERP confirms it, see
// [Record.Tentative]: till then the person may name another one.
type AcceptedFact struct {
	ID     string
	Source Source    // FromAnswer, FromUser or FromEvidence
	At     time.Time // when it was accepted, if that was earlier; zero means now
	// Due is when to poll first, at most [MaxDue] ahead; the zero time plans
	// nothing. A notification that came before the id makes the poll due at
	// once all the same.
	Due time.Time
}

// RejectedFact says that the attempt with the given epoch was certainly not
// accepted: refused by the ERP, or never sent. ByUser says it for a person, of
// a record that is uncertain, unclear or tentatively bound. Epoch may be zero
// then; if it is not, and another attempt was made since, nobody knows whether the
// person means that one, and the fact is a *[PhaseError].
//
// The key becomes free. But a record whose body is kept is queued again by a
// person's word, and keeps its key; [Record.Doubted] tells.
type RejectedFact struct {
	Epoch  uint64
	ByUser bool
	Reason string
}

// NotTakenFact says that the attempt with the given epoch was certainly not
// taken, and that another one may fare better: it was not sent, the credentials
// were refused, or the ERP asked to come later. A record whose body is kept is
// queued again and due at Due, at most [MaxDue] ahead, the zero time meaning now;
// its key stays held. For any other it is a [RejectedFact].
//
// What the ERP refused for good is a [SettledFact] without an ID, whose Outcome is
// the answer: its handler is to know.
type NotTakenFact struct {
	Epoch  uint64
	Reason string
	Due    time.Time
}

// RefutedFact says that the state of a candidate id was read and belongs to
// something else. The candidate is removed and kept as a conflict; an id that
// is no candidate changes nothing.
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
// answer has no id. If that is a refusal, Epoch should be that of its attempt: the
// refusal of an attempt which is not the last one changes nothing.
//
// A person who knows how a request ended reports it with ByUser, and why in
// Outcome.Told. That is allowed for a record that is uncertain, abandoned,
// unclear or tentatively bound, and for one that expired and whose outcome was
// never learnt ([Record.Unlearnt]); ID is empty then, or the id that is bound.
// An empty one withdraws an id that only a person named. The key stays held,
// but one that was given up or taken over is not taken back. If the ERP says
// otherwise later, that is kept as a conflict and does not replace what the
// person told.
//
// The outcome of an expired record, whoever reports it, ends the lease of a
// handler that is running without it, and the count of the handler's runs
// begins anew.
//
// If Epoch is that of the record's lease, the lease ends with the fact, in the
// same write and whether or not the fact was new: whoever reports what it read
// under a lease has nothing to release then. An error other than a
// *[ConflictError] leaves the lease as it was. [Lease].Epoch of the record that
// Report returns is still Epoch then; it is higher if another has had the lease
// since. Zero ends no lease.
type SettledFact struct {
	ID      string
	Outcome Outcome
	ByUser  bool
	Epoch   uint64
}

// UnclearFact says that the ERP named an end for the id whose meaning is not
// known: its status is that of neither success nor failure. Its Epoch ends a
// lease as that of a [SettledFact] does.
type UnclearFact struct {
	ID      string
	Outcome Outcome
	Epoch   uint64
}

func (AcceptedFact) fact()  {}
func (RejectedFact) fact()  {}
func (NotTakenFact) fact()  {}
func (UncertainFact) fact() {}
func (RefutedFact) fact()   {}
func (SettledFact) fact()   {}
func (UnclearFact) fact()   {}

// Decision is something that the holder of a lease chose. The types are
// [SendDecision], [WithdrawDecision], [RequeueDecision], [SkipDecision],
// [RescheduleDecision], [InterruptDecision], [AcknowledgeDecision],
// [RetryDecision], [DeadLetterDecision], [ReplayDecision], [DropDecision],
// [ExpireDecision] and [AbandonDecision].
// Each of them but [SendDecision] ends the lease. [DeliveryTenant] says what
// they do to a delivery.
type Decision interface{ decision() }

// SendDecision moves a queued record to [Sending], unless it is
// [Record.Blocked]. The lease stays: from then on it is the attempt's.
type SendDecision struct{}

// WithdrawDecision takes back what is queued. It becomes [Rejected] and leaves its
// sequence, its key is free, and its body goes.
type WithdrawDecision struct{ Reason string }

// RequeueDecision has an operation that failed sent once more: a record with an
// outcome other than success that is settled or dead, and whose body is kept. The
// outcome goes, an id becomes one of [Record.FormerIDs], and polls, runs and
// questions are counted anew; key and place stay.
type RequeueDecision struct{}

// SkipDecision has a sequence go on without the record that stops it, see
// [Sequence.Stopped]. The record leaves the sequence; nothing else becomes of it
// but that the Reason is added to its own.
type SkipDecision struct{ Reason string }

// RescheduleDecision plans the next poll after one that found no end, at most
// [MaxDue] ahead. Notifications is [Record.Notifications] as it was when the poll
// began: if another notification came since, the poll that it asked for is kept.
// It is lazy: see [Store].
type RescheduleDecision struct {
	Due           time.Time
	Notifications int
	Progress      Progress // what the poll saw; the zero value keeps what was seen before
}

// InterruptDecision says that the run that began under the lease was cut off, by no
// fault of the handler. It is no longer counted, and its work is due as it was.
// It is lazy: see [Store].
type InterruptDecision struct{}

// AcknowledgeDecision says that the application has the outcome, or knows that
// it expired. It may be repeated under the same lease, for as long as nobody has had
// another one since: so a handler that acknowledged in a transaction of its own, and
// whoever does not know whether the first one arrived, need not look. It is lazy:
// see [Store].
type AcknowledgeDecision struct{}

// RetryDecision says that the handler failed and is to run again when due, at most
// [MaxDue] ahead. It counts nothing: the run was counted when it began.
type RetryDecision struct {
	Due    time.Time
	Reason string
}

// DeadLetterDecision parks a record that settled or expired among the dead
// letters.
type DeadLetterDecision struct{ Reason string }

// ReplayDecision brings a dead record back to its handler, with no runs
// counted.
type ReplayDecision struct{}

// DropDecision says that nobody handles a dead record any more: it counts as
// acknowledged, and the Reason, which is kept, says why. A dead delivery is removed.
type DropDecision struct{ Reason string }

// ExpireDecision says that the ERP no longer knows an accepted operation.
type ExpireDecision struct{ Reason string }

// AbandonDecision gives up a record that is uncertain, unclear or tentatively bound,
// and frees its key.
type AbandonDecision struct{ Reason string }

func (SendDecision) decision()        {}
func (WithdrawDecision) decision()    {}
func (RequeueDecision) decision()     {}
func (SkipDecision) decision()        {}
func (RescheduleDecision) decision()  {}
func (InterruptDecision) decision()   {}
func (AcknowledgeDecision) decision() {}
func (RetryDecision) decision()       {}
func (DeadLetterDecision) decision()  {}
func (ReplayDecision) decision()      {}
func (DropDecision) decision()        {}
func (ExpireDecision) decision()      {}
func (AbandonDecision) decision()     {}
