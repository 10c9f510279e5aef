package apidoc

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlReader makes nodes of those of the library, in which aliases and merge
// keys are not replaced yet.
type yamlReader struct {
	*reader
	open    map[*yaml.Node]bool // anchors that are being read, which an alias may not name
	copying int                 // aliases that we are in
}

func (r *reader) yaml() (*Node, error) {
	if err := r.tooMany(); err != nil {
		return nil, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(withoutVersion(r.text)))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, r.errorAt(0, 0, "there is nothing in it; want an OpenAPI document, JSON or YAML")
	case err != nil:
		return nil, r.yamlError(err)
	}
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case err == nil:
		return nil, r.errorAt(second.Line, second.Column, "a second YAML document begins here; want one in a file")
	case !errors.Is(err, io.EOF):
		return nil, r.yamlError(err)
	}
	y := &yamlReader{reader: r, open: map[*yaml.Node]bool{}}
	root, err := y.value(doc.Content[0])
	if err != nil {
		return nil, err
	}
	root.note(&doc, false)
	r.file.root = root
	return root, nil
}

// tooMany refuses a text with so many signs that begin or end a value that the
// library would make far too many nodes of it, before it does. It also refuses
// a great many directives, which the library compares each with each.
func (r *reader) tooMany() error {
	signs := 0
	for _, c := range r.text {
		switch c {
		case '\n', ',', ':', '-', '?', '[', '{':
			signs++
		}
	}
	if limit := r.limits.Nodes; signs/2 > limit {
		return r.errorAt(0, 0, "more than the limit of %d values", limit)
	}
	if bytes.Count(r.text, []byte("\n%TAG")) > 100 {
		return r.errorAt(0, 0, "YAML: more than 100 %%TAG directives")
	}
	return nil
}

func (y *yamlReader) value(from *yaml.Node) (*Node, error) {
	if from.Kind == yaml.AliasNode {
		return y.alias(from)
	}
	if y.copying > 0 {
		if y.aliased++; y.aliased > y.limits.Aliased {
			return nil, y.errorAt(from.Line, from.Column, "aliases make more than the limit of %d copies", y.limits.Aliased)
		}
	}
	n, err := y.node(Null, from.Line, from.Column)
	if err != nil {
		return nil, err
	}
	n.style = style(from.Style)
	n.note(from, false)
	if from.Anchor != "" {
		y.open[from] = true
		defer delete(y.open, from)
	}
	switch from.Kind {
	case yaml.MappingNode:
		n.Kind = Object
		return n, y.mapping(n, from)
	case yaml.SequenceNode:
		n.Kind = Array
		return n, y.sequence(n, from)
	}
	return n, y.scalar(n, from)
}

func (y *yamlReader) alias(from *yaml.Node) (*Node, error) {
	if y.open[from.Alias] {
		return nil, y.errorAt(from.Line, from.Column, "alias *%s stands in what it names", shorten(from.Value))
	}
	y.copying++
	n, err := y.value(from.Alias)
	y.copying--
	return n, err
}

func (y *yamlReader) sequence(n *Node, from *yaml.Node) error {
	n.Items = make([]*Node, 0, len(from.Content))
	for i, item := range from.Content {
		if err := y.enter(strconv.Itoa(i), item.Line, item.Column); err != nil {
			return err
		}
		value, err := y.value(item)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, value)
		y.leave()
	}
	return nil
}

func (y *yamlReader) mapping(n *Node, from *yaml.Node) error {
	n.Keys = make([]string, 0, len(from.Content)/2)
	n.Items = make([]*Node, 0, len(from.Content)/2)
	lines := make([]int, 0, len(from.Content)/2)
	var merged []*yaml.Node
	for i := 0; i < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		if isMerge(key) {
			merged = append(merged, value)
			continue
		}
		text, err := y.key(key)
		if err != nil {
			return err
		}
		if before := n.find(text); before >= 0 {
			return y.twice(text, key.Line, key.Column, lines[before])
		}
		lines = append(lines, key.Line)
		if err := y.enter(text, key.Line, key.Column); err != nil {
			return err
		}
		item, err := y.value(value)
		if err != nil {
			return err
		}
		item.keyStyle = style(key.Style)
		item.note(key, true)
		y.add(n, text, item)
		y.leave()
	}
	for _, value := range merged {
		if err := y.merge(n, value); err != nil {
			return err
		}
	}
	return nil
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && (key.Style == 0 || key.Tag == "!!merge")
}

// merge adds the keys of a mapping, or of each mapping in a list, that n lacks.
func (y *yamlReader) merge(n *Node, from *yaml.Node) error {
	if err := y.enter("<<", from.Line, from.Column); err != nil {
		return err
	}
	y.copying++
	value, err := y.value(from)
	y.copying--
	if err != nil {
		return err
	}
	sources := []*Node{value}
	if value.Is(Array) {
		sources = value.Items
	}
	for _, source := range sources {
		if !source.Is(Object) {
			return y.errorAt(from.Line, from.Column, "the merge key << has %s; want an object or a list of objects", article(source.Kind))
		}
		for i, key := range source.Keys {
			if !n.Has(key) {
				y.add(n, key, source.Items[i])
			}
		}
	}
	y.leave()
	return nil
}

// key returns the text of a key as it is written.
func (y *yamlReader) key(from *yaml.Node) (string, error) {
	at := from
	if at.Kind == yaml.AliasNode {
		at = at.Alias
	}
	if at.Kind != yaml.ScalarNode {
		return "", y.errorAt(from.Line, from.Column, "a key is a list or an object; want a string")
	}
	return at.Value, nil
}

func (y *yamlReader) scalar(n *Node, from *yaml.Node) error {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	n.Kind, n.Text = String, from.Value
	if from.Style&yaml.TaggedStyle == 0 {
		if from.Style&quoted == 0 {
			n.Kind, n.Text = plain(from.Value)
		}
		return nil
	}
	n.style &^= style(yaml.TaggedStyle)
	want := map[string]Kind{"!!int": Number, "!!float": Number, "!!bool": Bool, "!!null": Null}
	kind, known := want[from.ShortTag()]
	if !known {
		return nil // !!str, and types that JSON does not have
	}
	if n.Kind, n.Text = plain(from.Value); n.Kind != kind {
		return y.errorAt(from.Line, from.Column, "tag %s on what is no %s", from.ShortTag(), kind)
	}
	return nil
}

func article(k Kind) string {
	switch k {
	case Array, Object:
		return "an " + k.String()
	case Null:
		return "null"
	}
	return "a " + k.String()
}

var versionLine = regexp.MustCompile(`^(?:[ \t]*(?:#[^\n]*)?\n)*%YAML 1\.([02-9])[ \t\r]*\n`)

// withoutVersion returns the text with a version that the library takes, which
// reads those of 1.2 no less.
func withoutVersion(text []byte) []byte {
	at := versionLine.FindSubmatchIndex(text)
	if at == nil {
		return text
	}
	text = bytes.Clone(text)
	text[at[2]] = '1'
	return text
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?(.*)$`)

// yamlError gives an error of the library its place.
func (r *reader) yamlError(err error) error {
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	m := yamlLine.FindStringSubmatch(text)
	if m == nil {
		return r.errorAt(0, 0, "YAML: %s", text)
	}
	if strings.Contains(m[2], "control characters") {
		if i := bytes.IndexFunc(r.text, isControl); i >= 0 {
			line, column := r.place(i)
			return r.errorAt(line, column, "YAML: control character %U; write it as \\x%02x in double quotes", r.text[i], r.text[i])
		}
	}
	line, _ := strconv.Atoi(m[1])
	if strings.HasPrefix(m[2], "did not find expected") {
		// The library counts these lines from 0, and those of others from 1. It
		// names the begin of the block, where that is not the first of the file.
		return r.errorAt(line+1, 0, "YAML: %s, here or further down in this block", m[2])
	}
	return r.errorAt(line, 0, "YAML: %s", m[2])
}

func isControl(c rune) bool {
	return c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7f
}
