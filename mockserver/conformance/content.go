package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"mime"
	"strings"
	"unicode/utf8"
)

// sameContent reports whether a candidate's content is the one that was stored, of
// which the type is kind: JSON as JSON, with numbers to the last digit, and
// everything else byte for byte.
func sameContent(got, want []byte, kind string) bool {
	if bytes.Equal(got, want) {
		return true
	}
	a, err := readJSON(got, "")
	if err != nil {
		return false
	}
	b, err := readJSON(want, kind)
	return err == nil && sameJSON(a, b)
}

// readJSON reads JSON of a type, which may have a byte order mark, or be in
// ISO-8859-1.
func readJSON(data []byte, kind string) (v any, err error) {
	_, params, _ := mime.ParseMediaType(kind)
	if strings.EqualFold(params["charset"], "iso-8859-1") {
		data = fromLatin1(data)
	}
	data = bytes.TrimPrefix(data, []byte(mark))
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one value")
	}
	return v, nil
}

// mark is the byte order mark of UTF-8.
const mark = "\ufeff"

func fromLatin1(data []byte) []byte {
	var b bytes.Buffer
	for _, c := range data {
		b.WriteRune(rune(c))
	}
	return b.Bytes()
}

// sameJSON compares what readJSON read.
func sameJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			other, ok := b[name]
			if !ok || !sameJSON(v, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameJSON(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a.String(), b.String())
	}
	return a == b
}

// sameNumber compares decimals, whatever their notation: 1250.50 is 1250.5.
func sameNumber(a, b string) bool {
	const most = 1000 // of characters: an exponent of thousands takes forever
	if a == b {
		return true
	}
	x, ok := decimal(a, most)
	y, ok2 := decimal(b, most)
	return ok && ok2 && x.Cmp(y) == 0
}

// decimal reads a number that is not huge.
func decimal(s string, most int) (*big.Rat, bool) {
	_, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	if len(s) > most || len(strings.TrimLeft(exponent, "+-0")) > 3 {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}
