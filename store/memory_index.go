package store

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/vismanet-go/background/store/internal/ordered"
)

// group is the records of a tenant in a phase, as it is stored. None of them
// stands in two.
type group struct {
	phase  Phase
	listed *ordered.Set[place] // by when they were created
	// planned are those with a time in [Record.DueAt], by that, for each kind.
	planned map[string]*ordered.Set[place]
}

// place is where a record stands in an order of times. A clock of the process
// that was set back does not change it, as it could that of a [time.Time].
type place struct {
	at  int64 // see nanos
	rec *Record
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(p.rec.Ref, q.rec.Ref))
}

// nanos are those since 1970, also of times that are too far away for that; the
// zero time comes first.
func nanos(t time.Time) int64 {
	switch {
	case t.Year() < 1700:
		return math.MinInt64
	case t.Year() > 2250:
		return math.MaxInt64
	}
	return t.UnixNano()
}

// upTo and everything tell a set where to begin.
func upTo(at int64) func(place) bool { return func(p place) bool { return p.at <= at } }

func everything(place) bool { return false }

// indexed is where a record stands in the indexes of its group.
type indexed struct {
	phase   Phase
	kind    string
	created int64
	due     int64
	planned bool
}

func (r *Record) indexed() indexed {
	_, planned := r.DueAt(time.Time{}) // whatever the time, there is one or none
	return indexed{r.Phase, r.Kind, nanos(r.CreatedAt), nanos(r.Due), planned}
}

// phased is a phase of a tenant.
type phased struct {
	tenant string
	phase  Phase
}

// link adds a record to the indexes of its group.
func (m *Memory) link(rec *Record, in indexed) {
	g := m.groups[phased{rec.Tenant, in.phase}]
	if g == nil {
		g = &group{phase: in.phase, listed: ordered.New(place.compare), planned: make(map[string]*ordered.Set[place])}
		m.groups[phased{rec.Tenant, in.phase}] = g
	}
	g.listed.Insert(place{in.created, rec})
	g.plan(rec, in)
}

// unlink removes it from them.
func (m *Memory) unlink(rec *Record, in indexed) {
	g := m.groups[phased{rec.Tenant, in.phase}]
	g.listed.Delete(place{in.created, rec})
	g.unplan(rec, in)
}

// relink moves a record from where it stood, which its group still has it at.
func (m *Memory) relink(rec *Record, was, is indexed) {
	switch {
	case was == is:
	case was.phase == is.phase && was.created == is.created:
		g := m.groups[phased{rec.Tenant, is.phase}]
		g.unplan(rec, was)
		g.plan(rec, is)
	default:
		m.unlink(rec, was)
		m.link(rec, is)
	}
}

func (g *group) plan(rec *Record, in indexed) {
	if !in.planned {
		return
	}
	if g.planned[in.kind] == nil {
		g.planned[in.kind] = ordered.New(place.compare)
	}
	g.planned[in.kind].Insert(place{in.due, rec})
}

func (g *group) unplan(rec *Record, in indexed) {
	if !in.planned {
		return
	}
	g.planned[in.kind].Delete(place{in.due, rec})
	if g.planned[in.kind].Len() == 0 && len(g.planned) > maxIdleKinds {
		delete(g.planned, in.kind)
	}
}

// maxIdleKinds is how many kinds keep their empty sets.
const maxIdleKinds = 64

// ofKinds are the sets of planned records of some kinds, of all if there are none.
func (g *group) ofKinds(kinds []string) iter.Seq[*ordered.Set[place]] {
	return func(yield func(*ordered.Set[place]) bool) {
		if len(kinds) == 0 {
			for _, set := range g.planned {
				if !yield(set) {
					return
				}
			}
			return
		}
		for i, kind := range kinds {
			set := g.planned[kind]
			if set != nil && !slices.Contains(kinds[:i], kind) && !yield(set) {
				return
			}
		}
	}
}

var allPhases = []Phase{
	Queued, Sending, Accepted, Settled, Acknowledged, Rejected, Uncertain, Abandoned, Expired, Unclear, Dead, Unmatched, Delivery,
}

// reading yields the groups whose records may read as of one of the phases: a
// sender that vanished leaves what reads as uncertain.
func (m *Memory) reading(tenant string, phases []Phase) iter.Seq[*group] {
	return func(yield func(*group) bool) {
		for _, phase := range allPhases {
			wanted := len(phases) == 0 || slices.Contains(phases, phase) || phase == Sending && slices.Contains(phases, Uncertain)
			if g := m.groups[phased{tenant, phase}]; wanted && g != nil && !yield(g) {
				return
			}
		}
	}
}
