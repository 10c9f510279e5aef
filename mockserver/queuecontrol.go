package mockserver

import (
	"context"

	"github.com/vismanet-go/background/mockserver/internal/run"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A [QueueControl] returns these errors.
var (
	// ErrNotPaused says that the queue is not paused, which it has to be to be
	// stepped through.
	ErrNotPaused = run.ErrNotPaused

	// ErrNothingWaiting says that no operation waits that might start now.
	ErrNothingWaiting = run.ErrNothingWaiting
)

// A QueueControl stops and steps through the queue of one company, or of all. A
// pause is this server's own: others that share its queue go on. It is safe for
// concurrent use, and stays good after a [Server.Reset], which ends a pause.
type QueueControl struct{ c *run.Control }

// Queue returns the control over a company's queue, over those of all companies
// if that is empty.
func (s *Server) Queue(company string) *QueueControl {
	return &QueueControl{s.runner.Control(company, s.Start)}
}

// Pause lets no further operation start. What has started goes on, and what is
// submitted is accepted and waits.
func (c *QueueControl) Pause() { c.c.Pause() }

// Resume lets operations start again. For one company it does so even if all
// were paused.
func (c *QueueControl) Resume() { c.c.Resume() }

// Paused reports whether the queue is paused; the control over those of all
// companies tells it of those of which nothing was said alone.
func (c *QueueControl) Paused() bool { return c.c.Paused() }

// Next starts the operation that comes next in a paused queue, and returns it
// without waiting for its end. If all that may run at a time are running, it
// waits for one of this server to end first. It returns [ErrNotPaused], or
// [ErrNothingWaiting], also if what waits is held until later.
func (c *QueueControl) Next(ctx context.Context) (operation.Operation, error) { return c.c.Next(ctx) }

// Step does what [QueueControl.Next] does, and waits until the operation has
// ended. On a clock that stands it ends only when somebody moves the clock:
// then use Next, and [Clock.Advance]. If ctx ends first, the operation goes on.
func (c *QueueControl) Step(ctx context.Context) (operation.Operation, error) { return c.c.Step(ctx) }

// Len is how many operations wait to be started.
func (c *QueueControl) Len() int { return c.c.Len() }

// Waiting lists the operations that wait to be started. Those of one company
// are in the order in which they will start, unless some are held; those of all
// companies are in the order of their arrival.
func (c *QueueControl) Waiting() []operation.Operation { return c.c.Waiting() }
