package match

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A Miss is a difference to what is meant.
type Miss struct {
	Weight int
	Text   string // for people
}

// Misses are the differences of one thing to what is meant; none mean that it
// is meant. The methods compare a field; one that is not wanted, because it is
// zero, is no difference.
type Misses []Miss

// Distance is how far away the thing is.
func (m Misses) Distance() (sum int) {
	for _, miss := range m {
		sum += miss.Weight
	}
	return sum
}

func (m *Misses) add(weight int, text string) { *m = append(*m, Miss{weight, text}) }

// Text compares a text.
func (m *Misses) Text(field, got, want string) { m.weighted(1, field, got, want) }

func (m *Misses) weighted(weight int, field, got, want string) {
	if want != "" && got != want {
		m.add(weight, fmt.Sprintf("%s: got %s, want %s", field, quoted(got), quoted(want)))
	}
}

// Number compares a number.
func (m *Misses) Number(field string, got, want int) {
	if want != 0 && got != want {
		m.add(1, fmt.Sprintf("%s: got %d, want %d", field, got, want))
	}
}

// Call compares method and path, which tell most about what a call is for. The
// pattern is one of [FitsPath].
func (m *Misses) Call(gotMethod, gotPath, method, pattern string) {
	m.weighted(2, "Method", gotMethod, strings.ToUpper(method))
	if path := PlainPath(gotPath); pattern != "" && !FitsPath(pattern, path) {
		m.add(4, fmt.Sprintf("Path: got %s, want %s", path, pattern))
	}
}

// Header wants some headers, among others.
func (m *Misses) Header(got http.Header, want map[string]string) {
	for _, name := range sortedKeys(want) {
		field, values := "Header["+strconv.Quote(name)+"]", got.Values(name)
		if len(values) == 0 {
			m.add(1, field+": is missing, want "+quoted(want[name]))
			continue
		}
		m.weighted(1, field, strings.Join(values, ", "), want[name])
	}
}

// Query wants some parameters of a request URI, among others.
func (m *Misses) Query(uri string, want map[string]string) {
	var got url.Values
	if u, err := url.ParseRequestURI(uri); err == nil {
		got = u.Query()
	}
	for _, name := range sortedKeys(want) {
		field := "Query[" + strconv.Quote(name) + "]"
		if !got.Has(name) {
			m.add(1, field+": is missing, want "+quoted(want[name]))
			continue
		}
		m.weighted(1, field, got.Get(name), want[name])
	}
}

// Body wants a part of a JSON text, or a whole text. Want is a text, or a value
// that is encoded; nil is not wanted.
func (m *Misses) Body(got []byte, want any) {
	for i, text := range diffBody(got, want) {
		m.add(max(0, 1-i), text) // a body counts once, however much of it differs
	}
}
