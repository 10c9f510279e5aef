package mockserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// A Disturbance is what a [Rule] does: a [Fault] to the answer of a request, a
// [QueueFault] to an operation, or a [NotifyFault] to a notification.
type Disturbance interface {
	// validate names what is wrong, with field before each name.
	validate(field string, on Point) error
	// points are where it can happen.
	points() []Point
}

// A Fault disturbs the answer to one request. Its parts combine: Process and
// Drop together are a request that was accepted, but whose answer never
// arrived; Process with a Status is one that was accepted and answered with
// something else.
type Fault struct {
	// Delay passes before anything else happens.
	Delay time.Duration

	// Process lets the request have its effect; its answer is discarded if
	// Drop or Status is set.
	Process bool

	// Drop breaks the connection instead of answering: with a TCP reset where
	// the server's connection can be had (HTTP/1 on a socket), and as an
	// aborted answer otherwise.
	Drop bool

	// Status, if not 0, is answered with Header and Body.
	Status int
	Body   string

	// Header is added to the answer, the real one too, and replaces values of
	// the same name; a nil value removes them.
	Header http.Header

	// RetryAfter, if not 0, is told in the header of that name: in seconds,
	// rounded up, or as the time of day with RetryAfterDate.
	RetryAfter     time.Duration
	RetryAfterDate bool

	// Set replaces fields of the JSON object that is the real answer, or adds
	// them; Omit takes fields out of it. An answer that is no JSON object
	// stays as it is.
	Set  map[string]any
	Omit []string

	// Links replaces the API root in the addresses of operations in the real
	// answer: "https://elsewhere.test".
	Links string

	// CutAfter, if not 0, breaks the connection after that many bytes of the
	// body, and in any case before its last.
	CutAfter int

	// Stall passes in the middle of the body.
	Stall time.Duration

	// Foreground answers as if the request had not asked for the background.
	// Only at OnIntake.
	Foreground bool

	// Lag shows an operation as it was this long ago: not there before it was
	// accepted, not started, not ended. Only at OnState and OnContent.
	Lag time.Duration

	// Stuck shows an operation that has ended as if it still ran. Only at
	// OnState and OnContent.
	Stuck bool
}

func (Fault) points() []Point {
	return []Point{OnIntake, OnForeground, OnState, OnContent, OnAuth, OnToken}
}

func (f Fault) validate(field string, on Point) error {
	look := on == OnState || on == OnContent
	errs := []error{
		notNegative(field+".Delay", f.Delay), notNegative(field+".RetryAfter", f.RetryAfter),
		notNegative(field+".CutAfter", f.CutAfter), notNegative(field+".Stall", f.Stall),
		notNegative(field+".Lag", f.Lag), wantRoot(field+".Links", f.Links), encodable(field+".Set", f.Set),
	}
	refuse := func(name string, wrong bool, why string) {
		if wrong {
			errs = append(errs, fmt.Errorf("%s.%s: %s", field, name, why))
		}
	}
	refuse("Status", f.Status != 0 && (f.Status < 200 || f.Status > 599), fmt.Sprintf("%d is not in 200 to 599", f.Status))
	refuse("Status", f.Drop && f.Status != 0, "Drop answers nothing")
	refuse("Body", f.Body != "" && f.Status == 0, "needs a Status")
	refuse("RetryAfterDate", f.RetryAfterDate && f.RetryAfter == 0, "needs RetryAfter")
	refuse("Process", f.Process && f.Status == 0 && !f.Drop, "without Drop or Status a request is processed anyway")
	refuse("Set", (f.Set != nil || f.Omit != nil || f.Links != "") && (f.Drop || f.Status != 0), "it, Omit and Links change the real answer, which Drop and Status discard")
	refuse("Foreground", f.Foreground && on != OnIntake, "only at OnIntake")
	refuse("Lag", f.Lag > 0 && !look, "only at OnState and OnContent")
	refuse("Stuck", f.Stuck && !look, "only at OnState and OnContent")
	return errors.Join(errs...)
}

func encodable(field string, set map[string]any) error {
	if _, err := json.Marshal(set); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	return nil
}

// A QueueFault disturbs the execution of one operation. It is decided when the
// operation is accepted.
type QueueFault struct {
	// Hold keeps the operation from being taken for this long. Those behind
	// it pass.
	Hold time.Duration

	// Fail, if not empty, ends the operation as Failed with this message,
	// before it reaches its endpoint; with Late after it, so that the request
	// has had its effect.
	Fail string
	Late bool

	// Deaths is how many workers die with the operation before it reaches its
	// endpoint. Each costs Lease, after which the next one takes it; the
	// operation runs all the while, and Operation.Attempts does not count
	// them. Default of Lease: 30 s.
	Deaths int
	Lease  time.Duration

	// Twice runs the endpoint a second time after the first, as a queue may
	// that delivers at least once. The second answer is the one that counts.
	Twice bool
}

func (QueueFault) points() []Point { return []Point{OnQueue} }

func (f QueueFault) validate(field string, _ Point) error {
	errs := []error{
		notNegative(field+".Hold", f.Hold), notNegative(field+".Deaths", f.Deaths), notNegative(field+".Lease", f.Lease),
	}
	if f.Late && f.Fail == "" {
		errs = append(errs, fmt.Errorf("%s.Late: needs Fail", field))
	}
	if f.Lease > 0 && f.Deaths == 0 {
		errs = append(errs, fmt.Errorf("%s.Lease: needs Deaths", field))
	}
	return errors.Join(errs...)
}

// A NotifyFault disturbs the notification of one operation. It is decided when
// the operation is accepted.
type NotifyFault struct {
	// Drop sends nothing; the delivery is listed as dropped.
	Drop bool

	// Delay passes between the end of the operation and the first attempt.
	Delay time.Duration

	// Early holds the 202 back until the operation has run and the first
	// attempt was made, so that the notification overtakes it.
	Early bool

	// Reorder lets the company's next notification go first. If none comes
	// for Delay, or a minute if that is 0, this one goes.
	Reorder bool

	// Duplicates is how many more times a delivered notification is sent,
	// with the same notification id.
	Duplicates int

	// Forge signs with a key that is not the subscription's.
	Forge bool

	// Replay sends, before the real one, the body of another operation with
	// this one's address and headers, its notification id among them: what
	// somebody can send who has overheard both, as only the body is signed.
	// The other operation is the company's latest that has ended, or one that
	// does not exist if there is none.
	Replay bool

	// Body, if not nil, is sent (and signed) instead of the real one.
	Body []byte

	// Set replaces fields of the real body, or adds them; Omit takes fields
	// out. The result is signed.
	Set  map[string]any
	Omit []string

	// Header is added to what is sent and replaces values of the same name; a
	// nil value removes them.
	Header http.Header
}

func (NotifyFault) points() []Point { return []Point{OnNotification} }

func (f NotifyFault) validate(field string, _ Point) error {
	errs := []error{
		notNegative(field+".Delay", f.Delay), notNegative(field+".Duplicates", f.Duplicates), encodable(field+".Set", f.Set),
	}
	if f.Body != nil && (f.Set != nil || f.Omit != nil) {
		errs = append(errs, fmt.Errorf("%s.Set: it and Omit change the real body, which Body replaces", field))
	}
	return errors.Join(errs...)
}
