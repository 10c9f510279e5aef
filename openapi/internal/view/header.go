package view

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

const headerName = "erp-api-background"

// isHeader reports whether a parameter is the header of the background API.
func (m *maker) isHeader(parameter *apidoc.Node) bool {
	to, err := m.Deref(parameter)
	return err == nil && strings.EqualFold(to.Get("in").Str(), "header") && strings.EqualFold(to.Get("name").Str(), headerName)
}

// headers returns the declarations of the header that count for an operation:
// its own, or that of its path.
func (m *maker) headers(o op) []*apidoc.Node {
	for _, list := range []*apidoc.Node{o.node.Get("parameters"), o.item.Get("parameters")} {
		var found []*apidoc.Node
		for _, p := range items(list) {
			if m.isHeader(p) {
				found = append(found, p)
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

var readsQueued = regexp.MustCompile(`(?i)/v1/background/\{[^/]*\}(/content)?$`)

// reads reports whether an operation reads queued calls.
func (o op) reads() bool { return o.method == "get" && readsQueued.MatchString(o.path) }

// queued lists the operations that are to be queued.
func (m *maker) queued() []op {
	var declared, others []op
	for _, o := range m.operations() {
		switch {
		case o.reads():
		case m.headers(o) != nil || o.node.Has(resultKey):
			declared = append(declared, o)
		case o.method != "options" && o.method != "trace":
			others = append(others, o)
		}
	}
	switch {
	case m.All:
		return slices.Concat(declared, others)
	case len(declared) > 0:
		for _, o := range others {
			m.tell(o.node, "%s does not declare the header %s and stays in the foreground", o, headerName)
		}
		return declared
	case len(others) > 0:
		m.tell(nil, "no operation declares the header %s; all %d get it", headerName, len(others))
	}
	return others
}

// requireHeader makes an operation require the header.
func (m *maker) requireHeader(o op) error {
	declared := m.headers(o)
	for _, p := range declared {
		to, err := m.Deref(p)
		if err != nil {
			return err
		}
		if !to.Get("required").IsTrue() {
			to.Set("required", apidoc.NewBool(true))
		}
	}
	if declared != nil {
		return nil
	}
	ref, err := m.contract.reference(parameter, "Background")
	if err != nil {
		return err
	}
	list := o.node.Get("parameters")
	if !list.Is(apidoc.Array) {
		list = apidoc.NewArray()
		o.node.Insert(o.before("requestBody", "responses"), "parameters", list)
	}
	list.Items = slices.Insert(list.Items, 0, ref)
	return nil
}

// before returns the place of the first of the keys that the operation has.
func (o op) before(keys ...string) int {
	for i, key := range o.node.Keys {
		if slices.Contains(keys, key) {
			return i
		}
	}
	return len(o.node.Keys)
}

// removeHeader removes the header from a list of parameters of n.
func (m *maker) removeHeader(n *apidoc.Node) {
	list := n.Get("parameters")
	if !list.Is(apidoc.Array) {
		return
	}
	size := len(list.Items)
	list.Items = slices.DeleteFunc(list.Items, m.isHeader)
	if size > 0 && len(list.Items) == 0 {
		n.Delete("parameters")
	}
}
