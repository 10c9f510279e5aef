// Package erp reads what the ERP says on the wire, for the client: where it may
// be asked ([Origin]), what its answer to a background request means ([Judge]),
// the state of an operation ([Document]) and what the body of an answer says of
// the work ([JudgeAction]).
package erp

// How much is read and kept of texts.
const (
	// MaxMessage bounds a message of the ERP in bytes.
	MaxMessage = 2000
	// MaxHead is how much of an answer is read to tell what it says, also if it
	// is too large to be kept.
	MaxHead = 64 << 10
)
