package store

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"
)

// Phase is how far an operation has come. ARCHITECTURE.md holds the diagram.
type Phase string

// The phases of an operation.
const (
	// Queued waits to be sent; sending it is safe. Its body is kept if it came by
	// [Store.Enqueue].
	Queued Phase = "queued"
	// Sending was written before the first byte left. When its lease ends
	// without an outcome the record reads as Uncertain, see [Record.At].
	Sending Phase = "sending"
	// Accepted has an id of the ERP; its outcome is awaited. See also
	// [Record.Tentative].
	Accepted Phase = "accepted"
	// Settled has a terminal state that nobody has acknowledged yet.
	Settled Phase = "settled"
	// Acknowledged was acknowledged by the application.
	Acknowledged Phase = "acknowledged"
	// Rejected was certainly not accepted, or was withdrawn before it was sent;
	// its key is free again.
	Rejected Phase = "rejected"
	// Uncertain was sent, and no answer told whether it was accepted.
	Uncertain Phase = "uncertain"
	// Abandoned was uncertain, unclear or tentatively bound, and a person gave
	// it up; its key is free.
	Abandoned Phase = "abandoned"
	// Expired was accepted, but the ERP no longer knows it.
	Expired Phase = "expired"
	// Unclear was accepted, and the ERP named an end that is neither success
	// nor failure to anybody's knowledge. It waits for a person and keeps its
	// key; no handler runs.
	Unclear Phase = "unclear"
	// Dead is a dead letter: the operation settled or expired, or it is a
	// delivery, and its handler failed for good.
	Dead Phase = "dead"
	// Unmatched is known only from a notification: either the 202 has not been
	// recorded yet, or the operation was submitted by somebody else.
	Unmatched Phase = "unmatched"
	// Delivery is not an operation but a notification on its way to the
	// handlers of a receiver, see [DeliveryTenant].
	Delivery Phase = "delivery"
)

// Valid reports whether p is one of the phases above.
func (p Phase) Valid() bool {
	switch p {
	case Queued, Sending, Accepted, Settled, Acknowledged, Rejected, Uncertain, Abandoned, Expired, Unclear, Dead, Unmatched, Delivery:
		return true
	}
	return false
}

// Terminal reports whether nothing more is awaited from the ERP in phase p.
func (p Phase) Terminal() bool {
	switch p {
	case Settled, Acknowledged, Rejected, Expired, Unclear, Dead:
		return true
	}
	return false
}

// Source says how an id came to be bound to a record.
type Source string

// The sources of an id, the strongest first.
const (
	// FromAnswer is an id read from the 202 answer itself. It replaces one of
	// any other source until the outcome was acknowledged, dead-lettered or
	// told by a person.
	FromAnswer Source = "answer"
	// FromUser is an id named by a person who resolved an uncertain record.
	FromUser Source = "user"
	// FromEvidence is an id proposed by a notification and confirmed by
	// reading the state with our own credentials.
	FromEvidence Source = "evidence"
	// FromNotification is an id that only a notification told of; only
	// records in phase [Unmatched] carry it.
	FromNotification Source = "notification"
)

// Record is all that is kept of one operation. Tokens, request bodies and
// webhook addresses are never part of it. The body of what was enqueued is kept
// beside it, see [Store.Enqueue].
type Record struct {
	Tenant string // the company it belongs to; scopes keys and ids; see [CheckTenant]
	Ref    string // our own random correlation value, unique in the store
	Phase  Phase

	ID         string   // the ERP's operation id, unique per tenant once bound
	IDSource   Source   // how ID was learnt
	OtherIDs   []string // further ids answered for this ref, oldest first
	FormerIDs  []string // ids of earlier attempts that ended, oldest first: it was queued again since
	Candidates []string // ids proposed by notifications, not yet confirmed

	Key         string // the caller's name for the work, optional
	KeyReleased bool   // the key no longer belongs to this record
	Supersedes  string // ref of the failed record that held the key before
	Fingerprint string // SHA-256 of method, path and body, in hexadecimal
	Kind        string // routes the completion to its handler; of a delivery, the [Verdict]
	Verifier    string // name of the follow-up check
	Method      string
	Path        string // path and query below the base URL
	Origin      string // base URL that the request went to
	Notify      string // "none", "subscription" or "url"
	Link        string // ties later work to the trace of the submit
	Metadata    map[string]string

	// Enqueued says that it came by [Store.Enqueue], and HasBody that the body
	// which came with it is still kept.
	Enqueued bool
	HasBody  bool
	// Sequence is the name of its sequence, empty if it is in none, and Place its
	// number there, from 1. The Place is 0 once it has left the sequence:
	// it was withdrawn, skipped or superseded.
	Sequence string
	Place    uint64
	// Blocked says that it is queued behind another one of its sequence: it is
	// not due, and cannot be sent.
	Blocked bool
	// Sends counts the attempts to send what was queued.
	Sends int
	// Doubted says that only a person's word, or a resolver's, tells that one of
	// these attempts was not accepted. If a notification says otherwise while it is
	// queued again, it is uncertain again.
	Doubted bool

	// Due is when to send, when to poll next, or when the handler runs; the zero
	// time means not scheduled. It is never more than [MaxDue] ahead.
	Due      time.Time
	Polls    int       // polls of the state that found no end
	PolledAt time.Time // when the last of them was recorded
	Progress Progress  // what the last of them saw
	Attempts int       // runs of the handler that began and were not interrupted, since the last replay
	// RunEpoch is the lease epoch of the run that was counted last, until a
	// decision ends it. A run whose process died leaves it behind. Of what is
	// acknowledged it is the epoch under which that was done.
	RunEpoch uint64
	Lease    Lease
	// SendEpoch is the lease epoch of the last attempt to send. What became
	// of an attempt counts only if it is the last one.
	SendEpoch uint64

	Notification  *Notification // the last one that belongs to the operation
	Notifications int           // distinct ones
	Duplicates    int
	Conflict      *Conflict // the first contradiction
	Conflicts     int

	Outcome *Outcome // set once settled or unclear
	Reason  string   // why it is rejected, uncertain, abandoned, expired, unclear or dead, was dropped, or is queued again
	// Late marks an operation that turned out to be accepted after it had
	// been given up or written off.
	Late bool

	CreatedAt  time.Time
	SentAt     time.Time
	AcceptedAt time.Time
	SettledAt  time.Time
	EndedAt    time.Time // when it became acknowledged, rejected, abandoned, expired, unclear or dead
	UpdatedAt  time.Time

	// Asks counts how often the application was asked what became of the record,
	// while it is uncertain or unclear, and AskedAt is when the last question began.
	Asks    int
	AskedAt time.Time
}

// Progress is what the ERP said of an operation that has not ended.
type Progress struct {
	Status     string    // as read, empty if the state was never read
	StatusCode int       // as read with it
	Location   string    // the Location that came with it, as read
	SeenAt     time.Time // when a state was read last
	Missing    bool      // the last poll found no such operation
	// MissingSince and Missings tell of the polls in a row, up to the last
	// one, that found no such operation.
	MissingSince time.Time
	Missings     int
	// RefusedSince and RefusedStatus tell of the polls in a row, up to the
	// last one, that the ERP refused in a way that no repetition changes.
	RefusedSince  time.Time
	RefusedStatus int
	ReceivedAt    time.Time
	StartedAt     time.Time // zero while it is queued
	// EndSeen is when a poll first saw that it has ended, where the rest of
	// the outcome could not be had yet.
	EndSeen time.Time
}

// Outcome is what the ERP's terminal state said, or the answer itself where
// the request ran in the foreground, or where the ERP refused what was enqueued.
type Outcome struct {
	Status       string // the ERP's word as read: "Finished" or "Failed", any other if unclear
	Foreground   bool   // the answer came at once instead of a 202
	StatusCode   int    // 0 where the ERP named none
	Header       map[string][]string
	ErrorMessage string
	// Failure is what went wrong as the body of a 2xx tells it; empty if it
	// tells of no failure.
	Failure string
	// Unconfirmed says that the answer tells no more than that something was
	// started, or that it could not be read. It was judged when the outcome was
	// recorded, whether or not the content was kept.
	Unconfirmed bool
	// Told is why a person says that the request ended like this; empty if
	// the ERP said so itself. See [SettledFact].
	Told        string
	HasContent  bool   // the ERP holds, or held, a stored answer
	Kept        bool   // Content is that answer, complete
	Content     []byte // nil if not Kept
	ContentType string
	Confirmed   bool      // a follow-up check found that the work is done
	Refuted     string    // why the follow-up check found that it is not
	ReceivedAt  time.Time // the ERP's clock; zero if not told
	StartedAt   time.Time
	FinishedAt  time.Time
}

// Succeeded reports whether the ERP ran the request, or a person says so, the
// answer was a 2xx that tells of no failure in its body, and no follow-up
// check found otherwise.
func (o Outcome) Succeeded() bool {
	ran := o.Foreground || o.Told != "" || strings.EqualFold(o.Status, "Finished")
	return ran && o.StatusCode >= 200 && o.StatusCode <= 299 && o.Failure == "" && o.Refuted == ""
}

// refusal reports whether the answer came at once and the request was not run.
func (o Outcome) refusal() bool { return o.Foreground && !(o.StatusCode >= 200 && o.StatusCode <= 299) }

// Conflict is a contradiction that was kept for a person.
type Conflict struct {
	At     time.Time
	Reason string
	ID     string // the id that did not fit, if any
	Body   []byte // the notification that did not fit, if any
}

// Notification is what a webhook delivered, after it was authenticated.
type Notification struct {
	// Tenant is the tenant that the sender named, as the receiver maps it;
	// empty if it named none. Then the record is found by Ref or by ID in any
	// tenant, and one that is made has [NoTenant].
	Tenant string
	// Ref is our correlation value, empty if the sender gave none.
	Ref string
	// ID is the operation id read from the body: only a candidate.
	ID string
	// NotificationID is the dispatcher's id, empty in URL mode.
	NotificationID string
	// StatusCode is the claimed status code of the answer, 0 if not told.
	StatusCode int
	// Mode is "subscription" or "url".
	Mode string
	// Unparsed marks authenticated bytes that made no sense.
	Unparsed bool
	// Deliver asks for a delivery of its own to the receiver's handlers,
	// unless it is a duplicate, a conflict or of a purged operation. It is an
	// instruction and not kept.
	Deliver    bool
	Header     map[string]string // kept by allow list
	Body       []byte
	ReceivedAt time.Time
}

// Tentative reports whether the id was named by a person and nothing that the
// ERP said has confirmed it yet. Such a binding can be undone: the record may
// be resolved as if it were uncertain.
func (r Record) Tentative() bool { return r.Phase == Accepted && r.unconfirmed() }

// unconfirmed reports whether the id is only a person's word.
func (r Record) unconfirmed() bool {
	return r.IDSource == FromUser && r.Progress.Status == "" && r.Outcome == nil
}

// Unlearnt reports whether the operation expired and nobody has learnt since
// how it ended; its handler may have been told that it expired. A person who
// knows the end can tell it.
func (r Record) Unlearnt() bool {
	return r.Outcome == nil && (r.Phase == Expired || r.Phase == Acknowledged || r.Phase == Dead)
}

// Wakes reports whether a change from old to r wakes watchers: any write that
// leaves the record without a lease, and any change of phase, id, due time,
// outcome, or count of polls, notifications or conflicts. Taking or extending a
// lease wakes nobody.
func (r Record) Wakes(old Record) bool { return r.wakes(old.told()) }

func (r *Record) wakes(old told) bool { return r.Lease.Owner == "" || r.told() != old }

// told is what watchers are told of when it changes.
type told struct {
	phase                           Phase
	id                              string
	due                             int64 // see nanos
	polls, notifications, conflicts int
	ended, kept                     bool
}

func (r *Record) told() told {
	return told{
		r.Phase, r.ID, nanos(r.Due), r.Polls, r.Notifications, r.Conflicts,
		r.Outcome != nil, r.Outcome != nil && r.Outcome.Kept,
	}
}

// HoldsKey reports whether the record owns its key in its tenant.
func (r Record) HoldsKey() bool { return r.Key != "" && !r.KeyReleased }

// Runs reports whether a handler may run for the record at the time now: it is
// settled, expired or a delivery, and due.
func (r Record) Runs(now time.Time) bool {
	ended := r.Phase == Settled || r.Phase == Expired || r.Phase == Delivery
	return ended && !r.Due.After(now)
}

// Unresolved reports whether it is not known what became of the operation, or
// what its end means.
func (r Record) Unresolved() bool { return r.Phase == Uncertain || r.Phase == Unclear }

// Clone returns a copy that shares no memory with r.
func (r Record) Clone() Record {
	r.OtherIDs = slices.Clone(r.OtherIDs)
	r.Candidates = slices.Clone(r.Candidates)
	r.FormerIDs = slices.Clone(r.FormerIDs)
	r.Metadata = maps.Clone(r.Metadata)
	if r.Notification != nil {
		n := r.Notification.Clone()
		r.Notification = &n
	}
	if r.Conflict != nil {
		c := *r.Conflict
		c.Body = bytes.Clone(c.Body)
		r.Conflict = &c
	}
	if r.Outcome != nil {
		o := r.Outcome.Clone()
		r.Outcome = &o
	}
	return r
}

// Clone returns a copy that shares no memory with n.
func (n Notification) Clone() Notification {
	n.Header = maps.Clone(n.Header)
	n.Body = bytes.Clone(n.Body)
	return n
}

// Clone returns a copy that shares no memory with o.
func (o Outcome) Clone() Outcome {
	h := make(map[string][]string, len(o.Header))
	for k, v := range o.Header {
		h[k] = slices.Clone(v)
	}
	if o.Header == nil {
		h = nil
	}
	o.Header = h
	o.Content = bytes.Clone(o.Content)
	return o
}
