package cassette

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/vismanet-go/background/internal/spell"
	"github.com/vismanet-go/background/mockserver/internal/check"
)

// Version is that of the files that this package reads and writes.
const Version = 1

// An Error is what is wrong with a cassette, and where.
type Error struct {
	File         string
	Line, Column int // from 1; a Column of 0 is the whole line
	Text         string
}

// Error names the place and what is wrong there.
func (e *Error) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// A tape is what a file holds.
type tape struct {
	root    string
	entries []*Entry
}

// A document is one part of a file.
type document struct {
	line   int // of its first line, from 1
	text   []byte
	closed bool // by the line "..."
	end    int  // where it ends in the file
}

// split cuts a file into its documents. Those without anything in them are left
// out.
func split(data []byte) []document {
	var list []document
	now := document{line: 1}
	start, line, pos := 0, 0, 0
	flush := func(until, end int, closed bool) {
		now.text, now.end, now.closed = data[start:until], end, closed
		if hasContent(now.text) {
			list = append(list, now)
		} else if closed && len(list) > 0 {
			list[len(list)-1].end = end
		}
	}
	for pos < len(data) {
		line++
		next := len(data)
		if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
			next = pos + i + 1
		}
		ended := data[next-1] == '\n'
		switch mark := string(bytes.TrimRight(data[pos:next], " \t\r\n")); {
		case mark == "---" && ended:
			flush(pos, pos, false)
			start, now = next, document{line: line + 1}
		case mark == "..." && ended:
			flush(pos, next, true)
			start, now = next, document{line: line + 1}
		}
		pos = next
	}
	flush(len(data), len(data), false)
	return list
}

// hasContent reports whether a text has more than blanks and comments.
func hasContent(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return true
		}
	}
	return false
}

// parse reads a file; name is for errors, which are [*Error].
func parse(name string, data []byte) (*tape, error) {
	docs := split(data)
	if len(docs) == 0 {
		return nil, &Error{File: name, Line: 1, Text: "there is nothing in it: want a cassette, which begins with \"cassette: 1\""}
	}
	t := &tape{}
	for i, doc := range docs {
		r := &reader{file: name, first: doc.line, lines: bytes.Count(doc.text, []byte("\n"))}
		if !doc.closed {
			return nil, r.wrong(nil, "this document is not whole: a process was killed while it wrote it. Delete it, or end it with the line \"...\" if it is whole")
		}
		root, err := r.root(doc.text)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			t.root, err = r.head(root)
		} else {
			var e *Entry
			if e, err = r.entry(root); err == nil {
				t.entries = append(t.entries, e)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// A reader reads one document.
type reader struct {
	file  string
	first int // line of the file in which the document begins
	lines int // of the document
}

// line is that of the file in which a line of the document is, which counts from 1.
// The parser also counts carriage returns.
func (r *reader) line(n int) int { return r.first + min(max(n, 1)-1, r.lines) }

// wrong is an error at a node; at the document's beginning if that is nil.
func (r *reader) wrong(at ast.Node, format string, args ...any) error {
	e := &Error{File: r.file, Line: r.first, Text: fmt.Sprintf(format, args...)}
	if at != nil && at.GetToken() != nil && at.GetToken().Position != nil {
		e.Line, e.Column = r.line(at.GetToken().Position.Line), at.GetToken().Position.Column
	}
	return e
}

// root is the mapping that a document is.
func (r *reader) root(text []byte) (*ast.MappingNode, error) {
	if at := tooDeep(text); at >= 0 {
		return nil, &Error{File: r.file, Line: r.first + at, Text: "is nested deeper than a cassette may be"}
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var wrong yaml.Error
		if errors.As(err, &wrong) && wrong.GetToken() != nil && wrong.GetToken().Position != nil {
			at := wrong.GetToken().Position
			return nil, &Error{File: r.file, Line: r.line(at.Line), Column: at.Column, Text: wrong.GetMessage()}
		}
		return nil, r.wrong(nil, "%s", firstLine(err.Error()))
	}
	if len(file.Docs) != 1 {
		return nil, r.wrong(nil, "want one document between the lines \"---\" and \"...\", not %d", len(file.Docs))
	}
	return r.mapping("the document", file.Docs[0].Body)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func (r *reader) mapping(what string, n ast.Node) (*ast.MappingNode, error) {
	if m, ok := n.(*ast.MappingNode); ok {
		return m, nil
	}
	return nil, r.wrong(n, "%s: want names and values, such as \"method: GET\"", what)
}

// fields calls what is there for the name of each field of a mapping.
func (r *reader) fields(m *ast.MappingNode, known map[string]func(ast.Node) error) error {
	seen := make(map[string]bool)
	for _, pair := range m.Values {
		name, err := r.scalar("a name", pair.Key)
		if err != nil {
			return err
		}
		set := known[name]
		if set == nil {
			names := make([]string, 0, len(known))
			for k := range known {
				names = append(names, k)
			}
			return r.wrong(pair.Key, "there is no field %q%s", name, spell.Hint(name, names))
		}
		if seen[name] {
			return r.wrong(pair.Key, "%s: is there twice", name)
		}
		seen[name] = true
		if err := set(pair.Value); err != nil {
			return err
		}
	}
	return nil
}

// scalar is a text, as it is written: 007 and 1.0 keep their zeros.
func (r *reader) scalar(what string, n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	case *ast.NullNode:
		return "", nil
	}
	return "", r.wrong(n, "%s: want a text", what)
}

// text returns what sets a field to a text.
func (r *reader) text(what string, to *string) func(ast.Node) error {
	return func(n ast.Node) (err error) {
		*to, err = r.scalar(what, n)
		return err
	}
}

// head reads the first document, and returns the root of URLs.
func (r *reader) head(m *ast.MappingNode) (root string, err error) {
	var version string
	err = r.fields(m, map[string]func(ast.Node) error{"cassette": r.text("cassette", &version), "root": r.text("root", &root)})
	switch {
	case err != nil:
		return "", err
	case version == "":
		return "", r.wrong(m, "want a document that tells the version first: \"cassette: 1\"")
	case version != strconv.Itoa(Version):
		return "", r.wrong(m, "cassette: version %s is not known here, want %d", version, Version)
	}
	if err := check.Root("root", root); err != nil {
		return "", r.wrong(m, "%v", err)
	}
	return strings.TrimRight(root, "/"), nil
}

// entry reads a call.
func (r *reader) entry(m *ast.MappingNode) (*Entry, error) {
	e := &Entry{Status: http.StatusOK, Line: r.first}
	var status string
	err := r.fields(m, map[string]func(ast.Node) error{
		"request": r.message("request", &e.RequestHeader, &e.RequestBody, map[string]func(ast.Node) error{
			"method": r.text("method", &e.Method), "url": r.text("url", &e.URL),
		}),
		"response": r.message("response", &e.Header, &e.Body, map[string]func(ast.Node) error{"status": func(n ast.Node) (err error) {
			if status, err = r.scalar("status", n); err == nil {
				if e.Status, err = strconv.Atoi(status); err != nil || e.Status < 200 || e.Status > 599 {
					err = r.wrong(n, "status %q: want a number from 200 to 599", status)
				}
			}
			return err
		}}),
	})
	switch {
	case err != nil:
		return nil, err
	case !check.IsToken(e.Method):
		return nil, r.wrong(m, "request.method %q: want a method, such as GET", e.Method)
	}
	if err := checkURL(e.URL); err != nil {
		return nil, r.wrong(m, "request.url %q: %v", e.URL, err)
	}
	e.Method = strings.ToUpper(e.Method)
	return e, nil
}

// message returns what reads a request or a response: its own fields, headers and
// a body.
func (r *reader) message(what string, header *http.Header, body *[]byte, own map[string]func(ast.Node) error) func(ast.Node) error {
	twice := false
	own["headers"] = func(n ast.Node) (err error) {
		*header, err = r.header(n)
		return err
	}
	own["body"] = func(n ast.Node) error {
		text, err := r.scalar("body", n)
		if twice {
			return r.wrong(n, "%s: want either body or bodyBase64, not both", what)
		}
		twice, *body = true, bytesOf(text)
		return err
	}
	own["bodyBase64"] = func(n ast.Node) error {
		text, err := r.scalar("bodyBase64", n)
		if err != nil {
			return err
		}
		if twice {
			return r.wrong(n, "%s: want either body or bodyBase64, not both", what)
		}
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return r.wrong(n, "bodyBase64: %v", err)
		}
		twice, *body = true, bytesOf(string(data))
		return nil
	}
	return func(n ast.Node) error {
		if _, null := n.(*ast.NullNode); null {
			return nil
		}
		m, err := r.mapping(what, n)
		if err != nil {
			return err
		}
		return r.fields(m, own)
	}
}

// bytesOf is a body, nil if there is none.
func bytesOf(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}

// header reads header fields, each with a value or a list of them.
func (r *reader) header(n ast.Node) (http.Header, error) {
	if _, null := n.(*ast.NullNode); null {
		return nil, nil
	}
	m, err := r.mapping("headers", n)
	if err != nil {
		return nil, err
	}
	h := make(http.Header, len(m.Values))
	for _, pair := range m.Values {
		name, err := r.scalar("a header's name", pair.Key)
		if err != nil {
			return nil, err
		}
		if !check.IsToken(name) {
			return nil, r.wrong(pair.Key, "headers: %q is no name of a header", name)
		}
		nodes := []ast.Node{pair.Value}
		if list, ok := pair.Value.(*ast.SequenceNode); ok {
			nodes = list.Values
		}
		for _, one := range nodes {
			value, err := r.scalar("header "+name, one)
			if err != nil {
				return nil, err
			}
			if strings.ContainsAny(value, "\r\n\x00") {
				return nil, r.wrong(one, "header %s: a value has one line", name)
			}
			h[http.CanonicalHeaderKey(name)] = append(h[http.CanonicalHeaderKey(name)], value)
		}
	}
	if len(h) == 0 {
		return nil, nil
	}
	return h, nil
}
