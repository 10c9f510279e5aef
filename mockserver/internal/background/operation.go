// Package background holds an operation with its texts parsed: what is answered
// and notified of it, and how it may be shown.
package background

import (
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/request"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// An Operation is a job with its texts understood: what answers and
// notifications are made from. It is a copy, and nobody else's.
type Operation struct {
	operation.Operation
	Answer      map[string]string // the endpoint's headers that are kept; nil: none
	Content     []byte            // nil: none; otherwise there is one, which only a read of it fills in
	ContentType string
	Expires     time.Time // zero until it has ended

	Base     string          // API root of its links
	Tail     string          // path and query below the base path, for originalUri
	Asked    wire.Background // its header
	HasBody  bool            // the request had one
	ExecTime time.Duration
	Fault    fault.Queue
	Local    any    // the delivery, if it is known here
	Notice   []byte // the delivery in a shared queue
}

// Of reads a job.
func Of(j *queue.Job) *Operation {
	op := &Operation{
		Operation: j.Operation, Answer: j.Answer, ContentType: j.ContentType, Expires: j.Expires,
		Base: j.Base, Tail: j.Tail, HasBody: j.HasBody, ExecTime: j.ExecTime, Fault: j.Fault, Local: j.Local, Notice: j.Notice,
	}
	op.Asked, _ = wire.ReadBackground(j.Background) // it was understood when it came
	if j.HasContent {
		op.Content = []byte{}
	}
	return op
}

// Job is op as a queue keeps it, to be run by making the request again.
func (op *Operation) Job(in *request.Request) *queue.Job {
	j := &queue.Job{
		Operation: op.Operation,
		Request: queue.Request{
			URL: in.HTTP.URL.String(), Host: in.HTTP.Host, RemoteAddr: in.HTTP.RemoteAddr, Header: in.HTTP.Header, Body: in.Body,
		},
		Base: op.Base, Tail: op.Tail, Background: op.Asked.String(), HasBody: op.HasBody,
		ExecTime: op.ExecTime, Fault: op.Fault, Local: op.Local, Notice: op.Notice,
	}
	if op.Fault.Hold > 0 {
		j.NotBefore = op.Received.Add(op.Fault.Hold)
	}
	return j
}

// End lets op end as its job has ended.
func (op *Operation) End(r queue.Result) {
	op.State, op.StatusCode, op.ErrorMessage, op.Ended = r.State, r.StatusCode, r.ErrorMessage, r.Ended
	op.Answer, op.Content, op.ContentType = r.Answer, r.Content, r.ContentType
}

// Event describes an operation to the rules.
func (op *Operation) Event(on fault.Point) *fault.Event {
	return &fault.Event{Point: on, Company: op.Company, Method: op.Method, Path: request.PathBelowBase(op.Path), Operation: op.Operation}
}

// Label describes something about an operation.
func Label(verb string, op *operation.Operation) vtime.Label {
	return vtime.Label{Verb: verb, Method: op.Method, Path: op.Path, ID: op.ID}
}
