package store

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/vismanet-go/background/store/internal/ordered"
)

// line is a sequence as [Memory] keeps it.
type line struct {
	Sequence
	places *ordered.Set[place] // of its records, by their Place
}

func (l *line) compare(other *line) int { return strings.Compare(l.Name, other.Name) }

// lineOf returns the line of a sequence, and makes it if it is not there.
func (m *Memory) lineOf(tenant, name string) *line {
	l := m.lines[tenantKey{tenant, name}]
	if l == nil {
		l = &line{Sequence: Sequence{Tenant: tenant, Name: name}, places: ordered.New(place.compare)}
		m.lines[tenantKey{tenant, name}] = l
	}
	return l
}

// next returns the first row behind a place.
func (l *line) next(after uint64) *row {
	for p := range l.places.Ascend(upTo(int64(after))) {
		return p.row
	}
	return nil
}

// read returns the sequence as it is at the time now.
func (l *line) read(now time.Time) Sequence {
	s := l.Sequence
	if w := l.next(s.Done); w != nil {
		s.Head = w.record().At(now).listed(true)
	}
	return s
}

// inLine is where a record stands in a sequence; the zero value if it stands in
// none.
type inLine struct {
	sequence string
	place    uint64
}

func (w *row) inLine() inLine {
	if w.rest == nil || w.rest.place == 0 {
		return inLine{}
	}
	return inLine{w.rest.sequence, w.rest.place}
}

// reline moves a record from where it stood in a sequence to where it stands.
func (m *Memory) reline(w *row, was, is inLine) {
	if was == is {
		return
	}
	if was.place != 0 {
		m.lineOf(w.tenant, was.sequence).places.Delete(place{int64(was.place), w})
	}
	if is.place != 0 {
		m.lineOf(w.tenant, is.sequence).places.Insert(place{int64(is.place), w})
	}
}

func (tx *memoryTx) PutBody(_, ref string, body []byte) error {
	tx.m.bodies[ref] = append([]byte{}, body...)
	return nil
}

func (tx *memoryTx) DeleteBody(_, ref string) error {
	delete(tx.m.bodies, ref)
	return nil
}

func (tx *memoryTx) GetSequence(tenant, name string) (Sequence, bool, error) {
	l := tx.m.lines[tenantKey{tenant, name}]
	if l == nil {
		return Sequence{}, false, nil
	}
	return l.Sequence, true, nil
}

func (tx *memoryTx) PutSequence(s Sequence) error {
	l := tx.m.lineOf(s.Tenant, s.Name)
	waited := l.Waiting > 0
	l.Sequence = s
	if waits := s.Waiting > 0; waits != waited {
		set := tx.m.waiting[s.Tenant]
		switch {
		case !waits:
			set.Delete(l)
			return nil
		case set == nil:
			set = ordered.New((*line).compare)
			tx.m.waiting[s.Tenant] = set
		}
		set.Insert(l)
	}
	return nil
}

func (tx *memoryTx) DeleteSequence(tenant, name string) error {
	delete(tx.m.lines, tenantKey{tenant, name})
	return nil
}

func (tx *memoryTx) NextInSequence(tenant, name string, after uint64) (Record, bool, error) {
	l := tx.m.lines[tenantKey{tenant, name}]
	if l == nil {
		return Record{}, false, nil
	}
	w := l.next(after)
	if w == nil {
		return Record{}, false, nil
	}
	return w.record(), true, nil
}

// Enqueue implements [Store].
func (m *Memory) Enqueue(ctx context.Context, rec Record, body []byte) (out Record, err error) {
	err = m.step(ctx, func(r Rules) error {
		if err := m.drop(r); err != nil {
			return err
		}
		out, err = r.Enqueue(rec.Clone(), body)
		return err
	})
	return out, err
}

// GetBody implements [Store].
func (m *Memory) GetBody(ctx context.Context, tenant, ref string) (body []byte, err error) {
	if err := CheckTenant(tenant); err != nil {
		return nil, err
	}
	err = m.step(ctx, func(Rules) error {
		w, found := m.rows[ref], false
		if w != nil && w.tenant == tenant {
			body, found = m.bodies[ref]
		}
		if !found {
			return ErrNotFound
		}
		return nil
	})
	return body, err
}

// GetSequence implements [Store].
func (m *Memory) GetSequence(ctx context.Context, tenant, name string) (out Sequence, err error) {
	if err := CheckTenant(tenant); err != nil {
		return out, err
	}
	err = m.step(ctx, func(r Rules) error {
		l := m.lines[tenantKey{tenant, name}]
		if l == nil {
			return ErrNotFound
		}
		out = l.read(r.Tx.Now())
		return nil
	})
	return out, err
}

// Sequences implements [Store].
func (m *Memory) Sequences(ctx context.Context, tenant string, q SequenceQuery) (out []Sequence, err error) {
	if err := CheckTenant(tenant); err != nil {
		return nil, err
	}
	limit := max(0, cmp.Or(q.Limit, 100))
	err = m.step(ctx, func(r Rules) error {
		set := m.waiting[tenant]
		if set == nil {
			return nil
		}
		for l := range set.Ascend(func(l *line) bool { return l.Name <= q.After }) {
			if len(out) == limit {
				break
			}
			if s := l.read(r.Tx.Now()); !q.Stopped || s.Stopped() {
				out = append(out, s)
			}
		}
		return nil
	})
	return out, err
}
