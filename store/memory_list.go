package store

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/vismanet-go/background/store/internal/ordered"
)

// fewDue is how many records that are due are sorted rather than found in the
// order of a list.
const fewDue = 1000

// List implements [Store].
func (m *Memory) List(ctx context.Context, tenant string, q Query) (out []Record, err error) {
	if err := CheckTenant(tenant); err != nil {
		return nil, err
	}
	limit := max(0, cmp.Or(q.Limit, 100))
	err = m.step(ctx, func(r Rules) error {
		now := r.Tx.Now()
		var found []place
		for g := range m.reading(tenant, q.Phases) {
			n := 0
			for w := range g.candidates(q, now) {
				if n == limit {
					break
				}
				if q.selectsRow(w, now) {
					found = append(found, place{w.createdAt, w})
					n++
				}
			}
		}
		q.sort(found)
		for _, p := range found[:min(len(found), limit)] {
			out = append(out, p.row.record().At(now).listed(q.WithoutContent))
		}
		return nil
	})
	return out, err
}

// selectsRow is [Query.SelectsAt]. It looks first at what needs no record.
func (q Query) selectsRow(w *row, now time.Time) bool {
	if len(q.Kinds) > 0 && !slices.Contains(q.Kinds, w.kind) {
		return false
	}
	for name, value := range q.Metadata {
		if w.metadata[name] != value {
			return false
		}
	}
	return q.SelectsAt(w.record(), now)
}

// listed returns the record without its content, if that is left out.
func (r Record) listed(withoutContent bool) Record {
	if withoutContent && r.Outcome != nil && r.Outcome.Content != nil {
		o := *r.Outcome
		o.Content, r.Outcome = nil, &o
	}
	return r
}

// candidates yields what q may select of the group, behind its After and in its
// order.
func (g *group) candidates(q Query, now time.Time) iter.Seq[*row] {
	if !q.DueBy.IsZero() && g.countDue(q, now) <= fewDue {
		return g.sorted(q, now)
	}
	low, high := q.lowest(), q.highest()
	all := g.listed.Ascend(behind(low))
	if q.NewestFirst {
		all = g.listed.Descend(behind(high))
	}
	return func(yield func(*row) bool) {
		for p := range all {
			at := p.row.position()
			if q.NewestFirst && at.Compare(low) < 0 || !q.NewestFirst && at.Compare(high) >= 0 {
				return
			}
			if q.Follows(at) && !yield(p.row) {
				return
			}
		}
	}
}

// behind reports of a place among what was created whether it stands before a
// position.
func behind(pos Position) func(place) bool {
	at := nanos(pos.CreatedAt)
	return func(p place) bool { return p.at < at || p.at == at && p.row.ref < pos.Ref }
}

// lowest is a position that nothing which q selects stands before, and highest
// one that all of it stands before.
func (q Query) lowest() Position {
	p := Position{CreatedAt: q.CreatedFrom}
	if !q.NewestFirst && p.Compare(q.After) < 0 {
		p = q.After
	}
	return p
}

func (q Query) highest() Position {
	p := Position{CreatedAt: q.CreatedBefore}
	if p.CreatedAt.IsZero() {
		p.CreatedAt = farthest
	}
	if q.NewestFirst && q.After != (Position{}) && q.After.Compare(p) < 0 {
		p = q.After
	}
	return p
}

var farthest = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// due yields what is planned for some kinds, for all if there are none, and due
// by a time: set by set, in order of the time but for what is void.
func (g *group) due(kinds []string, by, now time.Time) iter.Seq[place] {
	return func(yield func(place) bool) {
		for set := range g.ofKinds(kinds) {
			for p := range set.Ascend(everything) {
				if p.at > nanos(by) || !yield(p) {
					break
				}
			}
			for p := range set.Ascend(upTo(max(nanos(by), nanos(now.Add(MaxDue))))) {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// countDue counts what due yields for q.
func (g *group) countDue(q Query, now time.Time) (n int) {
	by, void := nanos(q.DueBy), nanos(now.Add(MaxDue))
	for set := range g.ofKinds(q.Kinds) {
		n += set.Count(upTo(by)) + set.Len() - set.Count(upTo(max(by, void)))
	}
	return n
}

// sorted yields what is due in the order of q.
func (g *group) sorted(q Query, now time.Time) iter.Seq[*row] {
	var due []place
	for p := range g.due(q.Kinds, q.DueBy, now) {
		due = append(due, place{p.row.createdAt, p.row})
	}
	q.sort(due)
	return func(yield func(*row) bool) {
		for _, p := range due {
			if q.Follows(p.row.position()) && !yield(p.row) {
				return
			}
		}
	}
}

// sort sorts places among what was created in the order of q.
func (q Query) sort(places []place) {
	slices.SortFunc(places, func(a, b place) int {
		if q.NewestFirst {
			a, b = b, a
		}
		return a.compare(b)
	})
}

// Count implements [Store].
func (m *Memory) Count(ctx context.Context, tenant string, q Query) (n int, err error) {
	if err := CheckTenant(tenant); err != nil {
		return 0, err
	}
	q.After = Position{}
	err = m.step(ctx, func(r Rules) error {
		for g := range m.reading(tenant, q.Phases) {
			n += g.count(q, r.Tx.Now())
		}
		return nil
	})
	return n, err
}

// count counts what q selects. It looks at each record only where q narrows down
// more than phases, or a sender may have vanished.
func (g *group) count(q Query, now time.Time) (n int) {
	whole := len(q.Kinds) == 0 && len(q.Metadata) == 0 && q.CreatedFrom.IsZero() && q.CreatedBefore.IsZero() && q.DueBy.IsZero()
	if whole && (g.phase != Sending || len(q.Phases) == 0) {
		return g.listed.Len()
	}
	for w := range g.candidates(q, now) {
		if q.selectsRow(w, now) {
			n++
		}
	}
	return n
}

// Due implements [Store].
func (m *Memory) Due(ctx context.Context, tenant string, q DueQuery) (out DueList, err error) {
	if err := CheckTenant(tenant); err != nil {
		return out, err
	}
	err = m.step(ctx, func(r Rules) error {
		d := dueSearch{now: r.Tx.Now(), q: q, limit: max(0, cmp.Or(q.Limit, 100))}
		for g := range m.reading(tenant, q.Phases) {
			for set := range g.ofKinds(q.Kinds) {
				d.search(set)
			}
		}
		out = d.list()
		return nil
	})
	return out, err
}

// dueSearch collects what is due.
type dueSearch struct {
	now   time.Time
	q     DueQuery
	limit int
	found []place // by the time of row.dueAt
	next  time.Time
}

// search collects what is due of a set, one more than is returned. What is void
// stands at the end of it.
func (d *dueSearch) search(set *ordered.Set[place]) {
	void := nanos(d.now.Add(MaxDue))
	n := 0
	for p := range set.Ascend(upTo(void)) {
		if n > d.limit {
			break
		}
		n += d.take(p.row)
	}
	for p := range set.Ascend(everything) {
		if n > d.limit || p.at > void {
			break
		}
		n += d.take(p.row)
		if p.at > nanos(d.q.By) {
			break // those that follow are due later still
		}
	}
}

// take takes a planned record, or notes when it may be had. It returns how many
// it has taken.
func (d *dueSearch) take(w *row) int {
	lease := w.lease()
	leased := lease.Valid(d.now)
	read := w.phase
	if read == Sending && !leased {
		read = Uncertain
	}
	// What is being sent is uncertain as soon as its lease ends.
	if len(d.q.Phases) > 0 && !slices.Contains(d.q.Phases, read) && read != Sending {
		return 0
	}
	due, by := w.dueAt(d.now), nanos(d.q.By)
	switch {
	case leased && (due <= by || w.leaseUntil > due):
		d.later(w.leaseUntil)
	case due > by:
		d.later(due)
	default:
		d.found = append(d.found, place{due, w})
		return 1
	}
	return 0
}

// later notes when a record is due that is not returned.
func (d *dueSearch) later(at int64) {
	t := timeOf(at)
	if t.IsZero() {
		t = d.now
	}
	if d.next.IsZero() || t.Before(d.next) {
		d.next = t
	}
}

func (d *dueSearch) list() DueList {
	slices.SortFunc(d.found, place.compare)
	if len(d.found) > d.limit {
		d.later(d.found[d.limit].at)
		d.found = d.found[:d.limit]
	}
	out := DueList{Next: d.next}
	for _, p := range d.found {
		out.Records = append(out.Records, p.row.record().At(d.now).listed(d.q.WithoutContent))
	}
	return out
}
