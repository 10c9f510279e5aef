package background

import (
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

// Seen is an operation as a fault, if there is one, lets a caller see it; false is
// for one that is not there yet.
func (op Operation) Seen(f *fault.Answer, now time.Time) (Operation, bool) {
	if f == nil || op.State == operation.Expired {
		return op, true
	}
	if f.Stuck {
		op.unend()
	}
	if f.Lag > 0 {
		return op.asOf(now.Add(-f.Lag))
	}
	return op, true
}

// asOf is a copy of op as it was at a time, false before it was accepted.
func (op Operation) asOf(t time.Time) (Operation, bool) {
	if op.HasEnded() && t.Before(op.Ended) {
		op.unend()
	}
	if t.Before(op.Started) {
		op.State, op.Started = operation.Queued, time.Time{}
	}
	return op, !t.Before(op.Received)
}

// unend takes the end away again, from a copy.
func (op *Operation) unend() {
	if !op.HasEnded() {
		return
	}
	op.State, op.StatusCode, op.ErrorMessage, op.Ended = operation.Running, 0, "", time.Time{}
	op.Answer, op.Content, op.ContentType = nil, nil, ""
}
