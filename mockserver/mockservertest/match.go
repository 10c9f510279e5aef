package mockservertest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A Request says which requests to the mock are meant.
type Request struct {
	Company string
	Method  string

	// Path is below the API root and without the query. Case does not matter;
	// "{number}" stands for any one segment, "{rest...}" for all that follow.
	// Polls of operations and calls for a token fit only if Path names them.
	Path string

	Query  map[string]string // parameters it has, among others
	Header map[string]string // headers it has, among others

	// Background is the value of its erp-api-background header.
	Background string

	// Body is what its body holds: a JSON text, or a value that is encoded. Of an
	// object it names some fields, and of objects in it too; of an array it names
	// all elements. A string that is no JSON is the whole body.
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
	State      operation.State
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

	// State is the wanted state; empty means Delivered.
	State operation.DeliveryState

	Attempts int               // how many were made
	Header   map[string]string // headers of the last attempt, among others
	Body     any               // as in [Request]

	Within time.Duration // how long to wait for it
}

// A Matcher is a [Request], an [Operation] or a [Delivery].
type Matcher interface {
	// found holds everything of the kind against the matcher.
	found(s *Server) []match.Candidate
	kind() string
}

func (Request) kind() string   { return "request" }
func (Operation) kind() string { return "operation" }
func (Delivery) kind() string  { return "notification" }

func (q Request) found(s *Server) []match.Candidate {
	want := match.Request{
		Company: q.Company, Method: q.Method, Path: q.Path, Query: q.Query, Header: q.Header, Background: q.Background, Body: q.Body, StatusCode: q.StatusCode,
	}
	var list []match.Candidate
	for _, entry := range s.Journal().Select(journal.Filter{Kind: journal.KindRequest}).Entries() {
		r := *entry.Request
		got := match.Received{
			Company: r.Company, Method: r.Method, Path: r.Path, Header: r.Header, Background: r.Background, Body: r.Body, StatusCode: r.StatusCode,
		}
		if want.Concerns(got) {
			list = append(list, match.Candidate{
				Company: r.Company, Key: fmt.Sprint("request ", entry.Seq), Title: got.Title(), Value: r, Misses: want.Misses(got),
			})
		}
	}
	return list
}

func (o Operation) found(s *Server) []match.Candidate {
	var list []match.Candidate
	for _, op := range s.Operations() {
		var m match.Misses
		m.Call(op.Method, op.Path, o.Method, o.Path)
		m.Text("ID", op.ID, strings.ToLower(o.ID))
		m.Text("Company", op.Company, o.Company)
		m.Text("State", string(op.State), string(o.State))
		m.Number("StatusCode", op.StatusCode, o.StatusCode)
		title := fmt.Sprintf("%s %s, %s", op.Method, op.Path, op.State)
		if op.StatusCode != 0 {
			title += " " + strconv.Itoa(op.StatusCode)
		}
		list = append(list, match.Candidate{Company: op.Company, Key: "operation " + op.ID, Title: title, Value: op, Misses: m})
	}
	return list
}

func (d Delivery) found(s *Server) []match.Candidate {
	var list []match.Candidate
	for _, got := range s.Deliveries() {
		var m match.Misses
		var last http.Header
		if n := len(got.Attempts); n > 0 {
			last = got.Attempts[n-1].Header
		}
		m.Call(got.Method, got.Path, d.Method, d.Path)
		m.Text("OperationID", got.OperationID, strings.ToLower(d.OperationID))
		m.Text("Company", got.Company, d.Company)
		m.Text("Mode", got.Mode, d.Mode)
		m.Text("URL", got.URL, d.URL)
		m.Text("State", string(got.State), string(d.State))
		m.Number("Attempts", len(got.Attempts), d.Attempts)
		m.Header(last, d.Header)
		m.Body(got.Body, d.Body)
		title := fmt.Sprintf("of %s %s, %s after %s", got.Method, got.Path, got.State, match.Plural(len(got.Attempts), "attempt"))
		list = append(list, match.Candidate{Company: got.Company, Key: "notification " + got.NotificationID, Title: title, Value: got, Misses: m})
	}
	return list
}
