package ordered_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vismanet-go/background/store/internal/ordered"
)

// TestSetIsASortedList compares a set with a sorted list through many changes:
// in any order, from both ends, and until it is empty.
func TestSetIsASortedList(t *testing.T) {
	orders := map[string]func(r *rand.Rand, i int) int{
		"random":     func(r *rand.Rand, _ int) int { return r.IntN(1 << 20) },
		"ascending":  func(_ *rand.Rand, i int) int { return i },
		"descending": func(_ *rand.Rand, i int) int { return -i },
		"few":        func(r *rand.Rand, _ int) int { return r.IntN(700) },
	}
	for name, next := range orders {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			s := ordered.New(cmp.Compare[int])
			var want []int
			for i := range 20_000 {
				v := next(r, i)
				at, there := slices.BinarySearch(want, v)
				if !there {
					s.Insert(v)
					want = slices.Insert(want, at, v)
				}
				if i > 8000 { // more goes than comes
					for range 2 {
						if len(want) == 0 {
							break
						}
						k := r.IntN(len(want))
						if name == "ascending" {
							k = 0
						}
						s.Delete(want[k])
						want = slices.Delete(want, k, k+1)
					}
				}
				s.Delete(1 << 30) // which is not there
				if i%500 == 0 {
					same(t, s, want, v)
				}
			}
			same(t, s, want, 0)
		})
	}
}

func same(t *testing.T, s *ordered.Set[int], want []int, pivot int) {
	t.Helper()
	at, _ := slices.BinarySearch(want, pivot)
	before := func(v int) bool { return v < pivot }
	if got := slices.Collect(s.Ascend(before)); !slices.Equal(got, want[at:]) {
		t.Fatalf("from %d on: got %d items, want %d", pivot, len(got), len(want[at:]))
	}
	back := slices.Clone(want[:at])
	slices.Reverse(back)
	if got := slices.Collect(s.Descend(before)); !slices.Equal(got, back) {
		t.Fatalf("before %d: got %d items, want %d", pivot, len(got), len(back))
	}
	if s.Len() != len(want) || s.Count(before) != at {
		t.Fatalf("got %d items, %d of them before %d, want %d and %d", s.Len(), s.Count(before), pivot, len(want), at)
	}
}
