package sqlitestore

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// tx is one step inside the transaction of its group. It implements
// [store.Tx].
type tx struct {
	store.UnimplementedTx

	w       *writer
	tx      *sqlitefile.Tx
	now     time.Time
	saved   bool // what it has written so far stands behind a savepoint
	woken   int  // length of w.woken before the step
	pending []statement
	seen    []stored
	written []string          // refs of records that pending statements are about
	absent  string            // a ref that no record had when it was read
	once    recordjson.Quoted // the body of the notification that the step is about
	// keyGone is the tombstone of a key that was found in this step.
	keyGone store.Tombstone
}

// stored is a record as it stands in the file. Its n is 0 until the pending
// statement has run.
type stored struct {
	n    int64
	rec  store.Record
	lock string // that its lease names
}

// begin makes t ready for the next step.
func (t *tx) begin(w *writer, in *sqlitefile.Tx) {
	clear(t.seen)
	clear(t.pending)
	*t = tx{
		w: w, tx: in, now: time.Now().UTC().Round(0), woken: len(w.woken),
		pending: t.pending[:0], seen: t.seen[:0], written: t.written[:0],
	}
}

// Now is the same throughout a step. It is in UTC and has no monotonic part,
// as is what is read from the file.
func (t *tx) Now() time.Time { return t.now }

const (
	selRef       = "SELECT n, doc, lock FROM records WHERE ref = ?"
	selID        = "SELECT n, doc, lock FROM records WHERE id = ? AND phase <> 'unmatched' AND tenant = ?"
	selAnyID     = "SELECT n, doc, lock FROM records WHERE id = ? AND phase <> 'unmatched' LIMIT 1"
	selUnmatched = "SELECT n, doc, lock FROM records WHERE id = ? AND phase = 'unmatched' AND (? = '" + store.AnyTenant + "' OR tenant = ?) LIMIT 1"
	selKey       = "SELECT n, doc, lock FROM records WHERE tenant = ? AND key = ?"
)

func (t *tx) Get(tenant, ref string) (store.Record, bool, error) {
	t.w.ref[0] = ref
	rec, found, err := t.find(selRef, t.w.ref[:]...)
	if found && tenant != store.AnyTenant && rec.Tenant != tenant {
		return store.Record{}, false, err
	}
	return rec, found, err
}

func (t *tx) GetByID(tenant, id string) (rec store.Record, found bool, err error) {
	if tenant == store.AnyTenant {
		rec, found, err = t.find(selAnyID, id)
	} else {
		rec, found, err = t.find(selID, id, tenant)
	}
	if found || err != nil {
		return rec, found, err
	}
	return t.find(selUnmatched, id, tenant, tenant)
}

func (t *tx) GetByKey(tenant, key string) (store.Record, bool, error) {
	return t.find(selKey, tenant, key)
}

// find reads one record and remembers what stands in the file.
func (t *tx) find(sql string, args ...any) (store.Record, bool, error) {
	read := t.one
	if sql == selRef && !slices.Contains(t.written, args[0].(string)) {
		read = t.tx.QueryRow // what was written is about others
	}
	row := &t.w.row
	found, err := read(sql, args, row.into[:]...)
	if err != nil || !found {
		if sql == selRef {
			t.absent, _ = args[0].(string)
		}
		return store.Record{}, false, err
	}
	if err := decodeTo(&t.w.scratch, row.doc); err != nil {
		return store.Record{}, false, err
	}
	t.remember(stored{n: row.n, rec: t.w.scratch, lock: row.lock})
	return t.w.living(t.w.scratch, row.lock, t.now), true, nil
}

// remember keeps what later writes of the step compare with.
func (t *tx) remember(s stored) {
	if old := t.recall(s.rec.Ref); old != nil {
		*old = s
		return
	}
	t.seen = append(t.seen, s)
}

// recall returns what stands in the file for a ref that this step has read
// or written, nil if it has not.
func (t *tx) recall(ref string) *stored {
	for i := range t.seen {
		if t.seen[i].rec.Ref == ref {
			return &t.seen[i]
		}
	}
	return nil
}

// known is recall that reads what the step has not. What it returns has a
// number.
func (t *tx) known(ref string) (*stored, error) {
	s := t.recall(ref)
	if s != nil && s.n == 0 {
		if err := t.flush(); err != nil {
			return nil, err
		}
		s = t.recall(ref)
	}
	if s != nil || ref == t.absent {
		return s, nil
	}
	_, _, err := t.find(selRef, ref)
	return t.recall(ref), err
}

const (
	tombstone = "SELECT tenant, ref, id, key, fingerprint, supersedable, at FROM tombstones "

	selGoneRef = tombstone + "WHERE ref = ?"
	selGoneKey = tombstone + "WHERE tenant = ? AND key = ?"
)

func (t *tx) GetTombstone(tenant, ref string) (store.Tombstone, bool, error) {
	found, ok, err := t.tombstone(selGoneRef, ref)
	return found, ok && (tenant == store.AnyTenant || found.Tenant == tenant), err
}

func (t *tx) GetTombstoneByKey(tenant, key string) (store.Tombstone, bool, error) {
	found, ok, err := t.tombstone(selGoneKey, tenant, key)
	if ok {
		t.keyGone = found
	}
	return found, ok, err
}

func (t *tx) tombstone(sql string, args ...any) (b store.Tombstone, found bool, err error) {
	var at int64
	found, err = t.one(sql, args, &b.Tenant, &b.Ref, &b.ID, &b.Key, &b.Fingerprint, &b.Supersedable, &at)
	if err != nil || !found {
		return store.Tombstone{}, false, err
	}
	b.At = time.Unix(0, at).UTC()
	return b, true, nil
}

func (t *tx) CountUnmatched(tenant string) (int, error) {
	n := 0
	_, err := t.one("SELECT count FROM counts WHERE tenant = ? AND name = 'unmatched'", []any{tenant}, &n)
	return n, err
}

// columns are what is searched for and may change, in the order of columnNames.
// An empty text and a number that is unset are NULL.
type columns struct {
	phase, id, key    string
	until, ended, due int64
	lock, work        string
	holdsKey, hasWork bool // their texts may be empty and are not NULL
}

var columnNames = [8]string{"phase", "id", "key", "until", "ended", "due", "lock", "work"}

// atOnce is the due time of what is due without one.
const atOnce = math.MinInt64

func columnsOf(r *store.Record, lock string) columns {
	c := columns{phase: string(r.Phase), id: r.ID, until: unset, ended: unset, due: numberOf(r.Due), lock: lock}
	if r.HoldsKey() {
		c.key, c.holdsKey = r.Key, true
	}
	if r.Lease.Owner != "" {
		c.until = numberOf(r.Lease.Until)
	}
	switch _, planned := r.DueAt(time.Time{}); {
	case !planned:
		c.due = unset
	case r.Due.IsZero():
		c.due = atOnce
	}
	switch r.Phase {
	case store.Sending:
		if c.until == unset {
			c.until = 0 // a lease that has ended
		}
	case store.Settled:
		c.work, c.hasWork = r.Kind, true
	case store.Expired:
		c.work, c.hasWork = r.Kind, true
		c.ended = numberOf(r.EndedAt)
	case store.Acknowledged, store.Rejected:
		c.ended = numberOf(r.EndedAt)
	case store.Unmatched:
		c.ended = numberOf(r.CreatedAt)
	}
	return c
}

// changed appends those of c that are not those of old to args, as arguments of
// the statement updates[set].
func (c *columns) changed(args []any, old *columns) (out []any, set int) {
	texts := func(bit int, is, was string, has, had bool) {
		if is != was || has != had {
			set |= 1 << bit
			args = append(args, textOf(is, has))
		}
	}
	numbers := func(bit int, is, was int64) {
		if is != was {
			set |= 1 << bit
			args = append(args, orNull(is))
		}
	}
	texts(0, c.phase, old.phase, true, true)
	texts(1, c.id, old.id, c.id != "", old.id != "")
	texts(2, c.key, old.key, c.holdsKey, old.holdsKey)
	numbers(3, c.until, old.until)
	numbers(4, c.ended, old.ended)
	numbers(5, c.due, old.due)
	texts(6, c.lock, old.lock, c.lock != "", old.lock != "")
	texts(7, c.work, old.work, c.hasWork, old.hasWork)
	return args, set
}

// all appends all of them to args.
func (c *columns) all(args []any) []any {
	return append(args, c.phase, text(c.id), textOf(c.key, c.holdsKey), orNull(c.until), orNull(c.ended), orNull(c.due),
		text(c.lock), textOf(c.work, c.hasWork))
}

func textOf(s string, has bool) any {
	if !has {
		return nil
	}
	return s
}

// text is NULL for what is empty.
func text(s string) any { return textOf(s, s != "") }

// updates are the statements that write a document and those columns that
// changed, by the set of these: an index that need not change costs nothing.
var updates = func() (out [1 << len(columnNames)]string) {
	for set := range out {
		var b strings.Builder
		b.WriteString("UPDATE records SET doc = ?")
		for i, name := range columnNames {
			if set&(1<<i) != 0 {
				b.WriteString(", " + name + " = ?")
			}
		}
		b.WriteString(" WHERE n = ?")
		out[set] = b.String()
	}
	return out
}()

func (t *tx) Put(rec store.Record) error {
	if !t.tx.Alone && rec.CreatedAt.Equal(t.now) && t.recall(rec.Ref) == nil {
		// It is new. Should there be one with its ref all the same, then the
		// statement fails, and this step is run again alone.
		return t.insert(rec)
	}
	old, err := t.known(rec.Ref)
	if err != nil {
		return err
	}
	if old == nil {
		return t.insert(rec)
	}
	doc, err := t.encode(rec)
	if err != nil {
		return err
	}
	if old.rec.Tenant != rec.Tenant {
		return fmt.Errorf("record %s: of another tenant: %w", rec.Ref, store.ErrExists)
	}
	lock := t.lockOf(rec.Lease, old)
	was, is := columnsOf(&old.rec, old.lock), columnsOf(&rec, lock)
	args, set := is.changed(append(make([]any, 0, 8), doc), &was)
	if err := t.exec(updates[set], append(args, old.n)...); err != nil {
		return err
	}
	if err := t.putContent(old.n, old.rec, rec); err != nil {
		return err
	}
	if err := t.putPlace(&old.rec, &rec); err != nil {
		return err
	}
	if rec.Wakes(old.rec) {
		t.w.woken = append(t.w.woken, woken{rec.Tenant, rec.Ref})
	}
	t.remember(stored{n: old.n, rec: rec, lock: lock})
	t.written = append(t.written, rec.Ref)
	return nil
}

// lockOf is the lock that a lease names when it is written: that of this store
// if it is given by it, else what it named before.
func (t *tx) lockOf(l store.Lease, old *stored) string {
	switch {
	case !l.Valid(t.now):
		return ""
	case l == old.rec.Lease:
		return old.lock
	}
	return t.w.lock.Name()
}

func (t *tx) encode(rec store.Record) (doc string, err error) {
	t.w.scratch = rec // which an interface would have moved to the heap
	if t.w.buf, err = recordjson.Append(t.w.buf[:0], &t.w.scratch, t.once); err != nil {
		return "", err
	}
	return string(t.w.buf), nil
}

func (t *tx) insert(rec store.Record) error {
	doc, err := t.encode(rec)
	if err != nil {
		return err
	}
	lock := t.lockOf(rec.Lease, &stored{})
	if err := t.exec(insRecord, inserted(rec, doc, lock)...); err != nil {
		return err
	}
	t.remember(stored{rec: rec, lock: lock})
	t.written = append(t.written, rec.Ref)
	t.absent = ""
	if b := t.keyGone; rec.HoldsKey() && b.Key == rec.Key && b.Tenant == rec.Tenant {
		// A successor that took over a purged key owns it from now on.
		if err := t.exec("UPDATE tombstones SET key = NULL WHERE ref = ?", b.Ref); err != nil {
			return err
		}
	}
	if kept(rec) {
		s, err := t.known(rec.Ref)
		if err != nil {
			return err
		}
		if err := t.putContent(s.n, store.Record{}, rec); err != nil {
			return err
		}
	}
	t.w.woken = append(t.w.woken, woken{rec.Tenant, rec.Ref})
	return t.putPlace(&store.Record{}, &rec)
}

// inserted holds the arguments of insRecord.
func inserted(rec store.Record, doc, lock string) []any {
	c := columnsOf(&rec, lock)
	return c.all(append(make([]any, 0, 5+len(columnNames)), rec.Ref, rec.Tenant, doc, createdAt(rec.CreatedAt), rec.Kind))
}

func (t *tx) Delete(_, ref string) error {
	old, err := t.known(ref)
	if err != nil || old == nil {
		return err
	}
	if err := t.exec("DELETE FROM records WHERE n = ?", old.n); err != nil {
		return err
	}
	if err := t.putContent(old.n, old.rec, store.Record{}); err != nil {
		return err
	}
	if err := t.putPlace(&old.rec, &store.Record{}); err != nil {
		return err
	}
	if old.rec.HasBody {
		if err := t.deleteBody(old.n); err != nil {
			return err
		}
	}
	t.written = append(t.written, ref)
	for i := range t.seen {
		if t.seen[i].n == old.n {
			t.seen = append(t.seen[:i], t.seen[i+1:]...)
			break
		}
	}
	return nil
}

func (t *tx) PutTombstone(b store.Tombstone) error {
	if b.Key != "" {
		if err := t.exec("UPDATE tombstones SET key = NULL WHERE tenant = ? AND key = ? AND ref <> ?", b.Tenant, b.Key, b.Ref); err != nil {
			return err
		}
	}
	supersedable := int64(0)
	if b.Supersedable {
		supersedable = 1
	}
	err := t.exec(`INSERT INTO tombstones (ref, tenant, id, key, fingerprint, supersedable, at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (ref) DO UPDATE SET tenant = excluded.tenant, id = excluded.id, key = excluded.key, fingerprint = excluded.fingerprint,
			supersedable = excluded.supersedable, at = excluded.at`,
		b.Ref, b.Tenant, b.ID, text(b.Key), b.Fingerprint, supersedable, b.At.UnixNano())
	if err != nil {
		return err
	}
	return t.Delete(b.Tenant, b.Ref)
}
