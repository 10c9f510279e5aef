package match

import (
	"net/http"
	"strconv"
	"strings"
)

// A Request says which requests to the mock are meant. A zero field wants
// nothing.
type Request struct {
	Company    string
	Method     string
	Path       string // a pattern of [FitsPath]; without one polls and calls for a token are not meant
	Query      map[string]string
	Header     map[string]string
	Background string // the value of its header
	Body       any    // as for [Misses.Body]
	StatusCode int    // of the answer
}

// A Received is a request that came.
type Received struct {
	Company    string
	Method     string
	Path       string // as asked for, with the query
	Header     http.Header
	Background string
	Body       []byte
	StatusCode int // 0: not yet
}

// Concerns reports whether r is of a kind that is meant at all.
func (q Request) Concerns(r Received) bool {
	path := PlainPath(r.Path)
	return q.Path != "" || !strings.HasPrefix(path, "/v1/background/") && path != "/connect/token"
}

// Misses holds r against what is meant.
func (q Request) Misses(r Received) Misses {
	var m Misses
	m.Call(r.Method, r.Path, q.Method, q.Path)
	m.Text("Company", r.Company, q.Company)
	m.Text("Background", r.Background, q.Background)
	m.Query(r.Path, q.Query)
	m.Header(r.Header, q.Header)
	m.Body(r.Body, q.Body)
	m.Number("StatusCode", r.StatusCode, q.StatusCode)
	return m
}

// Title names r in messages.
func (r Received) Title() string {
	title := r.Method + " " + r.Path
	if r.StatusCode != 0 {
		title += ", answered " + strconv.Itoa(r.StatusCode)
	}
	return title
}
