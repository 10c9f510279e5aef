package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/internal/spell"
)

// A configFile holds the options of a YAML file, one a key:
//
//	listen: localhost:8787
//	faults: [rules.json]
type configFile struct {
	name    string
	entries []fileEntry
}

// A fileEntry is an option in a file.
type fileEntry struct {
	key    string
	where  string // file, line, column and key
	values []string
}

// readConfig reads a file.
func readConfig(name string) (*configFile, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return parseConfig(name, data)
}

func parseConfig(name string, data []byte) (*configFile, error) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, firstLine(err.Error()))
	}
	c := &configFile{name: name}
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("%s: want one document, not %d", name, len(file.Docs))
	}
	for _, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode:
		case *ast.MappingNode:
			for _, pair := range body.Values {
				err = errors.Join(err, c.add(pair))
			}
		default:
			at := body.GetToken().Position
			return nil, fmt.Errorf("%s:%d:%d: want options, such as %q", name, at.Line, at.Column, "exec-time: 1s")
		}
	}
	return c, err
}

// add takes an entry of a file.
func (c *configFile) add(pair *ast.MappingValueNode) error {
	at := pair.Key.GetToken().Position
	e := fileEntry{key: pair.Key.String()}
	e.where = fmt.Sprintf("%s:%d:%d: %s", c.name, at.Line, at.Column, e.key)
	for _, other := range c.entries {
		if other.key == e.key {
			return fmt.Errorf("%s: is there twice", e.where)
		}
	}
	nodes := []ast.Node{pair.Value}
	if list, ok := pair.Value.(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	for _, n := range nodes {
		switch n := n.(type) {
		case *ast.StringNode:
			e.values = append(e.values, n.Value)
		case *ast.LiteralNode:
			e.values = append(e.values, n.Value.Value)
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
			e.values = append(e.values, n.GetToken().Value)
		default:
			return fmt.Errorf("%s: want a value, or a list of values", e.where)
		}
	}
	c.entries = append(c.entries, e)
	return nil
}

// Take implements cli.File.
func (c *configFile) Take(option string) (values []string, where string, found bool) {
	for _, e := range c.entries {
		if e.key == option && option != "config" {
			return e.values, e.where, true
		}
	}
	return nil, "", false
}

// Rest tells of the entries that are no options. What a flag or a variable has
// set is one all the same.
func (c *configFile) Rest(list cli.Options) []error {
	var errs []error
	for _, e := range c.entries {
		o := list.Find(e.key)
		if o != nil && !o.FlagOnly && e.key != "config" {
			continue
		}
		var names []string
		for _, o := range list {
			if !o.FlagOnly && o.Name != "config" {
				names = append(names, o.Name)
			}
		}
		errs = append(errs, fmt.Errorf("%s: there is no such option%s", e.where, spell.Hint(e.key, names)))
	}
	return errs
}
