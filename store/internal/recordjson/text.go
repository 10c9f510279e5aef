package recordjson

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// Armour makes any bytes survive JSON, which knows only valid UTF-8. Strings
// that are valid, which is nearly all, stay as they are and readable.
func Armour(s string) string {
	if utf8.ValidString(s) && !strings.HasPrefix(s, "\x00") {
		return s
	}
	return "\x00" + base64.StdEncoding.EncodeToString([]byte(s))
}

// Bare undoes Armour.
func Bare(s string) string {
	rest, armoured := strings.CutPrefix(s, "\x00")
	if !armoured {
		return s
	}
	b, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return s
	}
	return string(b)
}

func bareBytes(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(Bare(s))
}
