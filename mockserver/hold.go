package mockserver

import (
	"fmt"

	"github.com/vismanet-go/background/mockserver/internal/notify"
	"github.com/vismanet-go/background/mockserver/operation"
)

// [Server.Hold], [Server.Edit] and [Server.Release] return these errors, and
// [ErrUnknownOperation] and [ErrNoNotification].
var (
	// ErrNotHeld says that the notification is not held now.
	ErrNotHeld = notify.ErrNotHeld
	// ErrNothingToSend says that no further attempt will be made.
	ErrNothingToSend = notify.ErrNothingToSend
)

// HoldAll says whether the notifications of a company are held before they
// leave; with an empty name, those of all companies. One that is held has the
// state Held: it can be looked at and changed ([Server.Edit]), and leaves by
// [Server.Release]. What is held already stays so when this ends. A hold is this
// server's own, and ends with a [Server.Reset].
func (s *Server) HoldAll(company string, held bool) { s.notifier.HoldAll(company, held) }

// Holding reports whether notifications of a company are held; with an empty
// name, those of companies of which nothing was said.
func (s *Server) Holding(company string) bool { return s.notifier.Holding(company) }

// Hold has the next attempt to notify of an operation held, as [Server.HoldAll]
// does. With a shared Queue it can be asked for once the operation has ended on
// this server.
func (s *Server) Hold(operationID string) error {
	return wrapHold("hold", operationID, s.notifier.Hold(operationID))
}

// Edit changes what is sent of a notification that is held, by this attempt and
// those that follow it. The signature is made anew, unless the edit has one.
func (s *Server) Edit(operationID string, e operation.Edit) error {
	return wrapHold("edit", operationID, s.notifier.Edit(operationID, e))
}

// Release lets a notification go that is held: the attempt is made at once, and
// those that may follow it are not held, unless [Server.Hold] asks for it.
func (s *Server) Release(operationID string) error {
	return wrapHold("release", operationID, s.notifier.Release(operationID))
}

func wrapHold(verb, id string, err error) error {
	if err != nil {
		return fmt.Errorf("%s the notification of %s: %w", verb, id, err)
	}
	return nil
}
