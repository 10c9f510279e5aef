package wire

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// charset says how the bytes of a text are to be read.
type charset int

const (
	asIs    charset = iota // UTF-8, or nothing that we know
	latin                  // windows-1252, of which ISO-8859-1 is a part
	littleE                // UTF-16, low byte first
	bigE                   // UTF-16, high byte first
)

var marks = []struct {
	bytes string
	set   charset
}{
	{"\xef\xbb\xbf", asIs},
	{"\xff\xfe", littleE},
	{"\xfe\xff", bigE},
}

// charsetOf tells the charset of a text by its first bytes and its content
// type, and how long the byte order mark is. A mark is believed before a
// declaration; two bytes of which one is zero give UTF-16 away, because a JSON
// text begins with ASCII.
func charsetOf(head []byte, contentType string) (charset, int) {
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			return m.set, len(m.bytes)
		}
	}
	if len(head) >= 2 {
		switch {
		case head[0] != 0 && head[1] == 0:
			return littleE, 0
		case head[0] == 0 && head[1] != 0:
			return bigE, 0
		}
	}
	// Nearly every type declares UTF-8 or nothing, for which it need not be taken
	// apart.
	_, declared, more := strings.Cut(contentType, ";")
	if !more || strings.EqualFold(strings.TrimSpace(declared), "charset=utf-8") {
		return asIs, 0
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil && params == nil {
		return asIs, 0
	}
	switch strings.ToLower(strings.Trim(params["charset"], `"' `)) {
	case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "windows-1252", "cp1252", "cp-1252", "iso-8859-15":
		return latin, 0
	case "utf-16", "utf-16be", "utf16":
		return bigE, 0
	case "utf-16le":
		return littleE, 0
	}
	return asIs, 0
}

// Text returns a text as UTF-8 without a byte order mark. Bytes that are
// declared as UTF-8, or not at all, and are none, are read as windows-1252:
// that is what they are where the old parts of a system speak. The result may
// share memory with data.
func Text(data []byte, contentType string) []byte {
	set, mark := charsetOf(data[:min(len(data), 4)], contentType)
	data = data[mark:]
	switch {
	case set > latin:
	case utf8.Valid(data): // also where another charset is declared by habit
		return data
	default:
		set = latin
	}
	return convert(nil, data, set)
}

// Document returns a JSON text as UTF-8 without a byte order mark. Unlike
// [Text] it leaves bytes alone that nobody declared to be anything else.
func Document(data []byte, contentType string) []byte {
	set, mark := charsetOf(data[:min(len(data), 4)], contentType)
	if data = data[mark:]; set == asIs || set == latin && utf8.Valid(data) {
		return data
	}
	return convert(nil, data, set)
}

// convert appends text in a charset to dst as UTF-8.
func convert(dst, text []byte, set charset) []byte {
	switch set {
	case latin:
		for _, b := range text {
			r := rune(b)
			if b >= 0x80 && b < 0xa0 {
				r = cp1252[b-0x80]
			}
			dst = utf8.AppendRune(dst, r)
		}
		return dst
	case littleE, bigE:
		for i := 0; i+1 < len(text); i += 2 {
			r := unit(text[i:], set)
			if utf16.IsSurrogate(r) {
				if i+3 < len(text) {
					if full := utf16.DecodeRune(r, unit(text[i+2:], set)); full != utf8.RuneError {
						r = full
						i += 2
					}
				}
				if utf16.IsSurrogate(r) {
					r = utf8.RuneError
				}
			}
			dst = utf8.AppendRune(dst, r)
		}
		return dst
	}
	return append(dst, text...)
}

func unit(b []byte, set charset) rune {
	if set == littleE {
		return rune(b[0]) | rune(b[1])<<8
	}
	return rune(b[1]) | rune(b[0])<<8
}

// cp1252 is what windows-1252 has at 0x80 to 0x9f, where ISO-8859-1 has
// control characters that no text holds. The five that it leaves open are kept.
var cp1252 = [32]rune{
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
}
