package mockserver

import (
	"context"
	"fmt"
	"slices"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/notify"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
)

// Operations lists all operations in the order of their arrival, those past
// their retention included.
func (s *Server) Operations() []operation.Operation { return s.runner.List() }

// Operation returns the operation with this id, and whether there is one.
func (s *Server) Operation(id string) (operation.Operation, bool) {
	op, ok := s.runner.Get(id)
	return op.Operation, ok
}

// Answer returns what the endpoint answered to an operation, and whether there is
// an answer: not before the operation has ended, and not when its retention is over.
// It counts as no read of the content.
func (s *Server) Answer(id string) (operation.Answer, bool) { return s.runner.Answer(id) }

// Expire ends the retention of an operation that has ended, at once. It
// reports whether there was one.
func (s *Server) Expire(id string) bool { return s.runner.Expire(id) }

// Deliveries lists the latest 10 000 notifications, or those of them that fit
// one of the filters, in the order in which their operations were accepted.
func (s *Server) Deliveries(filters ...operation.DeliveryFilter) []operation.Delivery {
	list := s.notifier.Deliveries()
	if len(filters) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(d operation.Delivery) bool {
		return !slices.ContainsFunc(filters, func(f operation.DeliveryFilter) bool { return f.Fits(&d) })
	})
}

// [Server.Redeliver] returns these errors.
var (
	// ErrUnknownOperation says that there is no operation with this id.
	ErrUnknownOperation = notify.ErrUnknownOperation
	// ErrNotEnded says that the operation still waits or runs.
	ErrNotEnded = notify.ErrNotEnded
	// ErrNoNotification says that the operation has no notification, or that this
	// is forgotten.
	ErrNoNotification = notify.ErrNoNotification
	// ErrNotDelivered says that the receiver did not take the notification.
	ErrNotDelivered = notify.ErrNotDelivered
)

// Redeliver sends the notification of an operation that has ended once more, at
// once, whether it was delivered, is dead, was dropped or waits for its next
// attempt. It carries the same notification id, is disturbed by no fault, and
// is one more attempt in the log. If the receiver takes it, the delivery is
// Delivered, and attempts that were still planned are not made; if not, the
// error matches [ErrNotDelivered], and everything else stays as it was. The
// other errors are [ErrUnknownOperation], [ErrNotEnded], [ErrNoNotification]
// and those of a shared Queue. With one, any server may redeliver what any
// other has sent, until the retention is over.
//
// It blocks until the attempt was made, or until ctx ends, the server is closed
// or the company is reset.
func (s *Server) Redeliver(ctx context.Context, operationID string) error {
	s.Start() // a server on a shared queue that is not heard of loses its leases
	if err := s.notifier.Redeliver(ctx, operationID); err != nil {
		return fmt.Errorf("redeliver %s: %w", operationID, err)
	}
	return nil
}

// Faults returns the rules of the server, those of Config.Faults first.
func (s *Server) Faults() *fault.Rules { return s.faults }

// Journal returns the server's journal. The oldest entries are forgotten when
// Config.JournalBytes is used up.
func (s *Server) Journal() *journal.Journal { return s.journal.Journal() }

// Start begins to work on a shared Queue, also on what other servers added or
// left behind. The first request does the same, so only a server that gets none
// needs Start. Register all handlers before. Without a shared Queue it does
// nothing.
func (s *Server) Start() { s.started.Do(s.runner.Serve) }
