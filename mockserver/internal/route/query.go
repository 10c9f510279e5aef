package route

import (
	"fmt"
	"net/url"
	"strings"
)

// Spelled writes the names in a raw query as names spells them; the values, and
// names that it does not know, stay as they are.
func Spelled(query string, names map[string]string) string {
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

// ASCIIQuery escapes what a URL cannot hold as it is, which a careless caller
// may have written into a query.
func ASCIIQuery(query string) string {
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
