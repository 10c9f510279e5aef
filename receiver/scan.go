package receiver

import (
	"encoding/json"
	"strings"
)

// scan reads an object of the form that nearly every notification has, in one
// pass: without escapes in its strings, of plain names, and not nested deep.
// The body is UTF-8. It reports false for anything else, valid or not, which
// encoding/json then reads or refuses; what it does read it reads alike.
func scan(body []byte) (d document, ok bool) {
	s := scanner{b: body}
	s.blanks()
	s.object(func(name, value []byte) {
		if at := d.member(name); at != nil {
			*at = value
		}
	}, maxScan)
	s.blanks()
	return d, !s.bad && s.i == len(body)
}

// maxScan is how deep a scanner follows.
const maxScan = 32

// member returns where the value of a name belongs, nil if nowhere.
func (d *document) member(name []byte) *json.RawMessage {
	var at *json.RawMessage
	var is string
	switch len(name) {
	case len("id"):
		at, is = &d.ID, "id"
	case len("data"):
		at, is = &d.Data, "data"
		if name[0]|0x20 == 'b' {
			at, is = &d.Body, "body"
		}
	case len("jobId"):
		at, is = &d.JobID, "jobId"
	case len("payload"):
		at, is = &d.Payload, "payload"
	case len("reference"):
		at, is = &d.Reference, "reference"
	case len("statusCode"):
		at, is = &d.StatusCode, "statusCode"
	case len("referenceId"):
		at, is = &d.ReferenceID, "referenceId"
	case len("stateLocation"):
		at, is = &d.StateLocation, "stateLocation"
	case len("contentLocation"):
		at, is = &d.ContentLocation, "contentLocation"
	}
	if at == nil || !strings.EqualFold(string(name), is) {
		return nil
	}
	return at
}

// scanner stands at a byte of JSON. After anything that it does not expect it
// is bad.
type scanner struct {
	b   []byte
	i   int
	bad bool
}

func (s *scanner) blanks() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return
		}
	}
}

// take reports whether c comes next, and passes it.
func (s *scanner) take(c byte) bool {
	if s.bad || s.i >= len(s.b) || s.b[s.i] != c {
		return false
	}
	s.i++
	return true
}

func (s *scanner) expect(c byte) {
	if !s.take(c) {
		s.bad = true
	}
}

// object calls f, which may be nil, with each member.
func (s *scanner) object(f func(name, value []byte), deep int) {
	s.expect('{')
	s.blanks()
	if s.take('}') {
		return
	}
	for !s.bad {
		from := s.i
		s.str(true)
		to := s.i
		s.blanks()
		s.expect(':')
		s.blanks()
		value := s.i
		s.value(deep - 1)
		if s.bad {
			return
		}
		if f != nil {
			f(s.b[from+1:to-1], s.b[value:s.i:s.i])
		}
		s.blanks()
		if s.take('}') {
			return
		}
		s.expect(',')
		s.blanks()
	}
}

func (s *scanner) value(deep int) {
	if s.bad || s.i >= len(s.b) || deep < 0 {
		s.bad = true
		return
	}
	switch c := s.b[s.i]; c {
	case '"':
		s.str(false)
	case '{':
		s.object(nil, deep)
	case '[':
		s.array(deep)
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		s.number()
	}
}

func (s *scanner) array(deep int) {
	s.expect('[')
	s.blanks()
	if s.take(']') {
		return
	}
	for !s.bad {
		s.value(deep - 1)
		s.blanks()
		if s.take(']') {
			return
		}
		s.expect(',')
		s.blanks()
	}
}

// str passes a string without escapes; a name must also be plain ASCII, since
// some other letters are the same as ASCII ones but for their case.
func (s *scanner) str(name bool) {
	s.expect('"')
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return
		case c < ' ' || c == '\\' || name && c >= 0x80:
			s.bad = true
			return
		}
	}
	s.bad = true
}

func (s *scanner) word(w string) {
	if s.bad = s.bad || !strings.HasPrefix(string(s.b[s.i:min(len(s.b), s.i+len(w))]), w); !s.bad {
		s.i += len(w)
	}
}

func (s *scanner) number() {
	s.take('-')
	if !s.take('0') {
		s.digits()
	}
	if s.take('.') {
		s.digits()
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		s.digits()
	}
}

// digits passes at least one.
func (s *scanner) digits() {
	from := s.i
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
	}
	s.bad = s.bad || s.i == from
}
