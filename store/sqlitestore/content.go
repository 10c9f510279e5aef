package sqlitestore

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"

	"github.com/vismanet-go/background/store"
)

// Kept content may be a thousand times as large as its record. It stands in a
// table of its own, and the steps that only prolong a lease or count an
// attempt neither read nor write it: in its place they see a stand-in, which
// tells its size. Empty content needs none.

// marker begins every stand-in. It is recognised by value, so that a copy does
// no harm, and no content can be made to equal one.
var marker = func() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return b
}()

// standIn stands for content of the size.
func standIn(size int) []byte {
	if size == 0 {
		return []byte{}
	}
	return binary.BigEndian.AppendUint64(bytes.Clone(marker), uint64(size))
}

// sizeOf returns the size of content, and whether b only stands for it.
func sizeOf(b []byte) (size int, elsewhere bool) {
	if rest, ok := bytes.CutPrefix(b, marker); ok && len(rest) == 8 {
		return int(binary.BigEndian.Uint64(rest)), true
	}
	return len(b), false
}

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
	size, elsewhere := sizeOf(rec.Outcome.Content)
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
	if _, elsewhere := sizeOf(rec.Outcome.Content); !elsewhere {
		return nil
	}
	s, err := t.known(rec.Ref)
	if err != nil || s == nil {
		return err
	}
	row, err := t.one("SELECT body FROM contents WHERE n = ?", s.n)
	if err != nil || row == nil {
		return err
	}
	o := *rec.Outcome
	o.Content = content(row[0])
	rec.Outcome = &o
	return nil
}

// content is what stands in the table of contents; it is not nil, even if it
// is empty.
func content(v any) []byte {
	if b, _ := v.([]byte); b != nil {
		return b
	}
	return []byte{}
}

// fillError does the same for the record that an error carries.
func (t *tx) fillError(err error) error {
	if held, ok := errors.AsType[*store.KeyHeldError](err); ok {
		return t.fill(&held.Record)
	}
	return nil
}
