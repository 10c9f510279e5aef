package queue

import (
	"context"
)

// A Shared queue is a Queue that outlives its process, and that several
// processes may use at a time. A server with one keeps there also its
// notifications, and the data of the built-in ERP.
//
// A lease lasts while its worker lives: it is extended by Watch, and given up
// when the worker stops or falls silent for longer than the queue's lease
// time. Then the job is Queued again, before what was added later.
type Shared interface {
	Queue

	// Watch keeps the leases of this worker until ctx ends. It calls wake
	// when there may be something to take, and lost when the worker's leases
	// went to others because it was not heard of in time.
	// Now is for the end of retentions only; leases are held in real time.
	Watch(ctx context.Context, now Now, wake, lost func())

	// TakeNotices leases notices of jobs that have ended, and that no living
	// worker has. Finish leases the job's notice to the one who calls it.
	TakeNotices(ctx context.Context, limit int) ([]*Job, error)

	// TakeNotice leases the notice of one job that has ended, whoever has it
	// and whether it is done or not. It returns [ErrUnknownJob] if there is
	// no such notice.
	TakeNotice(ctx context.Context, id string) (*Job, error)

	// SaveNotice stores how far a notice is; done ends it. It returns
	// [ErrLeaseLost] if the notice has gone to another worker.
	SaveNotice(ctx context.Context, id string, notice []byte, done bool) error

	// Notices returns the latest notices, in the order of their jobs.
	Notices(ctx context.Context, limit int) ([][]byte, error)

	// ReadState returns what changed in a company's ERP data since a version;
	// 0 is before the first change. If the company was reset since, that is
	// said in the result.
	ReadState(ctx context.Context, company string, since int64) (Changes, error)

	// WriteState stores changes outside of any job. It returns [ErrConflict]
	// if they are out of date.
	WriteState(ctx context.Context, c *Changes) error
}
