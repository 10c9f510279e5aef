package apidoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"

	"go.yaml.in/yaml/v3"
)

// style is how YAML writes a value: a yaml.Style.
type style uint8

// notes are the comments of a value and of the key before it.
type notes struct{ head, line, foot, keyHead, keyLine, keyFoot string }

// note keeps the comments of a node of the library.
func (n *Node) note(from *yaml.Node, key bool) {
	if from.HeadComment == "" && from.LineComment == "" && from.FootComment == "" {
		return
	}
	if n.more == nil {
		n.more = &more{}
	}
	t := &n.more.notes
	if key {
		t.keyHead, t.keyLine, t.keyFoot = from.HeadComment, from.LineComment, from.FootComment
		return
	}
	t.head, t.line, t.foot = joined(from.HeadComment, t.head), joined(t.line, from.LineComment), joined(t.foot, from.FootComment)
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n\n" + b
}

// Move gives n the key, its style and its comments of another value, in whose
// place it is to stand.
func (n *Node) Move(from *Node) {
	n.keyStyle = from.keyStyle
	if from.more == nil {
		return
	}
	if n.more == nil {
		n.more = &more{}
	}
	f := from.more.notes
	n.more.notes.keyHead, n.more.notes.keyLine, n.more.notes.keyFoot = f.keyHead, f.keyLine, f.keyFoot
}

// WriteJSON writes a value as JSON, indented by two blanks, with a line break
// at its end.
func WriteJSON(w io.Writer, n *Node) error {
	var b bytes.Buffer
	appendJSON(&b, n, "\n")
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

func appendJSON(b *bytes.Buffer, n *Node, newline string) {
	switch n.Kind {
	case Null:
		b.WriteString("null")
	case Bool, Number:
		b.WriteString(n.Text)
	case String:
		appendString(b, n.Text)
	case Array, Object:
		open, end := byte('['), byte(']')
		if n.Kind == Object {
			open, end = '{', '}'
		}
		b.WriteByte(open)
		for i, item := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(newline + "  ")
			if n.Kind == Object {
				appendString(b, n.Keys[i])
				b.WriteString(": ")
			}
			appendJSON(b, item, newline+"  ")
		}
		if len(n.Items) > 0 {
			b.WriteString(newline)
		}
		b.WriteByte(end)
	}
}

func appendString(b *bytes.Buffer, text string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string into memory
	b.Truncate(b.Len() - 1)
}

// WriteYAML writes a value as YAML, indented by two blanks. What was read from
// YAML keeps its comments and styles; strings that a reader could take for
// something else are written in quotes. What was written is read again before
// it is given away: where comments or blocks of text would change a value, as
// the library lets some do, the document is written without them.
func WriteYAML(w io.Writer, n *Node) error {
	text, err := encode(n, asRead)
	for manner := asRead + 1; err != nil && manner <= bare; manner++ {
		text, err = encode(n, manner)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// manner is how much of what YAML looked like is kept.
type manner int

const (
	asRead    manner = iota
	noComment        // styles only
	bare             // every string and key in double quotes
)

// encode returns a value as YAML, and an error if that is not read as the same
// value again.
func encode(n *Node, how manner) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(toYAML(n, how)); err != nil {
		return nil, err
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	const most = math.MaxInt32
	again, err := Parse("what was written", b.Bytes(), Limits{Bytes: most, Depth: most, Nodes: most, Aliased: most})
	if err != nil {
		return nil, err
	}
	if !again.Equal(n) {
		return nil, errors.New("apidoc: YAML does not hold this value")
	}
	return b.Bytes(), nil
}

func toYAML(n *Node, how manner) *yaml.Node {
	to := &yaml.Node{Style: yaml.Style(n.style), Value: n.Text}
	if how == asRead && n.more != nil {
		t := n.more.notes
		to.HeadComment, to.LineComment, to.FootComment = t.head, t.line, t.foot
	}
	switch n.Kind {
	case Null:
		to.Kind, to.Tag, to.Value, to.Style = yaml.ScalarNode, "!!null", "null", 0
	case Bool:
		to.Kind, to.Tag, to.Style = yaml.ScalarNode, "!!bool", 0
	case Number:
		to.Kind, to.Style = yaml.ScalarNode, 0
	case String:
		to.Kind, to.Tag = yaml.ScalarNode, "!!str"
		if to.Style = stringStyle(n.Text, to.Style); how == bare {
			to.Style = yaml.DoubleQuotedStyle
		}
	case Array:
		to.Kind, to.Tag = yaml.SequenceNode, "!!seq"
		to.Style &= yaml.FlowStyle
	case Object:
		to.Kind, to.Tag = yaml.MappingNode, "!!map"
		to.Style &= yaml.FlowStyle
	}
	for i, item := range n.Items {
		if n.Kind == Object {
			key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: n.Keys[i], Style: keyStyle(n.Keys[i], yaml.Style(item.keyStyle))}
			if how == asRead && item.more != nil {
				t := item.more.notes
				key.HeadComment, key.LineComment, key.FootComment = t.keyHead, t.keyLine, t.keyFoot
			}
			if how == bare {
				key.Style = yaml.DoubleQuotedStyle
			}
			to.Content = append(to.Content, key)
		}
		to.Content = append(to.Content, toYAML(item, how))
	}
	return to
}

// stringStyle keeps a style with quotes or of a block where it can hold the
// text, and finds one for text that has none.
func stringStyle(text string, given yaml.Style) yaml.Style {
	given &= yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	block := given&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	multiline := strings.Contains(text, "\n")
	switch {
	case (block || multiline) && !fitsBlock(text):
		return yaml.DoubleQuotedStyle
	case given == 0 && multiline, given == yaml.FoldedStyle && strings.Contains(text, "\n "):
		return yaml.LiteralStyle
	case given == 0 && needsQuotes(text):
		return yaml.SingleQuotedStyle
	}
	return given
}

func keyStyle(text string, given yaml.Style) yaml.Style {
	given &= yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle
	switch {
	case strings.ContainsAny(text, "\n\r\u0085\u2028\u2029"):
		return yaml.DoubleQuotedStyle
	case given == 0 && needsQuotes(text):
		return yaml.SingleQuotedStyle
	}
	return given
}

// fitsBlock reports whether a block of YAML gives the text back as it is.
func fitsBlock(text string) bool {
	if strings.TrimSpace(text) == "" || strings.ContainsAny(text[:1], " \t\n\r") {
		return false
	}
	return !strings.ContainsAny(text, "\r\t\u0085\u2028\u2029\ufeff") && !strings.Contains(text, " \n") && !strings.HasSuffix(text, " ")
}
