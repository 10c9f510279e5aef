package mockservertest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// A Request says which requests to the mock are meant.
type Request struct {
	Company string
	Method  string

	// Path is below the API root and without the query. Case does not matter;
	// "{number}" stands for any one segment, "{rest...}" for all that follow.
	// Looks at operations and calls for a token are not meant unless Path
	// says so.
	Path string

	Query  map[string]string // parameters it has, among others
	Header map[string]string // headers it has, among others

	// Background is the value of its erp-api-background header.
	Background string

	// Body is what its body holds: a JSON text, or a value that is encoded.
	// Of an object that is a part of its fields, in each object in it too; of
	// an array it is all elements. A string that is no JSON is the whole body.
	Body any

	StatusCode int // of the answer

	Within time.Duration // how long to wait for it
}

// An Operation says which operations are meant.
type Operation struct {
	ID         string
	Company    string
	Method     string
	Path       string // as in [Request]
	State      mockserver.State
	StatusCode int // of the endpoint's answer

	Within time.Duration // how long to wait for it
}

// A Delivery says which notifications are meant.
type Delivery struct {
	OperationID string
	Company     string
	Method      string // of the operation
	Path        string // of the operation, as in [Request]
	Mode        string // "url" or "subscription"
	URL         string

	// State is Delivered if it is empty.
	State mockserver.DeliveryState

	Attempts int               // how many were made
	Header   map[string]string // headers of the last attempt, among others
	Body     any               // as in [Request]

	Within time.Duration // how long to wait for it
}

// A Matcher is a [Request], an [Operation] or a [Delivery].
type Matcher interface {
	// found holds everything of the kind against the matcher.
	found(s *Server) []candidate
	kind() string
}

// A candidate is a thing that may be meant.
type candidate struct {
	key    taken
	title  string
	value  any
	misses []miss // empty: it is meant
}

// A miss is a difference to what is meant.
type miss struct {
	weight int
	text   string
}

// misses collects differences.
type misses []miss

func (m *misses) text(field, got, want string) { m.weighted(1, field, got, want) }

func (m *misses) weighted(weight int, field, got, want string) {
	if want != "" && got != want {
		*m = append(*m, miss{weight, fmt.Sprintf("%s: got %s, want %s", field, quoted(got), quoted(want))})
	}
}

func (m *misses) number(field string, got, want int) {
	if want != 0 && got != want {
		*m = append(*m, miss{1, fmt.Sprintf("%s: got %d, want %d", field, got, want)})
	}
}

// call compares method and path, which tell most about what a call is for.
func (m *misses) call(gotMethod, gotPath, method, pattern string) {
	m.weighted(2, "Method", gotMethod, strings.ToUpper(method))
	if path := plainPath(gotPath); pattern != "" && !fitsPath(pattern, path) {
		*m = append(*m, miss{4, fmt.Sprintf("Path: got %s, want %s", path, pattern)})
	}
}

func (m *misses) header(got http.Header, want map[string]string) {
	for _, name := range sortedKeys(want) {
		field, values := "Header["+strconv.Quote(name)+"]", got.Values(name)
		if len(values) == 0 {
			*m = append(*m, miss{1, field + ": is missing, want " + quoted(want[name])})
			continue
		}
		m.weighted(1, field, strings.Join(values, ", "), want[name])
	}
}

func (m *misses) body(got []byte, want any) {
	for i, text := range diffBody(got, want) {
		*m = append(*m, miss{max(0, 1-i), text}) // a body counts once, however much of it differs
	}
}

func (Request) kind() string   { return "request" }
func (Operation) kind() string { return "operation" }
func (Delivery) kind() string  { return "notification" }

func (q Request) found(s *Server) []candidate {
	var list []candidate
	for _, entry := range s.requests() {
		r := *entry.Request
		path := plainPath(r.Path)
		if q.Path == "" && (strings.HasPrefix(path, "/v1/background/") || path == "/connect/token") {
			continue
		}
		var m misses
		m.call(r.Method, r.Path, q.Method, q.Path)
		m.text("Company", r.Company, q.Company)
		m.text("Background", r.Background, q.Background)
		m.query(r.Path, q.Query)
		m.header(r.Header, q.Header)
		m.body(r.Body, q.Body)
		m.number("StatusCode", r.StatusCode, q.StatusCode)
		title := r.Method + " " + r.Path
		if r.StatusCode != 0 {
			title += ", answered " + strconv.Itoa(r.StatusCode)
		}
		list = append(list, candidate{taken{r.Company, fmt.Sprint("request ", entry.Seq)}, title, r, m})
	}
	return list
}

func (m *misses) query(path string, want map[string]string) {
	var got url.Values
	if u, err := url.ParseRequestURI(path); err == nil {
		got = u.Query()
	}
	for _, name := range sortedKeys(want) {
		field := "Query[" + strconv.Quote(name) + "]"
		if !got.Has(name) {
			*m = append(*m, miss{1, field + ": is missing, want " + quoted(want[name])})
			continue
		}
		m.weighted(1, field, got.Get(name), want[name])
	}
}

func (o Operation) found(s *Server) []candidate {
	var list []candidate
	for _, op := range s.Operations() {
		var m misses
		m.call(op.Method, op.Path, o.Method, o.Path)
		m.text("ID", op.ID, strings.ToLower(o.ID))
		m.text("Company", op.Company, o.Company)
		m.text("State", string(op.State), string(o.State))
		m.number("StatusCode", op.StatusCode, o.StatusCode)
		title := fmt.Sprintf("%s %s, %s", op.Method, op.Path, op.State)
		if op.StatusCode != 0 {
			title += " " + strconv.Itoa(op.StatusCode)
		}
		list = append(list, candidate{taken{op.Company, "operation " + op.ID}, title, op, m})
	}
	return list
}

func (d Delivery) found(s *Server) []candidate {
	var list []candidate
	for _, got := range s.Deliveries() {
		var m misses
		var last http.Header
		if n := len(got.Attempts); n > 0 {
			last = got.Attempts[n-1].Header
		}
		m.call(got.Method, got.Path, d.Method, d.Path)
		m.text("OperationID", got.OperationID, strings.ToLower(d.OperationID))
		m.text("Company", got.Company, d.Company)
		m.text("Mode", got.Mode, d.Mode)
		m.text("URL", got.URL, d.URL)
		m.text("State", string(got.State), string(d.State))
		m.number("Attempts", len(got.Attempts), d.Attempts)
		m.header(last, d.Header)
		m.body(got.Body, d.Body)
		title := fmt.Sprintf("of %s %s, %s after %s", got.Method, got.Path, got.State, plural(len(got.Attempts), "attempt"))
		list = append(list, candidate{taken{got.Company, "notification " + got.NotificationID}, title, got, m})
	}
	return list
}
