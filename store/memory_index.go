package store

import (
	"cmp"
	"iter"
	"slices"

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
	row *row
}

func (p place) compare(q place) int {
	if p.at != q.at {
		return cmp.Compare(p.at, q.at)
	}
	return cmp.Compare(p.row.ref, q.row.ref)
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

func (w *row) indexed() indexed {
	return indexed{w.phase, w.kind, w.createdAt, w.due, w.planned()}
}

// phased is a phase of a tenant.
type phased struct {
	tenant string
	phase  Phase
}

// link adds a record to the indexes of its group.
func (m *Memory) link(w *row, in indexed) {
	g := m.groups[phased{w.tenant, in.phase}]
	if g == nil {
		g = &group{phase: in.phase, listed: ordered.New(place.compare), planned: make(map[string]*ordered.Set[place])}
		m.groups[phased{w.tenant, in.phase}] = g
	}
	g.listed.Insert(place{in.created, w})
	g.plan(w, in)
}

// unlink removes it from them.
func (m *Memory) unlink(w *row, in indexed) {
	g := m.groups[phased{w.tenant, in.phase}]
	g.listed.Delete(place{in.created, w})
	g.unplan(w, in)
}

// relink moves a record from where it stood, which its group still has it at.
func (m *Memory) relink(w *row, was, is indexed) {
	switch {
	case was == is:
	case was.phase == is.phase && was.created == is.created:
		g := m.groups[phased{w.tenant, is.phase}]
		g.unplan(w, was)
		g.plan(w, is)
	default:
		m.unlink(w, was)
		m.link(w, is)
	}
}

func (g *group) plan(w *row, in indexed) {
	if !in.planned {
		return
	}
	if g.planned[in.kind] == nil {
		g.planned[in.kind] = ordered.New(place.compare)
	}
	g.planned[in.kind].Insert(place{in.due, w})
}

func (g *group) unplan(w *row, in indexed) {
	if !in.planned {
		return
	}
	g.planned[in.kind].Delete(place{in.due, w})
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
