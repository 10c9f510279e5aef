package pgstore

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"
)

// PostgreSQL's text holds valid UTF-8 without zero bytes. What callers name may be
// any bytes, so that other texts are written in another way in the columns that
// are searched.

// armoured begins a text that is written in another way.
const armoured = "\x01"

// column is a text for a column. All that PostgreSQL can hold, which is nearly all,
// stays readable.
func column(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") && !strings.HasPrefix(s, armoured) {
		return s
	}
	return armoured + base64.StdEncoding.EncodeToString([]byte(s))
}

// uncolumn undoes column.
func uncolumn(s string) string {
	rest, found := strings.CutPrefix(s, armoured)
	if !found {
		return s
	}
	b, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return s
	}
	return string(b)
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
