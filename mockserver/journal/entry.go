package journal

import (
	"net/http"
	"slices"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A Kind says what an [Entry] of the journal tells.
type Kind string

// These are the kinds of entries.
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
	Seq     int64     // counts the entries of the server, through all resets
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

// shallow is an entry that nobody else changes, but for headers and bodies.
func (e *Entry) shallow() Entry {
	c := *e
	c.Request, c.Operation, c.Attempt = clone(e.Request), clone(e.Operation), clone(e.Attempt)
	c.Hit, c.Move = clone(e.Hit), clone(e.Move)
	return c
}

// copy is an entry that nobody else changes.
func (e *Entry) copy() Entry {
	c := e.shallow()
	if r := c.Request; r != nil {
		r.Header, r.Body = r.Header.Clone(), slices.Clone(r.Body)
	}
	if a := c.Attempt; a != nil {
		a.Header = a.Header.Clone()
	}
	return c
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// cost is about how many bytes an entry takes. What changes later is not
// counted, so that the sum stays right.
func (e *Entry) cost() int {
	n := overhead
	if r := e.Request; r != nil {
		n += len(r.Path) + len(r.Body) + headerCost(r.Header)
	}
	if op := e.Operation; op != nil {
		n += len(op.Path) + len(op.Header) + len(op.ErrorMessage)
	}
	if a := e.Attempt; a != nil {
		n += len(a.Error) + headerCost(a.Header)
	}
	if h := e.Hit; h != nil {
		n += len(h.Path)
	}
	return n
}

func headerCost(h http.Header) int {
	n := 0
	for name, values := range h {
		n += len(name) + 64 // of the map
		for _, v := range values {
			n += len(v) + 16 // of the slice
		}
	}
	return n
}
