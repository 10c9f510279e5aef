package mockserver

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/vismanet-go/background/openapi/server"
)

// plainPath writes each segment of an escaped path with no more escapes than
// it needs, so that /v1/customer%69nvoice is /v1/customerinvoice. Slashes
// within a segment stay escaped, and so do the dots of one that is "." or "..".
func plainPath(path string) string {
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

// plainSegment decodes b64(<base64url without padding>), which the ERP takes
// for a segment with reserved characters. The brackets may be escaped.
func plainSegment(s string) string {
	text, err := url.PathUnescape(s)
	if err != nil || len(text) < len("b64()") || !strings.EqualFold(text[:4], "b64(") || text[len(text)-1] != ')' {
		return s
	}
	plain, err := base64.RawURLEncoding.DecodeString(text[4 : len(text)-1])
	if err != nil || len(plain) == 0 {
		return s
	}
	return escapeSegment(string(plain))
}

// pathOf cuts the path of a request into the base path and what follows it,
// escaped. A slash at its end is left out where no route wants it and one is
// there without it.
func (s *Server) pathOf(u *url.URL) (base, path string) {
	base, path = splitBase(plainPath(u.EscapedPath()))
	short := strings.TrimRight(path, "/")
	if s.cfg.Profile.EndSlashMatters || short == path || s.hasPath(path) || !s.hasPath(short) {
		return base, path
	}
	return base, short
}

// hasPath tells whether a path has a route, whatever the method.
func (s *Server) hasPath(path string) bool {
	for _, t := range []*routes{s.user, s.builtin} {
		if _, ok := t.canonical(path); ok {
			return true
		}
	}
	return false
}

// allowed is the Allow header for a path.
func (s *Server) allowed(path string) string {
	var list []string
	for _, m := range append(s.user.methods(path), s.builtin.methods(path)...) {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return strings.Join(list, ", ")
}

// isTokenPath tells whether a path is that of the token endpoint.
func (p Profile) isTokenPath(path string) bool {
	if !p.EndSlashMatters {
		path = strings.TrimRight(path, "/")
	}
	return strings.EqualFold(path, tokenPath)
}

// queryNames are the names of parameters in a query, by their lower-case forms.
func queryNames() map[string]string {
	names := make(map[string]string)
	for field := range reflect.TypeFor[server.ListCustomerInvoicesParams]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("form"), ","); name != "" {
			names[strings.ToLower(name)] = name
		}
	}
	return names
}

// spelled writes the names in a raw query as names spells them; the values, and
// names that it does not know, stay as they are.
func spelled(query string, names map[string]string) string {
	if query == "" || len(names) == 0 {
		return query
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		raw, _, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(raw)
		if err != nil {
			continue
		}
		if known := names[strings.ToLower(name)]; known != "" && known != raw {
			parts[i] = known + part[len(raw):]
		}
	}
	return strings.Join(parts, "&")
}

// asciiQuery escapes what a URL cannot hold as it is, which a careless caller
// may have written into a query.
func asciiQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}#", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
