package pgstore

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/vismanet-go/background/store"
)

const (
	insRecords = `INSERT INTO ~records (ref, tenant, kind, created, metadata, fixed, learnt, phase, id, key, due, until, ttl, ended, sequence, place, doc)
		SELECT ref, tenant, kind, created, metadata::jsonb, fixed, learnt, phase, id, key, due, until, ttl, ended, sequence, place, doc
		FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[], $15::bigint[], $16::text[], $17::text[])
			AS u (ref, tenant, kind, created, metadata, fixed, phase, id, key, due, until, ttl, ended, sequence, place, doc, learnt)`
	updRecords = `UPDATE ~records r SET phase = u.phase, id = u.id, key = u.key, due = u.due, until = u.until, ttl = u.ttl, ended = u.ended, sequence = u.sequence, place = u.place, doc = u.doc, learnt = u.learnt
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::bigint[], $11::text[], $12::text[])
			AS u (ref, phase, id, key, due, until, ttl, ended, sequence, place, doc, learnt) WHERE r.ref = u.ref`
	updFixed   = "UPDATE ~records r SET fixed = u.fixed, metadata = u.metadata::jsonb, kind = u.kind FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u (ref, fixed, metadata, kind) WHERE r.ref = u.ref"
	delRecords = "DELETE FROM ~records WHERE ref = ANY ($1::text[])"
	// What gives a key or an id up is written before what takes it.
	delKeys = "UPDATE ~records SET key = NULL, id = NULL WHERE ref = ANY ($1::text[])"

	putContents = "INSERT INTO ~contents (ref, body) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT (ref) DO UPDATE SET body = excluded.body"
	delContents = "DELETE FROM ~contents WHERE ref = ANY ($1::text[])"
	putBodies   = "INSERT INTO ~bodies (ref, body) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT (ref) DO UPDATE SET body = excluded.body"
	delBodies   = "DELETE FROM ~bodies WHERE ref = ANY ($1::text[])"

	delGoneKeys   = "UPDATE ~tombstones SET key = NULL WHERE ref = ANY ($1::text[]) AND key IS NOT NULL"
	putTombstones = `INSERT INTO ~tombstones (ref, tenant, key, supersedable, at, doc)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::bigint[], $6::text[])
		ON CONFLICT (ref) DO UPDATE SET tenant = excluded.tenant, key = excluded.key, supersedable = excluded.supersedable, at = excluded.at, doc = excluded.doc`
	delTombstones = "DELETE FROM ~tombstones WHERE ref = ANY ($1::text[])"

	insSequence = "INSERT INTO ~sequences (tenant, name, last, done, waiting) VALUES ($1, $2, $3, $4, $5)"
	updSequence = "UPDATE ~sequences SET last = $3, done = $4, waiting = $5 WHERE tenant = $1 AND name = $2"
	delSequence = "DELETE FROM ~sequences WHERE tenant = $1 AND name = $2"
	insDocument = "INSERT INTO ~documents (tenant, name, version, changed, body) VALUES ($1, $2, $3, $4, $5)"
	updDocument = "UPDATE ~documents SET version = $3, changed = $4, body = $5 WHERE tenant = $1 AND name = $2"
	delDocument = "DELETE FROM ~documents WHERE tenant = $1 AND name = $2"

	notify = "SELECT pg_notify($1, told) FROM unnest($2::text[]) AS told"
)

// writes are the statements that bring the tables to what the view has.
func (v *view) writes() ([]statement, error) {
	w := writer{view: v}
	for _, ref := range slices.Sorted(maps.Keys(v.rows)) { // in one order, whoever writes
		if r := v.rows[ref]; r.dirty {
			if err := w.row(ref, r); err != nil {
				return nil, err
			}
		}
	}
	if err := w.tombstones(); err != nil {
		return nil, err
	}
	out := w.statements()
	for _, q := range v.seqs {
		if q.dirty {
			out = append(out, writeOne(q.was, q.here, insSequence, updSequence, delSequence,
				column(q.Tenant), column(q.Name), int64(q.Last), int64(q.Done), int64(q.Waiting))...)
		}
	}
	for _, d := range v.docs {
		if d.dirty {
			out = append(out, writeOne(d.was, d.here, insDocument, updDocument, delDocument,
				column(d.Tenant), column(d.Name), int64(d.Version), d.ChangedAt.UnixNano(), content(d.Body))...)
		}
	}
	if told := v.s.payloads(v.sender, v.told); len(told) > 0 && !v.s.mute.Load() {
		out = append(out, statement{sql: notify, args: []any{v.s.channel, told}})
	}
	return out, nil
}

// writeOne writes what has a name in a tenant, which are the first two arguments.
func writeOne(was, here bool, ins, upd, del string, args ...any) []statement {
	switch {
	case here && was:
		return []statement{changing(1, upd, args...)}
	case here:
		return []statement{{sql: ins, args: args}}
	case was:
		return []statement{{sql: del, args: args[:2]}}
	}
	return nil
}

// writer collects rows by what becomes of them.
type writer struct {
	*view

	ins struct {
		records
		tenant, kind, fixed []string
		created             []int64
		metadata            []*string
	}
	upd  records
	del  []string
	free []string // give a key or an id up that another may take
	fix  struct {
		ref, fixed, kind []string
		metadata         []*string
	}
	putContent, putBody struct {
		ref  []string
		body [][]byte
	}
	delContent, delBody []string
	tombs               struct {
		free, del        []string
		ref, tenant, doc []string
		key              []*string
		supersedable     []bool
		at               []int64
	}
}

// records are columns of records.
type records struct {
	ref, phase             []string
	doc, learnt            []string
	id, key, sequence      []*string
	due, until, ttl, ended []*int64
	place                  []*int64
}

func (r *records) add(ref string, d documents, c columns) {
	r.ref, r.phase = append(r.ref, ref), append(r.phase, c.phase)
	r.doc, r.learnt = append(r.doc, d.doc), append(r.learnt, d.learnt)
	r.id, r.key, r.sequence = append(r.id, c.id), append(r.key, c.key), append(r.sequence, c.sequence)
	r.due, r.until, r.ttl = append(r.due, c.due), append(r.until, c.until), append(r.ttl, c.ttl)
	r.ended, r.place = append(r.ended, c.ended), append(r.place, c.place)
}

func (w *writer) row(ref string, r *row) error {
	switch {
	case !r.here && r.was == nil: // nothing came of it
		return nil
	case !r.here:
		w.del = append(w.del, ref)
		if kept(&r.was.rec) {
			w.delContent = append(w.delContent, ref)
		}
		if r.was.rec.HasBody {
			w.delBody = append(w.delBody, ref)
		}
		return nil
	}
	d, err := encode(&r.rec, r.was, w.once)
	if err != nil {
		return err
	}
	c := columnsOfRecord(&r.rec)
	if r.was == nil {
		w.ins.add(ref, d, c)
		w.ins.tenant, w.ins.kind = append(w.ins.tenant, column(r.rec.Tenant)), append(w.ins.kind, column(r.rec.Kind))
		w.ins.fixed, w.ins.metadata = append(w.ins.fixed, d.fixed), append(w.ins.metadata, metadata(r.rec.Metadata))
		w.ins.created = append(w.ins.created, created(&r.rec))
	} else {
		w.upd.add(ref, d, c)
		if d.fixed != r.was.docs.fixed {
			w.fix.ref, w.fix.fixed = append(w.fix.ref, ref), append(w.fix.fixed, d.fixed)
			w.fix.kind, w.fix.metadata = append(w.fix.kind, column(r.rec.Kind)), append(w.fix.metadata, metadata(r.rec.Metadata))
		}
		if givesUp(&r.was.rec, &r.rec) {
			w.free = append(w.free, ref)
		}
	}
	w.contentOf(ref, r)
	if r.body != nil {
		w.putBody.ref, w.putBody.body = append(w.putBody.ref, ref), append(w.putBody.body, r.body)
	} else if r.drops {
		w.delBody = append(w.delBody, ref)
	}
	return nil
}

// givesUp reports whether a record no longer has the key or the id that it had.
func givesUp(was, is *store.Record) bool {
	return was.ID != "" && is.ID != was.ID || was.HoldsKey() && !(is.HoldsKey() && is.Key == was.Key)
}

// contentOf writes the content that came with a record, or removes what is no longer
// kept.
func (w *writer) contentOf(ref string, r *row) {
	had := r.was != nil && kept(&r.was.rec)
	switch {
	case kept(&r.rec) && isThere(&r.rec):
		w.putContent.ref = append(w.putContent.ref, ref)
		w.putContent.body = append(w.putContent.body, content(r.rec.Outcome.Content))
	case had && !kept(&r.rec):
		w.delContent = append(w.delContent, ref)
	}
}

func (w *writer) tombstones() error {
	t := &w.tombs
	for _, ref := range slices.Sorted(maps.Keys(w.view.tombs)) {
		b := w.view.tombs[ref]
		if !b.dirty {
			continue
		}
		if !b.here {
			t.del = append(t.del, ref)
			continue
		}
		doc, err := tombDoc(b.Tombstone)
		if err != nil {
			return err
		}
		t.free = append(t.free, ref)
		t.ref, t.tenant, t.doc = append(t.ref, ref), append(t.tenant, column(b.Tenant)), append(t.doc, doc)
		t.key, t.at = append(t.key, orNull(b.Key)), append(t.at, b.At.UnixNano())
		t.supersedable = append(t.supersedable, b.Supersedable)
	}
	return nil
}

func (w *writer) statements() (out []statement) {
	add := func(n int, sql string, args ...any) {
		if n > 0 {
			out = append(out, statement{sql: sql, args: args})
		}
	}
	// What is locked is there: a change of another number of records would mean that
	// one was lost.
	all := func(n int, sql string, args ...any) {
		if n > 0 {
			out = append(out, changing(n, sql, args...))
		}
	}
	u, i, t := &w.upd, &w.ins, &w.tombs
	all(len(w.del), delRecords, w.del)
	add(len(w.free), delKeys, w.free)
	all(len(u.ref), updRecords, u.ref, u.phase, u.id, u.key, u.due, u.until, u.ttl, u.ended, u.sequence, u.place, u.doc, u.learnt)
	add(len(w.fix.ref), updFixed, w.fix.ref, w.fix.fixed, w.fix.metadata, w.fix.kind)
	all(len(i.ref), insRecords, i.ref, i.tenant, i.kind, i.created, i.metadata, i.fixed, i.phase, i.id, i.key, i.due, i.until, i.ttl, i.ended, i.sequence, i.place, i.doc, i.learnt)
	add(len(w.delContent), delContents, w.delContent)
	add(len(w.putContent.ref), putContents, w.putContent.ref, w.putContent.body)
	add(len(w.delBody), delBodies, w.delBody)
	add(len(w.putBody.ref), putBodies, w.putBody.ref, w.putBody.body)
	add(len(t.del), delTombstones, t.del)
	add(len(t.free), delGoneKeys, t.free)
	add(len(t.ref), putTombstones, t.ref, t.tenant, t.key, t.supersedable, t.at, t.doc)
	return out
}

// created is the time of creation as its column has it: that of a record without one
// is the lowest there is.
func created(r *store.Record) int64 {
	if n := nanos(r.CreatedAt); n != nil {
		return *n
	}
	return 0
}

// metadata is what lists search for, NULL if there is none.
func metadata(m map[string]string) *string {
	if len(m) == 0 {
		return nil
	}
	plain := make(map[string]string, len(m))
	for name, value := range m {
		plain[column(name)] = column(value)
	}
	b, _ := json.Marshal(plain) // texts can be written
	text := string(b)
	return &text
}
