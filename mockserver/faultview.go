package mockserver

import (
	"context"
	"time"
)

type faultKey struct{}

// context is the request's, and carries its fault to the endpoints, and its
// task for [Sleep].
func (in *incoming) context() context.Context {
	return context.WithValue(in.task.With(in.HTTP.Context()), faultKey{}, in.fault)
}

// foreground tells whether the background header is overlooked.
func (f *Fault) foreground() bool { return f != nil && f.Foreground }

// viewed is an operation as a fault lets the caller of ctx see it.
func viewed(ctx context.Context, op operation, ok bool, now time.Time) (operation, bool) {
	f, _ := ctx.Value(faultKey{}).(*Fault)
	if f == nil || !ok || op.State == Expired {
		return op, ok
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
func (op operation) asOf(t time.Time) (operation, bool) {
	if op.ended() && t.Before(op.Ended) {
		op.unend()
	}
	if t.Before(op.Started) {
		op.State, op.Started = Queued, time.Time{}
	}
	return op, !t.Before(op.Received)
}

// unend takes the end away again, from a copy.
func (op *operation) unend() {
	if !op.ended() {
		return
	}
	op.State, op.StatusCode, op.ErrorMessage, op.Ended = Running, 0, "", time.Time{}
	op.answer, op.content, op.kind = nil, nil, ""
}
