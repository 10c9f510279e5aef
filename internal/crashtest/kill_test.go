//go:build unix

package crashtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestClientKilledBetweenAnyTwoSteps kills a process between any two steps of
// an operation's life. Afterwards every operation that the ERP accepted is
// known and handled with its own answer, or was listed as uncertain where
// nothing could tell, and no write was sent twice.
func TestClientKilledBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	spots := survey(t)
	if len(spots) < 200 {
		t.Fatalf("%d points to be killed at, want at least 200", len(spots))
	}
	chosen := choose(t, spots, rounds(20))
	var mu sync.Mutex // guards the counts
	hits, verdicts, missed := make(map[spot]int), tally{}, 0
	side(len(chosen), 4, func(i int) {
		s := chosen[i]
		hit, verdict := false, ""
		var err error
		for try := range tries {
			if try >= tries/2 {
				s = instead(spots)
			}
			if hit, verdict, err = killAt(t, s); hit || err != nil {
				break
			}
		}
		if err != nil {
			t.Errorf("killed at %s: %v", s, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if !hit {
			missed++
			return
		}
		hits[s]++
		verdicts[verdict]++
	})
	kinds := make(map[string]bool)
	for s := range hits {
		family, _, _ := strings.Cut(s.point, "/")
		kinds[family] = true
	}
	t.Logf("%d kills at %d of %d points (%s): %v", len(chosen)-missed, len(hits), len(spots), strings.Join(slices.Sorted(maps.Keys(kinds)), ", "), verdicts)
	if missed > 0 {
		t.Errorf("%d times no point was passed", missed)
	}
	if len(chosen) >= len(spots) && len(hits) < 200 {
		t.Errorf("killed at %d points, want at least 200", len(hits))
	}
}

// tries is how often a point is tried that may not be passed, the second half
// of them with another point.
const tries = 6

// killAt lets one process be killed at the spot and another come after it. It
// reports whether the spot was passed, and what became of the operation.
func killAt(t *testing.T, s spot) (hit bool, verdict string, err error) {
	f := &fuse{mode: murder, point: s.point}
	r, err := newRound(t, s.scenario, f, (*process).kill)
	if err != nil {
		return false, "", err
	}
	defer r.close()
	first, err := r.start(orders{Role: "life", Mode: murder, Point: s.point})
	if err != nil {
		return false, "", err
	}
	if err := first.ended(patience); err == nil {
		return false, "", nil
	} else if !first.killed() || len(first.said("at")) == 0 && !f.burnt.Load() {
		return false, "", fmt.Errorf("before it was killed: %w", err)
	}
	if err := r.settled(first); err != nil {
		return false, "", err
	}
	want, id, verdict, err := r.expect()
	if err != nil {
		return false, "", err
	}
	heir, err := r.start(orders{Role: "heir", Want: want, Resolve: id})
	if err != nil {
		return false, "", err
	}
	if err := heir.ended(2 * patience); err != nil {
		return false, "", fmt.Errorf("%s, the heir: %w", verdict, err)
	}
	if err := r.verify(want, 1, 2); err != nil {
		return false, "", fmt.Errorf("%s: %w", verdict, err)
	}
	return true, verdict, nil
}
