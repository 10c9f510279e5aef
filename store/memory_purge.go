package store

import (
	"context"
	"time"
)

// purgeStep is how many records a purge looks at in one step, so that whoever
// waits has a turn in between.
const purgeStep = 256

// Purge implements [Store]. Nothing has ended before it was created, so that it
// looks only at what was created before the times of p.
func (m *Memory) Purge(ctx context.Context, tenant string, p Retention) (out PurgeCount, err error) {
	if err := CheckAnyTenant(tenant); err != nil {
		return out, err
	}
	for _, phase := range []Phase{Acknowledged, Rejected, Expired, Settled, Unmatched} {
		tenants, err := m.tenants(ctx, tenant, phase)
		if err != nil {
			return out, err
		}
		for _, name := range tenants {
			if err := m.sweep(ctx, phased{name, phase}, p, &out); err != nil {
				return out, err
			}
		}
	}
	return out, m.freeKeys(ctx, tenant, p, &out)
}

// tenants are those that are meant and have records in a phase.
func (m *Memory) tenants(ctx context.Context, tenant string, phase Phase) (out []string, err error) {
	if tenant != AnyTenant {
		out = []string{tenant}
		if phase == Unmatched && tenant != NoTenant {
			out = append(out, NoTenant) // which belongs to every tenant
		}
		return out, nil
	}
	err = m.step(ctx, func(Rules) error {
		for in := range m.groups {
			if in.phase == phase {
				out = append(out, in.tenant)
			}
		}
		return nil
	})
	return out, err
}

// sweep removes what is old of a group.
func (m *Memory) sweep(ctx context.Context, in phased, p Retention, out *PurgeCount) error {
	before := p.before(in.phase)
	from := Position{}
	for more := !before.IsZero(); more; {
		err := m.step(ctx, func(r Rules) error {
			var old []string
			old, from = m.oldest(in, from, before)
			for _, ref := range old {
				if err := r.Purge(in.tenant, ref, p, out); err != nil {
					return err
				}
			}
			more = len(old) == purgeStep
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// oldest returns the first records of a group behind a position that were created
// before a time, and where they end.
func (m *Memory) oldest(in phased, from Position, before time.Time) (refs []string, end Position) {
	g := m.groups[in]
	if g == nil {
		return nil, from
	}
	for at := range g.listed.Ascend(behind(from)) {
		pos := at.row.position()
		if len(refs) == purgeStep || !pos.CreatedAt.Before(before) {
			break
		}
		if pos != from {
			refs, end = append(refs, pos.Ref), pos
		}
	}
	return refs, end
}

// before is the time before which p removes what is in a phase.
func (p Retention) before(phase Phase) time.Time {
	switch phase {
	case Acknowledged, Rejected, Expired:
		return p.Ended
	case Settled:
		return p.Unacknowledged
	case Unmatched:
		return p.Unmatched
	}
	return time.Time{}
}

// freeKeys forgets operations whose keys nobody needs any more, the oldest first.
func (m *Memory) freeKeys(ctx context.Context, tenant string, p Retention, out *PurgeCount) error {
	for more := true; more; {
		err := m.step(ctx, func(Rules) error {
			n := 0
			for name, refs := range m.keyed {
				if !among(tenant, name) {
					continue
				}
				old := 0
				for ; old < len(refs) && n < purgeStep && m.freeKey(refs[old], p, out); old++ {
					n++
				}
				if refs = refs[old:]; len(refs) == 0 {
					delete(m.keyed, name)
				} else {
					m.keyed[name] = refs
				}
			}
			more = n == purgeStep
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// freeKey reports whether a tombstone that had a key is dealt with: another has
// its key, or nobody needs it any more and it goes.
func (m *Memory) freeKey(ref string, p Retention, out *PurgeCount) bool {
	t, ok := m.tombstones[ref]
	held := tenantKey{t.Tenant, t.Key}
	if !ok || m.keysGone[held] != ref {
		return true
	}
	if !p.forgets(t) {
		return false
	}
	delete(m.tombstones, ref)
	delete(m.keysGone, held)
	out.Keys++
	return true
}
