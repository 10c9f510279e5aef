package sqlitestore

import (
	"cmp"
	"context"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// Bodies stand in a table of their own, which nothing reads but who sends. What is
// removed from it is overwritten, in the file at once and in the log as that is
// written anew or truncated.

// eraseSmall has SQLite overwrite what is removed wherever that writes no page
// more. Only so it leaves no copies of small bodies behind where it moves rows.
const eraseSmall = "PRAGMA secure_delete = FAST"

// eraseAll has it overwrite pages that become free as well. That is dear, and for
// bodies alone.
const eraseAll = "PRAGMA secure_delete = ON"

const (
	insBody  = "INSERT INTO bodies (n, body) SELECT n, ? FROM records WHERE ref = ?"
	delBody  = "DELETE FROM bodies WHERE n = ?"
	selBody  = "SELECT body FROM records r JOIN bodies b ON b.n = r.n WHERE r.ref = ? AND r.tenant = ?"
	insPlace = "INSERT INTO places (tenant, sequence, place, n) SELECT ?, ?, ?, n FROM records WHERE ref = ?"
	delPlace = "DELETE FROM places WHERE tenant = ? AND sequence = ? AND place = ?"

	selSequence = "SELECT last, done, waiting FROM sequences WHERE tenant = ? AND name = ?"
	putSequence = `INSERT INTO sequences (tenant, name, last, done, waiting) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (tenant, name) DO UPDATE SET last = excluded.last, done = excluded.done, waiting = excluded.waiting`
	delSequence = "DELETE FROM sequences WHERE tenant = ? AND name = ?"

	fromPlaces = " FROM places p CROSS JOIN records r ON r.n = p.n WHERE p.tenant = ? AND p.sequence = ? AND p.place > ? ORDER BY p.place LIMIT 1"
	selNext    = "SELECT r.n, r.doc, r.lock" + fromPlaces
	selHead    = "SELECT r.doc, NULL, r.lock" + fromPlaces
)

func (t *tx) PutBody(_, ref string, body []byte) error { return t.exec(insBody, content(body), ref) }

func (t *tx) DeleteBody(_, ref string) error {
	s, err := t.known(ref)
	if err != nil || s == nil {
		return err
	}
	return t.deleteBody(s.n)
}

func (t *tx) deleteBody(n int64) error {
	t.w.erased.Store(true)
	for _, st := range []statement{{sql: eraseAll}, {delBody, []any{n}}, {sql: eraseSmall}} {
		if err := t.exec(st.sql, st.args...); err != nil {
			return err
		}
	}
	return nil
}

// putPlace moves a record in its sequence, or out of it.
func (t *tx) putPlace(old, rec *store.Record) error {
	if old.Place == rec.Place {
		return nil
	}
	if old.Place != 0 {
		if err := t.exec(delPlace, old.Tenant, old.Sequence, int64(old.Place)); err != nil {
			return err
		}
	}
	if rec.Place == 0 {
		return nil
	}
	return t.exec(insPlace, rec.Tenant, rec.Sequence, int64(rec.Place), rec.Ref)
}

func (t *tx) GetSequence(tenant, name string) (store.Sequence, bool, error) {
	return readSequence(t.one, tenant, name)
}

// readSequence reads a sequence without its head, with a function that reads a row.
func readSequence(one func(string, []any, ...any) (bool, error), tenant, name string) (store.Sequence, bool, error) {
	var last, done, waiting int64
	found, err := one(selSequence, []any{tenant, name}, &last, &done, &waiting)
	if err != nil || !found {
		return store.Sequence{}, false, err
	}
	return store.Sequence{Tenant: tenant, Name: name, Last: uint64(last), Done: uint64(done), Waiting: int(waiting)}, true, nil
}

func (t *tx) PutSequence(s store.Sequence) error {
	return t.exec(putSequence, s.Tenant, s.Name, int64(s.Last), int64(s.Done), int64(s.Waiting))
}

func (t *tx) DeleteSequence(tenant, name string) error { return t.exec(delSequence, tenant, name) }

func (t *tx) NextInSequence(tenant, name string, after uint64) (store.Record, bool, error) {
	return t.find(selNext, tenant, name, int64(after))
}

// Enqueue implements [store.Store]. The others of its group wait while a large body
// is written.
func (s *Store) Enqueue(ctx context.Context, rec store.Record, body []byte) (out store.Record, err error) {
	err = s.change(ctx, func(t *tx, r store.Rules) (err error) {
		out, err = r.Enqueue(rec, body)
		return t.filled(&out, err)
	})
	if err != nil {
		return store.Record{}, err
	}
	return out, nil
}

// GetBody implements [store.Store].
func (s *Store) GetBody(ctx context.Context, tenant, ref string) (body []byte, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return nil, err
	}
	found := false
	err = s.reading(ctx, func(c *sqlitefile.Conn) (err error) {
		found, err = c.QueryRow(selBody, []any{ref, tenant}, &body)
		return s.file.Explain("read", err)
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return content(body), nil
}

// GetSequence implements [store.Store].
func (s *Store) GetSequence(ctx context.Context, tenant, name string) (out store.Sequence, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return out, err
	}
	found := false
	err = s.glimpse(ctx, func(c *sqlitefile.Conn) (err error) {
		if out, found, err = readSequence(c.QueryRow, tenant, name); err != nil || !found {
			return err
		}
		out.Head, _, err = s.read(c, selHead, []any{tenant, name, int64(out.Done)}, time.Now())
		out.Head = withoutContent(out.Head)
		return err
	})
	switch {
	case err != nil:
		return store.Sequence{}, s.file.Explain("read", err)
	case !found:
		return store.Sequence{}, store.ErrNotFound
	}
	return out, nil
}

// Sequences implements [store.Store].
func (s *Store) Sequences(ctx context.Context, tenant string, q store.SequenceQuery) (out []store.Sequence, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return nil, err
	}
	// The head stands right behind what is done.
	sql := `SELECT s.name, s.last, s.done, s.waiting, r.doc, r.lock FROM sequences s INDEXED BY sequences_waiting
		CROSS JOIN places p ON p.tenant = s.tenant AND p.sequence = s.name AND p.place = s.done + 1
		CROSS JOIN records r ON r.n = p.n WHERE s.tenant = ?1 AND s.waiting > 0 AND s.name > ?2`
	now := time.Now()
	args := []any{tenant, q.After, int64(max(0, cmp.Or(q.Limit, 100)))}
	if q.Stopped {
		sql += " AND (r.phase NOT IN ('queued', 'sending', 'accepted') OR r.phase = 'sending' AND " + lapsed("?4") + ")"
		args = append(args, now.UnixNano())
	}
	err = s.reading(ctx, func(c *sqlitefile.Conn) error {
		out = nil
		return c.Query(ctx, sql+" ORDER BY s.name LIMIT ?3", args, func(row sqlitefile.Row) error {
			var last, done, waiting int64
			var doc, lock string
			q := store.Sequence{Tenant: tenant}
			if err := row.Scan(&q.Name, &last, &done, &waiting, &doc, &lock); err != nil {
				return err
			}
			rec, err := decode(doc)
			q.Last, q.Done, q.Waiting = uint64(last), uint64(done), int(waiting)
			q.Head = withoutContent(s.living(rec, lock, now).At(now))
			out = append(out, q)
			return err
		})
	})
	if err != nil {
		return nil, s.file.Explain("list", err)
	}
	return out, nil
}

// withoutContent returns a record that was read without its kept content.
func withoutContent(rec store.Record) store.Record {
	if rec.Outcome != nil {
		rec.Outcome.Content = nil
	}
	return rec
}
