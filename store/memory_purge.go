package store

import (
	"context"
	"slices"
)

// purgeStep is how many records a purge removes in one step, so that whoever
// waits has a turn in between.
const purgeStep = 256

// Purge implements [Store].
func (m *Memory) Purge(ctx context.Context, tenant string, p Retention) (out PurgeCount, err error) {
	if err := CheckAnyTenant(tenant); err != nil {
		return out, err
	}
	var refs, keys []string
	err = m.step(ctx, func(Rules) error {
		for ref, rec := range m.recs {
			mine := among(tenant, rec.Tenant) || rec.Phase == Unmatched && rec.Tenant == NoTenant
			if mine && out.count(*rec) != nil && p.old(*rec) {
				refs = append(refs, ref)
			}
		}
		for ref, t := range m.tombstones {
			if among(tenant, t.Tenant) && p.forgets(t) {
				keys = append(keys, ref)
			}
		}
		return nil
	})
	for some := range slices.Chunk(refs, purgeStep) {
		if err != nil {
			return out, err
		}
		err = m.step(ctx, func(r Rules) error {
			for _, ref := range some {
				if err := r.Purge(AnyTenant, ref, p, &out); err != nil && err != ErrNotFound { // somebody else may have removed it
					return err
				}
			}
			return nil
		})
	}
	for some := range slices.Chunk(keys, purgeStep) {
		if err != nil {
			return out, err
		}
		err = m.step(ctx, func(Rules) error {
			for _, ref := range some {
				m.freeKey(ref, p, &out)
			}
			return nil
		})
	}
	return out, err
}

// freeKey forgets an operation whose key nobody needs any more.
func (m *Memory) freeKey(ref string, p Retention, out *PurgeCount) {
	t, ok := m.tombstones[ref]
	held := tenantKey{t.Tenant, t.Key}
	if ok && p.forgets(t) && m.keysGone[held] == ref {
		delete(m.tombstones, ref)
		delete(m.keysGone, held)
		out.Keys++
	}
}
