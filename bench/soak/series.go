package main

import (
	"fmt"
	"slices"
)

// A series is a number that was read again and again.
type series struct {
	name   string
	values []float64
	// share and slack are how much the last third may be above the middle
	// one: a part of it, and a fixed amount.
	share, slack float64
}

func (s *series) add(v float64) { s.values = append(s.values, v) }

// thirds are the means of the middle and the last third; the first one is for
// whatever has to fill up.
func (s *series) thirds() (middle, last float64) {
	n := len(s.values)
	return mean(s.values[n/3 : 2*n/3]), mean(s.values[2*n/3:])
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// fault says how the series grows, or nothing. More is what may come on top
// because something that is bounded is not full yet.
func (s *series) fault(more float64) string {
	if len(s.values) < 6 {
		return fmt.Sprintf("%s: only %d samples", s.name, len(s.values))
	}
	middle, last := s.thirds()
	if last <= middle*(1+s.share)+s.slack+more {
		return ""
	}
	return fmt.Sprintf("%s grows: %.1f in the middle third, %.1f in the last one (allowed: %.1f)", s.name, middle, last, middle*(1+s.share)+s.slack+more)
}

// String is the series in short: where it was after each tenth.
func (s *series) String() string {
	text := s.name + ":"
	for i := range 10 {
		text += fmt.Sprintf(" %.1f", s.values[i*(len(s.values)-1)/9])
	}
	return fmt.Sprintf("%s (max %.1f)", text, slices.Max(s.values))
}
