// Package operation has what is told of an operation in the background, and of
// the notification that says that it has ended.
package operation

import "time"

// A State tells how far an operation is.
type State string

// These are the states of an operation. Queued and Running read the same on the
// wire unless the profile says otherwise.
const (
	Queued   State = "Queued"
	Running  State = "Running"
	Finished State = "Finished" // the endpoint answered, whatever it answered
	Failed   State = "Failed"   // the machinery failed
	Expired  State = "Expired"  // past its retention
)

// An Operation is one request that was accepted to run in the background.
type Operation struct {
	ID      string
	Company string
	Method  string
	Path    string // as asked for, with the query
	Header  string // the value of its erp-api-background header

	State        State
	StatusCode   int    // of the endpoint's answer; 0 until it is there
	ErrorMessage string // of the machinery, when Failed

	Received time.Time
	Started  time.Time // zero until a worker picked it up
	Ended    time.Time // zero until Finished or Failed

	StateReads   int // how often the state document was served
	ContentReads int // how often the content was served

	// Attempts is how often a worker picked it up: more than once only if one
	// stopped in the middle.
	Attempts int
}

// HasEnded reports whether the operation has its result, even if that is past
// its retention by now.
func (op *Operation) HasEnded() bool { return !op.Ended.IsZero() }

// An Answer is what the endpoint answered to the request of an operation.
type Answer struct {
	StatusCode  int
	Header      map[string]string // the headers that are kept
	ContentType string
	Content     []byte // nil: there is none
}
