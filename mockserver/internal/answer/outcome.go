package answer

import (
	"fmt"
	"net/http"
)

// An Outcome is what running an operation gave: an answer, or a failure.
type Outcome struct {
	Status  int
	Header  http.Header
	Body    []byte // nil: none
	Failure string // of the machinery; the rest is empty then
}

// A Failure is what a handler panics with to end an operation as Failed, with this
// text as its message.
type Failure string

// Invoke runs a handler outside of any connection. Whatever it does becomes an
// outcome. Early, if not nil, gets a 202 as soon as the handler flushes it.
func Invoke(h http.Handler, r *http.Request, early func(Outcome)) (out Outcome) {
	rec := NewRecorder()
	rec.early = early
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			out = ConnectionLost()
		default:
			if f, ok := v.(Failure); ok {
				out = Outcome{Failure: string(f)}
				return
			}
			out = Outcome{Failure: fmt.Sprintf("Unhandled exception in the endpoint: %v", v)}
		}
	}()
	h.ServeHTTP(rec, r)
	return rec.Outcome()
}

// ConnectionLost is the outcome of a handler that went away.
func ConnectionLost() Outcome {
	return Outcome{Failure: "The connection to the endpoint was lost."}
}
