package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxHits       = 10_000 // that Rules.Hits remembers
	maxOperations = 10_000 // that one rule counts on their own
)

// Config is what a server tells its rules.
type Config struct {
	// Seed makes the rules' chances.
	Seed uint64

	// Rules are the first ones; they passed [Validate].
	Rules []Rule

	// AnyPath says that all paths have a background, as those of fallbacks do,
	// and not only those below /v1/ and /v2/.
	AnyPath bool

	// Now is the time of a company.
	Now func(company string) time.Time

	// Times notes the present time of every company, and returns what was noted.
	Times func() func(company string) time.Time

	// OnHit, if set, hears of every hit. It must not call the rules.
	OnHit func(Hit)
}

// Rules are the rules of a server. They are safe for concurrent use.
type Rules struct {
	cfg   Config
	first []Rule

	mu    sync.Mutex    // guards all below, and the counts in the rules
	rules []*activeRule // replaced, never changed
	named int           // rules that got their name here
	hits  []Hit
}

// New returns the rules of a server.
func New(cfg Config) *Rules {
	if cfg.OnHit == nil {
		cfg.OnHit = func(Hit) {}
	}
	f := &Rules{cfg: cfg}
	f.first = f.complete(cfg.Rules)
	f.rules = f.activate(f.first)
	return f
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

// Validate names whatever is wrong with rules, each by field and index:
// "Faults[0].Path". AnyPath is as in the [Config].
func Validate(field string, rules []Rule, anyPath bool) error {
	return validate(field, rules, anyPath, nil)
}

func validate(field string, rules []Rule, anyPath bool, taken map[string]bool) error {
	var errs []error
	taken = maps.Clone(taken)
	if taken == nil {
		taken = make(map[string]bool)
	}
	for i, r := range rules {
		name := field + "[" + strconv.Itoa(i) + "]"
		errs = append(errs, r.validate(name, anyPath))
		if r.Name != "" && taken[r.Name] {
			errs = append(errs, fmt.Errorf("%s.Name: there is another rule %q", name, r.Name))
		}
		taken[r.Name] = true
	}
	return errors.Join(errs...)
}

// Add puts rules behind those that are there. The error names every field that
// is wrong, as in "Add[0].Path", and then none is added.
func (f *Rules) Add(rules ...Rule) error {
	_, err := f.Append(rules...)
	return err
}

// Append is [Rules.Add], and returns the rules with the names and points that
// they were given.
func (f *Rules) Append(rules ...Rule) ([]Rule, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := validate("Add", rules, f.cfg.AnyPath, f.names()); err != nil {
		return nil, err
	}
	rules = f.complete(rules)
	f.rules = slices.Concat(f.rules, f.activate(rules))
	return rules, nil
}

// names needs f.mu, as complete does.
func (f *Rules) names() map[string]bool {
	names := make(map[string]bool)
	for _, r := range f.rules {
		names[r.Name] = true
	}
	return names
}

// complete gives rules the names and points that they lack.
func (f *Rules) complete(rules []Rule) []Rule {
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

func (f *Rules) activate(rules []Rule) []*activeRule {
	begun := &beginning{all: f.cfg.Times()}
	list := make([]*activeRule, len(rules))
	for i, r := range rules {
		list[i] = &activeRule{Rule: r, counts: make(map[string]*Count), operations: make(map[string]*Count)}
		list[i].since.Store(begun)
		if r.Path != "" {
			list[i].path = strings.Split(r.Path, "/")
		}
	}
	return list
}

// Remove removes a rule and reports whether there was one of that name.
func (f *Rules) Remove(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(f.rules), func(r *activeRule) bool { return r.Name == name })
	removed := len(left) < len(f.rules)
	f.rules = left
	return removed
}

// Clear removes the rules that are for a company alone, or all rules if that is
// empty, and returns how many there were.
func (f *Rules) Clear(company string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(f.rules), func(r *activeRule) bool { return company == "" || r.Company == company })
	n := len(f.rules) - len(left)
	f.rules = left
	return n
}

// List returns the rules with their counts, in the order in which they are
// asked.
func (f *Rules) List() []RuleState {
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
func (f *Rules) Count(name, company string) Count {
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
func (f *Rules) Hits(company string) []Hit {
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

// Reset starts a company anew: its counts and hits are forgotten, the rules for
// it alone are those of Config.Rules again, and for it the time of all rules
// begins now. An empty company means all of them: then everything is as in the
// beginning.
func (f *Rules) Reset(company string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if company == "" {
		f.rules, f.hits = f.activate(f.first), nil
		return
	}
	f.hits = slices.DeleteFunc(f.hits, func(h Hit) bool { return h.Company == company })
	var rules []*activeRule
	for _, r := range f.first {
		i := slices.IndexFunc(f.rules, func(a *activeRule) bool { return a.Name == r.Name })
		switch {
		case r.Company == company:
			rules = append(rules, f.activate([]Rule{r})...)
		case i >= 0:
			rules = append(rules, f.rules[i])
		}
	}
	now := f.cfg.Now(company)
	for _, a := range f.rules {
		a.forget(company)
		a.since.Store(a.since.Load().with(company, now))
		if a.Company != company && !slices.Contains(rules, a) {
			rules = append(rules, a)
		}
	}
	f.rules = rules
}

// Wants reports whether any rule is for a point, so that no event is described
// in vain.
func (f *Rules) Wants(on Point) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.rules, func(r *activeRule) bool { return r.On == on })
}

// Decide returns what happens at an event, nil if nothing does, and the name of
// the rule. Now is the time of the event's company.
func (f *Rules) Decide(e *Event, now time.Time) (Effect, string) {
	f.mu.Lock()
	rules := f.rules
	f.mu.Unlock()
	for _, r := range rules {
		if !r.fits(e, now) || r.Match != nil && !r.Match(*e) {
			continue
		}
		if does := r.effect(e); does != nil && f.count(r, e, now) {
			return does, r.Name
		}
	}
	return nil, ""
}

// count counts a match and reports whether it is a hit.
func (f *Rules) count(r *activeRule, e *Event, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	total, scope := r.counter(e.Company), e.Company
	own := total
	if r.PerOperation {
		scope += "\x00" + e.Operation.ID
		own = r.operation(scope)
	}
	own.Matches++
	hit := (r.Times == 0 || own.Hits < r.Times) && r.picks(f.cfg.Seed, scope, own.Matches)
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

func (f *Rules) note(h Hit) {
	if len(f.hits) >= maxHits {
		f.hits = slices.Delete(f.hits, 0, maxHits/10)
	}
	f.hits = append(f.hits, h)
	f.cfg.OnHit(h)
}
