package recordjson

import "unicode/utf8"

// Quoted is a body and how it stands in a document, so that whoever brings it
// does this work and not the writer.
type Quoted struct{ body, text []byte }

// Quote quotes a body, which must not change as long as that is used.
func Quote(body []byte) Quoted {
	if len(body) == 0 {
		return Quoted{}
	}
	return Quoted{body, appendBytes(make([]byte, 0, len(body)+len(body)/8+16), body)}
}

// is reports whether b is the same memory.
func (q Quoted) is(b []byte) bool {
	return len(q.body) > 0 && len(b) == len(q.body) && &b[0] == &q.body[0]
}

// appendBytes appends bytes as a JSON string.
func appendBytes(buf, b []byte) []byte {
	if utf8.Valid(b) && b[0] != 0 {
		return AppendString(buf, b)
	}
	return AppendString(buf, Armour(string(b)))
}

const hexDigits = "0123456789abcdef"

// AppendString appends a JSON string. The text is valid UTF-8.
func AppendString[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != 0xe2 {
			continue
		}
		if c == 0xe2 { // U+2028 and U+2029, which JavaScript takes for line ends
			if i+2 >= len(s) || s[i+1] != 0x80 || s[i+2]&^1 != 0xa8 {
				continue
			}
			b = append(b, s[from:i]...)
			b = append(b, `\u202`...)
			b = append(b, hexDigits[s[i+2]&0xf])
			i += 2
			from = i + 1
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
		from = i + 1
	}
	return append(append(b, s[from:]...), '"')
}
