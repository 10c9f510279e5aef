package view

import (
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

// component is the name of a component: its section and its key.
type component struct{ section, key string }

func (c component) ref() string {
	return "#" + apidoc.Pointer("components", c.section, c.key)
}

// get returns the component, or nil.
func (m *maker) get(c component) *apidoc.Node { return m.Root.At("components", c.section, c.key) }

// componentOf returns the component that a reference leads to or into.
func (m *maker) componentOf(ref string, from *apidoc.Node) (component, bool) {
	if rest, ok := strings.CutPrefix(ref, "#/components/"); ok {
		section, rest, _ := strings.Cut(rest, "/")
		key, _, _ := strings.Cut(rest, "/")
		if c := (component{section, key}); m.get(c) != nil { // the usual case, without escapes
			return c, true
		}
	}
	to, err := m.Resolve(ref, from)
	if err != nil || !m.Owns(to) {
		return component{}, false
	}
	var found component
	for i, section := range sections(m.Root.Get("components")) {
		group := m.Root.Get("components").Items[i]
		for j, key := range group.Keys {
			if contains(group.Items[j], to) {
				found = component{section, key}
			}
		}
	}
	return found, found != component{}
}

// sections are the keys of components, whose values are objects.
func sections(components *apidoc.Node) []string {
	if components == nil {
		return nil
	}
	return components.Keys
}

func contains(n, wanted *apidoc.Node) bool {
	if n == wanted {
		return true
	}
	for _, item := range n.Items {
		if contains(item, wanted) {
			return true
		}
	}
	return false
}

// references calls f for everything in n that may refer to a component, also in
// extensions and examples: what is kept for nothing does no harm.
func references(n *apidoc.Node, f func(ref string, from *apidoc.Node)) {
	if n.Is(apidoc.Object) {
		for _, key := range []string{"$ref", "$dynamicRef"} {
			if ref := n.Get(key).Str(); ref != "" {
				f(ref, n)
			}
		}
		if mapping := n.At("discriminator", "mapping"); mapping.Is(apidoc.Object) {
			for _, to := range mapping.Items {
				f(mapped(to.Str()), n)
			}
		}
	}
	for _, item := range n.Items {
		references(item, f)
	}
}

// mapped returns what a discriminator maps to as a reference: it may be the
// name of a schema.
func mapped(to string) string {
	if strings.ContainsAny(to, "#/") || strings.HasSuffix(to, ".json") || strings.HasSuffix(to, ".yaml") || strings.HasSuffix(to, ".yml") {
		return to
	}
	return component{string(schema), to}.ref()
}

// used returns the components that something outside of the components needs.
func (m *maker) used() map[component]bool {
	used := make(map[component]bool)
	var queue []component
	mark := func(c component) {
		if !used[c] {
			used[c] = true
			queue = append(queue, c)
		}
	}
	follow := func(n *apidoc.Node) {
		references(n, func(ref string, from *apidoc.Node) {
			if c, ok := m.componentOf(ref, from); ok {
				mark(c)
			}
		})
	}
	for i, key := range m.Root.Keys {
		if key != "components" {
			follow(m.Root.Items[i])
		}
	}
	heirs := m.heirs()
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		n := m.get(c)
		follow(n)
		if n.Has("discriminator") {
			for _, heir := range heirs[c] {
				mark(heir)
			}
		}
	}
	return used
}

// heirs lists, by schema, those that have it in their allOf: a discriminator
// tells between them without a reference to them.
func (m *maker) heirs() map[component][]component {
	all := make(map[component][]component)
	schemas := m.Root.At("components", string(schema))
	if !schemas.Is(apidoc.Object) {
		return all
	}
	for i, key := range schemas.Keys {
		for _, part := range items(schemas.Items[i].Get("allOf")) {
			if ref, ok := part.Ref(); ok {
				if parent, ok := m.componentOf(ref, part); ok {
					all[parent] = append(all[parent], component{string(schema), key})
				}
			}
		}
	}
	return all
}

// prune removes the components that were used before and are not any more, and
// the sections that are left empty by that; all that are not used, if before is
// nil. How to authenticate is always kept.
func (m *maker) prune(before map[component]bool) {
	now := m.used()
	all := m.Root.Get("components")
	if !all.Is(apidoc.Object) {
		return
	}
	all.Retain(func(section string, group *apidoc.Node) bool {
		size := len(group.Keys)
		group.Retain(func(key string, _ *apidoc.Node) bool {
			c := component{section, key}
			return before != nil && !before[c] || now[c] || section == string(security)
		})
		return len(group.Keys) > 0 || size == 0
	})
	if len(all.Keys) == 0 {
		m.Root.Delete("components")
	}
}
