package recordjson

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/store"
)

var errForm = errors.New("not a record in the form of this package")

// Decode reads the JSON of a record into rec, whatever was there. Something
// stands in for kept content: see [StandIn]. After an error rec is zero.
func Decode(rec *store.Record, doc string) error {
	*rec = store.Record{}
	if !utf8.ValidString(doc) {
		return errForm
	}
	d := decoders.Get().(*decoder)
	*d = decoder{s: doc}
	d.expect('{')
	d.next()
	fields(d, rec)
	d.close()
	bad := d.bad || d.i != len(d.s)
	*d = decoder{}
	decoders.Put(d)
	if bad {
		*rec = store.Record{}
		return errForm
	}
	if rec.Lease != (store.Lease{}) {
		rec.Lease.Tenant, rec.Lease.Ref = rec.Tenant, rec.Ref
	}
	return nil
}

// decoder is the [coder] that reads what the encoder writes: fields in their
// order, without white space. Anything else is bad.
type decoder struct {
	s    string
	i    int
	bad  bool
	name string // of the field whose value comes next, empty at the end of an object
}

func (d *decoder) expect(c byte) {
	if d.i < len(d.s) && d.s[d.i] == c {
		d.i++
		return
	}
	d.bad = true
}

// peek returns the next byte, 0 if there is none.
func (d *decoder) peek() byte {
	if d.bad || d.i >= len(d.s) {
		return 0
	}
	return d.s[d.i]
}

// next reads the name of the first field of an object, if it has one.
func (d *decoder) next() {
	d.name = ""
	if d.peek() != '"' {
		return
	}
	if d.name = d.string(); d.name == "" {
		d.bad = true
	}
	d.expect(':')
}

// more reads the name of the field after a value.
func (d *decoder) more() {
	d.name = ""
	if d.peek() != ',' {
		return
	}
	d.i++
	if d.next(); d.name == "" {
		d.bad = true
	}
}

// is reports whether the value of the field comes next.
func (d *decoder) is(name string) bool { return d.name == name && !d.bad }

func (d *decoder) open(name string, _ bool) bool {
	if !d.is(name) {
		return false
	}
	d.expect('{')
	d.next()
	return true
}

func (d *decoder) close() {
	if d.name != "" { // a field that is unknown or out of order
		d.bad = true
	}
	d.expect('}')
	d.more()
}

func (d *decoder) text(name string, v *string) {
	if d.is(name) {
		*v = Bare(d.string())
		d.more()
	}
}

func (d *decoder) always(name string, v *string) { d.text(name, v) }

func (d *decoder) bytes(name string, v *[]byte) {
	if d.is(name) {
		*v = bareBytes(d.string())
		d.more()
	}
}

func (d *decoder) strings() (out []string) {
	d.expect('[')
	for !d.bad {
		out = append(out, Bare(d.string()))
		if d.peek() != ',' {
			break
		}
		d.i++
	}
	d.expect(']')
	return out
}

func (d *decoder) list(name string, v *[]string) {
	if d.is(name) {
		*v = d.strings()
		d.more()
	}
}

// each calls f in front of every value of a map.
func (d *decoder) each(f func(key string)) {
	d.expect('{')
	for last := ""; !d.bad; {
		key := d.string()
		if key <= last && last != "" {
			d.bad = true // twice
		}
		last = key
		d.expect(':')
		f(Bare(key))
		if d.peek() != ',' {
			break
		}
		d.i++
	}
	d.expect('}')
	d.more()
}

func (d *decoder) texts(name string, v *map[string]string) {
	if d.is(name) {
		m := make(map[string]string)
		d.each(func(key string) { m[key] = Bare(d.string()) })
		*v = m
	}
}

func (d *decoder) lists(name string, v *map[string][]string) {
	if !d.is(name) {
		return
	}
	m := make(map[string][]string)
	d.each(func(key string) {
		switch rest := d.s[min(d.i, len(d.s)):]; {
		case strings.HasPrefix(rest, "null"):
			m[key] = nil
			d.i += len("null")
		case strings.HasPrefix(rest, "[]"):
			m[key] = []string{}
			d.i += len("[]")
		default:
			m[key] = d.strings()
		}
	})
	*v = m
}

func (d *decoder) flag(name string, v *bool) {
	if !d.is(name) {
		return
	}
	if !strings.HasPrefix(d.s[d.i:], "true") {
		d.bad = true
		return
	}
	*v = true
	d.i += len("true")
	d.more()
}

// digits returns the number that comes next, without a sign.
func (d *decoder) digits() (n uint64) {
	from := d.i
	for d.i < len(d.s) && d.s[d.i] >= '0' && d.s[d.i] <= '9' {
		d.i++
	}
	n, err := strconv.ParseUint(d.s[from:d.i], 10, 64)
	d.bad = d.bad || err != nil || d.s[from] == '0' && d.i > from+1
	return n
}

func (d *decoder) number(name string, v *int) {
	if !d.is(name) {
		return
	}
	sign := 1
	if d.peek() == '-' {
		sign = -1
		d.i++
	}
	n := d.digits()
	if n > math.MaxInt {
		d.bad = true
	}
	*v = sign * int(n)
	d.more()
}

func (d *decoder) epoch(name string, v *uint64) {
	if d.is(name) {
		*v = d.digits()
		d.more()
	}
}

func (d *decoder) time(name string, v *time.Time) {
	if !d.is(name) {
		return
	}
	if err := v.UnmarshalText([]byte(d.string())); err != nil {
		d.bad = true
	}
	d.more()
}

// duration reads nanoseconds.
func (d *decoder) duration(name string, v *time.Duration) {
	if !d.is(name) {
		return
	}
	sign := time.Duration(1)
	if d.peek() == '-' {
		sign = -1
		d.i++
	}
	n := d.digits()
	if n > math.MaxInt64 {
		d.bad = true
	}
	*v = sign * time.Duration(n)
	d.more()
}

// string reads a string. One without escapes is a part of the document.
func (d *decoder) string() string {
	d.expect('"')
	if d.bad {
		return ""
	}
	from := d.i
	for i := from; i < len(d.s); i++ {
		switch c := d.s[i]; {
		case c == '"':
			d.i = i + 1
			return d.s[from:i]
		case c == '\\':
			return d.escaped(from, i)
		case c < ' ':
			d.bad = true
			return ""
		}
	}
	d.bad = true
	return ""
}

// escaped reads a string that begins at from and has its first escape at i.
func (d *decoder) escaped(from, i int) string {
	out := make([]byte, 0, 2*(i-from)+64)
	for i < len(d.s) {
		c := d.s[i]
		switch {
		case c == '"':
			d.i = i + 1
			return string(append(out, d.s[from:i]...))
		case c < ' ':
			d.bad = true
			return ""
		case c != '\\':
			i++
			continue
		}
		out = append(out, d.s[from:i]...)
		r, n := unescape(d.s[i:])
		if n == 0 {
			break
		}
		out = append(out, r...)
		i += n
		from = i
	}
	d.bad = true
	return ""
}

// unescape returns what the escape at the start of s stands for, and its
// length, 0 if it is none that the encoder writes.
func unescape(s string) (text string, n int) {
	if len(s) < 2 {
		return "", 0
	}
	switch s[1] {
	case '"', '\\':
		return s[1:2], 2
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case 'u':
		if len(s) < 6 || s[2] == '+' || s[2] == '-' {
			return "", 0
		}
		r, err := strconv.ParseUint(s[2:6], 16, 16)
		if err != nil || r >= 0xd800 && r < 0xe000 {
			return "", 0
		}
		return string(rune(r)), 6
	}
	return "", 0
}
