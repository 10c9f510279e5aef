package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// view is what the steps of one transaction see and have changed. It implements
// [store.Tx]: it reads what it has not read yet, with a lock, and keeps what is
// changed until all steps have run, see writes. A step that fails is undone in here,
// and nothing of it was sent.
type view struct {
	store.UnimplementedTx

	s     *Store
	ctx   context.Context
	db    querier
	now   time.Time
	block bool // wait for locks: the transaction is a caller's

	// All of these go by texts as columns have them.
	rows  map[string]*row // by ref
	ids   lookup          // of records, by id
	keys  lookup          // of records, by tenant and key
	tombs map[string]*tomb
	gone  lookup // of tombstones, by tenant and key
	seqs  map[string]*sequence
	docs  map[string]*document
	told  []woken
	busy  map[string]bool   // refs that others have locked
	once  recordjson.Quoted // the body of the notification that the step is about

	sender string // of the notification, empty if our own watchers are to hear it
	undo   []func()
	broken error // the transaction cannot go on
}

// row is a record as the transaction knows it.
type row struct {
	rec   store.Record
	here  bool
	was   *stored // in the table; nil if it is not there
	dirty bool
	body  []byte // to be written
	drops bool   // its body goes
}

// tomb is a tombstone as the transaction knows it.
type tomb struct {
	store.Tombstone
	here, dirty bool
}

type sequence struct {
	store.Sequence
	here, was, dirty bool
}

type document struct {
	store.Document
	here, was, dirty bool
}

// woken is a record whose watchers are to be woken.
type woken struct{ tenant, ref string }

// lookup finds refs by something else that is searched for. What it finds has to be
// looked at: it may have changed since.
type lookup struct {
	read map[string]bool     // what was looked for in the table
	refs map[string][]string // what was found, or written
}

func newLookup() lookup {
	return lookup{read: make(map[string]bool), refs: make(map[string][]string)}
}

func (l *lookup) add(name, ref string) {
	if !slices.Contains(l.refs[name], ref) {
		l.refs[name] = append(l.refs[name], ref)
	}
}

// forget has the table asked again.
func (l *lookup) forget(name string) {
	delete(l.read, name)
	delete(l.refs, name)
}

// inTenant names something within a tenant.
func inTenant(tenant, name string) string { return column(tenant) + "\x00" + column(name) }

// errBlocked says that somebody else holds a lock that a step needs.
var errBlocked = errors.New("locked by another transaction")

func (s *Store) newView(ctx context.Context, db querier) *view {
	return &view{
		s: s, ctx: ctx, db: db, rows: make(map[string]*row), tombs: make(map[string]*tomb),
		ids: newLookup(), keys: newLookup(), gone: newLookup(),
		seqs: make(map[string]*sequence), docs: make(map[string]*document), busy: make(map[string]bool),
	}
}

// step runs one step over what the others have left, and undoes it if it fails.
func (v *view) step(run func(*view, store.Rules) error) error {
	v.undo = v.undo[:0]
	woken := len(v.told)
	err := run(v, store.Rules{Tx: v, MaxUnmatched: v.s.cfg.MaxUnmatched})
	if _, conflict := errors.AsType[*store.ConflictError](err); err == nil || conflict {
		return err
	}
	for i := len(v.undo) - 1; i >= 0; i-- {
		v.undo[i]()
	}
	v.told = v.told[:woken]
	return err
}

// Now is the server's clock when the transaction had its locks.
func (v *view) Now() time.Time { return v.now }

// load returns a row, read and locked unless it was. The ref is as its column has it.
func (v *view) load(ref string) (*row, error) {
	if r := v.rows[ref]; r != nil {
		return r, nil
	}
	if v.busy[ref] {
		return nil, errBlocked
	}
	if err := v.readRows([]string{ref}); err != nil {
		return nil, err
	}
	if v.busy[ref] {
		return nil, errBlocked
	}
	return v.rows[ref], nil
}

func (v *view) Get(tenant, ref string) (store.Record, bool, error) {
	r, err := v.load(column(ref))
	if err != nil || !r.here || tenant != store.AnyTenant && r.rec.Tenant != tenant {
		return store.Record{}, false, err
	}
	return r.rec, true, nil
}

func (v *view) GetByID(tenant, id string) (store.Record, bool, error) {
	is := func(r *row) bool { return r.rec.ID == id && (tenant == store.AnyTenant || r.rec.Tenant == tenant) }
	found, err := v.search(&v.ids, column(id), func() error { return v.findIDs([]string{id}) }, func(r *row) bool { return r.rec.ID == id })
	var best store.Record
	some := false
	for _, r := range found {
		if is(r) && (!some || best.Phase == store.Unmatched) {
			best, some = r.rec, true
		}
	}
	return best, some, err
}

func (v *view) GetByKey(tenant, key string) (store.Record, bool, error) {
	is := func(r *row) bool { return r.rec.Tenant == tenant && r.rec.Key == key && r.rec.HoldsKey() }
	name := inTenant(tenant, key)
	found, err := v.search(&v.keys, name, func() error { return v.findKeys([]string{tenant}, []string{key}) }, is)
	for _, r := range found {
		if is(r) {
			return r.rec, true, err
		}
	}
	return store.Record{}, false, err
}

// maxAsked is how often the table is asked again: once is usual, and each further time
// takes another record that was changed in just that moment.
const maxAsked = 10

// search returns the rows that a lookup has under a name, read and locked. Between the
// moment in which the table named a row and that in which it was locked, somebody may
// have changed or removed it: then the table is asked again, for what it says now.
func (v *view) search(l *lookup, name string, ask func() error, is func(*row) bool) ([]*row, error) {
	for asked := 0; ; asked++ {
		if !l.read[name] {
			if err := ask(); err != nil {
				return nil, err
			}
		}
		var out []*row
		stale := false
		for _, ref := range l.refs[name] {
			r, err := v.load(ref)
			if err != nil {
				return nil, err
			}
			if r.here {
				out = append(out, r)
			}
			stale = stale || !r.dirty && (!r.here || !is(r))
		}
		switch {
		case !stale:
			return out, nil
		case asked == maxAsked: // else this would go on for ever
			return nil, fmt.Errorf("%w: the table finds records by %q that do not have it", ErrCorrupt, name)
		}
		l.forget(name)
		v.gone.forget(name)
	}
}

func (v *view) GetTombstone(tenant, ref string) (store.Tombstone, bool, error) {
	name := column(ref)
	if v.tombs[name] == nil {
		if err := v.readTombs(selTombstone, name); err != nil {
			return store.Tombstone{}, false, err
		}
		if v.tombs[name] == nil {
			v.tombs[name] = &tomb{}
		}
	}
	t := v.tombs[name]
	if !t.here || tenant != store.AnyTenant && t.Tenant != tenant {
		return store.Tombstone{}, false, nil
	}
	return t.Tombstone, true, nil
}

func (v *view) GetTombstoneByKey(tenant, key string) (store.Tombstone, bool, error) {
	name := inTenant(tenant, key)
	if !v.gone.read[name] {
		if err := v.readTombs(selTombstoneByKey, column(tenant), column(key)); err != nil {
			return store.Tombstone{}, false, err
		}
		v.gone.read[name] = true
	}
	for _, ref := range v.gone.refs[name] {
		if t := v.tombs[ref]; t != nil && t.here && t.Tenant == tenant && t.Key == key {
			return t.Tombstone, true, nil
		}
	}
	return store.Tombstone{}, false, nil
}

// CountUnmatched counts up to the limit.
func (v *view) CountUnmatched(tenant string) (n int, err error) {
	_, err = v.one(selUnmatched, []any{column(tenant), v.s.cfg.MaxUnmatched + 1}, &n)
	for _, r := range v.rows {
		if r.rec.Tenant != tenant && (r.was == nil || r.was.rec.Tenant != tenant) {
			continue
		}
		if r.here && r.rec.Phase == store.Unmatched {
			n++
		}
		if r.was != nil && r.was.rec.Phase == store.Unmatched {
			n--
		}
	}
	return n, err
}

// saved has something that is about to be changed as it was if the step fails. Dirty is
// its field of that name: it may have to be written all the same.
func saved[T any](v *view, p *T, dirty *bool) {
	before := *p
	v.undo = append(v.undo, func() { *p = before; *dirty = true })
}

func (v *view) Put(rec store.Record) error {
	r, err := v.load(column(rec.Ref))
	if err != nil {
		return err
	}
	if r.here && r.rec.Tenant != rec.Tenant {
		return store.ErrExists
	}
	saved(v, r, &r.dirty)
	isNew := !r.here
	wakes := isNew || rec.Wakes(r.rec)
	r.rec, r.here, r.dirty = rec, true, true
	if rec.ID != "" {
		v.ids.add(column(rec.ID), column(rec.Ref))
	}
	if rec.HoldsKey() {
		v.keys.add(inTenant(rec.Tenant, rec.Key), column(rec.Ref))
		if isNew {
			v.takeOver(rec)
		}
	}
	if wakes {
		v.told = append(v.told, woken{rec.Tenant, rec.Ref})
	}
	return nil
}

// assume has a record count as not there. If it is there all the same, writing it
// fails, and its step goes again by itself.
func (v *view) assume(ref string) {
	if ref = column(ref); v.rows[ref] == nil && !v.busy[ref] {
		v.rows[ref] = &row{}
	}
}

// takeOver takes the key from the tombstone that had it: a successor of what was
// purged owns it from now on.
func (v *view) takeOver(rec store.Record) {
	for _, ref := range v.gone.refs[inTenant(rec.Tenant, rec.Key)] {
		if t := v.tombs[ref]; t != nil && t.here && t.Tenant == rec.Tenant && t.Key == rec.Key {
			saved(v, t, &t.dirty)
			t.Key, t.dirty = "", true
		}
	}
}

func (v *view) Delete(_, ref string) error {
	r, err := v.load(column(ref))
	if err != nil || !r.here {
		return err
	}
	saved(v, r, &r.dirty)
	r.here, r.dirty, r.body = false, true, nil
	return nil
}

func (v *view) PutTombstone(b store.Tombstone) error {
	if b.Key != "" {
		if _, _, err := v.GetTombstoneByKey(b.Tenant, b.Key); err != nil {
			return err
		}
		v.takeOver(store.Record{Tenant: b.Tenant, Key: b.Key})
	}
	name := column(b.Ref)
	t := v.tombs[name]
	if t == nil { // whatever there is
		t = &tomb{}
		v.tombs[name] = t
		v.undo = append(v.undo, func() { delete(v.tombs, name) })
	} else {
		saved(v, t, &t.dirty)
	}
	t.Tombstone, t.here, t.dirty = b, true, true
	if b.Key != "" {
		v.gone.add(inTenant(b.Tenant, b.Key), name)
	}
	return v.Delete(b.Tenant, b.Ref)
}

func (v *view) PutBody(_, ref string, body []byte) error {
	r, err := v.load(column(ref))
	if err != nil {
		return err
	}
	saved(v, r, &r.dirty)
	r.body, r.drops, r.dirty = content(body), false, true
	return nil
}

func (v *view) DeleteBody(_, ref string) error {
	r, err := v.load(column(ref))
	if err != nil {
		return err
	}
	saved(v, r, &r.dirty)
	r.body, r.drops, r.dirty = nil, true, true
	return nil
}

func (v *view) sequence(tenant, name string) (*sequence, error) {
	at := inTenant(tenant, name)
	if q := v.seqs[at]; q != nil {
		return q, nil
	}
	q := &sequence{Sequence: store.Sequence{Tenant: tenant, Name: name}}
	found, err := v.lockOne(selSequence, []any{column(tenant), column(name)}, &q.Last, &q.Done, &q.Waiting)
	if err != nil {
		return nil, err
	}
	q.here, q.was = found, found
	v.seqs[at] = q
	return q, nil
}

func (v *view) GetSequence(tenant, name string) (store.Sequence, bool, error) {
	q, err := v.sequence(tenant, name)
	if err != nil || !q.here {
		return store.Sequence{}, false, err
	}
	return q.Sequence, true, nil
}

func (v *view) PutSequence(n store.Sequence) error {
	q, err := v.sequence(n.Tenant, n.Name)
	if err != nil {
		return err
	}
	saved(v, q, &q.dirty)
	q.Last, q.Done, q.Waiting, q.here, q.dirty = n.Last, n.Done, n.Waiting, true, true
	return nil
}

func (v *view) DeleteSequence(tenant, name string) error {
	q, err := v.sequence(tenant, name)
	if err != nil {
		return err
	}
	saved(v, q, &q.dirty)
	q.here, q.dirty = false, true
	return nil
}

// NextInSequence takes the lower of what the table has, passing over what this
// transaction has read, and of what it has read.
func (v *view) NextInSequence(tenant, name string, after uint64) (store.Record, bool, error) {
	var next *row
	for _, r := range v.rows {
		if r.here && r.rec.Tenant == tenant && r.rec.Sequence == name && r.rec.Place > after && (next == nil || r.rec.Place < next.rec.Place) {
			next = r
		}
	}
	for at := int64(after); ; {
		var ref string
		found, err := v.one(selNextPlace, []any{column(tenant), column(name), at}, &ref, &at)
		if err != nil {
			return store.Record{}, false, err
		}
		if !found || next != nil && uint64(at) > next.rec.Place {
			break
		}
		if v.rows[ref] != nil {
			continue
		}
		if next, err = v.load(ref); err != nil {
			return store.Record{}, false, err
		}
		break
	}
	if next == nil || !next.here {
		return store.Record{}, false, nil
	}
	return next.rec, true, nil
}

func (v *view) document(tenant, name string) (*document, error) {
	at := inTenant(tenant, name)
	if d := v.docs[at]; d != nil {
		return d, nil
	}
	d := &document{Document: store.Document{Tenant: tenant, Name: name}}
	var changed int64
	found, err := v.lockOne(selDocument, []any{column(tenant), column(name)}, &d.Version, &changed, &d.Body)
	if err != nil {
		return nil, err
	}
	if d.here, d.was = found, found; found {
		d.ChangedAt = timeOf(changed)
	}
	v.docs[at] = d
	return d, nil
}

func (v *view) GetDocument(tenant, name string) (store.Document, bool, error) {
	d, err := v.document(tenant, name)
	if err != nil || !d.here {
		return store.Document{}, false, err
	}
	return d.Document, true, nil
}

func (v *view) PutDocument(n store.Document) error { return v.writeDocument(n, true) }

func (v *view) DeleteDocument(tenant, name string) error {
	return v.writeDocument(store.Document{Tenant: tenant, Name: name}, false)
}

func (v *view) writeDocument(n store.Document, here bool) error {
	d, err := v.document(n.Tenant, n.Name)
	if err != nil {
		return err
	}
	saved(v, d, &d.dirty)
	d.Document, d.here, d.dirty = n, here, true
	v.told = append(v.told, woken{store.DocumentTenant(n.Tenant), n.Name})
	return nil
}

// content is what stands in a table; it is not nil, even if it is empty.
func content(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
