package durations

import (
	"encoding/binary"
	"errors"

	"github.com/vismanet-go/background/store"
)

// The document is "dur", the version, and then each route: the length of its
// name, its name, its table. Numbers are varints. Of a table come the ends of each
// class, and then by how much each class was seen more often than the one before
// less its ends, which is mostly 0. A row of zeros is a 0 and its length.
const (
	magic   = "dur"
	version = 1
)

var (
	// errForm says that a document was not written by this package.
	errForm = errors.New("not learned durations")
	// errNewer says that a document was written by a newer version of it.
	errNewer = errors.New("learned durations of a newer version")
)

// learned is what was counted of one route.
type learned struct {
	route string
	table table
}

// encode writes what was learned, up to what a document holds: the last ones are
// left out.
func encode(list []learned) []byte {
	doc := append([]byte(magic), version)
	for _, l := range list {
		more := binary.AppendUvarint(doc, uint64(len(l.route)))
		more = append(more, l.route...)
		more = appendTable(more, &l.table)
		if len(more) > store.MaxDocument {
			break
		}
		doc = more
	}
	return doc
}

func appendTable(b []byte, t *table) []byte {
	var zeros uint64
	put := func(n int64) {
		if n == 0 {
			zeros++
			return
		}
		b = appendZeros(b, zeros)
		zeros = 0
		b = binary.AppendVarint(b, n)
	}
	for _, n := range t.ended {
		put(int64(n))
	}
	for c := range classes {
		put(t.step(c))
	}
	return appendZeros(b, zeros)
}

func appendZeros(b []byte, n uint64) []byte {
	if n == 0 {
		return b
	}
	return binary.AppendUvarint(append(b, 0), n)
}

// step returns by how much a class was seen more often than what the one before
// it left over.
func (t *table) step(c int) int64 {
	if c == 0 {
		return int64(t.seen[0])
	}
	return int64(t.seen[c]) - int64(t.seen[c-1]) + int64(t.ended[c-1])
}

// decode reads what encode wrote. It returns errForm or errNewer for anything
// else.
func decode(doc []byte) ([]learned, error) {
	if len(doc) <= len(magic) || string(doc[:len(magic)]) != magic || doc[len(magic)] < version {
		return nil, errForm
	}
	if doc[len(magic)] > version {
		return nil, errNewer
	}
	d := decoder{rest: doc[len(magic)+1:]}
	var list []learned
	known := make(map[string]bool)
	for len(d.rest) > 0 && !d.bad {
		l := learned{route: d.text()}
		d.table(&l.table)
		if known[l.route] || len(list) == maxRoutes {
			return nil, errForm
		}
		known[l.route] = true
		list = append(list, l)
	}
	if d.bad {
		return nil, errForm
	}
	return list, nil
}

// decoder reads values one by one. Once it is bad, all others are zero.
type decoder struct {
	rest  []byte
	bad   bool
	zeros uint64 // that come before what rest begins with
}

func (d *decoder) text() string {
	size, n := binary.Uvarint(d.rest)
	if n <= 0 || size > maxName || size > uint64(len(d.rest)-n) {
		d.bad = true
		return ""
	}
	text := string(d.rest[n : n+int(size)])
	d.rest = d.rest[n+int(size):]
	return text
}

func (d *decoder) number() int64 {
	if d.zeros > 0 {
		d.zeros--
		return 0
	}
	v, n := binary.Varint(d.rest)
	if d.bad || n <= 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	if v == 0 {
		d.zeros, n = binary.Uvarint(d.rest)
		if n <= 0 || d.zeros == 0 {
			d.bad = true
			return 0
		}
		d.rest = d.rest[n:]
		d.zeros--
	}
	return v
}

func (d *decoder) table(t *table) {
	for c := range classes {
		t.ended[c] = d.bounded(d.number())
	}
	for c := range classes {
		left := int64(0)
		if c > 0 {
			left = int64(t.seen[c-1]) - int64(t.ended[c-1])
		}
		t.seen[c] = d.bounded(left + d.number())
		if t.seen[c] < t.ended[c] {
			d.bad = true
		}
	}
	if d.zeros > 0 {
		d.bad = true // a row of zeros ends with its table
	}
}

// bounded returns a count, which a table keeps at window*parts or below.
func (d *decoder) bounded(n int64) uint16 {
	if n < 0 || n > window*parts {
		d.bad = true
		return 0
	}
	return uint16(n)
}
