package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Store keeps records. Every method is atomic and safe for concurrent use,
// by many processes where the implementation allows that.
//
// What a record that comes out refers to, its maps, slices, Notification, Outcome
// and Conflict, may be shared with the store and with others who read it: it must
// not be changed. [Record.Clone] makes a copy that may be. The new record of Create
// and the notification of Notify are copied; what a fact or a decision refers to
// belongs to the store from then on.
//
// A durable implementation has written a change to disk before it returns nil,
// unless the change is lazy. A lazy change is visible to every user of the
// store, in every process, when the method returns, and outlives a crash of any
// of them; but for a short time, which the implementation bounds and documents,
// it may not outlive a loss of power. No later change is ever on disk without
// it, and Close waits for it. Lazy may be: a [SettledFact] with an ID that the
// ERP will tell again, after whose loss the record is accepted as before and
// polled again; [AcknowledgeDecision], after whose loss the record is settled as
// before, with its content, or accepted if that was lost too, and its handler runs
// again; the count of a run or a question, by Acquire and [InterruptDecision]; and
// documents. [RescheduleDecision] may wait for the next change that is not lazy: a
// record that has lost it is due as it was before the poll. An id, an outcome that
// came in the foreground or that a person told, what is unclear, and what
// contradicts something are never lazy. A lease need not be on disk at all where
// nobody who could hold it survives what loses it, as in a store for the processes
// of one machine.
//
// A method that takes a tenant refuses an empty one with an *[InvalidError],
// and [AnyTenant] unless it says that it takes it: see [CheckTenant]. Only a
// [Notification] may have none.
//
// It may grow: an implementation embeds [UnimplementedStore], and a store that
// wraps another embeds that one. See the package documentation.
type Store interface {
	implementsStore()

	// Create stores a new record in phase [Queued] or [Sending], without a body:
	// see Enqueue. Tenant, Ref,
	// Method and Path are required; a Sending record is leased to owner for ttl
	// from the start, and a Queued one to nobody. A record that names a Key
	// held by another one is refused with *[KeyHeldError], unless it Supersedes
	// that one and that one failed or expired; one whose Ref is taken, with
	// [ErrExists]. A ttl above [MaxLease] is cut to it.
	Create(ctx context.Context, rec Record, owner string, ttl time.Duration) (Record, error)

	// Enqueue stores a new record in phase [Queued] together with the body that
	// it is to be sent with, of at most [MaxBody] bytes: what they are is the
	// caller's. Both are stored in one step, which is not lazy. Tenant, Ref, Method and Path are
	// required; keys are as for Create. If rec names a Sequence it takes the next
	// place there, or that of the one that it Supersedes if the sequence waits for
	// that, and is due once all before it have succeeded or left; else it is due
	// at once.
	//
	// The body is kept until nothing can have it sent again: the outcome was
	// acknowledged or dropped, or the record was withdrawn, given up, superseded or
	// purged. A durable implementation overwrites its bytes then, or says for how long
	// copies of them stay.
	Enqueue(ctx context.Context, rec Record, body []byte) (Record, error)

	// GetBody returns the body that a record was enqueued with, which must not be
	// changed, or [ErrNotFound] if there is none or none any more.
	GetBody(ctx context.Context, tenant, ref string) ([]byte, error)

	// GetSequence returns a sequence as it is now, or [ErrNotFound].
	GetSequence(ctx context.Context, tenant, name string) (Sequence, error)

	// Sequences returns up to q.Limit of the tenant's sequences in which something
	// waits, ordered by name. Its work grows with the size of the page and, where
	// only stopped ones are wanted, with the others that are passed over.
	Sequences(ctx context.Context, tenant string, q SequenceQuery) ([]Sequence, error)

	// Get returns the record as it reads now, or [ErrNotFound]. It takes
	// [AnyTenant].
	Get(ctx context.Context, tenant, ref string) (Record, error)

	// GetByID returns the record that the id is bound to, or [ErrNotFound]. It
	// takes [AnyTenant]; if several tenants have the id, it returns the record
	// of any of them.
	GetByID(ctx context.Context, tenant, id string) (Record, error)

	// GetByKey returns the record that holds the key, or [ErrNotFound].
	GetByKey(ctx context.Context, tenant, key string) (Record, error)

	// List returns up to q.Limit of the records that q selects, the earliest
	// created first unless q says otherwise: see [Query]. Its work grows with
	// the size of the page and, where q names Kinds or Metadata, with the
	// records that are passed over until the page is full.
	List(ctx context.Context, tenant string, q Query) ([]Record, error)

	// Count returns how many records of the tenant q selects, whatever its
	// After and Limit.
	Count(ctx context.Context, tenant string, q Query) (int, error)

	// Due returns up to q.Limit of the records of the tenant that are due by q.By
	// and that nobody has leased, the earliest due first, and when there will be
	// more. See [Record.DueAt] for when a record is due. Its work grows with the
	// size of the page and with the records that are leased, which it passes
	// over, so that replicas which work on the first ones hold nobody up. Where
	// q names Kinds it also grows with the records of other kinds that are due,
	// except in the phases [Settled] and [Expired].
	Due(ctx context.Context, tenant string, q DueQuery) (DueList, error)

	// Report merges a fact and returns the record as it is then. A fact that
	// contradicts what is known better is kept as a conflict on the record and
	// reported with *[ConflictError]; a fact that is already known changes
	// nothing and is no error. A fact that the record's phase does not allow, a
	// person's word for example, is a *[PhaseError]; of a record that is not
	// there, [ErrNotFound].
	Report(ctx context.Context, tenant, ref string, fact Fact) (Record, error)

	// Notify merges what a webhook delivered. It never makes a record
	// accepted or settled: it moves the next poll to now and may propose an
	// id. [ErrFull] says that no more unknown operations can be kept.
	Notify(ctx context.Context, n Notification) (Receipt, error)

	// Acquire leases a record to owner for ttl, at most [MaxLease], or returns
	// [ErrNotFound]. It never waits: if a lease is valid, even one of this
	// owner, it returns [ErrLeased] together with the record, whose Lease tells
	// whose it is and until when.
	//
	// If the purpose is [ToRun] and a handler may run for the record
	// ([Record.Runs]), the same write counts a run: it counts from now on, also
	// if it takes its process with it, and RunEpoch of the record that is
	// returned is the lease's Epoch. If the purpose is [ToResolve] and the
	// record is [Record.Unresolved], the same write counts a question. In all
	// other cases nothing is counted, and the lease is given all the same.
	Acquire(ctx context.Context, tenant, ref, owner string, purpose Purpose, ttl time.Duration) (Lease, Record, error)

	// Extend prolongs a valid lease to ttl from now, at most [MaxLease]. It
	// returns [ErrFenced] if the lease is no longer valid, and [ErrNotFound] if
	// the record is gone.
	Extend(ctx context.Context, l Lease, ttl time.Duration) (Lease, error)

	// Release gives a lease back. One that is no longer valid, or whose record
	// is gone, is no error. That of a record being sent is a *[PhaseError]: an
	// attempt ends with a fact.
	Release(ctx context.Context, l Lease) error

	// Decide applies a decision under a valid lease. It returns [ErrFenced] if
	// the lease is no longer valid, [ErrNotFound] if the record is gone, and a
	// *[PhaseError] for a decision that the record's phase does not allow.
	Decide(ctx context.Context, l Lease, d Decision) (Record, error)

	// Watch registers for wake-ups about the refs, or about all records of the
	// tenant if none is given; [NoRef] alone watches nothing until [Watcher.Add].
	// A wake-up may come without a change, and several changes may share one:
	// read the record again. Close the [Watcher] when done. For a tenant that no record can have, and after Close, its channel
	// is closed already. Watch never blocks.
	Watch(tenant string, refs ...string) *Watcher

	// GetDocument returns a document. One that nobody has written has Version 0
	// and no Body; that is no error.
	GetDocument(ctx context.Context, tenant, name string) (Document, error)

	// PutDocument writes d.Body if the document still has d.Version, which is 0
	// for one that is not there yet, and returns it with its new Version. If
	// somebody else was faster it returns [ErrChanged] together with the
	// document as it is. A nil Body removes the document. A Body of more than
	// [MaxDocument] bytes is an *[InvalidError]. Documents are lazy: a loss of
	// power may take back the last writes.
	PutDocument(ctx context.Context, d Document) (Document, error)

	// WatchDocuments registers for wake-ups about documents of these names, or
	// about all documents of the tenant if none is given. Otherwise it does as
	// Watch, which never wakes for a document.
	WatchDocuments(tenant string, names ...string) *Watcher

	// Purge removes what p says is old and leaves the keys and refs of
	// operations as tombstones, the keys until p frees them. It never removes
	// anything that is queued, being sent, accepted, uncertain, abandoned,
	// unclear or dead, nor a delivery. It takes [AnyTenant]. It works in
	// several steps, between which others have their turn. What a sequence waits
	// for stays as well. [PurgeCount] tells
	// what is gone, also if there is an error. The store never calls it: the
	// application or client.Run does.
	Purge(ctx context.Context, tenant string, p Retention) (PurgeCount, error)

	// Close ends the store. Later calls return [ErrClosed].
	Close() error
}

// Verdict is what became of a notification.
type Verdict string

// The verdicts on a notification. All of them mean that it need not be sent
// again.
const (
	Matched   Verdict = "matched"   // merged into a record of ours
	Duplicate Verdict = "duplicate" // received before
	Unknown   Verdict = "unknown"   // kept in a record of its own
	Disputed  Verdict = "conflict"  // contradicts what is known; kept and counted
	Purged    Verdict = "purged"    // of an operation that is gone
)

// Receipt tells what became of a notification.
type Receipt struct {
	Verdict Verdict
	Tenant  string
	Ref     string // of the record that it went to, empty if purged
}

// Errors to match with errors.Is.
var (
	ErrNotFound = errors.New("no such record")
	ErrLeased   = errors.New("leased to another owner")
	ErrFenced   = errors.New("the lease is no longer valid")
	ErrFull     = errors.New("too many notifications of unknown operations")
	ErrClosed   = errors.New("the store is closed")
	ErrExists   = errors.New("a record with this ref exists")
	ErrChanged  = errors.New("the document was written by another meanwhile")
)

// KeyHeldError says that a key belongs to another record.
type KeyHeldError struct {
	// Record holds the key. Of a purged one only Tenant, Ref, ID, Key and
	// Fingerprint are left.
	Record Record
	Purged bool
}

func (e *KeyHeldError) Error() string {
	if e.Purged {
		return fmt.Sprintf("key %q belongs to the purged operation %s", e.Record.Key, e.Record.Ref)
	}
	return fmt.Sprintf("key %q belongs to operation %s (%s)", e.Record.Key, e.Record.Ref, e.Record.Phase)
}

// ConflictError says that a reported fact contradicts what is known better.
// The record has kept the contradiction.
type ConflictError struct {
	Ref    string
	Reason string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("operation %s: %s", e.Ref, e.Reason)
}

// PhaseError says that a record's phase does not allow a change.
type PhaseError struct {
	Ref    string
	Phase  Phase
	Change string
}

func (e *PhaseError) Error() string {
	return fmt.Sprintf("operation %s is %s: cannot %s", e.Ref, e.Phase, e.Change)
}

// InvalidError says which field of an argument is wrong and what was wanted.
type InvalidError struct {
	Field string
	Want  string
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Want }
