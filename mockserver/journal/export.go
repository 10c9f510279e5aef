package journal

import (
	"bufio"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A line is an entry as WriteTo writes it. The order of its fields, and what
// they are called, is part of what stays.
type line struct {
	Number  int64           `json:"n"`
	Time    string          `json:"time"`
	Company string          `json:"company"`
	Kind    Kind            `json:"kind"`
	ID      string          `json:"operation,omitempty"`
	Method  string          `json:"method,omitempty"`
	Path    string          `json:"path,omitempty"`
	Status  int             `json:"status,omitempty"`
	Fault   string          `json:"fault,omitempty"`
	State   operation.State `json:"state,omitempty"`
	Error   string          `json:"error,omitempty"`
	Attempt string          `json:"attempt,omitempty"`
	Point   fault.Point     `json:"point,omitempty"`
	Match   int             `json:"match,omitempty"`
	Move    string          `json:"move,omitempty"`
	To      string          `json:"to,omitempty"`
	Rate    float64         `json:"rate,omitempty"`
	Header  []string        `json:"header,omitempty"`
	Body    *wireBody       `json:"body,omitempty"`
	Until   string          `json:"until,omitempty"`
}

// wireBody is a body as text: bytes that are no UTF-8 are replaced.
type wireBody string

// WriteTo writes the journal as JSON, a line for each entry, in a form that can
// be compared: entries are numbered within their company, headers are sorted,
// times are in UTC, and credentials are left out. With a seed, a manual clock
// that starts at a fixed time, and the same calls in the same order, two runs
// write the same bytes; addresses in it are as they were.
func (j *Journal) WriteTo(w io.Writer) (int64, error) {
	out := &countingWriter{w: w}
	buf := bufio.NewWriter(out)
	for _, e := range j.Entries() {
		_, _ = buf.Write(append(wire.JSON(e.line()), '\n')) // Flush tells
	}
	err := buf.Flush()
	return out.n, err
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func (e *Entry) line() line {
	l := line{Number: e.Number, Time: utc(e.Time), Company: e.Company, Kind: e.Kind, ID: e.OperationID}
	switch {
	case e.Request != nil:
		r := e.Request
		l.Method, l.Path, l.Status, l.Fault = r.Method, r.Path, r.StatusCode, r.Fault
		l.Header = sortedHeader(r.Header)
		if len(r.Body) > 0 {
			text := wireBody(r.Body)
			l.Body = &text
		}
	case e.Operation != nil:
		op := e.Operation
		l.Method, l.Path, l.Status, l.State, l.Error = op.Method, op.Path, op.StatusCode, op.State, op.ErrorMessage
	case e.Attempt != nil:
		a := e.Attempt
		l.Status, l.Error, l.Header = a.StatusCode, a.Error, sortedHeader(a.Header)
		if !a.Ended.IsZero() {
			l.Until = utc(a.Ended)
		}
		switch {
		case a.Started.IsZero():
			l.Attempt = "dropped"
		case a.Duplicate:
			l.Attempt = "duplicate"
		case a.Replayed:
			l.Attempt = "replay"
		}
	case e.Hit != nil:
		h := e.Hit
		l.Method, l.Path, l.Fault, l.Point, l.Match = h.Method, h.Path, h.Rule, h.Point, h.Match
	case e.Move != nil:
		l.Move, l.Rate = e.Move.Action, e.Move.Rate
		if !e.Move.To.IsZero() {
			l.To = utc(e.Move.To)
		}
	}
	return l
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// sortedHeader lists a header's lines without what could be a credential.
func sortedHeader(h http.Header) []string {
	var list []string
	for name, values := range h {
		for _, v := range values {
			switch strings.ToLower(name) {
			case "authorization", "cookie", "proxy-authorization":
				v = "..."
			}
			list = append(list, name+": "+v)
		}
	}
	slices.Sort(list)
	return list
}
