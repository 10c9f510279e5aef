package erp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/internal/wire"
)

// ListError says that what should be a page of a list is none.
type ListError struct{ message string }

func (e *ListError) Error() string { return e.message }

func noList(format string, args ...any) error { return &ListError{fmt.Sprintf(format, args...)} }

// Rows reads a page of a list row by row, without holding more than one. It is not
// safe for concurrent use.
type Rows struct {
	// Total is how many rows the whole list has, and MaxPageSize how many the ERP
	// puts on a page at most, as the first row tells in its metadata; 0 where it does
	// not tell.
	Total, MaxPageSize int

	dec      *json.Decoder
	n        int             // rows that were read
	peeked   bool            // row holds the first row, which was not returned yet
	row      json.RawMessage // as it was read last
	err      error           // of reading it
	metadata []byte          // of the first row, as it was written
}

// ReadRows begins to read a page. A *[ListError] names what came in place of a list.
// Other errors are those of encoding/json and of the reader, with
// [io.ErrUnexpectedEOF] for a text that ends in the middle.
func ReadRows(body io.Reader) (*Rows, error) {
	r := &Rows{dec: json.NewDecoder(body)}
	switch start, err := r.dec.Token(); {
	case err == io.EOF:
		return nil, noList("want a list, got nothing")
	case err != nil:
		return nil, fmt.Errorf("want a list: %w", err)
	case start == nil: // null is how some servers write an empty list
		r.err = r.end()
		return r, nil
	case start == json.Delim('{'):
		return nil, noList("want a list, got an object with the fields %s", r.fields())
	case start != json.Delim('['):
		return nil, noList("want a list, got a %s", kindOf(start))
	}
	r.peek()
	return r, nil
}

// peek reads the first row, and what it tells of the list.
func (r *Rows) peek() {
	r.read()
	r.peeked = true
	if r.err != nil {
		return
	}
	var told struct{ Metadata json.RawMessage }
	var counts struct{ TotalCount, MaxPageSize count }
	// What is no such metadata tells nothing.
	if json.Unmarshal(r.row, &told) == nil && json.Unmarshal(told.Metadata, &counts) == nil {
		r.Total, r.MaxPageSize, r.metadata = int(counts.TotalCount), int(counts.MaxPageSize), told.Metadata
	}
}

// Next returns the next row, which is valid until the call after it, or [io.EOF]
// after the last.
func (r *Rows) Next() ([]byte, error) {
	if !r.peeked && r.err == nil {
		r.read()
	}
	r.peeked = false
	if r.err != nil {
		return nil, r.err
	}
	return r.row, nil
}

// Identity returns the parts of the row that Next returned last without its
// metadata, by which the same row is known on another page. They share its memory.
func (r *Rows) Identity() (before, after []byte) {
	if i := bytes.LastIndex(r.row, r.metadata); i >= 0 && r.Total > 0 {
		return r.row[:i], r.row[i+len(r.metadata):]
	}
	return r.row, nil
}

// read reads one row, or the end of the list.
func (r *Rows) read() {
	if !r.dec.More() {
		if _, err := r.dec.Token(); err != nil {
			r.err = r.broken(err)
			return
		}
		r.err = r.end()
		return
	}
	if err := r.dec.Decode(&r.row); err != nil {
		r.err = r.broken(err)
		return
	}
	r.n++
	if r.row[0] != '{' {
		r.err = noList("row %d: want an object, got a %s", r.n, kindOf(first(r.row)))
	}
}

// broken is the error of a list that cannot be read to its end.
func (r *Rows) broken(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("after row %d: %w", r.n, err)
}

// end reads what follows the list, which must be nothing, and returns io.EOF then.
func (r *Rows) end() error {
	switch _, err := r.dec.Token(); {
	case err == io.EOF:
		return io.EOF
	case err != nil:
		return r.broken(err)
	}
	return noList("after row %d: something follows the list", r.n)
}

// fields names the fields of the object that was begun, as far as they are told.
func (r *Rows) fields() string {
	var names []string
	for len(names) < 8 && r.dec.More() {
		name, err := r.dec.Token()
		if err != nil {
			break
		}
		text, _ := name.(string)
		names = append(names, strconv.Quote(wire.Cut(text, 40)))
		value, err := r.dec.Token()
		if _, nested := value.(json.Delim); err != nil || nested && !skip(r.dec) {
			break
		}
	}
	return strings.Join(names, ", ")
}

// first returns the token that a valid JSON text begins with.
func first(text []byte) json.Token {
	token, _ := json.NewDecoder(bytes.NewReader(text)).Token()
	return token
}

func kindOf(token json.Token) string {
	switch token.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case nil:
		return "null"
	}
	return "list"
}

// count takes a number of rows, also where it is quoted; whatever is none is 0.
type count int

func (c *count) UnmarshalJSON(data []byte) error {
	var s scalar
	if err := s.UnmarshalJSON(data); err != nil {
		return err
	}
	n, err := strconv.ParseFloat(string(s), 64)
	if err == nil && n >= 0 && n < 1<<31 { // which NaN is not
		*c = count(n)
	}
	return nil
}
