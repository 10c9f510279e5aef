// Package journal tells in one sequence what happened on a mock.
package journal

import (
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A Kind says what an [Entry] of the journal tells.
type Kind string

// Kinds of entries.
const (
	KindRequest  Kind = "request"  // a request came in; its answer is added later
	KindAccepted Kind = "accepted" // it became an operation
	KindStarted  Kind = "started"  // a worker of this server picked an operation up
	KindEnded    Kind = "ended"    // an operation has its result
	KindAttempt  Kind = "attempt"  // a notification was sent, or not delivered
	KindFault    Kind = "fault"    // a rule disturbed something
	KindClock    Kind = "clock"    // the company's clock is moved, stopped or let run
)

// An Entry is one thing that happened. Of its pointers, the one that belongs to
// Kind is set.
type Entry struct {
	Seq     int64     // counts the entries of the server
	Number  int64     // counts those of the company
	Time    time.Time // on the company's clock
	Company string
	Kind    Kind

	OperationID string // empty where there is no operation

	Request   *Request             // KindRequest
	Operation *operation.Operation // KindAccepted, KindStarted, KindEnded: as it was then
	Attempt   *operation.Attempt   // KindAttempt
	Hit       *fault.Hit           // KindFault
	Move      *Move                // KindClock
}

// A Request is one call that the mock received.
type Request struct {
	Time        time.Time
	Company     string
	Method      string
	Path        string // as asked for, with the query
	Header      http.Header
	Body        []byte // at most the first 64 KiB
	Background  string // the value of its erp-api-background header
	OperationID string // of the operation it was accepted as
	StatusCode  int    // of the answer; 0 while there is none, or if it was dropped
	Fault       string // name of the rule that disturbed it
}

// A Move is a change of a company's clock, as it begins.
type Move struct {
	Action   string // "advance", "step", "drain", "freeze" or "run"
	From, To time.Time
	Rate     float64 // of "run"
}

// A Filter says which entries are meant; an empty field means all.
type Filter struct {
	Company     string
	Kind        Kind
	OperationID string
}

func (f Filter) fits(e *Entry) bool {
	return (f.Company == "" || f.Company == e.Company) && (f.Kind == "" || f.Kind == e.Kind) &&
		(f.OperationID == "" || f.OperationID == e.OperationID)
}
