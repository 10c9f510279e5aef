package hook

import (
	"net/url"
	"strings"
)

// Redacted stands in for what [Redact] takes out.
const Redacted = "[redacted]"

// Redact returns a URL path, or a path with a query, in which every segment
// that looks like a capability is replaced by [Redacted]. It goes by the form
// and knows no secrets, so it also takes out capabilities that are expired,
// cut off, escaped, changed in case or made with another secret. A path
// without one is returned as it is.
func Redact(path string) string {
	if len(path) <= refLen || !strings.ContainsAny(path, ".%") { // the dot may be escaped
		return path
	}
	var out strings.Builder
	kept := 0 // what stands before it is in out already
	for start := 0; start < len(path); {
		end := start + len(segmentAt(path[start:]))
		if suspicious(path[start:end]) {
			out.WriteString(path[kept:start])
			out.WriteString(Redacted)
			kept = end
		}
		start = end + 1
	}
	if kept == 0 {
		return path
	}
	out.WriteString(path[kept:])
	return out.String()
}

// segmentAt returns s up to its first separator.
func segmentAt(s string) string {
	if i := strings.IndexAny(s, "/?&=#;"); i >= 0 {
		return s[:i]
	}
	return s
}

// suspicious reports whether a segment holds as many characters of a ref as
// a ref has, and then the dot that a capability goes on with.
func suspicious(segment string) bool {
	if plain, err := url.PathUnescape(segment); err == nil {
		segment = plain
	}
	run := 0
	for i := range len(segment) {
		switch c := segment[i]; {
		case isRefChar(c | 0x20): // in either case
			run++
		case (c == '.' || c == '%') && run >= refLen:
			return true
		default:
			run = 0
		}
	}
	return false
}
