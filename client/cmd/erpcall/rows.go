package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/cli"
)

// A row is a request of a batch, as the file has it.
type row struct {
	Key      string            `json:"key,omitempty"`
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Body     json.RawMessage   `json:"body,omitempty"`
	Header   map[string]string `json:"header,omitempty"`
	IfMatch  string            `json:"ifMatch,omitempty"`
	Verify   string            `json:"verify,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Why      string            `json:"why,omitempty"` // it was refused, in a file of such rows

	number int    // from 1
	family string // what the keys of equal rows begin with; empty: it has one of its own
}

// body is the body as it is sent.
func (r *row) body() []byte {
	if len(r.Body) == 0 {
		return nil
	}
	return r.Body
}

// sent is what a row says, apart from where it stands and what became of it.
func (r *row) sent() []byte {
	plain := *r
	plain.Why, plain.Key = "", ""
	text, _ := json.Marshal(plain) // texts and JSON cannot fail
	return text
}

// request is what is sent for a row.
func (r *row) request() *request {
	h := make(http.Header)
	for name, value := range r.Header {
		h.Set(name, value)
	}
	if r.IfMatch != "" {
		h.Set("If-Match", r.IfMatch)
	}
	return &request{method: r.Method, path: r.Path, header: h, body: r.body()}
}

// A rowFile reads rows.
type rowFile struct {
	name         string
	run          string // makes the same rows new work
	method, path string // of each row; empty: the rows have theirs
}

// setEach sets what each row is the body of.
func (f *rowFile) setEach(each string) error {
	if each == "" {
		return nil
	}
	method, path, _ := strings.Cut(each, " ")
	f.method, f.path = method, strings.TrimSpace(path)
	if err := checkCall(f.method, f.path); err != nil {
		return fmt.Errorf("--each: %w", err)
	}
	return nil
}

// maxRow is how long a line may be.
const maxRow = 64 << 20

// check reads the whole file and returns how many rows it has. The error names the
// line and the field of what is wrong.
func (f *rowFile) check() (n int, err error) {
	if f.name == "-" {
		return 0, cli.Usagef("FILE: want a file, which can be read again to go on; save the standard input in one")
	}
	keys := make(map[string]int)
	err = f.eachRow(1, func(r *row) error {
		if first, twice := keys[r.Key]; twice {
			return cli.Usagef("%s: row %d: key %q: row %d has it as well", f.name, r.number, r.Key, first)
		}
		keys[r.Key] = r.number
		n++
		return nil
	})
	return n, err
}

// checkPaths finds the rows that can never be sent, which would hold up those behind
// them.
func (f *rowFile) checkPaths(origin erp.Origin) error {
	return f.eachRow(1, func(r *row) error {
		u, err := url.Parse(r.Path)
		if err == nil {
			_, err = origin.Background(u)
		}
		if err != nil {
			return cli.Usagef("%s: row %d: path: %w", f.name, r.number, err)
		}
		return nil
	})
}

// errStop ends the reading of rows, and is no error.
var errStop = errors.New("no more rows are wanted")

// eachRow calls yield for each row from the given number on, until that returns an
// error.
func (f *rowFile) eachRow(from int, yield func(*row) error) error {
	file, err := os.Open(f.name)
	if err != nil {
		return cli.Usagef("FILE: %w", err)
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, 64<<10)
	seen := make(map[[16]byte]int) // equal rows
	line, number := 0, 0
	for {
		text, err := readLine(lines)
		if err != nil && err != io.EOF {
			return cli.Usagef("%s:%d: %w", f.name, line+1, err)
		}
		end := err == io.EOF
		line++
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\uFEFF"))
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			number++
			r, err := f.parse(text)
			if err != nil {
				return cli.Usagef("%s:%d: %w", f.name, line, err)
			}
			r.number = number
			f.giveKey(r, seen)
			if number >= from {
				if err := yield(r); err != nil {
					return err
				}
			}
		}
		if end {
			return nil
		}
	}
}

// readLine returns a line of any length up to maxRow, without its end.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, more, err := r.ReadLine()
		line = append(line, part...)
		if err != nil || !more {
			return line, err
		}
		if len(line) > maxRow {
			return nil, fmt.Errorf("the line is longer than %d bytes", maxRow)
		}
	}
}

func (f *rowFile) parse(text []byte) (*row, error) {
	if f.method != "" {
		if !json.Valid(text) {
			var v any
			return nil, fmt.Errorf("no JSON: %w", json.Unmarshal(text, &v))
		}
		return &row{Method: f.method, Path: f.path, Body: compact(text)}, nil
	}
	r := new(row)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(r); err != nil {
		return nil, fmt.Errorf(`%w; want {"method": …, "path": …, "body": …}, or --each 'METHOD PATH' where each line is a body`, err)
	}
	if dec.More() {
		return nil, errors.New("want one JSON object a line")
	}
	if r.Body != nil {
		r.Body = compact(r.Body)
	}
	r.Method = strings.ToUpper(r.Method)
	if err := checkCall(r.Method, r.Path); err != nil {
		return nil, err
	}
	for name, value := range r.Header {
		if err := addHeader(make(http.Header), name+": "+value); err != nil {
			return nil, fmt.Errorf("header %q: %w", name, err)
		}
	}
	if r.Verify != "" && verifiers()[r.Verify].Path == nil {
		return nil, fmt.Errorf("verify %q: want one of %s", r.Verify, strings.Join(verifierNames(), ", "))
	}
	return r, nil
}

// giveKey gives a row the key that it has not got: what it says, and which of the rows
// that say the same it is.
func (f *rowFile) giveKey(r *row, seen map[[16]byte]int) {
	if r.Key != "" {
		return
	}
	plain := *r
	plain.Why, plain.number = "", 0
	// What has the same key is sent as the same bytes, or the client would take it for
	// other work: nothing is escaped that may stand in a body as it is.
	text := sha256.New()
	enc := json.NewEncoder(text)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(struct {
		row
		Run string
	}{plain, f.run}) // texts and JSON cannot fail
	sum := [16]byte(text.Sum(nil))
	seen[sum]++
	r.family = "batch:" + hex.EncodeToString(sum[:]) + ":"
	r.Key = fmt.Sprint(r.family, seen[sum])
}
