package mockserver

import (
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
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

	// Attempts is how often a worker picked it up: more than once only if one
	// stopped in the middle.
	Attempts int
}

// label describes something about an operation.
func (op *Operation) label(verb string) vtime.Label {
	return vtime.Label{Verb: verb, Method: op.Method, Path: op.Path, ID: op.ID}
}

// An operation is a job with its texts understood: what answers and
// notifications are made from. It is a copy, and nobody else's.
type operation struct {
	Operation
	answer  map[string]string // the endpoint's headers that are kept; nil: none
	content []byte            // nil: none; otherwise there is one, which only read fills in
	kind    string            // the content's type
	expires time.Time         // zero until it has ended

	base       string // API root of its links
	tail       string // path and query below the base path, for originalUri
	background wire.Background
	hasBody    bool // the request had one
	execTime   time.Duration
	fault      QueueFault
	delivery   *delivery // nil: nobody is told, or it is in notice
	notice     []byte    // the delivery in a shared queue
}

// An outcome is what running an operation gave: an answer, or a failure.
type outcome struct {
	status  int
	header  http.Header
	body    []byte // nil: none
	failure string // of the machinery; the rest is empty then
}

func (op *operation) ended() bool { return !op.Ended.IsZero() }

// settle ends op as its job has ended.
func (op *operation) settle(r Result) {
	op.State, op.StatusCode, op.ErrorMessage, op.Ended = r.State, r.StatusCode, r.ErrorMessage, r.Ended
	op.answer, op.content, op.kind = r.Answer, r.Content, r.ContentType
}

// operation reads a job.
func (j *Job) operation() *operation {
	op := &operation{
		Operation: j.Operation, answer: j.Answer, kind: j.ContentType,
		expires: j.Expires, base: j.Base, tail: j.Tail, hasBody: j.HasBody, execTime: j.ExecTime, fault: j.Fault, delivery: j.delivery, notice: j.Notice,
	}
	op.background, _ = wire.ReadBackground(j.Background) // it was understood when it came
	if j.HasContent {
		op.content = []byte{}
	}
	return op
}

// job is op as a queue keeps it, to be run by making the request again.
func (op *operation) job(in *incoming) *Job {
	j := &Job{
		Operation: op.Operation,
		Request: StoredRequest{
			URL: in.HTTP.URL.String(), Host: in.HTTP.Host, RemoteAddr: in.HTTP.RemoteAddr, Header: in.HTTP.Header, Body: in.Body,
		},
		Base: op.base, Tail: op.tail, Background: op.background.String(), HasBody: op.hasBody,
		ExecTime: op.execTime, Fault: op.fault, delivery: op.delivery,
	}
	if op.fault.Hold > 0 {
		j.NotBefore = op.Received.Add(op.fault.Hold)
	}
	return j
}

// Operations lists all operations in the order of their arrival, those past
// their retention included.
func (s *Server) Operations() []Operation { return s.queue.list() }

// Operation returns one of them.
func (s *Server) Operation(id string) (Operation, bool) {
	op, ok := s.queue.get(id)
	return op.Operation, ok
}

// Expire ends the retention of an operation that has ended, at once. It
// reports whether there was one.
func (s *Server) Expire(id string) bool { return s.queue.expire(id) }
