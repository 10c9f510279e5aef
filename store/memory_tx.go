package store

import (
	"slices"
	"time"
)

// Now is without a monotonic part, as what other stores keep: records are in the
// order of times that do not depend on where they came from.
func (tx *memoryTx) Now() time.Time { return time.Now().Round(0) }

func (tx *memoryTx) Get(tenant, ref string) (Record, bool, error) {
	rec, ok := tx.m.recs[ref]
	if !ok || !among(tenant, rec.Tenant) {
		return Record{}, false, nil
	}
	return *rec, true, nil
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
	return *best, true, nil
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

func (tx *memoryTx) CountUnmatched(tenant string) (int, error) {
	if g := tx.m.groups[phased{tenant, Unmatched}]; g != nil {
		return g.listed.Len(), nil
	}
	return 0, nil
}

// Put changes the record that is kept in its place.
func (tx *memoryTx) Put(rec Record) error {
	kept := tx.m.recs[rec.Ref]
	if kept == nil {
		kept = new(Record)
		*kept = rec
		tx.add(kept)
		return nil
	}
	if rec.Wakes(*kept) {
		tx.woke = append(tx.woke, kept)
	}
	was, phase := kept.indexed(), kept.Phase
	named := kept.ID == rec.ID && kept.Key == rec.Key && kept.KeyReleased == rec.KeyReleased
	if !named {
		tx.m.unname(kept)
	}
	*kept = rec
	if !named {
		tx.name(kept)
	}
	tx.m.relink(kept, was, kept.indexed())
	if kept.Phase != phase {
		tx.m.ends(kept)
	}
	return nil
}

// add keeps a new record.
func (tx *memoryTx) add(rec *Record) {
	tx.m.recs[rec.Ref] = rec
	tx.name(rec)
	tx.m.link(rec, rec.indexed())
	tx.m.ends(rec)
	tx.woke = append(tx.woke, rec)
}

// ends notes a record that is to be dropped some time after it has ended.
func (m *Memory) ends(rec *Record) {
	if _, over := ended(*rec); over {
		m.ended = append(m.ended, rec.Ref)
	}
}

// name has a record found by its id and its key.
func (tx *memoryTx) name(rec *Record) {
	m := tx.m
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
}

// unname has it not found by them any more.
func (m *Memory) unname(rec *Record) {
	if refs := m.ids[rec.ID]; rec.ID != "" {
		refs = slices.DeleteFunc(refs, func(ref string) bool { return ref == rec.Ref })
		if m.ids[rec.ID] = refs; len(refs) == 0 {
			delete(m.ids, rec.ID)
		}
	}
	if rec.HoldsKey() {
		delete(m.keys, tenantKey{rec.Tenant, rec.Key})
	}
}

func (tx *memoryTx) Delete(_, ref string) error {
	if rec, ok := tx.m.recs[ref]; ok {
		tx.m.unname(rec)
		tx.m.unlink(rec, rec.indexed())
		delete(tx.m.recs, ref)
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
