package recordjson

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

// Append appends the JSON of a record to buf. Once may be the body of its
// notification.
func Append(buf []byte, r *store.Record, once Quoted) ([]byte, error) {
	e := encoders.Get().(*encoder)
	*e = encoder{buf: append(buf, '{'), once: once}
	fields(e, r)
	out, err := append(e.buf, '}'), e.err
	*e = encoder{}
	encoders.Put(e)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", r.Ref, err)
	}
	return out, nil
}

// encoders and decoders are used again: as a [coder] each would be a value on the
// heap.
var (
	encoders = sync.Pool{New: func() any { return new(encoder) }}
	decoders = sync.Pool{New: func() any { return new(decoder) }}
)

// encoder is the [coder] that writes.
type encoder struct {
	buf  []byte
	err  error
	once Quoted
}

func (e *encoder) name(name string) {
	if e.buf[len(e.buf)-1] != '{' {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(e.buf, '"')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '"', ':')
}

func (e *encoder) text(name string, v *string) {
	if *v != "" {
		e.always(name, v)
	}
}

func (e *encoder) always(name string, v *string) {
	e.name(name)
	e.buf = AppendString(e.buf, Armour(*v))
}

func (e *encoder) bytes(name string, v *[]byte) {
	switch {
	case len(*v) == 0:
	case e.once.is(*v):
		e.name(name)
		e.buf = append(e.buf, e.once.text...)
	default:
		e.name(name)
		e.buf = appendBytes(e.buf, *v)
	}
}

func (e *encoder) strings(v []string) {
	e.buf = append(e.buf, '[')
	for i, s := range v {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.buf = AppendString(e.buf, Armour(s))
	}
	e.buf = append(e.buf, ']')
}

func (e *encoder) list(name string, v *[]string) {
	if len(*v) > 0 {
		e.name(name)
		e.strings(*v)
	}
}

func (e *encoder) texts(name string, v *map[string]string) {
	if len(*v) == 0 {
		return
	}
	e.name(name)
	e.buf = append(e.buf, '{')
	var room [16]string
	keys, m := room[:0], *v
	for k := range m {
		if Armour(k) != k { // the order is that of what is written
			m = make(map[string]string, len(*v))
			for k, text := range *v {
				m[Armour(k)] = text
			}
			keys = slices.AppendSeq(keys[:0], maps.Keys(m))
			break
		}
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		e.key(k)
		e.buf = AppendString(e.buf, Armour(m[k]))
	}
	e.buf = append(e.buf, '}')
}

func (e *encoder) lists(name string, v *map[string][]string) {
	if len(*v) == 0 {
		return
	}
	e.name(name)
	e.buf = append(e.buf, '{')
	m := make(map[string][]string, len(*v))
	for k, list := range *v {
		m[Armour(k)] = list
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		e.key(k)
		if m[k] == nil {
			e.buf = append(e.buf, "null"...)
		} else {
			e.strings(m[k])
		}
	}
	e.buf = append(e.buf, '}')
}

// key writes the name of something in a map.
func (e *encoder) key(k string) {
	if e.buf[len(e.buf)-1] != '{' {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(AppendString(e.buf, k), ':')
}

func (e *encoder) flag(name string, v *bool) {
	if *v {
		e.name(name)
		e.buf = append(e.buf, "true"...)
	}
}

func (e *encoder) number(name string, v *int) {
	if *v != 0 {
		e.name(name)
		e.buf = strconv.AppendInt(e.buf, int64(*v), 10)
	}
}

func (e *encoder) epoch(name string, v *uint64) {
	if *v != 0 {
		e.name(name)
		e.buf = strconv.AppendUint(e.buf, *v, 10)
	}
}

func (e *encoder) time(name string, v *time.Time) {
	if v.IsZero() {
		return
	}
	e.name(name)
	t := v.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		e.err = fmt.Errorf("%s: the year %d does not fit", name, y)
		return
	}
	e.buf = append(e.buf, '"')
	e.buf = append(t.AppendFormat(e.buf, time.RFC3339Nano), '"')
}

func (e *encoder) duration(name string, v *time.Duration) {
	if *v != 0 {
		e.name(name)
		e.buf = strconv.AppendInt(e.buf, int64(*v), 10)
	}
}

func (e *encoder) open(name string, present bool) bool {
	if present {
		e.name(name)
		e.buf = append(e.buf, '{')
	}
	return present
}

func (e *encoder) close() { e.buf = append(e.buf, '}') }
