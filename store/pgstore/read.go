package pgstore

import (
	"fmt"
	"strings"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// In the statements a name that begins with ~ is one of our schema.

const (
	selRows     = "SELECT ref, fixed, learnt, doc FROM ~records WHERE ref = ANY ($1::text[])"
	lockRows    = selRows + " FOR UPDATE"
	tryRows     = selRows + " FOR UPDATE SKIP LOCKED"
	selHere     = "SELECT ref FROM ~records WHERE ref = ANY ($1::text[])"
	selIDs      = "SELECT id, ref FROM ~records WHERE id = ANY ($1::text[])"
	selKeys     = "SELECT r.tenant, r.key, r.ref FROM unnest($1::text[], $2::text[]) AS k (tenant, key) JOIN ~records r ON r.tenant = k.tenant AND r.key = k.key"
	selGoneKeys = "SELECT t.ref, t.supersedable, t.at, t.doc FROM unnest($1::text[], $2::text[]) AS k (tenant, key) JOIN ~tombstones t ON t.tenant = k.tenant AND t.key = k.key"

	tombstones        = "SELECT ref, supersedable, at, doc FROM ~tombstones WHERE "
	selTombstone      = tombstones + "ref = $1"
	selTombstoneByKey = tombstones + "tenant = $1 AND key = $2"

	selUnmatched = "SELECT count(*) FROM (SELECT FROM ~records WHERE tenant = $1 AND phase = 'unmatched' LIMIT $2) AS few"
	selNextPlace = "SELECT ref, place FROM ~records WHERE tenant = $1 AND sequence = $2 AND place > $3 ORDER BY place LIMIT 1"

	selSequence = "SELECT last, done, waiting FROM ~sequences WHERE tenant = $1 AND name = $2"
	selDocument = "SELECT version, changed, body FROM ~documents WHERE tenant = $1 AND name = $2"

	// A name is locked by a number: see [name].
	lockNames = "SELECT pg_advisory_xact_lock(n) FROM unnest($1::bigint[]) AS n"
	tryNames  = "SELECT pg_try_advisory_xact_lock(n) FROM unnest($1::bigint[]) WITH ORDINALITY AS names (n, at) ORDER BY at"
)

// text is a statement with the name of the schema in it.
func (s *Store) text(sql string) string {
	if known, ok := s.texts.Load(sql); ok {
		return known.(string)
	}
	full := strings.ReplaceAll(sql, "~", s.schema+".")
	s.texts.Store(sql, full)
	return full
}

func (v *view) send(list ...statement) error {
	if v.broken != nil {
		return v.broken
	}
	for i := range list {
		list[i].sql = v.s.text(list[i].sql)
	}
	if err := v.db.send(v.ctx, list); err != nil {
		v.broken = err
		return err
	}
	return nil
}

// one reads one row.
func (v *view) one(sql string, args []any, into ...any) (found bool, err error) {
	err = v.send(statement{sql: sql, args: args, row: func(scan func(...any) error) error {
		found = true
		return scan(into...)
	}})
	return found, err
}

// lockOne reads and locks one row, which may be one that others have locked.
func (v *view) lockOne(sql string, args []any, into ...any) (found bool, err error) {
	if v.block {
		return v.one(sql+" FOR UPDATE", args, into...)
	}
	here := false
	err = v.send(
		statement{sql: sql, args: args, row: func(func(...any) error) error { here = true; return nil }},
		statement{sql: sql + " FOR UPDATE SKIP LOCKED", args: args, row: func(scan func(...any) error) error {
			found = true
			return scan(into...)
		}},
	)
	if err == nil && here && !found {
		err = errBlocked
	}
	return found, err
}

// readRows reads and locks records. Those that are not there are known from then on
// not to be there, and those that others have locked to be busy. Refs are as columns
// have them.
func (v *view) readRows(refs []string) error { return v.send(v.rowReaders(refs)...) }

// rowReaders are the statements that do so.
func (v *view) rowReaders(refs []string) []statement {
	if len(refs) == 0 {
		return nil
	}
	for _, ref := range refs {
		v.rows[ref] = &row{}
	}
	args := []any{refs}
	read := func(scan func(...any) error) error {
		var ref string
		var d documents
		if err := scan(&ref, &d.fixed, &d.learnt, &d.doc); err != nil {
			return err
		}
		rec, err := decode(d)
		if err != nil {
			return err
		}
		delete(v.busy, ref)
		v.rows[ref] = &row{rec: rec, here: true, was: &stored{rec: rec, docs: d}}
		return nil
	}
	if v.block {
		return []statement{{sql: lockRows, args: args, row: read}}
	}
	// What is there and cannot be locked is busy.
	here := func(scan func(...any) error) error {
		var ref string
		err := scan(&ref)
		delete(v.rows, ref)
		v.busy[ref] = true
		return err
	}
	return []statement{{sql: selHere, args: args, row: here}, {sql: tryRows, args: args, row: read}}
}

// findIDs looks for the records of ids.
func (v *view) findIDs(ids []string) error { return v.send(v.idFinders(ids)...) }

func (v *view) idFinders(ids []string) []statement {
	if len(ids) == 0 {
		return nil
	}
	for _, id := range ids {
		v.ids.read[column(id)] = true
	}
	return []statement{{sql: selIDs, args: []any{columnsOf(ids)}, row: func(scan func(...any) error) error {
		var id, ref string
		err := scan(&id, &ref)
		v.ids.add(id, ref)
		return err
	}}}
}

// findKeys looks for the records that hold keys, and the tombstones that do.
func (v *view) findKeys(tenants, keys []string) error { return v.send(v.keyFinders(tenants, keys)...) }

func (v *view) keyFinders(tenants, keys []string) []statement {
	if len(keys) == 0 {
		return nil
	}
	for i := range keys {
		v.keys.read[inTenant(tenants[i], keys[i])] = true
		v.gone.read[inTenant(tenants[i], keys[i])] = true
	}
	args := []any{columnsOf(tenants), columnsOf(keys)}
	return []statement{
		{sql: selKeys, args: args, row: func(scan func(...any) error) error {
			var tenant, key, ref string
			err := scan(&tenant, &key, &ref)
			v.keys.add(tenant+"\x00"+key, ref)
			return err
		}},
		{sql: selGoneKeys, args: args, row: v.readTomb},
	}
}

func (v *view) readTombs(sql string, args ...any) error {
	return v.send(statement{sql: sql, args: args, row: v.readTomb})
}

func (v *view) readTomb(scan func(...any) error) error {
	var b store.Tombstone
	var name, doc string
	var at int64
	if err := scan(&name, &b.Supersedable, &at, &doc); err != nil {
		return err
	}
	var of store.Record
	if err := recordjson.Decode(&of, doc); err != nil {
		return fmt.Errorf("%w: the tombstone of %s: %w", ErrCorrupt, name, err)
	}
	b.Tenant, b.Ref, b.ID, b.Key, b.Fingerprint, b.At = of.Tenant, of.Ref, of.ID, of.Key, of.Fingerprint, timeOf(at)
	if v.tombs[name] == nil {
		v.tombs[name] = &tomb{Tombstone: b, here: true}
	}
	if b.Key != "" {
		v.gone.add(inTenant(b.Tenant, b.Key), name)
	}
	return nil
}

// tombDoc is the document of a tombstone.
func tombDoc(b store.Tombstone) (string, error) {
	of := store.Record{Tenant: b.Tenant, Ref: b.Ref, ID: b.ID, Key: b.Key, Fingerprint: b.Fingerprint}
	doc, err := recordjson.Append(nil, &of, recordjson.Quoted{})
	return string(doc), err
}
