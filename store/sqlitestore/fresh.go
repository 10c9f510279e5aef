package sqlitestore

import (
	"database/sql/driver"
	"errors"
	"time"

	"github.com/vismanet-go/background/store"
)

// fresh is a new record that the caller has made as if the file were empty.
// The writer has to insert it, unless something stands against it; then the
// rules decide.
type fresh struct {
	rec  store.Record
	args []driver.Value
	now  time.Time
}

// freshFor is how long a record may wait for the writer before it is made
// anew: its lease counts from when it was made.
const freshFor = 100 * time.Millisecond

// create makes the record. An error is one of the arguments.
func (f *fresh) create(rec store.Record, owner string, ttl time.Duration) (store.Record, error) {
	f.now = time.Now().UTC().Round(0)
	return store.Rules{Tx: f}.Create(rec, owner, ttl)
}

const (
	insFresh = insRecord + " ON CONFLICT DO NOTHING"
	// A purged record may still hold the key.
	insFreshKey = `INSERT INTO records (ref, tenant, doc, phase, id, key, until, ended, due) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?
		WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE tenant = ? AND key = ?) ON CONFLICT DO NOTHING`
)

// insert reports whether the record could be inserted.
func (f *fresh) insert(t *tx) (bool, error) {
	if t.now.Sub(f.now).Abs() > freshFor {
		return false, nil
	}
	sql, args := insFresh, f.args
	if f.rec.HoldsKey() {
		sql, args = insFreshKey, append(args[:len(args):len(args)], f.rec.Tenant, f.rec.Key)
	}
	res, err := t.w.c.Exec(sql, args...)
	if err != nil {
		return false, errors.Join(errAgain, err)
	}
	if n, err := res.RowsAffected(); n == 0 || err != nil {
		return false, err
	}
	t.w.woken = append(t.w.woken, woken{f.rec.Tenant, f.rec.Ref})
	return true, nil
}

// An empty file is the [store.Tx] of a fresh record.

func (f *fresh) Now() time.Time { return f.now }

func (f *fresh) Put(rec store.Record) error {
	buf, err := encode(make([]byte, 0, 1024), rec)
	f.rec, f.args = rec, row(rec, string(buf))
	return err
}

func (*fresh) Get(string, string) (store.Record, bool, error) { return store.Record{}, false, nil }

func (*fresh) GetByID(string, string) (store.Record, bool, error) { return store.Record{}, false, nil }

func (*fresh) GetByKey(string, string) (store.Record, bool, error) { return store.Record{}, false, nil }
func (*fresh) CountHeard(string) (int, error)                      { return 0, nil }
func (*fresh) Delete(string, string) error                         { return nil }
func (*fresh) Bury(store.Tombstone) error                          { return nil }
func (*fresh) Tombstone(string, string, string) (store.Tombstone, bool, error) {
	return store.Tombstone{}, false, nil
}
