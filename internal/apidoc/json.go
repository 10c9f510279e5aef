package apidoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// jsonReader reads JSON token by token. It knows where each begins, because
// nothing but blanks, commas and colons stands between two of them.
type jsonReader struct {
	*reader
	dec    *json.Decoder
	ended  bool // the root has been read
	at     int  // the byte that line and column belong to
	line   int
	column int
}

func (r *reader) json() (*Node, error) {
	j := &jsonReader{reader: r, dec: json.NewDecoder(bytes.NewReader(r.text)), line: 1, column: 1}
	j.dec.UseNumber()
	tok, err := j.next()
	if err != nil {
		return nil, err
	}
	root, err := j.value(tok)
	if err != nil {
		return nil, err
	}
	j.ended = true
	if _, err := j.next(); !errors.Is(err, io.EOF) {
		return nil, notJSON{r.errorAt(j.line, j.column, "JSON: there is more behind the end of the document")}
	}
	r.file.root = root
	return root, nil
}

// next returns the next token, and moves to its begin.
func (j *jsonReader) next() (json.Token, error) {
	j.move(int(j.dec.InputOffset()))
	for j.at < len(j.text) && bytes.IndexByte([]byte(" \t\r\n,:"), j.text[j.at]) >= 0 {
		j.move(j.at + 1)
	}
	tok, err := j.dec.Token()
	if err == nil {
		return tok, nil
	}
	if errors.Is(err, io.EOF) && j.ended {
		return nil, io.EOF
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		line, column := j.place(len(j.text))
		return nil, notJSON{j.errorAt(line, column, "JSON: the document ends in the middle")}
	}
	return nil, notJSON{j.errorAt(j.line, j.column, "JSON: %s", err)}
}

// move counts the lines and characters up to a byte.
func (j *jsonReader) move(to int) {
	passed := j.text[j.at:to]
	if lines := bytes.Count(passed, []byte{'\n'}); lines > 0 {
		j.line += lines
		j.column = 1
		passed = passed[1+bytes.LastIndexByte(passed, '\n'):]
	}
	j.column += utf8.RuneCount(passed)
	j.at = to
}

func (j *jsonReader) value(tok json.Token) (*Node, error) {
	n, err := j.node(Null, j.line, j.column)
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case string:
		n.Kind, n.Text = String, tok
	case json.Number:
		n.Kind, n.Text = Number, tok.String()
	case bool:
		n.Kind, n.Text = Bool, strconv.FormatBool(tok)
	case json.Delim:
		if tok == '[' {
			n.Kind = Array
			return n, j.array(n)
		}
		n.Kind = Object
		return n, j.object(n)
	}
	return n, nil
}

func (j *jsonReader) array(n *Node) error {
	for {
		tok, err := j.next()
		if err != nil {
			return err
		}
		if tok == json.Delim(']') {
			return nil
		}
		if err := j.enter(strconv.Itoa(len(n.Items)), j.line, j.column); err != nil {
			return err
		}
		item, err := j.value(tok)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
		j.leave()
	}
}

func (j *jsonReader) object(n *Node) error {
	var lines []int
	for {
		tok, err := j.next()
		if err != nil {
			return err
		}
		if tok == json.Delim('}') {
			return nil
		}
		key := tok.(string) // the decoder lets nothing else stand here
		if before := n.find(key); before >= 0 {
			return j.twice(key, j.line, j.column, lines[before])
		}
		lines = append(lines, j.line)
		if err := j.enter(key, j.line, j.column); err != nil {
			return err
		}
		if tok, err = j.next(); err != nil {
			return err
		}
		item, err := j.value(tok)
		if err != nil {
			return err
		}
		j.add(n, key, item)
		j.leave()
	}
}
