package store

// Purpose is what a lease is taken for. Runs and questions are counted: see
// [Store.Acquire].
type Purpose string

// The purposes of a lease.
const (
	// ToPoll reads the ERP's state, or follows up what a notification said.
	ToPoll Purpose = "poll"
	// ToAcknowledge decides about a record without a handler: its outcome is
	// acknowledged, or a person replays, drops, resolves or gives it up.
	ToAcknowledge Purpose = "acknowledge"
	// ToRun runs the handler of an operation that has ended, or of a
	// delivery.
	ToRun Purpose = "run"
	// ToResolve asks the application what became of a record that is uncertain
	// or unclear.
	ToResolve Purpose = "resolve"
	// ToSend sends what is queued.
	ToSend Purpose = "send"
)

// Valid reports whether p is one of the purposes above.
func (p Purpose) Valid() bool {
	return p == ToPoll || p == ToAcknowledge || p == ToRun || p == ToResolve || p == ToSend
}
