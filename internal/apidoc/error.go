package apidoc

import (
	"fmt"
	"strings"
)

// Error is a fault of a document, and where it is.
type Error struct {
	File         string // as it was named to [Parse]; may be empty
	Line, Column int    // from 1; 0 if they are not known
	Pointer      string // JSON pointer of the value; may be empty
	Msg          string
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ":")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "%d:", e.Line)
		if e.Column > 0 {
			fmt.Fprintf(&b, "%d:", e.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(e.Msg)
	if e.Pointer != "" {
		fmt.Fprintf(&b, " (at %s)", shorten(e.Pointer))
	}
	return b.String()
}

// Errorf returns an [*Error] at the place of n, which may be nil.
func (n *Node) Errorf(format string, args ...any) error {
	e := &Error{Msg: fmt.Sprintf(format, args...)}
	if n != nil {
		e.Line, e.Column = int(n.Line), int(n.Column)
		if n.file != nil {
			e.File = n.file.name
		}
	}
	return e
}

// Place returns where n stands, as "file:line:column".
func (n *Node) Place() string {
	if n == nil || n.Line == 0 {
		return ""
	}
	at := fmt.Sprintf("%d:%d", n.Line, n.Column)
	if n.file != nil && n.file.name != "" {
		return n.file.name + ":" + at
	}
	return at
}

// shorten cuts the middle out of a text that nobody would read.
func shorten(text string) string {
	const most = 400
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most/2], "") + "…" + strings.ToValidUTF8(text[len(text)-most/2:], "")
}
