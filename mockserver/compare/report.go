package compare

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// A Report is what differs. It holds no value of either server.
type Report struct {
	Differences []Difference `json:"differences"`
	Outside     []Outside    `json:"outsideTheContract"`
	Missed      []Missed     `json:"notCompared"`
	Compared    []string     `json:"compared"` // checks
	LeftCalls   int          `json:"leftCalls"`
	RightCalls  int          `json:"rightCalls"`
}

// A Difference is a place at which the two servers answer differently.
type Difference struct {
	Check string   `json:"check"`
	Place string   `json:"place"`
	Left  []string `json:"left"` // kinds of values that were seen there
	Right []string `json:"right"`
	// Settles names switches of package profile that are about it.
	Settles []string `json:"settles,omitempty"`
}

// An Outside is a place at which a server's answer is not as the contract has it.
type Outside struct {
	Side  string `json:"side"` // "left", "right" or "both"
	Check string `json:"check"`
	Place string `json:"place"`
	Is    string `json:"is"`
}

// A Missed is a check that could not be made on a side, or was seen on one only.
type Missed struct {
	Side  string `json:"side"` // "left", "right" or "both"
	Check string `json:"check"`
	Why   string `json:"why"`
}

// compare holds two sides against each other.
func compare(left, right *survey) Report {
	r := Report{
		Differences: []Difference{}, Outside: []Outside{}, Missed: []Missed{}, Compared: []string{},
		LeftCalls: left.calls, RightCalls: right.calls,
	}
	for _, check := range union(left.seen, right.seen) {
		a, b := left.seen[check], right.seen[check]
		r.outside(check, a, b)
		switch {
		case a == nil:
			r.Missed = append(r.Missed, Missed{"left", check, cmp.Or(left.missed[check], "not seen")})
		case b == nil:
			r.Missed = append(r.Missed, Missed{"right", check, cmp.Or(right.missed[check], "not seen")})
		default:
			r.Compared = append(r.Compared, check)
			r.differences(check, a, b)
		}
	}
	for _, check := range union(left.missed, right.missed) {
		if left.seen[check] != nil || right.seen[check] != nil {
			continue
		}
		why, other := left.missed[check], right.missed[check]
		switch {
		case why == other:
			r.Missed = append(r.Missed, Missed{"both", check, why})
		default:
			r.Missed = append(r.Missed, Missed{"both", check, cmp.Or(why, "not seen") + "; " + cmp.Or(other, "not seen")})
		}
	}
	return r
}

func union[V any](a, b map[string]V) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *Report) outside(check string, a, b *sighting) {
	var left, right map[string]string
	if a != nil {
		left = a.outside
	}
	if b != nil {
		right = b.outside
	}
	for _, place := range union(left, right) {
		switch {
		case left[place] == right[place]:
			r.Outside = append(r.Outside, Outside{"both", check, place, left[place]})
		default:
			for _, side := range []struct{ name, is string }{{"left", left[place]}, {"right", right[place]}} {
				if side.is != "" {
					r.Outside = append(r.Outside, Outside{side.name, check, place, side.is})
				}
			}
		}
	}
}

// differences compares what was seen in a check. Where the statuses differ, the
// rest belongs to them and is not told.
func (r *Report) differences(check string, a, b *sighting) {
	loose := a.loose && b.loose
	places := union(a.shape, b.shape)
	if !slices.Equal(a.shape.at("status"), b.shape.at("status")) {
		places = []string{"status"}
	}
	for _, place := range places {
		left, right := orNothing(a.shape.at(place)), orNothing(b.shape.at(place))
		strict := !loose || place == "status" || strings.HasPrefix(place, "header ")
		if strict && slices.Equal(left, right) || !strict && alike(left, right) {
			continue
		}
		if below(place, a.shape, b.shape) {
			continue
		}
		r.Differences = append(r.Differences, Difference{check, place, left, right, settles(check, place, left, right)})
	}
}

func orNothing(kinds []string) []string {
	if len(kinds) == 0 {
		return []string{kindAbsent}
	}
	return kinds
}

// below reports whether a place lies in something that only one side has, which is
// told already.
func below(place string, a, b shape) bool {
	for i, r := range place {
		if (r == '.' || r == '[') && strings.HasPrefix(place, "body") {
			up := place[:i]
			if len(a[up]) == 0 || len(b[up]) == 0 || !a[up][kindObject] && !a[up][kindList] || !b[up][kindObject] && !b[up][kindList] {
				return true
			}
		}
	}
	return false
}

// alike reports whether what was seen of data can be of the same kind: each side has
// its own, in which fields are empty or not.
func alike(left, right []string) bool {
	a, b := essence(left), essence(right)
	if len(a) == 0 || len(b) == 0 {
		return (len(left) == 1 && left[0] == kindAbsent) == (len(right) == 1 && right[0] == kindAbsent)
	}
	for kind := range a {
		if b[kind] {
			return true
		}
	}
	return false
}

// essence leaves out what is empty, and takes numbers for numbers.
func essence(kinds []string) map[string]bool {
	set := make(map[string]bool)
	for _, kind := range kinds {
		switch kind {
		case kindNull, kindAbsent, kindEmpty, kindNone:
		case kindNumber:
			set[kindWhole] = true
		default:
			set[kind] = true
		}
	}
	return set
}

// WriteTo writes the report for people.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%d checks compared; %d calls to the left server, %d to the right\n", len(r.Compared), r.LeftCalls, r.RightCalls)
	if len(r.Differences) == 0 {
		b.WriteString("no difference\n")
	}
	check := ""
	for _, d := range r.Differences {
		if d.Check != check {
			check = d.Check
			fmt.Fprintf(&b, "\n%s\n", check)
		}
		fmt.Fprintf(&b, "  %s\n    left:  %s\n    right: %s\n", d.Place, strings.Join(d.Left, ", "), strings.Join(d.Right, ", "))
		if len(d.Settles) > 0 {
			fmt.Fprintf(&b, "    settles: Profile.%s\n", strings.Join(d.Settles, ", Profile."))
		}
	}
	if len(r.Outside) > 0 {
		b.WriteString("\nnot as the contract has it\n")
	}
	for _, o := range r.Outside {
		fmt.Fprintf(&b, "  %s, %s: %s is %s\n", o.Side, o.Check, o.Place, o.Is)
	}
	if len(r.Missed) > 0 {
		b.WriteString("\nnot compared\n")
	}
	for _, m := range r.Missed {
		fmt.Fprintf(&b, "  %s, %s: %s\n", m.Side, m.Check, m.Why)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}
