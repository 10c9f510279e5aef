package view

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

// inlinePathItems replaces path items that are references by what they lead to,
// because their operations are to be changed.
func (m *maker) inlinePathItems() error {
	paths := m.Root.Get("paths")
	for i, key := range paths.Keys {
		item := paths.Items[i]
		if _, ok := item.Ref(); !ok || strings.HasPrefix(key, "x-") {
			continue
		}
		if err := m.inline(item); err != nil {
			return err
		}
	}
	return nil
}

// inline gives a path item what its reference leads to, beside what it has.
func (m *maker) inline(item *apidoc.Node) error {
	to, err := m.Deref(item)
	if err != nil {
		return err
	}
	if !to.Is(apidoc.Object) {
		return item.Errorf("a path item refers to %s; want an object", to.Kind)
	}
	item.Delete("$ref")
	for i, key := range to.Keys {
		if !item.Has(key) {
			item.Set(key, to.Items[i].Clone())
		}
	}
	return nil
}

// hoist makes components of what references into the paths lead to, since that
// may move or go.
func (m *maker) hoist() error {
	places := make(map[*apidoc.Node]string)
	return m.rounds(places, func(n *apidoc.Node, is sort) error {
		ref, ok := n.Ref()
		if !ok || !strings.HasPrefix(ref, "#/paths/") || is == pathItem || !m.Owns(n) {
			return nil
		}
		return m.component(n, ref, is, places)
	})
}

// rounds visits the document until that adds no place: every round brings the
// references of what the one before brought.
func (m *maker) rounds(places map[*apidoc.Node]string, visit func(n *apidoc.Node, is sort) error) error {
	for count := -1; count != len(places); {
		count = len(places)
		var err error
		walk(m.Root, document, func(n *apidoc.Node, is sort) {
			if err == nil {
				err = visit(n, is)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// point writes references to anchors and names as JSON pointers, which all
// generators understand.
func (m *maker) point() error {
	var err error
	walk(m.Root, document, func(n *apidoc.Node, _ sort) {
		ref, ok := n.Ref()
		if !ok || err != nil || ref == "#" || strings.HasPrefix(ref, "#/") {
			return
		}
		var to *apidoc.Node
		if to, err = m.Resolve(ref, n); err != nil || !m.Owns(to) {
			return
		}
		if steps, ok := stepsTo(m.Root, to); ok {
			n.Set("$ref", apidoc.NewString("#"+apidoc.Pointer(steps...)))
		}
	})
	return err
}

// stepsTo returns the keys and places that lead from n to another value in it.
func stepsTo(n, to *apidoc.Node) ([]string, bool) {
	if n == to {
		return nil, true
	}
	for i, item := range n.Items {
		if rest, ok := stepsTo(item, to); ok {
			step := strconv.Itoa(i)
			if n.Is(apidoc.Object) {
				step = n.Keys[i]
			}
			return append([]string{step}, rest...), true
		}
	}
	return nil, false
}

// bundle makes components of what references into other files lead to.
func (m *maker) bundle() error {
	places := make(map[*apidoc.Node]string)
	err := m.rounds(places, func(n *apidoc.Node, is sort) error {
		if is == schema {
			if err := m.bundleMapping(n, places); err != nil {
				return err
			}
		}
		ref, ok := n.Ref()
		switch {
		case !ok || m.Owns(n) && !m.foreign(ref):
			return nil
		case is == pathItem:
			return m.inline(n)
		}
		return m.component(n, ref, is, places)
	})
	if len(places) > 0 {
		m.tell(nil, "%d values from other files are components now", len(places))
	}
	return err
}

// foreign reports whether a reference of the document leaves it.
func (m *maker) foreign(ref string) bool {
	if strings.HasPrefix(ref, "#") {
		return false
	}
	to, err := m.Resolve(ref, nil)
	return err != nil || !m.Owns(to)
}

// component makes a reference lead to a component, which is a copy of what it
// leads to. Places has the references to what was copied.
func (m *maker) component(n *apidoc.Node, ref string, is sort, places map[*apidoc.Node]string) error {
	to, err := m.Resolve(ref, n)
	if err != nil {
		return err
	}
	defer m.Adopt(n)
	if in, ok := places[to]; ok {
		n.Set("$ref", apidoc.NewString(in))
		return nil
	}
	if _, fragment, _ := strings.Cut(ref, "#"); m.Owns(to) && !strings.HasPrefix(fragment, "/paths/") {
		n.Set("$ref", apidoc.NewString("#"+fragment)) // back into the document
		return nil
	}
	if is == mediaType || is == encoding || is == operation {
		return n.Errorf("reference %q: no reference may stand here", ref)
	}
	c := component{string(is), m.free(string(is), nameOf(ref, is))}
	m.section(c.section).Set(c.key, to.Clone())
	places[to] = c.ref()
	n.Set("$ref", apidoc.NewString(c.ref()))
	return nil
}

// bundleMapping does the same for what a discriminator of another file maps to.
func (m *maker) bundleMapping(n *apidoc.Node, places map[*apidoc.Node]string) error {
	mapping := n.At("discriminator", "mapping")
	if !mapping.Is(apidoc.Object) || m.Owns(mapping) && !strings.Contains(strings.Join(texts(mapping.Items), " "), ".") {
		return nil
	}
	for i, to := range mapping.Items {
		ref := mapped(to.Str())
		if ref != to.Str() || m.Owns(to) && !m.foreign(ref) {
			continue
		}
		stand := mapping.Clone() // has the place from which the reference counts
		stand.Retain(func(string, *apidoc.Node) bool { return false })
		if err := m.component(stand, ref, schema, places); err != nil {
			if m.dangling == nil {
				m.dangling = make(map[*apidoc.Node]bool)
			}
			if !m.dangling[to] { // no generator follows these but to a schema that it has
				m.dangling[to] = true
				m.tell(to, "the discriminator maps to %q, which is not there", to.Str())
			}
			continue
		}
		mapping.Items[i] = stand.Get("$ref")
	}
	m.Adopt(mapping)
	return nil
}

func texts(list []*apidoc.Node) []string {
	var all []string
	for _, n := range list {
		all = append(all, n.Str())
	}
	return all
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// nameOf makes a name of the end of a reference.
func nameOf(ref string, is sort) string {
	address, fragment, _ := strings.Cut(ref, "#")
	name := path.Base(fragment)
	if fragment == "" || fragment == "/" {
		base := path.Base(address)
		name = strings.TrimSuffix(base, path.Ext(base))
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	name = strings.Trim(notInNames.ReplaceAllString(name, "_"), "_.")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		one := strings.TrimSuffix(string(is), "s")
		return strings.ToUpper(one[:1]) + one[1:] + name
	}
	return name
}

// section returns the object of the components of a sort, and makes it if it
// is not there.
func (m *maker) section(name string) *apidoc.Node {
	at := m.Root
	for _, key := range []string{"components", name} {
		if at.Get(key) == nil {
			at.Set(key, apidoc.NewObject())
		}
		at = at.Get(key)
	}
	return at
}

// free returns a name that no component of the section has: the given one, or
// that with a number.
func (m *maker) free(section, name string) string {
	group := m.section(section)
	for i := 1; ; i++ {
		candidate := name
		if i > 1 {
			candidate += strconv.Itoa(i)
		}
		if !group.Has(candidate) {
			return candidate
		}
	}
}

// checkRefs reports the first reference that leads nowhere.
func (m *maker) checkRefs() error {
	var err error
	walk(m.Root, document, func(n *apidoc.Node, _ sort) {
		ref, ok := n.Ref()
		if !ok || err != nil {
			return
		}
		_, err = m.Resolve(ref, n)
	})
	return err
}
