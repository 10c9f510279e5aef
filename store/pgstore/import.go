package pgstore

import (
	"context"
	"errors"

	"github.com/vismanet-go/background/store"
)

// selTombstones finds several.
const selTombstones = tombstones + "ref = ANY ($1::text[])"

// errDry undoes what was only tried.
var errDry = errors.New("not to be kept")

// Import takes over what another store holds, in one transaction: see
// [store.Rules.Import]. A few hundred items of a few MiB go well together, each of which
// takes up to three locks of the server's table of locks. With dry set it changes
// nothing and tells what it would do.
func (s *Store) Import(ctx context.Context, items []store.Item, dry bool) ([]store.Imported, error) {
	st := &step{}
	var refs []string // whose tombstones are asked for
	for _, it := range items {
		st.size += it.Size()
		refs = append(refs, s.forItem(&st.needs, it)...)
	}
	out := make([]store.Imported, len(items))
	st.run = func(v *view, r store.Rules) (err error) {
		if err := v.readTombsOf(refs); err != nil {
			return err
		}
		for i, it := range items {
			if out[i], err = r.Import(it); err != nil {
				return err
			}
		}
		if dry {
			return errDry
		}
		return nil
	}
	if err := s.do(ctx, st); err != nil && err != errDry {
		return nil, err
	}
	return out, nil
}

// forItem adds the needs of an item, and returns the ref that may have a tombstone.
func (s *Store) forItem(n *needs, it store.Item) []string {
	key := func(tenant, key string) {
		if key != "" {
			n.tenants, n.keys = append(n.tenants, tenant), append(n.keys, key)
			n.names = append(n.names, s.name("key", tenant, key))
		}
	}
	switch {
	case it.Record != nil:
		rec := it.Record
		n.refs = append(n.refs, rec.Ref)
		if rec.HoldsKey() {
			key(rec.Tenant, rec.Key)
		}
		if rec.ID != "" {
			n.ids = append(n.ids, rec.ID)
			n.names = append(n.names, s.name("id", rec.ID))
		}
		if rec.Sequence != "" {
			n.names = append(n.names, s.name("sequence", rec.Tenant, rec.Sequence))
		}
		return []string{rec.Ref}
	case it.Tombstone != nil:
		n.refs = append(n.refs, it.Tombstone.Ref)
		key(it.Tombstone.Tenant, it.Tombstone.Key)
		return []string{it.Tombstone.Ref}
	case it.Sequence != nil:
		n.names = append(n.names, s.name("sequence", it.Sequence.Tenant, it.Sequence.Name))
	case it.Document != nil:
		n.names = append(n.names, s.name("document", it.Document.Tenant, it.Document.Name))
	}
	return nil
}

// readTombsOf reads the tombstones of refs at once; those that are not there are known
// from then on not to be.
func (v *view) readTombsOf(refs []string) error {
	if len(refs) == 0 {
		return nil
	}
	names := columnsOf(refs)
	if err := v.readTombs(selTombstones, names); err != nil {
		return err
	}
	for _, name := range names {
		if v.tombs[name] == nil {
			v.tombs[name] = &tomb{}
		}
	}
	return nil
}
