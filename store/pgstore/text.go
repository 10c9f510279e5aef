package pgstore

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"
)

// PostgreSQL's text holds valid UTF-8 without zero bytes. What callers name may be
// any bytes, so that other texts are written in another way in the columns that
// are searched.

// armoured begins a text that is written in another way, and hashed one of which only
// the hash is there.
const armoured, hashed = "\x01", "\x01#"

// maxColumn is how long a text of a column may be: an entry of an index has at most
// 2 704 bytes.
const maxColumn = 600

// column is a text for a column, the same one for the same text. All that PostgreSQL
// can hold, which is nearly all, stays readable. What a record says of itself is in its
// documents.
func column(s string) string {
	switch {
	case len(s) > maxColumn:
		sum := sha256.Sum256([]byte(s))
		return hashed + base64.StdEncoding.EncodeToString(sum[:])
	case utf8.ValidString(s) && !strings.Contains(s, "\x00") && !strings.HasPrefix(s, armoured):
		return s
	}
	return armoured + base64.StdEncoding.EncodeToString([]byte(s))
}

// uncolumn undoes column, unless only a hash is left.
func uncolumn(s string) (text string, whole bool) {
	rest, found := strings.CutPrefix(s, armoured)
	if !found {
		return s, true
	}
	b, err := base64.StdEncoding.DecodeString(rest)
	return string(b), err == nil
}

// columnsOf is column for several texts.
func columnsOf(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = column(s)
	}
	return out
}

// orNull is a text of which the empty one is NULL.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	s = column(s)
	return &s
}

// nanos is a time as columns have it: nanoseconds since 1970, NULL for the zero
// time, and the nearest number that fits for times centuries away.
func nanos(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixNano()
	switch {
	case t.Year() < 1700:
		n = -8 << 60
	case t.Year() > 2250:
		n = 8<<60 - 1
	}
	return &n
}

// timeOf is the time of a column.
func timeOf(n int64) time.Time { return time.Unix(0, n).UTC() }
