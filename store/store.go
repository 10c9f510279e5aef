package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Store keeps records. Every method is atomic and safe for concurrent use,
// by many processes where the implementation allows that. Records and
// notifications that go in and come out share no memory with the store.
//
// A durable implementation has written to disk before it returns nil, with
// one exception: [AcknowledgeDecision] is a lazy decision. It is visible to every user of
// the store when Decide returns, in every process, and outlives a crash of
// any of them, but for a short time, which the implementation bounds and
// documents, it may not outlive a loss of power. Then the record is settled as
// it was before, with its content, and its handler runs again. Whatever else
// is changed later is never on disk without it, and Close waits for it. The
// count of a run or a question, by Acquire and [InterruptDecision], is lazy in the same
// way, and so are documents: they outlive every crash of a process. A lease
// that Acquire gives need not be on disk either where nobody who could hold it
// survives what loses it, as in a store for the processes of one machine.
//
// Every method refuses an empty tenant with an *[InvalidError], and [AnyTenant]
// unless it says that it takes it: see [CheckTenant].
//
// It may grow: an implementation embeds [UnimplementedStore], and a store that
// wraps another embeds that one. See the package documentation.
type Store interface {
	implementsStore()

	// Create stores a new record in phase [Queued] or [Sending]. Tenant, Ref,
	// Method and Path are required; a Sending record is leased to owner for
	// ttl from the start, and a Queued one to nobody. A record that names a
	// Key held by another one is refused with *[KeyHeldError], unless it
	// Supersedes that one and that one failed. ttl is at most [MaxLease].
	Create(ctx context.Context, rec Record, owner string, ttl time.Duration) (Record, error)

	// Get returns the record as it reads now, or [ErrNotFound]. It takes
	// [AnyTenant].
	Get(ctx context.Context, tenant, ref string) (Record, error)

	// GetByID returns the record that the id is bound to, or [ErrNotFound].
	// It takes [AnyTenant]: which record it returns is not said where several
	// tenants have the id.
	GetByID(ctx context.Context, tenant, id string) (Record, error)

	// GetByKey returns the record that holds the key, or [ErrNotFound].
	GetByKey(ctx context.Context, tenant, key string) (Record, error)

	// List returns up to q.Limit of the records that q selects, in the order in
	// which they were created, or the other way round: see [Query]. Its work
	// depends on the size of the page and, where q names Kinds or Metadata, on
	// how many records are passed over until it is full.
	List(ctx context.Context, tenant string, q Query) ([]Record, error)

	// Count returns how many records of the tenant q selects, whatever its
	// After and Limit.
	Count(ctx context.Context, tenant string, q Query) (int, error)

	// Report merges a fact and returns the record as it is then. A fact that
	// contradicts what is known better is kept as a conflict on the record
	// and reported with *[ConflictError]; a fact that is already known
	// changes nothing and is no error.
	Report(ctx context.Context, tenant, ref string, fact Fact) (Record, error)

	// Notify merges what a webhook delivered. It never makes a record
	// accepted or settled: it moves the next poll to now and may propose an
	// id. [ErrFull] says that no more unknown operations can be kept.
	Notify(ctx context.Context, n Notification) (Receipt, error)

	// Acquire leases a record to owner for ttl, at most [MaxLease]. If another
	// lease is valid it returns [ErrLeased] together with the record, whose
	// Lease tells whose it is and for how long.
	//
	// Taken [ToRun], the lease begins a run of the handler in the same write,
	// if one may run for the record ([Record.Runs]): the run counts from now
	// on, also if it takes its process with it, and RunEpoch of the record
	// that is returned is the lease's Epoch. Taken [ToResolve], it counts a question
	// in the same way, if there is one ([Record.Unresolved]). If not, or if the
	// purpose is another one, nothing is counted and the lease is all there is.
	Acquire(ctx context.Context, tenant, ref, owner string, purpose Purpose, ttl time.Duration) (Lease, Record, error)

	// Extend prolongs a valid lease to ttl from now, at most [MaxLease], or
	// returns [ErrFenced].
	Extend(ctx context.Context, l Lease, ttl time.Duration) (Lease, error)

	// Release gives a lease back. A lease that is no longer valid is no error.
	Release(ctx context.Context, l Lease) error

	// Decide applies a decision under a valid lease, or returns [ErrFenced].
	// A decision that the record's phase does not allow is a *[PhaseError].
	Decide(ctx context.Context, l Lease, d Decision) (Record, error)

	// Watch registers for wake-ups about the refs, or about all records of
	// the tenant if none is given. A wake-up may come without a change, and
	// several changes may share one: read the record again. Close the
	// [Watcher] when done. For a tenant that no record can have it is closed
	// already.
	Watch(tenant string, refs ...string) *Watcher

	// GetDocument returns a document. One that nobody has written has Version 0
	// and no Body; that is no error.
	GetDocument(ctx context.Context, tenant, name string) (Document, error)

	// PutDocument writes d.Body if the document still has d.Version, 0 for one
	// that is not there yet, and returns it with its new Version. If another
	// was faster it returns [ErrChanged] together with the document as it is. A
	// nil Body removes the document. Documents are lazy, as acknowledgements
	// are: a loss of power may take back the last writes.
	PutDocument(ctx context.Context, d Document) (Document, error)

	// WatchDocuments registers for wake-ups about documents of these names, or
	// about all documents of the tenant if none is given. It is otherwise as
	// Watch, which never wakes for a document.
	WatchDocuments(tenant string, names ...string) *Watcher

	// Purge removes what p says is old and leaves the keys and refs of
	// operations as tombstones, the keys until p frees them. It never removes anything that is queued,
	// being sent, accepted, uncertain, abandoned, unclear or dead, nor a
	// delivery.
	// It takes [AnyTenant]. [PurgeCount] tells what is gone, also if there is
	// an error. Nobody calls it but the application and client.Run.
	Purge(ctx context.Context, tenant string, p Retention) (PurgeCount, error)

	// Close ends the store. Later calls return [ErrClosed].
	Close() error
}

// Verdict is what became of a notification.
type Verdict string

// The verdicts on a notification. All of them mean that it needs not be
// sent again.
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
