package mockservertest

import (
	"time"

	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/internal/wanted"
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
	return wanted.Requests(s.Server, match.Request{
		Company: q.Company, Method: q.Method, Path: q.Path, Query: q.Query, Header: q.Header, Background: q.Background, Body: q.Body, StatusCode: q.StatusCode,
	})
}

func (o Operation) found(s *Server) []match.Candidate {
	return wanted.Operations(s.Server, wanted.Operation{
		ID: o.ID, Company: o.Company, Method: o.Method, Path: o.Path, State: o.State, StatusCode: o.StatusCode,
	})
}

func (d Delivery) found(s *Server) []match.Candidate {
	return wanted.Deliveries(s.Server, wanted.Delivery{
		OperationID: d.OperationID, Company: d.Company, Method: d.Method, Path: d.Path, Mode: d.Mode, URL: d.URL, State: d.State, Attempts: d.Attempts,
		Header: d.Header, Body: d.Body,
	})
}
