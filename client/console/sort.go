package console

import "slices"

// sortSteps puts what happened into the order of time; what happened at once stays
// in the order of a life.
func sortSteps(all []step) {
	slices.SortStableFunc(all, func(a, b step) int { return a.At.Compare(b.At) })
}
