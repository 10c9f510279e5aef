package fault

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/check"
)

// A Notify disturbs the notification of one operation. It is decided when
// the operation is accepted.
type Notify struct {
	// Drop sends nothing; the delivery is listed as dropped.
	Drop bool

	// Delay is the time between the end of the operation and the first attempt.
	Delay time.Duration

	// Early delays the 202 until the operation has run and the first attempt was
	// made, so that the notification overtakes it.
	Early bool

	// Reorder lets the company's next notification go first. If none comes within
	// Delay (a minute if that is 0), this one goes.
	Reorder bool

	// Duplicates is how many more times a delivered notification is sent,
	// with the same notification id.
	Duplicates int

	// Forge signs with a key that is not the subscription's.
	Forge bool

	// Replay sends, before the real one, the body of another operation's
	// notification to this one's address with this one's headers, the
	// notification id among them. Somebody who has overheard both can do that, as
	// only the body is signed. The other operation is the company's latest that
	// has ended; if there is none, one is made up.
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

func (Notify) points() []Point { return []Point{OnNotification} }

func (f Notify) validate(field string, _ Point) error {
	errs := []error{
		check.NotNegative(field+".Delay", f.Delay), check.NotNegative(field+".Duplicates", f.Duplicates), check.Encodable(field+".Set", f.Set),
	}
	if f.Body != nil && (f.Set != nil || f.Omit != nil) {
		errs = append(errs, fmt.Errorf("%s.Set: it and Omit change the real body, which Body replaces", field))
	}
	return errors.Join(errs...)
}
