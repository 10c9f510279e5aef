//go:build unix

package crashtest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// spot is one point of one scenario.
type spot struct{ scenario, point string }

func (s spot) String() string { return s.scenario + ":" + s.point }

// survey lets one process live through each scenario, those of the outbox or the
// others, undisturbed and returns every point that it passed, and bytes of all that
// was sent and answered.
func survey(t *testing.T, outbox bool) []spot {
	t.Helper()
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(scenarios)), func(name string) bool { return scenarios[name].outbox != outbox })
	lists := make([][]string, len(names))
	side(len(names), 3, func(i int) {
		var err error
		if lists[i], err = surveyOne(t, names[i]); err != nil {
			t.Errorf("%s: %v", names[i], err)
		}
	})
	var spots []spot
	for i, name := range names {
		for _, p := range lists[i] {
			spots = append(spots, spot{name, p})
		}
	}
	return spots
}

func surveyOne(t *testing.T, name string) ([]string, error) {
	r, err := newRound(t, name, &fuse{mode: census}, nil)
	if err != nil {
		return nil, err
	}
	defer r.close()
	p, err := r.start(orders{Role: "life", Mode: census})
	if err != nil {
		return nil, err
	}
	if err := p.ended(patience); err != nil {
		return nil, err
	}
	var points []string
	points = append(points, p.said("passed")...)
	theirs, out := r.erp.census()
	points = append(points, theirs...)
	for stream, n := range out {
		points = append(points, offsets(stream, n)...)
	}
	for _, line := range p.said("bytes") {
		stream, n, _ := strings.Cut(line, " ")
		total, err := strconv.Atoi(n)
		if err != nil {
			return nil, err
		}
		points = append(points, offsets(stream, total)...)
	}
	slices.Sort(points)
	return slices.Compact(slices.DeleteFunc(points, r.byChance)), nil
}

var (
	storeCall = regexp.MustCompile(`^store/(\w+/(?:[a-z]\w*/)?)(\d+)/`)
	lookCall  = regexp.MustCompile(`^(?:erp/)?(?:state|content)/(\d+)/`)
)

// byChance reports whether it depends on the machine's speed that a point is
// passed: the first calls of each kind always are, and where the ERP shows the
// end to the first poll there is no second one, unless that was too early.
func (sc scenario) byChance(point string) bool {
	if m := storeCall.FindStringSubmatch(point); m != nil {
		return m[2] > "2" || len(m[2]) > 1 || m[1] == "RescheduleDecision/" && sc.faults == nil
	}
	if m := lookCall.FindStringSubmatch(point); m != nil {
		return m[1] != "1" && (sc.faults == nil || m[1] != "2")
	}
	return false
}

// offsets picks bytes of a stream of n: the first, and others evenly. What was
// sent includes the last; answers differ a little in length.
func offsets(stream string, n int) []string {
	sent := strings.HasSuffix(stream, "/sent")
	last, count := n, 4
	if strings.Contains(stream, "submit") {
		count = 8
	}
	if !sent {
		last -= 16
	}
	if last < count {
		return nil
	}
	var points []string
	for i := range count {
		points = append(points, at(stream, 1+(last-1)*i/(count-1)))
	}
	return points
}

// choose takes n spots: all in turn where n is large, else some that are
// spread over the list, others each time.
func choose(t *testing.T, spots []spot, n int) []spot {
	t.Helper()
	if want := os.Getenv("CRASHTEST_POINT"); want != "" {
		name, point, _ := strings.Cut(want, ":")
		return slices.Repeat([]spot{{name, point}}, n)
	}
	var chosen []spot
	if n >= len(spots) {
		for i := range n {
			chosen = append(chosen, spots[i%len(spots)])
		}
		return chosen
	}
	first := rand.IntN(len(spots))
	for i := range n {
		chosen = append(chosen, spots[(first+i*len(spots)/n)%len(spots)])
	}
	return chosen
}

// instead returns another spot for one that was not passed.
func instead(spots []spot) spot { return spots[rand.IntN(len(spots))] }

// tally counts words, for the log of a test.
type tally map[string]int

func (t tally) String() string {
	var parts []string
	for _, k := range slices.SortedFunc(maps.Keys(t), func(a, b string) int { return cmp.Compare(t[b], t[a]) }) {
		parts = append(parts, fmt.Sprintf("%d %s", t[k], k))
	}
	return strings.Join(parts, ", ")
}
