package fault

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/check"
)

// An Answer disturbs the answer to one request. Its parts combine: Process and
// Drop together are a request that was accepted, but whose answer never
// arrived; Process with a Status is one that was accepted and answered with
// something else.
type Answer struct {
	// Delay is a pause before anything else happens.
	Delay time.Duration

	// Process lets the request have its effect; the real answer is discarded if
	// Drop or Status is set.
	Process bool

	// Drop breaks the connection instead of answering: by a TCP reset with HTTP/1
	// on a socket, and by an aborted answer otherwise.
	Drop bool

	// Status, if not 0, is answered with Header and Body.
	Status int
	Body   string

	// Header is added to the answer, the real one too, and replaces values of
	// the same name; a nil value removes them.
	Header http.Header

	// RetryAfter, if not 0, stands in the header of that name: in seconds,
	// rounded up, or with RetryAfterDate as a date.
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
	// body, but always before the last one.
	CutAfter int

	// Stall is a pause in the middle of the body.
	Stall time.Duration

	// Foreground answers as if the request had not asked for the background. It
	// is for OnIntake only.
	Foreground bool

	// Lag shows an operation as it was this long ago: before it was accepted it
	// is not there. It is for OnState and OnContent only.
	Lag time.Duration

	// Stuck shows an operation that has ended as if it still ran. It is for
	// OnState and OnContent only.
	Stuck bool
}

func (Answer) points() []Point {
	return []Point{OnIntake, OnForeground, OnState, OnContent, OnAuth, OnToken}
}

func (f Answer) validate(field string, on Point) error {
	poll := on == OnState || on == OnContent
	errs := []error{
		check.NotNegative(field+".Delay", f.Delay), check.NotNegative(field+".RetryAfter", f.RetryAfter),
		check.NotNegative(field+".CutAfter", f.CutAfter), check.NotNegative(field+".Stall", f.Stall),
		check.NotNegative(field+".Lag", f.Lag), check.Root(field+".Links", f.Links), check.Encodable(field+".Set", f.Set),
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
	refuse("Lag", f.Lag > 0 && !poll, "only at OnState and OnContent")
	refuse("Stuck", f.Stuck && !poll, "only at OnState and OnContent")
	return errors.Join(errs...)
}
