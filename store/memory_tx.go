package store

import (
	"slices"
	"time"
)

func (tx *memoryTx) Now() time.Time { return time.Now() }

func (tx *memoryTx) Get(tenant, ref string) (Record, bool, error) {
	rec, ok := tx.m.recs[ref]
	if !ok || !among(tenant, rec.Tenant) {
		return Record{}, false, nil
	}
	return rec.Clone(), true, nil
}

func (tx *memoryTx) GetByID(tenant, id string) (Record, bool, error) {
	var best *Record
	for _, ref := range tx.m.ids[id] {
		rec := tx.m.recs[ref]
		if !among(tenant, rec.Tenant) {
			continue
		}
		if best == nil || best.Phase == Unmatched {
			best = rec
		}
	}
	if best == nil {
		return Record{}, false, nil
	}
	return best.Clone(), true, nil
}

func (tx *memoryTx) GetByKey(tenant, key string) (Record, bool, error) {
	ref, ok := tx.m.keys[tenantKey{tenant, key}]
	if !ok {
		return Record{}, false, nil
	}
	return tx.Get(tenant, ref)
}

func (tx *memoryTx) GetTombstone(tenant, ref string) (Tombstone, bool, error) {
	t, ok := tx.m.tombstones[ref]
	return t, ok && among(tenant, t.Tenant), nil
}

func (tx *memoryTx) GetTombstoneByKey(tenant, key string) (Tombstone, bool, error) {
	ref, ok := tx.m.keysGone[tenantKey{tenant, key}]
	if !ok {
		return Tombstone{}, false, nil
	}
	return tx.GetTombstone(tenant, ref)
}

func (tx *memoryTx) CountUnmatched(tenant string) (int, error) { return tx.m.unmatched[tenant], nil }

func (tx *memoryTx) Put(rec Record) error {
	m := tx.m
	rec = rec.Clone()
	old := m.recs[rec.Ref]
	if old != nil {
		tx.unlink(old)
	}
	if _, over := ended(rec); over && (old == nil || old.Phase != rec.Phase) {
		m.ended = append(m.ended, rec.Ref)
	}
	m.recs[rec.Ref] = &rec
	if rec.Tenant == DeliveryTenant {
		m.deliveries[rec.Ref] = &rec
	}
	if rec.ID != "" {
		m.ids[rec.ID] = append(m.ids[rec.ID], rec.Ref)
	}
	if rec.HoldsKey() {
		m.keys[tenantKey{rec.Tenant, rec.Key}] = rec.Ref
		// A successor that took over a purged key owns it from now on.
		if ref, ok := m.keysGone[tenantKey{rec.Tenant, rec.Key}]; ok {
			delete(m.keysGone, tenantKey{rec.Tenant, rec.Key})
			tx.forget(ref)
		}
	}
	if rec.Phase == Unmatched {
		m.unmatched[rec.Tenant]++
	}
	if old == nil || rec.Wakes(*old) {
		tx.woke = append(tx.woke, &rec)
	}
	return nil
}

// unlink removes a record from the indexes.
func (tx *memoryTx) unlink(rec *Record) {
	m := tx.m
	if refs := m.ids[rec.ID]; rec.ID != "" {
		refs = slices.DeleteFunc(refs, func(ref string) bool { return ref == rec.Ref })
		if m.ids[rec.ID] = refs; len(refs) == 0 {
			delete(m.ids, rec.ID)
		}
	}
	if rec.HoldsKey() {
		delete(m.keys, tenantKey{rec.Tenant, rec.Key})
	}
	if rec.Phase == Unmatched {
		if m.unmatched[rec.Tenant]--; m.unmatched[rec.Tenant] == 0 {
			delete(m.unmatched, rec.Tenant)
		}
	}
}

func (tx *memoryTx) Delete(_, ref string) error {
	if rec, ok := tx.m.recs[ref]; ok {
		tx.unlink(rec)
		delete(tx.m.recs, ref)
		delete(tx.m.deliveries, ref)
	}
	return nil
}

func (tx *memoryTx) PutTombstone(t Tombstone) error {
	m := tx.m
	m.tombstones[t.Ref] = t
	if t.Key != "" {
		m.keysGone[tenantKey{t.Tenant, t.Key}] = t.Ref
	} else {
		tx.forget(t.Ref)
	}
	return tx.Delete(t.Tenant, t.Ref)
}

// forget has a tombstone without a key go when too many have come after it.
func (tx *memoryTx) forget(ref string) {
	m := tx.m
	m.gone = append(m.gone, ref)
	if len(m.gone) > maxGone {
		delete(m.tombstones, m.gone[0])
		m.gone = m.gone[1:]
	}
}

func (tx *memoryTx) GetDocument(tenant, name string) (Document, bool, error) {
	d, ok := tx.m.documents[tenantKey{tenant, name}]
	return d.Clone(), ok, nil
}

func (tx *memoryTx) PutDocument(d Document) error {
	key := tenantKey{d.Tenant, d.Name}
	tx.m.documents[key] = d.Clone()
	tx.documents = append(tx.documents, key)
	return nil
}

func (tx *memoryTx) DeleteDocument(tenant, name string) error {
	key := tenantKey{tenant, name}
	delete(tx.m.documents, key)
	tx.documents = append(tx.documents, key)
	return nil
}
