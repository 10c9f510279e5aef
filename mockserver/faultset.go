package mockserver

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
)

const (
	maxHits       = 10_000 // that Faults.Hits remembers
	maxOperations = 10_000 // that one rule counts on their own
)

// Faults holds the rules of a [Server]. It is safe for concurrent use.
type Faults struct {
	seed    uint64
	config  []Rule
	clocks  *vtime.Clocks
	journal *journal

	mu    sync.Mutex    // guards all below, and the counts in the rules
	rules []*activeRule // replaced, never changed
	named int           // rules that got their name here
	hits  []Hit
}

// An activeRule is a Rule at work.
type activeRule struct {
	Rule
	path   []string                    // segments of Path; nil: any
	since  atomic.Pointer[vtime.Times] // when it was added
	counts map[string]*Count           // by company

	operations map[string]*Count // by company and id, with PerOperation
	order      []string          // its keys, oldest first
}

// A Count tells how often a rule matched, and how often it hit.
type Count struct{ Matches, Hits int }

// A RuleState is a rule with its counts.
type RuleState struct {
	Rule
	Count                      // over all companies
	Companies map[string]Count // for each
}

// A Hit is one event that was disturbed.
type Hit struct {
	Time        time.Time
	Rule        string
	Point       Point
	Company     string
	Method      string
	Path        string
	OperationID string // empty where there is no operation yet
	Match       int    // which match of the rule it was, from 1
}

// Faults returns the rules of the server, those of Config.Faults first.
func (s *Server) Faults() *Faults { return s.faults }

// newFaults takes rules that were validated.
func newFaults(seed uint64, rules []Rule, c *vtime.Clocks, j *journal) *Faults {
	f := &Faults{seed: seed, clocks: c, journal: j}
	f.config = f.complete(rules)
	f.rules = f.activate(f.config)
	return f
}

// validateRules names each rule by field and index.
func validateRules(field string, rules []Rule, taken map[string]bool) error {
	var errs []error
	taken = maps.Clone(taken)
	if taken == nil {
		taken = make(map[string]bool)
	}
	for i, r := range rules {
		name := field + "[" + strconv.Itoa(i) + "]"
		errs = append(errs, r.validate(name))
		if r.Name != "" && taken[r.Name] {
			errs = append(errs, fmt.Errorf("%s.Name: there is another rule %q", name, r.Name))
		}
		taken[r.Name] = true
	}
	return errors.Join(errs...)
}

// Add puts rules behind those that are there. The error names every field that
// is wrong, as in "Add[0].Path", and then none is added.
func (f *Faults) Add(rules ...Rule) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := validateRules("Add", rules, f.names()); err != nil {
		return err
	}
	f.rules = slices.Concat(f.rules, f.activate(f.complete(rules)))
	return nil
}

// names needs f.mu, as complete does.
func (f *Faults) names() map[string]bool {
	names := make(map[string]bool)
	for _, r := range f.rules {
		names[r.Name] = true
	}
	return names
}

// complete gives rules the names and points that they lack.
func (f *Faults) complete(rules []Rule) []Rule {
	rules, taken := slices.Clone(rules), f.names()
	for _, r := range rules {
		taken[r.Name] = true
	}
	for i := range rules {
		for r := &rules[i]; r.Name == ""; {
			f.named++
			if name := "rule-" + strconv.Itoa(f.named); !taken[name] {
				r.Name = name
			}
		}
		if rules[i].On == "" {
			rules[i].On = rules[i].Do.points()[0]
		}
	}
	return rules
}

func (f *Faults) activate(rules []Rule) []*activeRule {
	now := f.clocks.Times()
	list := make([]*activeRule, len(rules))
	for i, r := range rules {
		list[i] = &activeRule{Rule: r, counts: make(map[string]*Count), operations: make(map[string]*Count)}
		list[i].since.Store(now)
		if r.Path != "" {
			list[i].path = strings.Split(r.Path, "/")
		}
	}
	return list
}

// Remove takes a rule away and reports whether there was one of that name.
func (f *Faults) Remove(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(f.rules), func(r *activeRule) bool { return r.Name == name })
	removed := len(left) < len(f.rules)
	f.rules = left
	return removed
}

// List returns the rules with their counts, in the order in which they are
// asked.
func (f *Faults) List() []RuleState {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]RuleState, len(f.rules))
	for i, r := range f.rules {
		list[i] = RuleState{Rule: r.Rule, Companies: make(map[string]Count)}
		for company, c := range r.counts {
			list[i].Companies[company] = *c
			list[i].Matches += c.Matches
			list[i].Hits += c.Hits
		}
	}
	return list
}

// Count returns how often a rule matched and hit for a company, or for all
// companies if that is empty.
func (f *Faults) Count(name, company string) Count {
	for _, r := range f.List() {
		switch {
		case r.Name != name:
		case company == "":
			return r.Count
		default:
			return r.Companies[company]
		}
	}
	return Count{}
}

// Hits lists what was disturbed for a company, or for all companies if that is
// empty: the latest 10 000, oldest first.
func (f *Faults) Hits(company string) []Hit {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []Hit
	for _, h := range f.hits {
		if company == "" || h.Company == company {
			list = append(list, h)
		}
	}
	return list
}

// Reset starts a company anew: its counts and hits are forgotten, the rules
// that are for it alone are those of Config.Faults again, and the time of all
// rules begins now for it. An empty company means everything, as after [New].
func (f *Faults) Reset(company string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if company == "" {
		f.rules, f.hits = f.activate(f.config), nil
		return
	}
	f.hits = slices.DeleteFunc(f.hits, func(h Hit) bool { return h.Company == company })
	var rules []*activeRule
	for _, r := range f.config {
		i := slices.IndexFunc(f.rules, func(a *activeRule) bool { return a.Name == r.Name })
		switch {
		case r.Company == company:
			rules = append(rules, f.activate([]Rule{r})...)
		case i >= 0:
			rules = append(rules, f.rules[i])
		}
	}
	now := f.clocks.Now(company)
	for _, a := range f.rules {
		a.forget(company)
		a.since.Store(a.since.Load().With(company, now))
		if a.Company != company && !slices.Contains(rules, a) {
			rules = append(rules, a)
		}
	}
	f.rules = rules
}

// forget needs f.mu.
func (r *activeRule) forget(company string) {
	delete(r.counts, company)
	of := func(scope string) bool { return strings.HasPrefix(scope, company+"\x00") }
	maps.DeleteFunc(r.operations, func(scope string, _ *Count) bool { return of(scope) })
	r.order = slices.DeleteFunc(r.order, of)
}

// wants tells whether any rule looks at a point, so that nobody describes an
// event for nothing.
func (f *Faults) wants(on Point) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.rules, func(r *activeRule) bool { return r.On == on })
}

// decide returns what happens at an event, and the name of the rule; nil if
// nothing does.
func (f *Faults) decide(e *Event, now time.Time) (Disturbance, string) {
	f.mu.Lock()
	rules := f.rules
	f.mu.Unlock()
	for _, r := range rules {
		if !r.fits(e, now) || r.Match != nil && !r.Match(*e) {
			continue
		}
		if f.count(r, e, now) {
			return r.Do, r.Name
		}
	}
	return nil, ""
}

// count counts a match and tells whether it is a hit.
func (f *Faults) count(r *activeRule, e *Event, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	total, scope := r.counter(e.Company), e.Company
	own := total
	if r.PerOperation {
		scope += "\x00" + e.Operation.ID
		own = r.operation(scope)
	}
	own.Matches++
	hit := (r.Times == 0 || own.Hits < r.Times) && r.picks(f.seed, scope, own.Matches)
	if hit {
		own.Hits++
	}
	if own != total {
		total.Matches++
		if hit {
			total.Hits++
		}
	}
	if hit {
		f.note(Hit{now, r.Name, e.Point, e.Company, e.Method, e.Path, e.Operation.ID, own.Matches})
	}
	return hit
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

// picks tells whether the n-th match is one to disturb: a pure function.
func (r *activeRule) picks(seed uint64, scope string, n int) bool {
	if n -= r.After; n <= 0 || r.Every > 1 && n%r.Every != 0 {
		return false
	}
	return r.Probability == 0 || chance(seed, r.Name, scope, n) < r.Probability
}

// chance is a number from 0 up to 1, the same for the same arguments.
func chance(seed uint64, name, scope string, n int) float64 {
	in := binary.BigEndian.AppendUint64(nil, seed)
	in = binary.BigEndian.AppendUint64(in, uint64(n))
	sum := sha256.Sum256(append(in, name+"\x00"+scope...))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

func (f *Faults) note(h Hit) {
	if len(f.hits) >= maxHits {
		f.hits = slices.Delete(f.hits, 0, maxHits/10)
	}
	f.hits = append(f.hits, h)
	f.journal.hit(h)
}
