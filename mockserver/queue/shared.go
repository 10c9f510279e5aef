package queue

import (
	"context"
)

// A Shared queue is a Queue that outlives its process, and that several
// processes may use at a time. A server with one keeps there also its
// notifications, and the data of the built-in ERP.
//
// A lease lasts while its worker lives: Watch renews it. It ends when the
// worker stops or is silent for longer than the queue's lease time. Then the
// job is Queued again, before what was added later.
type Shared interface {
	Queue

	// Watch renews the leases of this worker until ctx ends. It calls wake when
	// there may be something to take, and lost when the worker's leases went to
	// others because it did not renew them in time. Now is for the end of
	// retentions only; leases go by real time.
	Watch(ctx context.Context, now Now, wake, lost func())

	// TakeNotices leases notices that no living worker has, of jobs that have
	// ended. Finish leases the job's notice to the one who calls it.
	TakeNotices(ctx context.Context, limit int) ([]*Job, error)

	// TakeNotice leases the notice of one job that has ended, whoever has it, and
	// whether it is done or not. It returns [ErrUnknownJob] if there is no such
	// notice.
	TakeNotice(ctx context.Context, id string) (*Job, error)

	// SaveNotice stores how far a notice is; done ends it. It returns
	// [ErrLeaseLost] if the notice has gone to another worker.
	SaveNotice(ctx context.Context, id string, notice []byte, done bool) error

	// Notices returns the latest notices, in the order of their jobs.
	Notices(ctx context.Context, limit int) ([][]byte, error)

	// ReadState returns what changed in a company's ERP data since a version; 0
	// is before the first change. If the company was reset since, the result says
	// so.
	ReadState(ctx context.Context, company string, since int64) (Changes, error)

	// WriteState stores changes outside of any job. It returns [ErrConflict]
	// if they are out of date.
	WriteState(ctx context.Context, c *Changes) error
}
