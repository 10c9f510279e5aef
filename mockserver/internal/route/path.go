package route

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// TokenPath is that of the vendor's token endpoint.
const TokenPath = "/connect/token"

// basePaths are what may stand before /v1/ and /v2/; longer ones first.
func basePaths() []string { return []string{"/api/controller/api", "/api", ""} }

// SplitBase cuts an escaped path into the base path, as it was written, and
// what follows it. It knows the base of the former host, the one of the
// vendor's article and today's empty one.
func SplitBase(path string) (base, rest string) {
	lower := strings.ToLower(path)
	for _, b := range basePaths() {
		if tail, ok := strings.CutPrefix(lower, b); ok && isVersioned(tail) {
			return path[:len(b)], path[len(b):]
		}
	}
	return "", path
}

// isVersioned tells whether a lower-case path starts with /v<digit>/.
func isVersioned(path string) bool {
	return len(path) > 3 && path[0] == '/' && path[1] == 'v' && '0' <= path[2] && path[2] <= '9' && path[3] == '/'
}

// TakesBackground reports whether the header has a meaning for a path below the
// base: on every v1 and v2 route but the background GETs themselves.
func TakesBackground(path string) bool {
	lower := strings.ToLower(path)
	return (strings.HasPrefix(lower, "/v1/") || strings.HasPrefix(lower, "/v2/")) && !IsBackground(path)
}

// IsBackground reports whether a path below the base is one of the background API
// itself.
func IsBackground(path string) bool {
	return strings.HasPrefix(strings.ToLower(path), "/v1/background/")
}

// IsAction reports whether a path is that of an action.
func IsAction(path string) bool { return strings.Contains(strings.ToLower(path), "/action/") }

// Document is the path of the document that an action is for; path itself, if it
// is not that of an action.
func Document(path string) string {
	if i := strings.Index(strings.ToLower(path), "/action/"); i >= 0 {
		return path[:i]
	}
	return path
}

// Plain writes each segment of an escaped path with no more escapes than
// it needs, so that /v1/customer%69nvoice is /v1/customerinvoice. Slashes
// within a segment stay escaped, and so do the dots of one that is "." or "..".
func Plain(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil && plain != s {
			segments[i] = escapeSegment(plain)
		}
	}
	return strings.Join(segments, "/")
}

// escapeSegment is url.PathEscape, but for the two segments that would be
// taken for a way up.
func escapeSegment(s string) string {
	if s == "." || s == ".." {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	return url.PathEscape(s)
}

// plainSegment decodes a segment that [Decoded] does. The brackets may be escaped.
func plainSegment(s string) string {
	text, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	if plain := Decoded(text); plain != text {
		return escapeSegment(plain)
	}
	return s
}

// Decoded is what the text of a segment stands for: the ERP takes
// b64(<base64url without padding>) for one with reserved characters.
func Decoded(text string) string {
	if len(text) < len("b64()") || !strings.EqualFold(text[:4], "b64(") || text[len(text)-1] != ')' {
		return text
	}
	plain, err := base64.RawURLEncoding.DecodeString(text[4 : len(text)-1])
	if err != nil || len(plain) == 0 {
		return text
	}
	return string(plain)
}
