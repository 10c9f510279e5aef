package view

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

func upper(method string) string { return strings.ToUpper(method) }

func isMethod(key string) bool { return slices.Contains(methods, key) }

// pattern is an item of [Options.Only].
type pattern struct {
	text   string
	method string // in lower case; "" for all
	path   *regexp.Regexp
}

func parsePattern(text string) (pattern, error) {
	p := pattern{text: text}
	fields := strings.Fields(text)
	if len(fields) == 2 && fields[0] != "*" {
		if p.method = strings.ToLower(fields[0]); !isMethod(p.method) {
			return p, fmt.Errorf("only %q: %s is no method; want one of %s, or the path alone", text, fields[0], upper(strings.Join(methods, ", ")))
		}
	}
	if len(fields) == 0 || len(fields) > 2 || !strings.HasPrefix(fields[len(fields)-1], "/") && !strings.HasPrefix(fields[len(fields)-1], "*") {
		return p, fmt.Errorf("only %q: want a path such as /v1/supplierInvoice/**, or a method and a path such as POST /v1/supplierInvoice", text)
	}
	expression := regexp.QuoteMeta(fields[len(fields)-1])
	expression = strings.ReplaceAll(expression, `\*\*`, `.*`)
	expression = strings.ReplaceAll(expression, `\*`, `[^/]*`)
	var err error
	p.path, err = regexp.Compile(`(?is)^` + expression + `$`) // routes are matched without regard to case
	return p, err
}

// CheckOnly reports what is wrong with the form of [Options.Only].
func CheckOnly(only []string) error {
	for _, text := range only {
		if _, err := parsePattern(text); err != nil {
			return err
		}
	}
	return nil
}

// cut removes the operations that the options do not select, and the paths and
// tags that are left without one.
func (m *maker) cut() error {
	all := m.operations()
	if len(all) == 0 {
		return m.Root.Get("paths").Errorf("%v", errNoOperation)
	}
	if len(m.Only) == 0 && len(m.Tags) == 0 {
		return nil
	}
	byOnly, err := m.selectOnly(all)
	if err != nil {
		return err
	}
	byTag, err := m.selectTags(all)
	if err != nil {
		return err
	}
	keep, selected := make(map[*apidoc.Node]bool), false
	for _, o := range all {
		keep[o.node] = byOnly(o) && byTag(o)
		selected = selected || keep[o.node]
		keep[o.node] = keep[o.node] || m.reads && o.reads()
	}
	if !selected {
		return fmt.Errorf("no operation is selected by only %q and has a tag of %q", m.Only, m.Tags)
	}
	tags := tagsOf(all)
	m.Root.Get("paths").Retain(func(path string, item *apidoc.Node) bool {
		if strings.HasPrefix(path, "x-") {
			return true
		}
		kept := false
		item.Retain(func(key string, value *apidoc.Node) bool {
			kept = kept || keep[value]
			return !isMethod(key) || keep[value]
		})
		return kept
	})
	m.pruneTags(tags)
	m.prune(nil)
	return nil
}

func (m *maker) selectOnly(all []op) (func(op) bool, error) {
	if len(m.Only) == 0 {
		return func(op) bool { return true }, nil
	}
	var patterns []pattern
	for _, text := range m.Only {
		p, err := parsePattern(text)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, p.selects) {
			return nil, fmt.Errorf("only %q selects none of the %d operations%s", text, len(all), similar(text, all))
		}
		patterns = append(patterns, p)
	}
	return func(o op) bool {
		return slices.ContainsFunc(patterns, func(p pattern) bool { return p.selects(o) })
	}, nil
}

func (p pattern) selects(o op) bool {
	return (p.method == "" || p.method == o.method) && p.path.MatchString(o.path)
}

// similar ends an error with operations whose path has the last word of a
// pattern in it, or with the first ones of the document.
func similar(text string, all []op) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("/*{} ", r) })
	var near []string
	if len(words) > 0 {
		for _, o := range all {
			if strings.Contains(strings.ToLower(o.path), strings.ToLower(words[len(words)-1])) {
				near = append(near, o.String())
			}
		}
	}
	for _, o := range all {
		if len(near) < 3 && !slices.Contains(near, o.String()) {
			near = append(near, o.String())
		}
	}
	return "; there are, among others, " + strings.Join(near[:min(len(near), 5)], ", ")
}

func (m *maker) selectTags(all []op) (func(op) bool, error) {
	if len(m.Tags) == 0 {
		return func(op) bool { return true }, nil
	}
	known := make(map[string]bool)
	for _, o := range all {
		for _, tag := range items(o.node.Get("tags")) {
			known[strings.ToLower(tag.Str())] = true
		}
	}
	for _, tag := range m.Tags {
		if !known[strings.ToLower(tag)] {
			return nil, fmt.Errorf("tag %q: no operation has it", tag)
		}
	}
	return func(o op) bool {
		return slices.ContainsFunc(items(o.node.Get("tags")), func(tag *apidoc.Node) bool {
			return slices.ContainsFunc(m.Tags, func(want string) bool { return strings.EqualFold(want, tag.Str()) })
		})
	}, nil
}

// items are those of a list, none if it is not there.
func items(list *apidoc.Node) []*apidoc.Node {
	if !list.Is(apidoc.Array) {
		return nil
	}
	return list.Items
}

// tagsOf returns the tags of operations, those of their callbacks as well.
func tagsOf(all []op) map[string]bool {
	tags := make(map[string]bool)
	for _, o := range all {
		walk(o.node, operation, func(n *apidoc.Node, is sort) {
			if is == operation {
				for _, tag := range items(n.Get("tags")) {
					tags[tag.Str()] = true
				}
			}
		})
	}
	return tags
}

// pruneTags removes the declarations of tags that operations had before and
// that none has now.
func (m *maker) pruneTags(before map[string]bool) {
	list := m.Root.Get("tags")
	if !list.Is(apidoc.Array) {
		return
	}
	now := tagsOf(m.operations())
	list.Items = slices.DeleteFunc(list.Items, func(tag *apidoc.Node) bool {
		name := tag.Get("name").Str()
		return before[name] && !now[name]
	})
}
