package schema

import (
	"unicode/utf8"
)

func (c *check) text(s *Schema, v string, h here) bool {
	ok := true
	if s.Format != "" && c.mode&Unformatted == 0 && !fitsFormat(s.Format, v) {
		ok = c.fault(h, s, "format", "is %s; want the format %s", show(v), s.Format)
	}
	if s.Text == nil {
		return ok
	}
	if s.MinLength > 0 || s.MaxLength >= 0 {
		n := utf8.RuneCountInString(v)
		if n < s.MinLength {
			ok = c.fault(h, s, "minLength", "has %d characters; want at least %d", n, s.MinLength)
		}
		if s.MaxLength >= 0 && n > s.MaxLength {
			ok = c.fault(h, s, "maxLength", "has %d characters; want at most %d", n, s.MaxLength)
		}
	}
	if s.Pattern != nil && !s.Pattern.Match(v) {
		ok = c.fault(h, s, "pattern", "is %s; want the pattern %s", show(v), s.Pattern.Text)
	}
	return ok
}
