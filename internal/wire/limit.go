package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Limit is what an answer tells of one limit on calls.
type Limit struct {
	Policy    string        // its name, or "" if none is told
	Limit     int           // calls in a window, or 0 if that is not told
	Remaining int           // calls left in this window, never more than a Limit that is told
	Reset     time.Duration // until the window ends, between [MinWait] and [MaxWait], or 0 if that is not told
	Window    time.Duration // how long the window is, or 0 if that is not told
}

const (
	maxCalls  = 1e9 // what tells of more is no limit
	maxLimits = 8   // limits of one answer
	maxList   = 4 << 10
)

// AppendLimits appends the limits that an answer tells of. It reads the vendor's
// X-RateLimit-Limit, -Remaining, -Reset and -Policy, and the drafts of the IETF:
// RateLimit-Limit, -Remaining and -Reset, the fields RateLimit and
// RateLimit-Policy. A limit without a number of remaining calls that makes sense
// is left out; so is a draft's that tells the same numbers as the vendor's. It
// allocates nothing if dst has room.
func AppendLimits(dst []Limit, h http.Header, now time.Time) []Limit {
	own := len(dst)
	dst = appendTriple(dst, h, now, h["X-Ratelimit-Limit"], h["X-Ratelimit-Remaining"], h["X-Ratelimit-Reset"], h["X-Ratelimit-Policy"])
	dst = appendTriple(dst, h, now, h["Ratelimit-Limit"], h["Ratelimit-Remaining"], h["Ratelimit-Reset"], nil)
	vendors := dst[own:]
	for _, values := range h["Ratelimit"] {
		if strings.Contains(values, "remaining=") {
			dst = appendDictionary(dst, h, now, values)
			continue
		}
		for rest := clip(values); rest != "" && len(dst) < own+maxLimits; {
			var it string
			it, rest = cutOutside(rest, ',')
			l := Limit{Policy: itemName(it), Remaining: -1}
			if r, ok := count(param(it, "r")); ok {
				l.Remaining = r
			}
			l.Reset = reset(param(it, "t"), h, now)
			l.Limit, l.Window = policyOf(h, l.Policy)
			dst = appendSensible(dst, l, vendors)
		}
	}
	return dst
}

// appendTriple reads the fields that tell limit, remainder and end each for
// itself. Where there are several values, the first of each belong together.
func appendTriple(dst []Limit, h http.Header, now time.Time, limits, remaining, resets, names []string) []Limit {
	for i := range maxLimits {
		r, ok := count(nth(remaining, i))
		if !ok {
			if nth(remaining, i) == "" {
				break
			}
			continue
		}
		l := Limit{Policy: nth(names, i), Remaining: r, Reset: reset(nth(resets, i), h, now)}
		l.Limit, _ = count(nth(limits, i))
		dst = appendSensible(dst, l, nil)
	}
	return dst
}

// appendDictionary reads RateLimit as drafts up to the seventh have it:
// limit=100, remaining=50, reset=30.
func appendDictionary(dst []Limit, h http.Header, now time.Time, values string) []Limit {
	l := Limit{Remaining: -1}
	for rest := clip(values); rest != ""; {
		var it string
		it, rest = cutOutside(rest, ',')
		name, value, _ := strings.Cut(it, "=")
		value, _, _ = strings.Cut(value, ";")
		switch strings.TrimSpace(name) {
		case "limit":
			l.Limit, _ = count(value)
		case "remaining":
			if r, ok := count(value); ok {
				l.Remaining = r
			}
		case "reset":
			l.Reset = reset(value, h, now)
		}
	}
	return appendSensible(dst, l, dst)
}

func appendSensible(dst []Limit, l Limit, known []Limit) []Limit {
	if l.Remaining < 0 {
		return dst
	}
	if l.Limit > 0 {
		l.Remaining = min(l.Remaining, l.Limit)
	}
	for _, k := range known {
		if k.Remaining == l.Remaining && (l.Limit == 0 || k.Limit == l.Limit) {
			return dst
		}
	}
	return append(dst, l)
}

// policyOf finds the quota and the window of a policy in RateLimit-Policy.
func policyOf(h http.Header, name string) (limit int, window time.Duration) {
	for _, values := range h["Ratelimit-Policy"] {
		for rest := clip(values); rest != ""; {
			var it string
			if it, rest = cutOutside(rest, ','); itemName(it) != name {
				continue
			}
			limit, _ = count(param(it, "q"))
			if w, err := strconv.ParseFloat(param(it, "w"), 64); err == nil && w > 0 && sensible(w) {
				window = bounded(w)
			}
			return limit, window
		}
	}
	return 0, 0
}

// count reads a number of calls.
func count(s string) (int, bool) {
	if s == "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(n >= 0 && n <= maxCalls) {
		return 0, false
	}
	return int(n), true
}

// nth is the i-th value of a field, whose values stand in several lines or are
// separated by commas. What has parameters is a policy of an old draft.
func nth(lines []string, i int) string {
	for _, line := range lines {
		for rest := clip(line); rest != ""; {
			var it string
			if it, rest = cutOutside(rest, ','); strings.Contains(it, ";") {
				continue
			}
			if i == 0 {
				return itemName(it)
			}
			i--
		}
	}
	return ""
}

func clip(s string) string { return s[:min(len(s), maxList)] }

// itemName is the item of a list without its parameters and quotes.
func itemName(it string) string {
	it, _ = cutOutside(it, ';')
	it = strings.TrimSpace(it)
	if len(it) >= 2 && it[0] == '"' && it[len(it)-1] == '"' {
		it = it[1 : len(it)-1]
	}
	return it
}

// param is the value of a parameter of an item, or "".
func param(it, key string) string {
	_, it = cutOutside(it, ';')
	for it != "" {
		var one string
		one, it = cutOutside(it, ';')
		if name, value, _ := strings.Cut(one, "="); strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// cutOutside cuts s at the first sep that is not between quotes.
func cutOutside(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}
