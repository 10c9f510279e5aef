package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// Errors to match with errors.Is.
var (
	// ErrClosed says that the client was closed.
	// It matches an error that says that the store was closed as well.
	ErrClosed = errors.New("the client is closed")
	// ErrExpired says that the ERP no longer knows the operation, a day or more
	// after it was accepted. Whoever finds out in the ERP what became of it
	// tells with [Operation.Resolve] and [EndedWith].
	ErrExpired = errors.New("the ERP no longer knows the operation")
	// ErrContentExpired says that the ERP no longer holds the stored answer.
	ErrContentExpired = errors.New("the ERP no longer holds the answer")
	// ErrRateLimited says that the ERP refused the request because of its
	// limits, and that it was not taken.
	ErrRateLimited = errors.New("the ERP's rate limit is reached")
	// ErrUntrustedURL says that a request names another place than the
	// configured one.
	ErrUntrustedURL = erp.ErrUntrustedURL
	// ErrForeignToken says that a token is of another tenant or origin, or is
	// none at all.
	ErrForeignToken = errors.New("not a token for this client")
	// ErrKeyReused says that the key names other work.
	ErrKeyReused = errors.New("the key was used for another request")
	// ErrDuplicateKey says that the work was done long ago and its record is
	// purged.
	ErrDuplicateKey = errors.New("the key was used for an operation that is purged")
	// ErrTooLarge says that a body is larger than allowed.
	ErrTooLarge = errors.New("larger than allowed")
)

// errStoreClosed is what [ErrClosed] matches where it was the store that was
// closed, and not the client.
var errStoreClosed error = storeClosed{}

type storeClosed struct{}

func (storeClosed) Error() string        { return store.ErrClosed.Error() }
func (storeClosed) Is(target error) bool { return target == ErrClosed || target == store.ErrClosed }

// ResponseError is an answer with which the ERP refused a call: a request
// that was not accepted, or a poll that it will not permit.
type ResponseError struct {
	Method     string
	Path       string // without the query
	StatusCode int
	Header     http.Header
	Body       []byte // up to 64 KiB; JSON is UTF-8 without a byte order mark
	Message    string // the ERP's message, empty if it gave none
	FaultCode  string // the old gateway's code, for example "12002"

	hint string // what to do about it
	err  error  // why it was not tried again
}

func (e *ResponseError) Error() string {
	s := fmt.Sprintf("%s %s: refused: %s", e.Method, e.Path, statusText(e.StatusCode, e.Message, e.FaultCode))
	if e.err != nil {
		s += " (" + e.err.Error() + ")"
	}
	if e.hint != "" {
		s += "; " + e.hint
	}
	return s
}

// Unwrap returns why the call was not made again, nil where nothing was to be
// done.
func (e *ResponseError) Unwrap() error { return e.err }

// read takes from the answer's body, which is in e already, what it says.
func (e *ResponseError) read(resp *http.Response) {
	kind := resp.Header.Get("Content-Type")
	e.Message, e.FaultCode = messageIn(e.Body, kind)
	if body, told := wire.Whole(e.Body, kind, false); told != kind || len(body) != len(e.Body) {
		e.Body, e.Header = body, resp.Header.Clone()
		e.Header.Set("Content-Type", told)
	}
	e.hint = withoutToken(resp)
}

// withoutToken says what to do about a 401 to a call that had no credentials.
func withoutToken(resp *http.Response) string {
	req := resp.Request
	if resp.StatusCode != http.StatusUnauthorized || req == nil || req.Header.Get("Authorization") != "" || req.Header.Get("Cookie") != "" {
		return ""
	}
	return "no Authorization was sent: have Config.HTTPClient add a token (see package clientauth), or set Authorization in Config.Header"
}

// Is matches [ErrRateLimited] for a 429.
func (e *ResponseError) Is(target error) bool {
	return target == ErrRateLimited && e.StatusCode == http.StatusTooManyRequests
}

// OperationError says that an operation ended, and not in success: its answer
// is not a 2xx, or the ERP could not run it.
type OperationError struct {
	ID         string
	Method     string
	Path       string // without the query
	Status     string // "Finished" or "Failed", as the ERP wrote it
	StatusCode int    // of the answer; 0 if there is none
	Header     http.Header
	Body       []byte // of the answer, if it was kept
	Message    string // the ERP's message, empty if it gave none
	FaultCode  string
	// Refuted is true if the ERP reported success and a [Verifier] found
	// otherwise; Message is the verifier's then.
	Refuted bool
}

func (e *OperationError) Error() string {
	return fmt.Sprintf("%s %s: operation %s %s: %s", e.Method, e.Path, e.ID, strings.ToLower(e.Status), statusText(e.StatusCode, e.Message, e.FaultCode))
}

// PendingError says that a wait ended before the operation did. It wraps the
// context's error. The operation goes on, and can be waited for again.
type PendingError struct {
	Ref string
	ID  string // empty if it is not known yet
	// Phase is how far it had come; empty if the store could not tell.
	Phase store.Phase
	Last  error // why the last poll failed, nil if it did not
	Err   error // the context's error
}

func (e *PendingError) Error() string {
	s := "operation " + nameOf(e.ID, e.Ref) + " is pending"
	if e.Phase != "" {
		s += " (" + string(e.Phase) + ")"
	}
	s += fmt.Sprintf(": %v", e.Err)
	if e.Last != nil {
		s += fmt.Sprintf(" (last poll: %v)", e.Last)
	}
	return s
}

// Unwrap returns the context's error.
func (e *PendingError) Unwrap() error { return e.Err }

// UncertainError says that a request was sent and no answer told whether the
// ERP accepted it. It is not sent again. A notification may resolve it, for
// which [Operation.Wait] waits as long as [Config.UncertainAfter] says; else a
// [Resolver] finds out, or a person, who tells with [Operation.Resolve].
type UncertainError struct {
	Ref    string
	Reason string
	Err    error // nil where only the record tells
	// SafeToRepeat is true for a GET, which changes nothing.
	SafeToRepeat bool
	// Enqueued is true for what came by [Client.Enqueue]: NotAccepted has it sent again.
	Enqueued bool
}

func (e *UncertainError) Error() string {
	s := fmt.Sprintf("operation %s: it is not known whether the ERP accepted it: %s", e.Ref, e.Reason)
	if e.SafeToRepeat {
		return s + "; it changes nothing and may be sent again"
	}
	if e.Enqueued {
		return s + "; look in the ERP and tell with Resolve what became of it (NotAccepted has it sent again: if it was accepted, that makes a second invoice)"
	}
	return s + "; look in the ERP and tell with Resolve what became of it" +
		" (NotAccepted and GivenUp free its key: if it was accepted, sending it again makes a second invoice)"
}

// Unwrap returns what went wrong while it was sent.
func (e *UncertainError) Unwrap() error { return e.Err }

// RecordError says that the ERP took an operation, but the store could not
// write that: its ID, or, where the ERP ran it in the foreground, its answer.
// It must not be submitted again. The client goes on trying until it is
// closed; keep what the error holds.
type RecordError struct {
	Ref        string
	ID         string // empty for an answer in the foreground
	StatusCode int    // of the answer in the foreground, else 0
	Err        error
}

func (e *RecordError) Error() string {
	if e.ID == "" {
		return fmt.Sprintf("operation %s ran in the foreground with status %d and is not yet recorded: %v", e.Ref, e.StatusCode, e.Err)
	}
	return fmt.Sprintf("operation %s is accepted and not yet recorded: %v", e.ID, e.Err)
}

// Unwrap returns the store's error.
func (e *RecordError) Unwrap() error { return e.Err }

func nameOf(id, ref string) string {
	if id != "" {
		return id
	}
	return ref
}

func statusText(code int, message, fault string) string {
	s := "no status"
	if code != 0 {
		s = strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
	}
	if message != "" {
		s += ": " + message
	}
	if fault != "" {
		s += " (" + fault + ")"
	}
	return s
}

// messageIn reads the ERP's message out of an error body. A webhook address that
// the ERP repeats loses its capability.
func messageIn(body []byte, contentType string) (message, fault string) {
	message, fault = wire.Message(body, contentType)
	return hook.Redact(message), hook.Redact(fault)
}

// cut shortens s to at most n bytes of valid text.
func cut(s string, n int) string { return wire.Cut(s, n) }
