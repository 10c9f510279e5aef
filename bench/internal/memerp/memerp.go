// Package memerp is an ERP without a socket: an http.RoundTripper that takes
// background calls, tells their state and hands out their answers, and does
// little else, so that what is measured is its caller. By the path it speaks
// the wire of the ERP, of Azure's long-running operations, or of Google's.
package memerp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Base is the address of the ERP, whose host nobody dials.
const (
	Host = "erp.test"
	Base = "https://" + Host
)

// Prefixes of paths that choose a wire; without one it is that of the ERP.
const (
	Azure  = "/azure"
	Google = "/v1/operations/"
)

// Content is the answer of every operation.
var Content = []byte(`{"invoiceNumber":"300142","customer":{"number":"10045","name":"Fjord Sykler AS"},"documentDate":"2026-09-01T00:00:00",` +
	`"amount":1250.5,"currencyId":"NOK","status":"Balanced","invoiceLines":[{"lineNumber":1,"inventoryNumber":"SYK-01","quantity":2,"amount":1000.5},` +
	`{"lineNumber":2,"inventoryNumber":"SYK-02","quantity":1,"amount":250}]}`)

// An Invoice is what callers read out of [Content].
type Invoice struct {
	InvoiceNumber string `json:"invoiceNumber"`
	Customer      struct {
		Number string `json:"number"`
		Name   string `json:"name"`
	} `json:"customer"`
	Amount       float64 `json:"amount"`
	InvoiceLines []struct {
		LineNumber      int     `json:"lineNumber"`
		InventoryNumber string  `json:"inventoryNumber"`
		Amount          float64 `json:"amount"`
	} `json:"invoiceLines"`
}

// A Server is the ERP. Set its fields before the first call.
type Server struct {
	Runs    func(n int) time.Duration // how long the n-th operation takes, from 0; nil: no time
	Running int                       // how many polls of an operation find that it has not ended, at least
	Keep    bool                      // an operation stays when its content was read
	Limit   int                       // calls in a window of an hour that begins with the server; 0: no limit, and no headers about it
	// Accepted, if set, is called with each operation that was accepted.
	Accepted func(Operation)
	// Called, if set, is called for each call with the path and the answer's status.
	Called func(path string, status int)

	mu     sync.Mutex
	begun  time.Time
	ops    map[string]*Operation
	window Window
	past   []Window
	tally  Tally
}

type indexKey struct{}

// WithIndex returns a context whose submit makes the n-th operation, whichever
// arrives first.
func WithIndex(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, indexKey{}, n)
}

// An Operation is one that was accepted.
type Operation struct {
	N     int
	ID    string
	Begun time.Time
	End   time.Time
	polls int
}

// A Window is one hour of the limit.
type Window struct {
	Calls   int // answered
	Refused int // with a 429
}

// A Tally counts the calls that were answered.
type Tally struct {
	Submits, Polls, Contents int
	Refused                  int // with a 429
	Twice                    int // submits that made an operation which was there already
}

// Calls are all that were answered but not refused.
func (t Tally) Calls() int { return t.Submits + t.Polls + t.Contents }

// Tally returns what was called so far, and the windows of the limit.
func (s *Server) Tally() (Tally, []Window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tally, append(append([]Window(nil), s.past...), s.window)
}

// Left is how many calls the present window still has.
func (s *Server) Left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(time.Now())
	return s.Limit - s.window.Calls
}

// Get returns an operation by its id.
func (s *Server) Get(id string) (Operation, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	op := s.ops[id]
	if op == nil {
		return Operation{}, false
	}
	return *op, true
}

// Do is RoundTrip, as azcore wants it of a transport.
func (s *Server) Do(req *http.Request) (*http.Response, error) { return s.RoundTrip(req) }

// RoundTrip implements [http.RoundTripper].
func (s *Server) RoundTrip(req *http.Request) (*http.Response, error) { return s.roundTrip(req, 0) }

// Ahead is the server for a caller whose clock is behind the ERP's.
type Ahead struct {
	*Server
	By time.Duration // negative: the caller's clock is ahead
}

// RoundTrip implements [http.RoundTripper].
func (a Ahead) RoundTrip(req *http.Request) (*http.Response, error) {
	return a.Server.roundTrip(req, a.By)
}

func (s *Server) roundTrip(req *http.Request, ahead time.Duration) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	path, azure := strings.CutPrefix(req.URL.Path, Azure)
	resp := s.answer(req, path, azure, ahead)
	resp.Request = req
	if s.Called != nil {
		s.Called(path, resp.StatusCode)
	}
	return resp, nil
}

func (s *Server) answer(req *http.Request, path string, azure bool, ahead time.Duration) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	header := make(http.Header)
	if s.Limit > 0 {
		header.Set("Date", now.Add(ahead).UTC().Format(http.TimeFormat))
		end := s.turn(now)
		seconds := strconv.Itoa(int((end.Sub(now) + time.Second - 1) / time.Second))
		over := s.window.Calls >= s.Limit
		if over {
			s.window.Refused++
			s.tally.Refused++
			header.Set("Retry-After", seconds)
		} else {
			s.window.Calls++
		}
		header.Set("X-RateLimit-Limit", strconv.Itoa(s.Limit))
		header.Set("X-RateLimit-Remaining", strconv.Itoa(s.Limit-s.window.Calls))
		header.Set("X-RateLimit-Reset", seconds)
		header.Set("X-RateLimit-Policy", "4-fixed-window")
		if over {
			return answer(http.StatusTooManyRequests, header, []byte(`{"statusCode":429,"message":"Rate limit is exceeded."}`))
		}
	}
	if req.Method != http.MethodGet {
		return s.accept(req, now, header, azure)
	}
	id, google := strings.CutPrefix(path, Google)
	if !google {
		id = strings.TrimPrefix(path, "/v1/background/")
	}
	id, content := strings.CutSuffix(id, "/content")
	op := s.ops[id]
	if op == nil {
		return answer(http.StatusNotFound, header, []byte(`{"message":"no such operation"}`))
	}
	if content {
		s.tally.Contents++
		if !s.Keep {
			delete(s.ops, id)
		}
		return answer(http.StatusOK, header, Content)
	}
	s.tally.Polls++
	op.polls++
	ended := op.polls > s.Running && !now.Before(op.End)
	return answer(http.StatusOK, header, state(op, ended, azure, google, ahead))
}

// turn begins the window that now is in, and returns its end.
func (s *Server) turn(now time.Time) time.Time {
	if s.begun.IsZero() {
		s.begun = now
	}
	n := int(now.Sub(s.begun) / time.Hour)
	for len(s.past) < n {
		s.past, s.window = append(s.past, s.window), Window{}
	}
	return s.begun.Add(time.Duration(n+1) * time.Hour)
}

func (s *Server) accept(req *http.Request, now time.Time, header http.Header, azure bool) *http.Response {
	if s.ops == nil {
		s.ops = make(map[string]*Operation)
	}
	n, chosen := req.Context().Value(indexKey{}).(int)
	if !chosen {
		n = s.tally.Submits
	}
	s.tally.Submits++
	op := &Operation{N: n, ID: ID(n), Begun: now, End: now}
	if s.Runs != nil {
		op.End = now.Add(s.Runs(n))
	}
	if s.ops[op.ID] != nil {
		s.tally.Twice++
	}
	s.ops[op.ID] = op
	if s.Accepted != nil {
		s.Accepted(*op)
	}
	if azure {
		state := Base + Azure + "/v1/background/" + op.ID
		header["Operation-Location"] = []string{state}
		header["Location"] = []string{state + "/content"}
	}
	body := make([]byte, 0, 256)
	body = append(append(body, `{"id":"`...), op.ID...)
	body = append(append(body, `","stateLocation":"`+Base+`/v1/background/`...), op.ID...)
	return answer(http.StatusAccepted, header, append(body, `"}`...))
}

// ID is that of the n-th operation.
func ID(n int) string {
	const zeros = "2f6f0a57-3c43-4d0e-9d0b-000000000000"
	hex := strconv.FormatInt(int64(n), 16)
	return zeros[:len(zeros)-len(hex)] + hex
}

// state writes the state document, with the least work: that of the server is
// part of what is measured.
func state(op *Operation, ended, azure, google bool, ahead time.Duration) []byte {
	const utc = "2006-01-02T15:04:05.0000000Z"
	received, finished := op.Begun.Add(ahead).UTC(), op.End.Add(ahead).UTC()
	status := "Started"
	switch {
	case azure && ended:
		status = "Succeeded"
	case azure:
		status = "InProgress"
	case ended:
		status = "Finished"
	}
	b := make([]byte, 0, 640)
	b = append(append(append(append(b, `{"id":"`...), op.ID...), `","status":"`...), status...)
	b = received.AppendFormat(append(b, `","receivedUtc":"`...), utc)
	b = received.AppendFormat(append(b, `","startedUtc":"`...), utc)
	if ended {
		b = finished.AppendFormat(append(b, `","statusCode":201,"hasResponseContent":true,"finishedUtc":"`...), utc)
		b = append(b, '"')
	} else {
		b = append(b, `","statusCode":0,"hasResponseContent":false,"finishedUtc":null`...)
	}
	b = append(append(b, `,"originalUri":"`+Base+`/v2/customerinvoice","contentLocation":"`+Base+`/v1/background/`...), op.ID...)
	b = append(b, `/content","responseHeaders":{}`...)
	if google {
		b = append(append(append(b, `,"name":"operations/`...), op.ID...), '"')
	}
	if google && ended {
		b = append(b, `,"done":true,"response":{"@type":"type.googleapis.com/google.protobuf.Empty","value":{}}`...)
	}
	return append(b, '}')
}

var texts = map[int]string{200: "200 OK", 202: "202 Accepted", 404: "404 Not Found", 429: "429 Too Many Requests"}

var typeJSON = []string{"application/json; charset=utf-8"}

func answer(status int, header http.Header, body []byte) *http.Response {
	header["Content-Type"] = typeJSON
	return &http.Response{
		Status: texts[status], StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}
