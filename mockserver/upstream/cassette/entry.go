package cassette

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An Entry is one call and its answer.
type Entry struct {
	Method        string // upper case
	URL           string // below the root if it begins with a slash, else absolute
	RequestHeader http.Header
	RequestBody   []byte

	Status int // of the answer
	Header http.Header
	Body   []byte

	Line int // of the file in which it begins; 0: it is not from a file
}

// String names the call: method and URL.
func (e *Entry) String() string { return e.Method + " " + e.URL }

// append writes e as a document of YAML. What it writes is read as e again.
func (e *Entry) append(dst []byte) []byte {
	dst = append(dst, "---\nrequest:\n  method: "...)
	dst = appendScalar(dst, e.Method)
	dst = append(dst, "\n  url: "...)
	dst = appendScalar(dst, e.URL)
	dst = append(dst, '\n')
	dst = appendHeader(dst, e.RequestHeader)
	if len(e.RequestBody) > 0 {
		dst = appendBody(dst, e.RequestBody)
	}
	dst = append(dst, "response:\n  status: "...)
	dst = appendScalar(dst, strconv.Itoa(e.Status))
	dst = append(dst, '\n')
	dst = appendHeader(dst, e.Header)
	if len(e.Body) > 0 {
		dst = appendBody(dst, e.Body)
	}
	return append(dst, "...\n"...)
}

func appendHeader(dst []byte, h http.Header) []byte {
	if len(h) == 0 {
		return dst
	}
	dst = append(dst, "  headers:\n"...)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		dst = append(dst, "    "...)
		dst = appendScalar(dst, name)
		dst = append(dst, ':')
		if len(h[name]) == 1 {
			dst = append(dst, ' ')
			dst = appendScalar(dst, h[name][0])
			dst = append(dst, '\n')
			continue
		}
		dst = append(dst, " ["...)
		for i, v := range h[name] {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendQuoted(dst, v)
		}
		dst = append(dst, "]\n"...)
	}
	return dst
}

// appendBody writes a body as it is read best: as lines, as a quoted text, or in
// base64.
func appendBody(dst, body []byte) []byte {
	text := string(body)
	switch {
	case !isText(text):
		dst = append(dst, "  bodyBase64: "...)
		dst = base64.StdEncoding.AppendEncode(dst, body)
		return append(dst, '\n')
	case isBlock(strings.TrimSuffix(text, "\n")):
		dst = append(dst, "  body: |"...)
		text, ended := strings.CutSuffix(text, "\n")
		if !ended {
			dst = append(dst, '-')
		}
		dst = append(dst, '\n')
		for line := range strings.SplitSeq(text, "\n") {
			if line != "" {
				dst = append(dst, "    "...)
			}
			dst = append(dst, line...)
			dst = append(dst, '\n')
		}
		return dst
	}
	dst = append(dst, "  body: "...)
	dst = appendQuoted(dst, text)
	return append(dst, '\n')
}

// isText reports whether YAML can hold s without loss.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || r == '\ufeff' || r == '\u2028' || r == '\u2029' || r >= '\ufffe' && r&0xfffe == 0xfffe
	})
}

// isBlock reports whether s can stand in lines of its own: its lines end with a
// newline and with nothing else that YAML takes for the end of one.
func isBlock(s string) bool {
	if s == "" || strings.ContainsRune(" \t\n", rune(s[0])) || strings.ContainsAny(s, "\r\t") {
		return false
	}
	return !strings.HasSuffix(s, "\n") && !strings.HasSuffix(s, " ") && !strings.Contains(s, " \n")
}

// appendScalar writes a text of one line, without quotes where it needs none.
func appendScalar(dst []byte, s string) []byte {
	if isPlain(s) {
		return append(dst, s...)
	}
	return appendQuoted(dst, s)
}

// isPlain reports whether a text means itself without quotes.
func isPlain(s string) bool {
	if s == "" || strings.HasSuffix(s, " ") || strings.EqualFold(s, "null") || strings.Contains(s, ": ") || strings.HasSuffix(s, ":") {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '/', c == '*' && i > 0:
		case i > 0 && strings.IndexByte(" ;=._+-:?%", c) >= 0:
		case i > 0 && c == '&' && s[0] == '/':
		default:
			return false
		}
	}
	return true
}

// appendQuoted writes a text in double quotes.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ' || c == 0x7f:
			dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
