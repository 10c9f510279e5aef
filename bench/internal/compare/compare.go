// Package compare measures contenders beside each other: every round runs each
// of them once, in an order of its own, and what counts is the median of the
// ratios within the rounds. So a machine that is busy for a while, or slow as
// a whole, disturbs both sides of a ratio alike.
package compare

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// A Row is one thing that is measured.
type Row struct {
	Name       string // such as "sqlite/accept/64"
	What       string // a line for the reader
	Contenders []Contender
	Goals      []Goal
	// Rounds is how many are run at most, of a row that takes long and whose
	// figures hardly differ. 0: as many as asked for.
	Rounds int
}

// A Contender does the work of a row.
type Contender struct {
	Name string
	// Run does it once. An error that is [ErrLeftOut] says that it cannot be
	// had here; any other ends the row.
	Run func(ctx context.Context, t Try) (Figures, error)
}

// A Try is one run of a contender.
type Try struct {
	Dir   string // a fresh directory, removed afterwards
	Short bool   // as little work as shows anything
	Round int    // from 0
}

// Pick returns long, or short in a short run.
func Pick[T any](t Try, long, short T) T {
	if t.Short {
		return short
	}
	return long
}

// Figures are what a run gave, in the order in which they are shown.
type Figures []Figure

// A Figure is one number. Its name ends with the unit.
type Figure struct {
	Name  string
	Value float64
}

// At returns the figure of that name, NaN if there is none.
func (f Figures) At(name string) float64 {
	for _, x := range f {
		if x.Name == name {
			return x.Value
		}
	}
	return math.NaN()
}

// ErrLeftOut is what a [Contender] returns that cannot be had on this machine.
type ErrLeftOut struct{ Why string }

func (e *ErrLeftOut) Error() string { return "left out: " + e.Why }

// A Goal is a bound that the project has set itself: of one figure of one
// contender, or of its ratio to that of another. Exactly one of AtMost and
// AtLeast is set.
type Goal struct {
	Of, Figure string
	To         string // the other contender; empty: the figure itself
	ToFigure   string // its figure; default: Figure
	AtMost     float64
	AtLeast    float64
	// Zero is AtMost 0, which cannot be told from an AtMost that is not set.
	Zero bool
	// Smoke is the bound in a short run, which has to hold on any machine
	// that is as busy as it likes. 0: it is not looked at.
	Smoke float64
}

// String is the goal in words.
func (g Goal) String() string {
	what := g.Of + ": " + g.Figure
	if g.To != "" {
		what = fmt.Sprintf("%s ÷ %s: %s", g.Of, g.To, g.Figure)
		if g.ToFigure != "" {
			what += " ÷ " + g.ToFigure
		}
	}
	sign, bound := "≤", g.AtMost
	if g.AtLeast > 0 {
		sign, bound = "≥", g.AtLeast
	}
	return fmt.Sprintf("%s %s %s", what, sign, Number(bound))
}

// validate reports the first mistake in a row: it is written by hand.
func (r Row) validate() error {
	has := func(name string) bool {
		return slices.ContainsFunc(r.Contenders, func(c Contender) bool { return c.Name == name })
	}
	for _, g := range r.Goals {
		bounds := 0
		for _, set := range []bool{g.AtMost > 0, g.AtLeast > 0, g.Zero} {
			if set {
				bounds++
			}
		}
		switch {
		case bounds != 1:
			return fmt.Errorf("row %s, goal %v: want one bound", r.Name, g)
		case !has(g.Of) || g.To != "" && !has(g.To):
			return fmt.Errorf("row %s, goal %v: names no contender of the row", r.Name, g)
		}
	}
	return nil
}

// Only returns the row with the contenders whose names match, and with the goals
// that are about these.
func (r Row) Only(match func(name string) bool) Row {
	r.Contenders = slices.DeleteFunc(slices.Clone(r.Contenders), func(c Contender) bool { return !match(c.Name) })
	r.Goals = slices.DeleteFunc(slices.Clone(r.Goals), func(g Goal) bool { return !match(g.Of) || g.To != "" && !match(g.To) })
	return r
}

// value is what the goal is about, in one round.
func (g Goal) value(round map[string]Figures) float64 {
	v := round[g.Of].At(g.Figure)
	if g.To != "" {
		v /= round[g.To].At(cmp.Or(g.ToFigure, g.Figure))
	}
	return v
}

// met tells whether v is within the bound, or in a short run within that of
// Smoke. NaN is not.
func (g Goal) met(v float64, short bool) bool {
	bound := g.AtMost
	if g.AtLeast > 0 {
		bound = g.AtLeast
	}
	if short {
		bound = g.Smoke
	}
	if g.AtLeast > 0 {
		return v >= bound
	}
	return v <= bound
}
