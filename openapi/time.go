package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Time is an instant in the forms in which the ERP writes it. As JSON it reads
// null, "" and everything that [ParseTime] reads; the .NET zero
// "0001-01-01T00:00:00" reads as the zero Time, which means "not yet". It writes
// null if zero, else RFC 3339 with the offset it has and a trimmed fraction.
//
// The zero value is ready to use. A Time embeds [time.Time]; compare with
// [time.Time.Equal].
type Time struct {
	time.Time
}

// UnmarshalJSON reads a JSON string or null.
func (t *Time) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		*t = Time{}
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	return t.UnmarshalText([]byte(text))
}

// MarshalJSON writes a JSON string, or null if t is zero.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.Time.MarshalJSON()
}

// UnmarshalText reads what [ParseTime] reads, and nothing as the zero Time.
func (t *Time) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*t = Time{}
		return nil
	}
	parsed, err := ParseTime(string(text))
	if err != nil {
		return err
	}
	*t = Time{parsed}
	return nil
}

// MarshalText writes RFC 3339, or nothing if t is zero.
func (t Time) MarshalText() ([]byte, error) {
	if t.IsZero() {
		return []byte{}, nil
	}
	return t.Time.MarshalText()
}

// ParseTime reads a time as the ERP writes it: a date, optionally a time of day
// behind "T" or a blank, with 0 to 9 digits of fraction, and "Z", an offset or
// no zone at all. Without a zone it is read as UTC: the background API writes
// an offset, and ERP documents mean the local time of the company, for which
// use [ParseTimeIn]. The first instant of year 1, by which .NET means "none",
// gives the zero time whatever its zone.
func ParseTime(s string) (time.Time, error) {
	return ParseTimeIn(s, time.UTC)
}

// ParseTimeIn is [ParseTime] with loc for times without a zone. A nil loc is
// UTC.
//
// Its errors quote a copy, so that the text of a time that is read may stay out of
// the heap.
func ParseTimeIn(s string, loc *time.Location) (time.Time, error) {
	if loc == nil {
		loc = time.UTC
	}
	layout, ok := layoutOf(s)
	if !ok {
		return time.Time{}, fmt.Errorf("time %.40q: want a form like 2006-01-02T15:04:05.999+01:00", strings.Clone(s))
	}
	t, err := time.ParseInLocation(layout, s, loc)
	if err != nil {
		return time.Time{}, fmt.Errorf("time %.40q: %w", strings.Clone(s), err)
	}
	if _, offset := t.Zone(); offset <= -day || offset >= day {
		return time.Time{}, fmt.Errorf("time %.40q: offset of a day or more", strings.Clone(s))
	}
	if strings.HasPrefix(s, "0001-01-01") && t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0 {
		return time.Time{}, nil
	}
	return t, nil
}

// day is the offset, in seconds, from which on package time reads a time that
// it does not write.
const day = 24 * 60 * 60

// layoutOf returns the layout of package time for s. The fraction needs no
// place in it: package time reads one behind the seconds anyway, but more
// than nine digits, and a comma for the point, are refused here.
func layoutOf(s string) (string, bool) {
	const date, clock = len("2006-01-02"), len("2006-01-02T15:04:05")
	const longest = len("2006-01-02T15:04:05.999999999-07:00")
	if len(s) == date {
		return time.DateOnly, true
	}
	if len(s) < clock || len(s) > longest {
		return "", false
	}
	if s[len("2006-01-02T15")] != ':' {
		return "", false // package time takes an hour of one digit
	}
	local, zoned := "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00"
	if s[date] == ' ' {
		local, zoned = time.DateTime, time.DateTime+"Z07:00"
	}
	rest := s[clock:]
	if fraction, ok := strings.CutPrefix(rest, "."); ok {
		digits := len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
		if digits == 0 || digits > 9 {
			return "", false
		}
		rest = fraction[digits:]
	}
	switch {
	case rest == "":
		return local, true
	case rest[0] == ',':
		return "", false
	default:
		return zoned, true
	}
}
