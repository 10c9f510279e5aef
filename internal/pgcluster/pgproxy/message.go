package pgproxy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

const (
	headerSize = 5       // a kind, and the length of what follows, itself included
	largest    = 1 << 30 // no message is longer
	// inspected is how much of a message is looked at: all of those that say
	// COMMIT, the names in others.
	inspected = 4096
)

// Kinds of messages from the client. Some stand for others from the server.
const (
	kindBind    = 'B'
	kindClose   = 'C'
	kindExecute = 'E'
	kindParse   = 'P'
	kindQuery   = 'Q'
	kindSync    = 'S'
)

// Kinds of messages from the server.
const (
	kindNotification = 'A'
	kindComplete     = 'C'
	kindError        = 'E'
)

// syncMessage ends a series of messages of the extended protocol.
const syncMessage = "S\x00\x00\x00\x04"

// message is one that comes next, and is still to be read.
type message struct {
	kind byte
	size int    // with its header
	text []byte // the first bytes after the header, valid until it is read
}

// next waits for a message.
func next(r *bufio.Reader) (message, error) {
	head, err := r.Peek(headerSize)
	if err != nil {
		return message{}, err
	}
	m := message{kind: head[0]}
	length := binary.BigEndian.Uint32(head[1:])
	if length < 4 || length > largest {
		return message{}, fmt.Errorf("a message %q of length %d", m.kind, length)
	}
	m.size = 1 + int(length)
	head, err = r.Peek(min(m.size, inspected))
	if err != nil {
		return message{}, err
	}
	m.text = head[headerSize:]
	return m, nil
}

// whole reports whether the text is that of the whole message.
func (m message) whole() bool { return len(m.text) == m.size-headerSize }

// Requests that a client begins with, instead of a version of the protocol.
const (
	requestCancel = 1234<<16 | 5678
	requestTLS    = 1234<<16 | 5679
	requestGSS    = 1234<<16 | 5680
)

// opening waits for what a client begins with: its size, and its version or
// request.
func opening(r *bufio.Reader) (size int, code uint32, err error) {
	head, err := r.Peek(8)
	if err != nil {
		return 0, 0, err
	}
	length := binary.BigEndian.Uint32(head)
	if length < 8 || length > 10_000 { // as the server has it
		return 0, 0, fmt.Errorf("an opening of length %d", length)
	}
	return int(length), binary.BigEndian.Uint32(head[4:]), nil
}

// pass copies what comes next.
func pass(w *bufio.Writer, r *bufio.Reader, size int) error {
	if size > r.Buffered() {
		_, err := io.CopyN(w, r, int64(size))
		return err
	}
	b, err := r.Peek(size)
	if err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	_, err = r.Discard(size)
	return err
}

// cutString takes a text that ends with a zero byte off the front.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	text, rest, ok := bytes.Cut(b, []byte{0})
	return string(text), rest, ok
}

// commits knows which of a client's statements and portals are a COMMIT.
type commits struct {
	statements, portals map[string]bool
}

func newCommits() commits {
	return commits{statements: make(map[string]bool), portals: make(map[string]bool)}
}

// sees learns from a message of the client's, and reports whether it has a COMMIT
// carried out.
func (c commits) sees(m message) bool {
	name, rest, _ := cutString(m.text)
	switch m.kind {
	case kindQuery:
		return m.whole() && isCommit(name)
	case kindParse:
		query, _, _ := cutString(rest)
		note(c.statements, name, m.whole() && isCommit(query))
	case kindBind:
		statement, _, _ := cutString(rest)
		note(c.portals, name, c.statements[statement])
	case kindExecute:
		return c.portals[name]
	case kindClose:
		if name, ok := strings.CutPrefix(name, "S"); ok {
			delete(c.statements, name)
		}
	}
	return false
}

// note keeps the names that are true only.
func note(names map[string]bool, name string, is bool) {
	if is {
		names[name] = true
	} else {
		delete(names, name)
	}
}

// isCommit reports whether the last statement of a query is a COMMIT.
func isCommit(query string) bool {
	query = strings.TrimRight(query, "; \t\r\n")
	query = strings.TrimSpace(query[strings.LastIndexByte(query, ';')+1:])
	switch strings.ToUpper(query) {
	case "COMMIT", "COMMIT WORK", "COMMIT TRANSACTION", "END":
		return true
	}
	return false
}

// ends reports whether a message of the server's says what became of a COMMIT.
func ends(m message) bool {
	tag, _, _ := cutString(m.text)
	return m.kind == kindError || m.kind == kindComplete && (tag == "COMMIT" || tag == "ROLLBACK")
}
