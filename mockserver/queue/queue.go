// Package queue keeps operations from their 202 to the end of their retention,
// and hands them out to workers.
package queue

import (
	"context"
	"errors"
	"time"
)

// A [Queue] returns these errors.
var (
	// ErrUnknownJob says that there is no job with this id, not even a tombstone.
	ErrUnknownJob = errors.New("no such job")

	// ErrLeaseLost says that the job, or its notice, has gone to another worker
	// since. What the caller did is void and changes nothing.
	ErrLeaseLost = errors.New("the lease was lost")

	// ErrConflict says that the ERP's data changed since it was read. Nothing was
	// stored; read again and repeat.
	ErrConflict = errors.New("the ERP's data changed meanwhile")

	// ErrDuplicate says that there is a job with this id already.
	ErrDuplicate = errors.New("the id is taken")
)

// A Queue keeps operations from their 202 to the end of their retention, and
// hands them out to workers. [NewMemory] is the default; package
// sqlitequeue has one that outlives the process and that several processes
// share. Package queuetest holds the tests that every Queue must pass.
//
// The contract:
//
//   - Add returns nil only when the job is stored, as safely as the queue
//     stores anything. Every job that was added ends.
//   - Take leases a job to one worker at a time, and gives it an epoch that no
//     earlier lease of it had. Finish takes effect for the latest lease only,
//     and once: a job has one result.
//   - A job's state, its result and its content change together: a caller that
//     reads Finished with HasContent can read the content until the job
//     expires.
//   - Of each company, jobs start in the order in which they were added (or as
//     Limits.Order says), at most Limits.PerCompany at a time; companies take
//     turns.
//   - A job is not taken before its NotBefore; those behind it pass. The
//     server calls Take again at that time.
//   - Every company has a clock of its own, which may stand, jump, and show any
//     time from 1970 to 2199; see [Now].
//   - From Job.Expires on, a job reads as Expired, without answer and content:
//     it is a tombstone. HasContent stays, to tell "gone" from "never was".
//     Beyond [MaxTombstones] a queue may forget the oldest of them; then their
//     ids are unknown.
//   - The queue keeps the Job that it is given and returns copies; nobody
//     changes a slice or map in a Job.
//
// All methods may be called from several goroutines.
type Queue interface {
	// Add stores a new job as Queued.
	Add(ctx context.Context, job *Job) error

	// Take leases jobs that may start now: they become Running, with Started
	// set to now and Attempts and Epoch grown.
	Take(ctx context.Context, now Now, limits Limits) ([]*Job, error)

	// Finish ends the job of a lease. It returns [ErrLeaseLost] if the lease
	// is not the job's latest or the job has ended, [ErrConflict] if
	// r.Changes is out of date.
	Finish(ctx context.Context, lease Lease, r Result) error

	// Get returns a job as it is at a time, without Request. It returns
	// [ErrUnknownJob] if there is none.
	Get(ctx context.Context, id string, now Now) (*Job, error)

	// Content returns a job's stored body, nil if there is none.
	Content(ctx context.Context, id string, now Now) ([]byte, error)

	// List returns all jobs in the order in which they were added.
	List(ctx context.Context, now Now) ([]*Job, error)

	// Count adds to StateReads and ContentReads. A crash may lose that.
	Count(id string, stateReads, contentReads int)

	// Expire ends the retention of a job that has ended, at once. It reports
	// whether there was one.
	Expire(ctx context.Context, id string) (bool, error)

	// Reset forgets everything of a company, or of all companies if that is
	// empty: jobs in any state, with their notices, and its ERP data. Leases
	// of its jobs are lost, for good: an epoch is never given again, not even
	// to another job with the same id.
	Reset(ctx context.Context, company string) error
}

// MaxTombstones bounds how many operations past their retention the queues of
// this module remember, of all companies together. Of these the mock says that
// they are gone (410 for the content, Profile.ExpiredStateStatus for the
// state); the id of a forgotten one is unknown, and answered 404.
const MaxTombstones = 10_000

// Now tells the time of a company. Each company has a clock of its own: none
// of the times of a job may be compared with those of another company, or with
// the time of the machine. A Now returns at once, and may be called with locks
// held.
type Now func(company string) time.Time
