package sqlitestore

import (
	"fmt"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// The document of a record, in the column doc, is its JSON without the kept
// content. The names in it are part of the schema, and so is their order.

// encode appends the document of a record to buf.
func encode(buf []byte, rec store.Record) ([]byte, error) {
	return recordjson.Append(buf, &rec, recordjson.Quoted{})
}

// decode reads a document. Something stands in for kept content.
func decode(doc string) (rec store.Record, err error) {
	err = decodeTo(&rec, doc)
	return rec, err
}

// decodeTo reads a document into rec, whatever was there.
func decodeTo(rec *store.Record, doc string) error {
	if err := recordjson.Decode(rec, doc); err != nil {
		return fmt.Errorf("%w: a record's document: %w", ErrCorrupt, err)
	}
	return nil
}

// nanos is the time for a column that is searched: NULL for the zero time.
func nanos(t time.Time) any { return orNull(numberOf(t)) }

// numberOf is the number of a time: unset for the zero time, and the nearest that
// fits for times centuries away.
func numberOf(t time.Time) int64 {
	switch {
	case t.IsZero():
		return unset
	case t.Year() < 1700:
		return -8 << 60
	case t.Year() > 2250:
		return 8<<60 - 2
	}
	return t.UnixNano()
}

// unset is the number of what has none. No time has it.
const unset = 8<<60 - 1

func orNull(n int64) any {
	if n == unset {
		return nil
	}
	return n
}
