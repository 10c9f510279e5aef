package fault

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A Rule says what is disturbed, how, and when. Rules are asked in their order;
// the first that hits is obeyed, and those behind it do not see the event.
// Whether a rule hits depends on nothing but the seed, the rule, and how many
// events it has matched before, which is counted for each company on its own:
// the same seed and the same calls give the same faults.
type Rule struct {
	// Name identifies the rule in counts and in the journal, and its Probability
	// depends on it. Default: "rule-1" and so on.
	Name string

	// On is where the rule applies. Default: where Do can happen, if that is
	// one point only.
	On Point

	// Company, Method and Path narrow down what matches; empty matches
	// everything. Path is a pattern as for [http.ServeMux], without a method:
	// "/v1/customerInvoice/{number}", or "/v1/{rest...}". It is compared with the
	// path below the API root, without regard to case.
	Company string
	Method  string
	Path    string

	// Match, if set, is asked last. It is called without locks, by several
	// goroutines at a time.
	Match func(Event) bool

	// PerOperation counts for each operation on its own: Times: 2 then means the
	// first two polls of each. It is for OnState and OnContent only.
	PerOperation bool

	// After lets that many matches pass. Of those that follow, Every hits every
	// n-th (0 and 1: each), Probability hits each with that chance (0: always),
	// and Times bounds the hits (0: no limit).
	After       int
	Every       int
	Probability float64
	Times       int

	// Between limits the rule to a span of time on the clock of the company,
	// counted from when the rule was added. What happens outside of it does not
	// match.
	Between Span

	// Do says what happens.
	Do Effect
}

// A Span is a piece of time that begins with From and ends before To; 0 as To
// means that it does not end.
type Span struct{ From, To time.Duration }

func (s Span) contains(d time.Duration) bool { return d >= s.From && (s.To == 0 || d < s.To) }

// An Event is what a Rule's Match gets to see.
type Event struct {
	Point   Point
	Company string
	Method  string
	Path    string // below the API root, without the query

	// Request is what was called, and can be read without harm to it. Nil at
	// OnQueue and OnNotification.
	Request *http.Request

	// Operation is the one in question; its ID is empty if there is none.
	Operation operation.Operation
}

// validate names everything that is wrong, with field before each name; anyPath is
// that of checkPath.
func (r Rule) validate(field string, anyPath bool) error {
	errs := []error{
		check.NotNegative(field+".After", r.After), check.NotNegative(field+".Every", r.Every), check.NotNegative(field+".Times", r.Times),
		check.NotNegative(field+".Between.From", r.Between.From), check.NotNegative(field+".Between.To", r.Between.To),
	}
	refuse := func(name string, wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("%s.%s: "+format, append([]any{field, name}, args...)...))
		}
	}
	refuse("Probability", !(r.Probability >= 0 && r.Probability <= 1), "%v is not in 0 to 1", r.Probability)
	refuse("Between.To", r.Between.To > 0 && r.Between.To <= r.Between.From, "must be after From")
	why := r.checkPath(anyPath)
	refuse("Path", why != "", "%s", why)
	refuse("PerOperation", r.PerOperation && r.On != OnState && r.On != OnContent, "only at OnState and OnContent")
	known := r.On == "" || slices.Contains(allPoints, r.On)
	if !known {
		errs = append(errs, unknownPoint(field+".On", r.On))
	}
	switch r.Do.(type) {
	case Answer, Queue, Notify, Func:
	case nil:
		refuse("Do", true, "is missing")
		return errors.Join(errs...)
	default:
		refuse("Do", true, "want an Answer, Queue, Notify or Func by value, not a %T", r.Do)
		return errors.Join(errs...)
	}
	switch {
	case r.On == "" && len(r.Do.points()) > 1:
		refuse("On", true, "is missing")
	case known && r.On != "" && !slices.Contains(r.Do.points(), r.On):
		refuse("Do", true, "a %T cannot happen at point %q", r.Do, r.On)
	case known:
		errs = append(errs, r.Do.validate(field+".Do", r.On))
	}
	return errors.Join(errs...)
}
