package receiver

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/store"
)

// Notification is what a webhook delivered, as a handler gets it. It is a
// hint and no proof: only the body was authenticated.
type Notification struct {
	// Delivery names this delivery. It is the same for every run of the
	// handler, and what [Receiver.Replay] takes.
	Delivery string
	// Attempt counts the runs of the handler as they begin; the first is 1. A
	// run that took its process with it counts, one that Config.DrainTimeout
	// cut off does not.
	Attempt int
	// Known says that the operation is in the store: Tenant and Ref are what
	// its record says. Otherwise they are what the sender said.
	Known  bool
	Tenant string
	Ref    string // our correlation value
	// ID is the operation's id as the body says, empty if Unparsed.
	ID             string
	StatusCode     int    // that the sender claims, 0 if it told none
	NotificationID string // the dispatcher's, empty in URL mode
	Mode           string // "subscription" or "url"
	Unparsed       bool   // authenticated bytes that made no sense
	// Header holds the dispatcher's headers and Config.KeepHeaders, their
	// names in lower case. They are not signed.
	Header     map[string]string
	Body       []byte
	ReceivedAt time.Time
	// Lease is that of this run. A handler whose effect is a transaction in the
	// database of the store acknowledges in it under this lease, by
	// pgstore.Store.CompleteTx, and then has its effect exactly once. It is the zero
	// Lease in a Notification that a test made.
	Lease store.Lease
}

// LogValue keeps body and headers, which may hold personal data, out of logs.
func (n Notification) LogValue() slog.Value {
	return slog.GroupValue(slog.String("delivery", n.Delivery), slog.Int("attempt", n.Attempt),
		slog.String("ref", n.Ref), slog.String("id", n.ID), slog.Int("bytes", len(n.Body)))
}

func notificationOf(d store.Record) Notification {
	n := Notification{Delivery: d.Ref, Attempt: max(1, d.Attempts), Known: d.Kind == string(store.Matched)}
	if sent := d.Notification; sent != nil {
		n.Tenant, n.Ref, n.ID, n.StatusCode, n.NotificationID = sent.Tenant, sent.Ref, sent.ID, sent.StatusCode, sent.NotificationID
		n.Mode, n.Unparsed, n.Header, n.Body, n.ReceivedAt = sent.Mode, sent.Unparsed, maps.Clone(sent.Header), bytes.Clone(sent.Body), sent.ReceivedAt
	}
	return n
}

// Errors to match with errors.Is: causes of a handler's context that ended,
// see [context.Cause], and what [Receiver.Run] returns.
var (
	// ErrDrainTimeout says that Config.DrainTimeout was over before the
	// handlers in progress returned.
	ErrDrainTimeout = errors.New("receiver: the time to drain is over")
	// ErrHandlerTimeout says that a run took longer than Config.HandlerTimeout.
	ErrHandlerTimeout = errors.New("receiver: the handler's time is over")
	// ErrLeaseLost says that another process handles the same notification, or
	// may do so soon, because the store did not renew the lease in time. What
	// the run returns no longer counts.
	ErrLeaseLost = errors.New("receiver: the lease of the notification was lost")
)

// Handle sets the function that gets every notification, at least once: when
// it returns nil the notification is done, an error has it called again later,
// and [Discard] makes it a dead letter, as does the last of
// Config.MaxAttempts. A panic counts as an error, and so does the end of its
// goroutine by [runtime.Goexit]. It is called by up to
// Config.Workers goroutines, in no particular order, and also after a restart
// if the store is durable; so it must be idempotent, by ID for example.
//
// Handed over are notifications that were stored after Handle was called, or
// with Config.HandledElsewhere: not duplicates, not what contradicts the
// operation's record (which keeps it as a conflict), and of one operation not
// more than 16 that differ.
//
// Its context ends with the cause [ErrHandlerTimeout], [ErrLeaseLost] or
// [ErrDrainTimeout], and not when Run's context does. It must then return.
//
// A handler that acknowledged in a transaction of its own, see [Notification].Lease,
// is not called again once that is committed, whatever it returns, and its context
// ends within seconds; an error after that is only logged. One that returns nil
// although the transaction was rolled back has acknowledged without an effect: it must
// return the error.
//
// Most programs need no handler: the client hears of every notification
// through the store, reads the outcome and hands that over. Call Handle once,
// before the receiver serves and before [Receiver.Run]; otherwise it panics.
func (rc *Receiver) Handle(handle func(context.Context, Notification) error) {
	switch {
	case handle == nil:
		panic("receiver: Handle: the handler is nil")
	case rc.running.Load():
		panic("receiver: Handle: Run is running")
	case !rc.handler.CompareAndSwap(nil, &handle):
		panic("receiver: Handle: there is a handler already")
	}
}

// Discard wraps the error of a handler for which trying again is of no use:
// the notification becomes a dead letter at once.
func Discard(err error) error {
	return handler.Discard(err)
}
