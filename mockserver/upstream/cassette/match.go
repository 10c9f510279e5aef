package cassette

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/match"
)

// telling headers change what is answered, so that calls that differ in them are
// not the same.
func telling() []string { return []string{"If-Match", "If-None-Match", "Range"} }

// A MissingError says that a cassette has no answer for a call.
type MissingError struct {
	File string
	Call string // method and URL

	// Nearest is the entry that comes closest, nil if there is none, and
	// Differences are what keeps it from being meant: none if its answer was
	// given already, Given times.
	Nearest     *Entry
	Differences []string
	Given       int
}

// Error names the call, the nearest entry and the differences.
func (e *MissingError) Error() string {
	text := fmt.Sprintf("%s has no answer for %s", e.File, e.Call)
	switch {
	case e.Nearest == nil:
		return text + ": it has no calls at all"
	case e.Given > 0:
		return fmt.Sprintf("%s any more: all that were recorded were given, %s (the last one stands at line %d)", text, times(e.Given), e.Nearest.Line)
	}
	text += fmt.Sprintf("; the nearest is %s at line %d", e.Nearest, e.Nearest.Line)
	for i, d := range e.Differences {
		if i == 5 {
			text += fmt.Sprintf("; and %d more", len(e.Differences)-i)
			break
		}
		text += "; " + d
	}
	return text
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// callOf is what makes calls the same with a strict cassette. The order of
// parameters of a query that have different names, and that of the members of a
// JSON object, make no difference.
func callOf(e *Entry) string {
	var b strings.Builder
	path, query := splitURL(e.URL)
	b.WriteString(e.Method + " " + path + "?" + sortedQuery(query))
	for _, name := range telling() {
		if v := e.RequestHeader.Values(name); len(v) > 0 {
			fmt.Fprintf(&b, "\n%s: %q", name, v)
		}
	}
	b.WriteByte('\n')
	b.Write(plainBody(e.RequestHeader, e.RequestBody))
	return b.String()
}

// placeOf is what makes calls alike with a loose cassette.
func placeOf(e *Entry) string {
	return e.Method + " " + pathOf(e.URL)
}

func splitURL(u string) (path, query string) {
	path, query, _ = strings.Cut(u, "?")
	return path, query
}

func pathOf(u string) string {
	path, _ := splitURL(u)
	return path
}

// sortedQuery is a query with its parameters in the order of their names.
func sortedQuery(query string) string {
	if !strings.Contains(query, "&") {
		return query
	}
	parts := strings.Split(query, "&")
	slices.SortStableFunc(parts, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})
	return strings.Join(parts, "&")
}

// plainBody is a body in the form in which equal ones are the same: JSON without
// blanks and with sorted members, and forms of several parts without the boundary,
// which is another each time.
func plainBody(h http.Header, body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	kind, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	if boundary := params["boundary"]; boundary != "" && strings.HasPrefix(kind, "multipart/") {
		return bytes.ReplaceAll(body, []byte(boundary), []byte("boundary"))
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return body
	}
	plain, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return plain
}

// misses are the differences of a call to a recorded one.
func misses(got, want *Entry) match.Misses {
	var m match.Misses
	if got.Method != want.Method {
		m = append(m, match.Miss{Weight: 2, Text: fmt.Sprintf("Method: got %s, want %s", got.Method, want.Method)})
	}
	gotPath, gotQuery := splitURL(got.URL)
	wantPath, wantQuery := splitURL(want.URL)
	if gotPath != wantPath {
		m = append(m, match.Miss{Weight: 2 + 2*min(2, differing(gotPath, wantPath)), Text: fmt.Sprintf("Path: got %s, want %s", gotPath, wantPath)})
	}
	m = append(m, queryMisses(gotQuery, wantQuery)...)
	for _, name := range telling() {
		if g, w := got.RequestHeader.Get(name), want.RequestHeader.Get(name); g != w {
			m = append(m, match.Miss{Weight: 1, Text: fmt.Sprintf("Header[%q]: got %q, want %q", name, g, w)})
		}
	}
	return append(m, bodyMisses(got, want)...)
}

// differing is how many segments of two paths are not the same.
func differing(a, b string) (n int) {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range max(len(x), len(y)) {
		if i >= len(x) || i >= len(y) || x[i] != y[i] {
			n++
		}
	}
	return n
}

func queryMisses(got, want string) (m match.Misses) {
	if sortedQuery(got) == sortedQuery(want) {
		return nil
	}
	g, err := url.ParseQuery(got)
	w, err2 := url.ParseQuery(want)
	if err != nil || err2 != nil {
		return match.Misses{{Weight: 1, Text: fmt.Sprintf("Query: got %q, want %q", got, want)}}
	}
	for _, name := range names(g, w) {
		if !slices.Equal(g[name], w[name]) {
			m = append(m, match.Miss{Weight: 1, Text: fmt.Sprintf("Query[%q]: got %q, want %q", name, g[name], w[name])})
		}
	}
	if m == nil {
		m = match.Misses{{Weight: 1, Text: fmt.Sprintf("Query: got %q, want %q", got, want)}}
	}
	return m
}

// names are those of both, sorted, each once.
func names(a, b url.Values) []string {
	var list []string
	for _, values := range []url.Values{a, b} {
		for name := range values {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// bodyMisses compares bodies both ways: what is wanted and missing, and what is
// there and was not recorded.
func bodyMisses(got, want *Entry) match.Misses {
	if bytes.Equal(plainBody(got.RequestHeader, got.RequestBody), plainBody(want.RequestHeader, want.RequestBody)) {
		return nil
	}
	if !isText(string(got.RequestBody)) || !isText(string(want.RequestBody)) {
		return match.Misses{{Weight: 1, Text: fmt.Sprintf("Body: got %d bytes, want %d others", len(got.RequestBody), len(want.RequestBody))}}
	}
	var m match.Misses
	if m.Body(got.RequestBody, want.RequestBody); len(m) > 0 {
		return m
	}
	m.Body(want.RequestBody, got.RequestBody)
	for i := range m {
		m[i].Text = "recorded was another " + m[i].Text
	}
	if m == nil {
		m = match.Misses{{Weight: 1, Text: "Body: is written in another way"}}
	}
	return m
}
