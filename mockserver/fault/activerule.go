package fault

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/chance"
	"github.com/vismanet-go/background/mockserver/internal/route"
)

// An activeRule is a Rule at work.
type activeRule struct {
	Rule
	path   []string                  // segments of Path; nil: any
	since  atomic.Pointer[beginning] // when it was added
	counts map[string]*Count         // by company

	operations map[string]*Count // by company and id, with PerOperation
	order      []string          // its keys, oldest first
}

// A beginning is the time of each company when a rule began to count for it. It
// is not changed.
type beginning struct {
	all  func(company string) time.Time
	anew map[string]time.Time // of companies that were reset since
}

func (b *beginning) of(company string) time.Time {
	if at, ok := b.anew[company]; ok {
		return at
	}
	return b.all(company)
}

func (b *beginning) with(company string, at time.Time) *beginning {
	anew := maps.Clone(b.anew)
	if anew == nil {
		anew = make(map[string]time.Time)
	}
	anew[company] = at
	return &beginning{b.all, anew}
}

// fits reports whether the rule matches an event, but for its Match.
func (r *activeRule) fits(e *Event, now time.Time) bool {
	if r.On != e.Point || r.Company != "" && r.Company != e.Company ||
		r.Method != "" && !strings.EqualFold(r.Method, e.Method) || !r.Between.contains(now.Sub(r.since.Load().of(e.Company))) {
		return false
	}
	if r.path == nil {
		return true
	}
	if _, ok := route.Fit(r.path, strings.Split(e.Path, "/")); ok {
		return true
	}
	short := strings.TrimRight(e.Path, "/") // as the routes take it
	_, ok := route.Fit(r.path, strings.Split(short, "/"))
	return ok && short != e.Path
}

func (r *activeRule) counter(company string) *Count {
	c := r.counts[company]
	if c == nil {
		c = new(Count)
		r.counts[company] = c
	}
	return c
}

func (r *activeRule) operation(scope string) *Count {
	c := r.operations[scope]
	if c != nil {
		return c
	}
	if len(r.order) >= maxOperations {
		delete(r.operations, r.order[0])
		r.order = r.order[1:]
	}
	c = new(Count)
	r.operations[scope] = c
	r.order = append(r.order, scope)
	return c
}

// picks reports whether the n-th match is one to disturb: a pure function.
func (r *activeRule) picks(seed uint64, scope string, n int) bool {
	if n -= r.After; n <= 0 || r.Every > 1 && n%r.Every != 0 {
		return false
	}
	return r.Probability == 0 || chance.Of(seed, r.Name, scope, n) < r.Probability
}

// forget needs f.mu.
func (r *activeRule) forget(company string) {
	delete(r.counts, company)
	of := func(scope string) bool { return strings.HasPrefix(scope, company+"\x00") }
	maps.DeleteFunc(r.operations, func(scope string, _ *Count) bool { return of(scope) })
	r.order = slices.DeleteFunc(r.order, of)
}
