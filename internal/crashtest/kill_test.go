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
	spots := survey(t, false)
	if len(spots) < 200 {
		t.Fatalf("%d points to be killed at, want at least 200", len(spots))
	}
	chosen := choose(t, spots, rounds(20))
	d := disturb(t, spots, chosen, killAt)
	t.Logf("%d kills at %d of %d points (%s): %v", d.passed, len(d.hits), len(spots), d.families(), d.verdicts)
	if len(chosen) >= len(spots) && len(d.hits) < 200 {
		t.Errorf("killed at %d points, want at least 200", len(d.hits))
	}
}

// disturbed is what became of the lives that were disturbed.
type disturbed struct {
	passed   int
	hits     map[spot]int
	verdicts tally
}

// disturb disturbs a life at each of the chosen spots, and at others where one is not
// passed.
func disturb(t *testing.T, spots, chosen []spot, at func(*testing.T, spot) (hit bool, verdict string, err error)) disturbed {
	t.Helper()
	var mu sync.Mutex // guards d
	d := disturbed{hits: make(map[spot]int), verdicts: tally{}}
	side(len(chosen), 4, func(i int) {
		s := chosen[i]
		hit, verdict := false, ""
		var err error
		for try := range tries {
			if try >= tries/2 {
				s = instead(spots)
			}
			if hit, verdict, err = at(t, s); hit || err != nil {
				break
			}
		}
		if err != nil {
			t.Errorf("disturbed at %s: %v", s, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if hit {
			d.passed++
			d.hits[s]++
			d.verdicts[verdict]++
		}
	})
	if d.passed < len(chosen) && !t.Failed() {
		t.Errorf("%d times no point was passed", len(chosen)-d.passed)
	}
	return d
}

// families names the kinds of points that were hit.
func (d disturbed) families() string {
	kinds := make(map[string]bool)
	for s := range d.hits {
		family, _, _ := strings.Cut(s.point, "/")
		kinds[family] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(kinds)), ", ")
}

// tries is how often a point is tried that may not be passed, the second half
// of them with another point.
const tries = 6

// killedAt starts a round of which one process is killed at the spot. The round is nil
// if the process did not pass there.
func killedAt(t *testing.T, s spot) (_ *round, first *process, err error) {
	f := &fuse{mode: murder, point: s.point}
	r, err := newRound(t, s.scenario, f, (*process).kill)
	if err != nil {
		return nil, nil, err
	}
	if first, err = r.start(orders{Role: "life", Mode: murder, Point: s.point}); err == nil {
		if err = first.ended(patience); err == nil {
			r.close()
			return nil, nil, nil
		}
		if first.killed() && (len(first.said("at")) > 0 || f.burnt.Load()) {
			return r, first, nil
		}
		err = fmt.Errorf("before it was killed: %w", err)
	}
	r.close()
	return nil, nil, err
}

// killAt lets one process be killed at the spot and another come after it. It
// reports whether the spot was passed, and what became of the operation.
func killAt(t *testing.T, s spot) (hit bool, verdict string, err error) {
	if scenarios[s.scenario].outbox {
		return killOutboxAt(t, s)
	}
	r, first, err := killedAt(t, s)
	if r == nil || err != nil {
		return false, "", err
	}
	defer r.close()
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
