package sqlitestore

import (
	"errors"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// Kept content may be a thousand times as large as its record. It stands in a
// table of its own, and the steps that only prolong a lease or count an
// attempt neither read nor write it: in its place they see a stand-in, which
// tells its size. Empty content needs none.

// kept reports whether a record has content in the table beside it.
func kept(r store.Record) bool { return r.Outcome != nil && r.Outcome.Kept }

// putContent writes the content that came with rec, or removes what is no
// longer kept.
func (t *tx) putContent(n int64, old, rec store.Record) error {
	if !kept(rec) {
		if kept(old) {
			return t.exec("DELETE FROM contents WHERE n = ?", n)
		}
		return nil
	}
	size, elsewhere := recordjson.SizeOf(rec.Outcome.Content)
	if kept(old) && (elsewhere || size == 0 && len(old.Outcome.Content) == 0) {
		return nil
	}
	return t.exec("INSERT OR REPLACE INTO contents (n, body) VALUES (?, ?)", n, content(rec.Outcome.Content))
}

// fill completes a record that leaves the store with its kept content.
func (t *tx) fill(rec *store.Record) error {
	if !kept(*rec) {
		return nil
	}
	if _, elsewhere := recordjson.SizeOf(rec.Outcome.Content); !elsewhere {
		return nil
	}
	s, err := t.known(rec.Ref)
	if err != nil || s == nil {
		return err
	}
	var body []byte
	found, err := t.one("SELECT body FROM contents WHERE n = ?", []any{s.n}, &body)
	if err != nil || !found {
		return err
	}
	o := *rec.Outcome
	o.Content = content(body)
	rec.Outcome = &o
	return nil
}

// content is what stands in the table of contents; it is not nil, even if it
// is empty.
func content(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// filled completes what a rule returns.
func (t *tx) filled(rec *store.Record, err error) error {
	if e := errors.Join(t.fill(rec), t.fillError(err)); e != nil {
		return e
	}
	return err
}

// fillError does the same for the record that an error carries.
func (t *tx) fillError(err error) error {
	if held, ok := errors.AsType[*store.KeyHeldError](err); ok {
		return t.fill(&held.Record)
	}
	return nil
}
