package mockserver

import (
	"context"
	"net/http"
	"time"
)

// A State tells how far an operation is.
type State string

// States of an operation. Queued and Running look the same on the wire unless
// Profile.QueuedStatus says otherwise.
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
}

// An operation is what the server keeps of an Operation. The queue's mutex
// guards the embedded Operation, answer and content; the rest never changes.
type operation struct {
	Operation
	answer  map[string]string // the endpoint's headers that are kept; nil: none
	content []byte            // nil: none
	kind    string            // the content's type

	base       string // API root of its links
	tail       string // path and query below the base path, for originalUri
	background background
	hasBody    bool // the request had one
	execTime   time.Duration
	run        func(context.Context) outcome // nil once a worker has it
	delivery   *delivery                     // nil: nobody is told
}

// An outcome is what running an operation gave: an answer, or a failure.
type outcome struct {
	status  int
	header  http.Header
	body    []byte // nil: none
	failure string // of the machinery; the rest is empty then
}

func (op *operation) ended() bool { return !op.Ended.IsZero() }

// expiredAt reports whether op's retention is over.
func (op *operation) expiredAt(now time.Time, retention time.Duration, fromReceived bool) bool {
	if op.State == Expired {
		return true
	}
	if !op.ended() {
		return false
	}
	from := op.Ended
	if fromReceived {
		from = op.Received
	}
	return now.Sub(from) >= retention
}

// expire turns op into a tombstone, which tells "gone" from "never was".
func (op *operation) expire() {
	op.State = Expired
	op.answer = nil
	if op.content != nil {
		op.content = []byte{}
	}
}

// Operations lists all operations in the order of their arrival, those past
// their retention included.
func (s *Server) Operations() []Operation { return s.queue.list(time.Now()) }

// Operation returns one of them.
func (s *Server) Operation(id string) (Operation, bool) {
	op, ok := s.queue.get(id, time.Now())
	return op.Operation, ok
}

// Expire ends the retention of an operation that has ended, at once. It
// reports whether there was one.
func (s *Server) Expire(id string) bool { return s.queue.expire(id) }
