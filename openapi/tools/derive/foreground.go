package main

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	resultKey     = "x-background-result"
	backgroundRef = "#/components/parameters/Background"
	acceptedCode  = "202"
)

const erpHeader = `# Derived from openapi/background.yaml by openapi/tools/derive; do not edit.
# "make generate" writes it anew.
`

const erpTitle = "Visma.net ERP API in the foreground"

const erpDescription = `The operations of ` + "`background.yaml`" + `, without the header ` + "`erp-api-background`" + `: each answers at once
with what the background view names in ` + "`x-background-result`" + `. Derived from that document, whose remarks on
conventions and evidence hold here too. The two operations that read a queued call are the same in both.
`

// foreground returns the document in which every operation that names its
// final answer in x-background-result gives that answer itself: the header
// parameter and the callbacks are gone, the 202 is replaced, and components
// that nothing uses any more are left out. The order of the source is kept.
func foreground(source []byte) ([]byte, error) {
	root, err := parse(source)
	if err != nil {
		return nil, err
	}
	info := get(root, "info")
	setString(info, "title", erpTitle)
	setString(info, "description", erpDescription)

	components := get(root, "components")
	changed := 0
	err = eachOperation(root, func(name string, op *yaml.Node) error {
		result := get(op, resultKey)
		if result == nil {
			return nil
		}
		changed++
		if !removeRef(get(op, "parameters"), backgroundRef) {
			return fmt.Errorf("%s: no parameter %s", name, backgroundRef)
		}
		direct := get(op, "responses")
		accepted, err := resolve(root, get(direct, acceptedCode))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		addHeaders(result, rateLimitHeaders(get(accepted, "headers")))
		set(op, "responses", merge(result, direct))
		remove(op, resultKey)
		remove(op, "callbacks")
		return nil
	})
	if err != nil {
		return nil, err
	}
	if changed == 0 {
		return nil, errors.New("no operation has " + resultKey)
	}
	prune(root, components)
	pruneTags(root)
	return encode(root, erpHeader)
}

// merge returns the final answers together with those of the gateway, which
// come in the foreground as well; a status named in both is the final one.
func merge(final, direct *yaml.Node) *yaml.Node {
	type entry struct{ key, value *yaml.Node }
	var entries []entry
	for i := 0; i < len(final.Content); i += 2 {
		entries = append(entries, entry{final.Content[i], final.Content[i+1]})
	}
	for i := 0; i < len(direct.Content); i += 2 {
		key := direct.Content[i]
		if key.Value != acceptedCode && get(final, key.Value) == nil {
			entries = append(entries, entry{key, direct.Content[i+1]})
		}
	}
	sort.SliceStable(entries, func(i, j int) bool { return entries[i].key.Value < entries[j].key.Value })
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, e := range entries {
		out.Content = append(out.Content, e.key, e.value)
	}
	return out
}

// rateLimitHeaders picks the headers that stand on every answer.
func rateLimitHeaders(headers *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	if headers == nil {
		return nil
	}
	for i := 0; i < len(headers.Content); i += 2 {
		if strings.HasPrefix(headers.Content[i].Value, "X-RateLimit-") {
			out = append(out, headers.Content[i], headers.Content[i+1])
		}
	}
	return out
}

// addHeaders adds the headers to each response that is written out; a
// referenced one declares its own.
func addHeaders(responses *yaml.Node, headers []*yaml.Node) {
	for i := 1; i < len(responses.Content); i += 2 {
		response := responses.Content[i]
		if get(response, "$ref") != nil {
			continue
		}
		own := get(response, "headers")
		if own == nil {
			own = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			insertAfter(response, "description", "headers", own)
		}
		own.Content = append(own.Content, headers...)
	}
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

// pruneTags removes tags that no operation carries.
func pruneTags(root *yaml.Node) {
	used := map[string]bool{}
	_ = eachOperation(root, func(_ string, op *yaml.Node) error {
		for _, tag := range get(op, "tags").Content {
			used[tag.Value] = true
		}
		return nil
	})
	tags := get(root, "tags")
	var kept []*yaml.Node
	for _, tag := range tags.Content {
		if used[get(tag, "name").Value] {
			kept = append(kept, tag)
		}
	}
	tags.Content = kept
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
