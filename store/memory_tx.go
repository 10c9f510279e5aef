package store

import "time"

// Now is in UTC and has no monotonic part, as is what is read from a row.
func (tx *memoryTx) Now() time.Time { return time.Now().UTC().Round(0) }

func (tx *memoryTx) Get(tenant, ref string) (Record, bool, error) {
	w := tx.m.rows[ref]
	if w == nil || !among(tenant, w.tenant) {
		return Record{}, false, nil
	}
	return w.record(), true, nil
}

func (tx *memoryTx) GetByID(tenant, id string) (Record, bool, error) {
	var best *row
	for w := tx.m.ids[id]; w != nil; w = w.sameID {
		if among(tenant, w.tenant) && (best == nil || best.phase == Unmatched) {
			best = w
		}
	}
	if best == nil {
		return Record{}, false, nil
	}
	return best.record(), true, nil
}

func (tx *memoryTx) GetByKey(tenant, key string) (Record, bool, error) {
	w := tx.m.keys[tenantKey{tenant, key}]
	if w == nil {
		return Record{}, false, nil
	}
	return w.record(), true, nil
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

// Put changes the row in its place.
func (tx *memoryTx) Put(rec Record) error {
	m := tx.m
	w := m.rows[rec.Ref]
	if w == nil {
		w = new(row)
		w.set(&rec)
		m.rows[rec.Ref] = w
		tx.name(w)
		m.link(w, w.indexed())
		m.reline(w, inLine{}, w.inLine())
		m.ends(w)
		tx.woke = append(tx.woke, woken{w.tenant, w.ref})
		return nil
	}
	if rec.wakes(w.told()) {
		tx.woke = append(tx.woke, woken{w.tenant, w.ref})
	}
	was, stood := w.indexed(), w.inLine()
	named := w.id == rec.ID && w.key == rec.Key && w.keyReleased == rec.KeyReleased
	if !named {
		m.unname(w)
	}
	w.set(&rec)
	if !named {
		tx.name(w)
	}
	is := w.indexed()
	m.relink(w, was, is)
	m.reline(w, stood, w.inLine())
	if is.phase != was.phase {
		m.ends(w)
	}
	return nil
}

// ends notes a record that is to be dropped some time after it has ended.
func (m *Memory) ends(w *row) {
	if w.tenant == DeliveryTenant {
		return
	}
	switch w.phase {
	case Acknowledged, Rejected, Expired, Abandoned, Settled, Dead, Unmatched:
		m.ended = append(m.ended, w.ref)
	}
}

// name has a record found by its id and its key.
func (tx *memoryTx) name(w *row) {
	m := tx.m
	if w.id != "" {
		w.sameID = m.ids[w.id]
		m.ids[w.id] = w
	}
	if w.holdsKey() {
		m.keys[tenantKey{w.tenant, w.key}] = w
		// A successor that took over a purged key owns it from now on.
		if ref, ok := m.keysGone[tenantKey{w.tenant, w.key}]; ok {
			delete(m.keysGone, tenantKey{w.tenant, w.key})
			tx.forget(ref)
		}
	}
}

// unname has it not found by them any more.
func (m *Memory) unname(w *row) {
	if w.id != "" {
		first := m.ids[w.id]
		for at := &first; *at != nil; at = &(*at).sameID {
			if *at == w {
				*at, w.sameID = w.sameID, nil
				break
			}
		}
		if m.ids[w.id] = first; first == nil {
			delete(m.ids, w.id)
		}
	}
	if w.holdsKey() {
		delete(m.keys, tenantKey{w.tenant, w.key})
	}
}

func (tx *memoryTx) Delete(_, ref string) error {
	if w := tx.m.rows[ref]; w != nil {
		tx.m.unname(w)
		tx.m.unlink(w, w.indexed())
		tx.m.reline(w, w.inLine(), inLine{})
		delete(tx.m.bodies, ref)
		delete(tx.m.rows, ref)
	}
	return nil
}

func (tx *memoryTx) PutTombstone(t Tombstone) error {
	m := tx.m
	m.tombstones[t.Ref] = t
	if t.Key != "" {
		m.keysGone[tenantKey{t.Tenant, t.Key}] = t.Ref
		m.keyed[t.Tenant] = append(m.keyed[t.Tenant], t.Ref)
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
