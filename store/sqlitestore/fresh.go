package sqlitestore

import (
	"time"

	"github.com/vismanet-go/background/store"
)

// fresh is a new record that the caller has made as if the file were empty.
// The writer has to insert it, unless something stands against it; then the
// rules decide.
type fresh struct {
	store.UnimplementedTx

	rec  store.Record
	lock string // that its lease names
	args []any
	now  time.Time
	// make makes the record once more, as of now, and has its caller get that.
	make func() error
}

// freshFor is how long a record may wait for the writer before it is made
// anew: its lease counts from when it was made. It is inserted in the same way
// after that. When many wait, all of them wait for long, and a way that costs
// more would never let the writer come up with them again.
const freshFor = 100 * time.Millisecond

// newFresh makes the record, and out what its caller gets. An error is one of
// the arguments.
func (s *Store) newFresh(out *store.Record, rec store.Record, owner string, ttl time.Duration) (*fresh, error) {
	f := &fresh{lock: s.lock.Name(), now: time.Now().UTC().Round(0)}
	f.make = func() (err error) {
		*out, err = store.Rules{Tx: f}.Create(rec, owner, ttl)
		return err
	}
	return f, f.make()
}

const (
	insFresh = insRecord + " ON CONFLICT DO NOTHING"
	// A purged record may still hold the key.
	insFreshKey = insColumns + `SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
		WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE tenant = ? AND key = ?) ON CONFLICT DO NOTHING`
)

// insert reports whether the record could be inserted.
func (f *fresh) insert(t *tx) (bool, error) {
	if t.now.Sub(f.now).Abs() > freshFor {
		f.now = t.now
		if f.make() != nil {
			return false, nil // the rules tell why
		}
	}
	sql, args := insFresh, f.args
	if f.rec.HoldsKey() {
		sql, args = insFreshKey, append(args[:len(args):len(args)], f.rec.Tenant, f.rec.Key)
	}
	if err := t.tx.Exec(sql, args...); err != nil || t.tx.Changes() == 0 {
		return false, err
	}
	t.w.woken = append(t.w.woken, woken{f.rec.Tenant, f.rec.Ref})
	return true, nil
}

// An empty file is the [store.Tx] of a fresh record.

func (f *fresh) Now() time.Time { return f.now }

func (f *fresh) Put(rec store.Record) error {
	buf, err := encode(make([]byte, 0, 1024), rec)
	f.rec, f.args = rec, inserted(rec, string(buf), f.lock)
	return err
}

func (*fresh) Get(string, string) (store.Record, bool, error) { return store.Record{}, false, nil }

func (*fresh) GetByID(string, string) (store.Record, bool, error) { return store.Record{}, false, nil }

func (*fresh) GetByKey(string, string) (store.Record, bool, error) { return store.Record{}, false, nil }
func (*fresh) CountUnmatched(string) (int, error)                  { return 0, nil }
func (*fresh) Delete(string, string) error                         { return nil }
func (*fresh) PutTombstone(store.Tombstone) error                  { return nil }
func (*fresh) PutDocument(store.Document) error                    { return nil }
func (*fresh) DeleteDocument(string, string) error                 { return nil }
func (*fresh) GetDocument(string, string) (store.Document, bool, error) {
	return store.Document{}, false, nil
}

func (*fresh) GetTombstone(string, string) (store.Tombstone, bool, error) {
	return store.Tombstone{}, false, nil
}

func (*fresh) GetTombstoneByKey(string, string) (store.Tombstone, bool, error) {
	return store.Tombstone{}, false, nil
}
