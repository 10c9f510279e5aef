package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parse returns the mapping at the top of a YAML document.
func parse(source []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(source, &doc); err != nil {
		return nil, err
	}
	if doc.Kind != yaml.DocumentNode || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not a mapping")
	}
	return doc.Content[0], nil
}

// get returns the value of key, or nil if n is no mapping or has no such key.
func get(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// set replaces the value of a key that is there.
func set(n *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value
			return
		}
	}
}

func setString(n *yaml.Node, key, value string) {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	if strings.Contains(value, "\n") {
		node.Style = yaml.LiteralStyle
	}
	set(n, key, node)
}

func remove(n *yaml.Node, key string) {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = append(n.Content[:i], n.Content[i+2:]...)
			return
		}
	}
}

// insertAfter adds a key behind another one that is there.
func insertAfter(n *yaml.Node, after, key string, value *yaml.Node) {
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == after {
			tail := append([]*yaml.Node{name, value}, n.Content[i+2:]...)
			n.Content = append(n.Content[:i+2:i+2], tail...)
			return
		}
	}
}

// removeEmpty drops the entries of n whose value holds nothing.
func removeEmpty(n *yaml.Node) {
	var kept []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		if len(n.Content[i+1].Content) > 0 {
			kept = append(kept, n.Content[i], n.Content[i+1])
		}
	}
	n.Content = kept
}

// resolve follows a reference within the document; any other node is itself.
func resolve(root, n *yaml.Node) (*yaml.Node, error) {
	ref := get(n, "$ref")
	if ref == nil {
		if n == nil {
			return nil, errors.New("nothing to resolve")
		}
		return n, nil
	}
	path, ok := strings.CutPrefix(ref.Value, "#/")
	if !ok {
		return nil, fmt.Errorf("reference %s leaves the document", ref.Value)
	}
	at := root
	for part := range strings.SplitSeq(path, "/") {
		if at = get(at, part); at == nil {
			return nil, fmt.Errorf("reference %s leads nowhere", ref.Value)
		}
	}
	return at, nil
}

// eachOperation calls f for every operation of every path, in order.
func eachOperation(root *yaml.Node, f func(name string, op *yaml.Node) error) error {
	paths := get(root, "paths")
	if paths == nil {
		return errors.New("no paths")
	}
	for i := 1; i < len(paths.Content); i += 2 {
		item := paths.Content[i]
		for j := 0; j < len(item.Content); j += 2 {
			if !isMethod(item.Content[j].Value) {
				continue
			}
			op := item.Content[j+1]
			id := get(op, "operationId")
			if id == nil {
				return fmt.Errorf("%s %s: no operationId", item.Content[j].Value, paths.Content[i-1].Value)
			}
			if err := f(id.Value, op); err != nil {
				return err
			}
		}
	}
	return nil
}

func isMethod(key string) bool {
	switch key {
	case "get", "put", "post", "delete", "patch", "head", "options", "trace":
		return true
	}
	return false
}

// mapping returns a mapping with one key.
func mapping(key string, value *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value}}
}

// eachSchema calls f for every schema of a document of OpenAPI 3.0: the component
// schemas, those at the key schema, and those inside of schemas.
func eachSchema(root *yaml.Node, f func(*yaml.Node) error) error {
	var inside, outside func(*yaml.Node) error
	each := func(n *yaml.Node, f func(*yaml.Node) error) error { // of a list, or the values of a mapping
		step, first := 1, 0
		if n.Kind == yaml.MappingNode {
			step, first = 2, 1
		}
		for i := first; i < len(n.Content); i += step {
			if err := f(n.Content[i]); err != nil {
				return err
			}
		}
		return nil
	}
	inside = func(schema *yaml.Node) error {
		if schema.Kind != yaml.MappingNode { // additionalProperties: true
			return nil
		}
		for _, key := range []string{"items", "not", "additionalProperties"} {
			if n := get(schema, key); n != nil {
				if err := inside(n); err != nil {
					return err
				}
			}
		}
		for _, key := range []string{"properties", "allOf", "anyOf", "oneOf"} {
			if n := get(schema, key); n != nil {
				if err := each(n, inside); err != nil {
					return err
				}
			}
		}
		return f(schema)
	}
	outside = func(n *yaml.Node) error {
		if n.Kind != yaml.MappingNode {
			return each(n, outside)
		}
		for i := 0; i < len(n.Content); i += 2 {
			var err error
			switch value := n.Content[i+1]; n.Content[i].Value {
			case "schema":
				err = inside(value)
			case "schemas":
				err = each(value, inside)
			case "example", "examples":
			default:
				err = outside(value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return outside(root)
}

func encode(root *yaml.Node, header string) ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteString(header)
	enc := yaml.NewEncoder(&buf)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, err
	}
	return buf.Bytes(), enc.Close()
}

// prune removes components that are not reachable from outside of them.
func prune(root, components *yaml.Node) {
	used := map[string]bool{}
	var visit func(*yaml.Node)
	visit = func(n *yaml.Node) {
		if ref := get(n, "$ref"); ref != nil && !used[ref.Value] {
			used[ref.Value] = true
			if target, err := resolve(root, n); err == nil {
				visit(target)
			}
		}
		for _, child := range n.Content {
			visit(child)
		}
	}
	for i := 0; i < len(root.Content); i += 2 {
		if root.Content[i+1] != components {
			visit(root.Content[i+1])
		}
	}
	for i := 0; i < len(components.Content); i += 2 {
		kind := components.Content[i].Value
		if kind == "securitySchemes" {
			continue
		}
		group := components.Content[i+1]
		var kept []*yaml.Node
		for j := 0; j < len(group.Content); j += 2 {
			if used["#/components/"+kind+"/"+group.Content[j].Value] {
				kept = append(kept, group.Content[j], group.Content[j+1])
			}
		}
		group.Content = kept
	}
	removeEmpty(components)
}
