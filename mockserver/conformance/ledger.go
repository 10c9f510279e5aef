package conformance

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vismanet-go/background/internal/spell"
)

// A Ledger lists the scenarios that a candidate is known not to pass, with why. It
// may only shrink: what it does not have must pass, and what it has must not.
type Ledger struct {
	gaps map[string]string // why, by id
}

// ParseLedger reads a ledger: in each line the id of a scenario and why it does not
// pass. Blank lines and lines that begin with # say nothing.
func ParseLedger(text string) (*Ledger, error) {
	known := make(map[string]bool)
	var ids []string
	for _, s := range Scenarios() {
		known[s.ID] = true
		ids = append(ids, s.ID)
	}
	l := &Ledger{gaps: make(map[string]string)}
	var errs []error
	n := 0
	for text := range strings.Lines(text) {
		n++
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		id, why, _ := strings.Cut(text, " ")
		why = strings.TrimSpace(why)
		switch {
		case !known[id]:
			errs = append(errs, fmt.Errorf("line %d: there is no scenario %q%s", n, id, spell.Hint(id, ids)))
		case why == "":
			errs = append(errs, fmt.Errorf("line %d: want why %s does not pass behind it", n, id))
		case l.gaps[id] != "":
			errs = append(errs, fmt.Errorf("line %d: %s comes twice", n, id))
		}
		l.gaps[id] = why
	}
	return l, errors.Join(errs...)
}

// judge marks a result that is a known gap.
func (l *Ledger) judge(r *Result) {
	if l == nil {
		return
	}
	if why, listed := l.gaps[r.Scenario.ID]; listed && r.Verdict != Passed {
		r.Verdict, r.Gap = KnownGap, why
	}
}

// settle finds what the ledger has that is no gap any more. All reports whether all
// scenarios were played.
func (r *Report) settle(l *Ledger, all bool) {
	if l == nil {
		return
	}
	r.strict = true
	played := make(map[string]bool)
	for _, x := range r.Results {
		id := x.Scenario.ID
		played[id] = true
		if _, listed := l.gaps[id]; listed && x.Verdict == Passed {
			r.Stale = append(r.Stale, id)
		}
	}
	for _, s := range Scenarios() {
		if _, listed := l.gaps[s.ID]; all && listed && !played[s.ID] {
			r.Stale = append(r.Stale, s.ID) // of a role that the candidate does not have
		}
	}
}
