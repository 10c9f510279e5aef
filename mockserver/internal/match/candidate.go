package match

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Candidate is a thing that may be meant.
type Candidate struct {
	Company string
	Key     string // identifies it in its company
	Title   string // for people
	Value   any
	Misses  Misses
}

// Fits reports whether it is meant.
func (c *Candidate) Fits() bool { return len(c.Misses) == 0 }

// Most is how many differences, or things, a message lists.
const Most = 30

// Closest is the candidate that comes closest of some, at least one.
func Closest(list []Candidate) Candidate {
	return slices.MinFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Misses.Distance(), b.Misses.Distance()), cmp.Compare(len(a.Misses), len(b.Misses)))
	})
}

// Explain says of candidates of a kind, none of which fits, what came closest
// and where it differs. Before is how many more there were that do not count
// again.
func Explain(kind string, list []Candidate, before int) string {
	var lines []string
	switch {
	case len(list) > 0:
		best := Closest(list)
		lines = append(lines, fmt.Sprintf("closest of %s: %s", Plural(len(list), kind), best.Title))
		for i, m := range best.Misses {
			if i == Most {
				lines = append(lines, fmt.Sprintf("\tand %d more", len(best.Misses)-i))
				break
			}
			lines = append(lines, "\t"+m.Text)
		}
	case before == 0:
		lines = append(lines, "there was no "+kind+" at all")
	}
	if before > 0 {
		lines = append(lines, Plural(before, kind)+" required before and not counted again")
	}
	return strings.Join(lines, "\n")
}
