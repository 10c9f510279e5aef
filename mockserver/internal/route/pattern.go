package route

import (
	"net/http"
	"strings"
)

// Fit matches segments with a pattern's and counts the fixed ones.
func Fit(pattern, segments []string) (fixed int, ok bool) {
	for i, p := range pattern {
		switch {
		case i >= len(segments):
			return 0, false
		case isRest(pattern, i):
			return fixed, true
		case p == "{$}":
			return fixed, len(segments) == i+1 && segments[i] == ""
		case strings.HasPrefix(p, "{") && segments[i] != "":
		case strings.EqualFold(p, segments[i]):
			fixed++
		default:
			return 0, false
		}
	}
	return fixed, len(segments) == len(pattern)
}

// isRest tells whether a pattern's segment stands for all that is left.
func isRest(pattern []string, i int) bool {
	return i == len(pattern)-1 && (pattern[i] == "" || strings.HasSuffix(pattern[i], "...}"))
}

// rewrite makes segments, which it may write to, what a pattern that fits has
// them be.
func rewrite(pattern, segments []string) []string {
	for i, p := range pattern {
		switch {
		case isRest(pattern, i):
			return segments
		case p == "{$}":
		case strings.HasPrefix(p, "{"):
			segments[i] = plainSegment(segments[i])
		default:
			segments[i] = p
		}
	}
	return segments
}

// IsPattern reports whether net/http would take path for a pattern without a
// method.
func IsPattern(path string) (ok bool) {
	defer func() { ok = recover() == nil && strings.HasPrefix(path, "/") }()
	http.NewServeMux().Handle(path, http.NotFoundHandler())
	return true
}
