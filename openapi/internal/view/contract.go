package view

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/openapi"
)

// contract is background.yaml of this module, of which a background view gets
// what it lacks.
type contract struct {
	*apidoc.Document
	to    *maker
	names map[component]component // what was brought, and the name that it has there
	reads map[string]op           // by operationId of the contract, those of the document that read queued calls
}

// contractYAML gives the contract.
var contractYAML = openapi.BackgroundYAML

// openContract opens the contract for a document, whose operationIds are taken.
func openContract(to *maker, taken map[string]bool) (*contract, error) {
	doc, err := apidoc.Open("background.yaml", contractYAML(), apidoc.Options{})
	if err != nil {
		return nil, err
	}
	c := &contract{Document: doc, to: to, names: make(map[component]component), reads: make(map[string]op)}
	c.findReads(taken)
	if to.version == apidoc.V31 {
		walk(doc.Root, document, to31)
	}
	return c, nil
}

// to31 writes what OpenAPI 3.1 has no nullable for as it does.
func to31(n *apidoc.Node, is sort) {
	if is != schema || !n.Get("nullable").IsTrue() {
		return
	}
	n.Delete("nullable")
	if t := n.Get("type"); t.Is(apidoc.String) {
		n.Set("type", apidoc.NewArray(t.Clone(), apidoc.NewString("null")))
	}
}

// reference returns a reference to a component of the contract, which is
// brought to the document with all it refers to.
func (c *contract) reference(is sort, key string) (*apidoc.Node, error) {
	to, err := c.bring(component{string(is), key})
	if err != nil {
		return nil, err
	}
	n := apidoc.NewObject()
	n.Set("$ref", apidoc.NewString(to.ref()))
	return n, nil
}

// bring copies a component to the document and returns its name there. One
// that is there already is taken; where another one has its name, it gets
// another.
func (c *contract) bring(from component) (component, error) {
	if to, ok := c.names[from]; ok {
		return to, nil
	}
	n := c.Root.At("components", from.section, from.key).Clone()
	if n == nil {
		return from, fmt.Errorf("the contract has no %s", from.ref())
	}
	to := from
	c.names[from] = to // for what refers to itself
	if err := c.bringRefs(n, sort(from.section)); err != nil {
		return to, err
	}
	if there := c.to.get(from); there != nil {
		if there.Equal(n) {
			return to, nil
		}
		name := from.key
		if !strings.HasPrefix(name, "Background") {
			name = "Background" + name
		}
		to.key = c.to.free(from.section, name)
		c.to.tell(there, "%s is another one than that of the background API, which is %s", from.ref(), to.ref())
		c.names[from] = to
	}
	c.to.section(to.section).Set(to.key, n)
	return to, nil
}

// bringRefs brings what n refers to, and makes it refer to that.
func (c *contract) bringRefs(n *apidoc.Node, is sort) error {
	c.relink(n, is)
	var failed error
	references(n, func(ref string, from *apidoc.Node) {
		m := componentRef.FindStringSubmatch(ref)
		if failed != nil || m == nil {
			return
		}
		var to component
		if to, failed = c.bring(component{m[1], m[2]}); to.ref() != ref {
			from.Set("$ref", apidoc.NewString(to.ref()))
		}
		c.to.Adopt(from)
	})
	return failed
}

var componentRef = regexp.MustCompile(`^#/components/([A-Za-z]+)/([A-Za-z0-9]+)$`)

// findReads finds the operations of the document that read queued calls, and
// makes those that it lacks.
func (c *contract) findReads(taken map[string]bool) {
	prefix := c.to.prefix()
	for _, own := range (&maker{Document: c.Document}).operations() {
		if !own.reads() {
			continue
		}
		id := own.node.Get("operationId").Str()
		for _, there := range c.to.operations() {
			if there.reads() && isContent(there.path) == isContent(own.path) {
				c.reads[id] = there
			}
		}
		if c.reads[id].node == nil {
			item := own.item.Clone()
			item.Get("get").Set("operationId", apidoc.NewString(unique(id, taken)))
			c.reads[id] = op{method: "get", path: prefix + own.path, item: item, node: item.Get("get")}
		}
	}
}

// addReads adds the operations that read queued calls to a document that lacks
// them.
func (c *contract) addReads() error {
	paths := c.to.Root.Get("paths")
	for _, own := range (&maker{Document: c.Document}).operations() {
		o, reads := c.reads[own.node.Get("operationId").Str()]
		if !reads || paths.Has(o.path) {
			continue
		}
		if err := c.bringRefs(o.item, pathItem); err != nil {
			return err
		}
		c.tags(o.node)
		paths.Set(o.path, o.item)
	}
	return nil
}

// relink makes links lead to the operations of the document that read queued
// calls, whose parameter may have another name.
func (c *contract) relink(n *apidoc.Node, is sort) {
	walk(n, is, func(n *apidoc.Node, is sort) {
		to, ok := c.reads[n.Get("operationId").Str()]
		if is != link || !ok {
			return
		}
		n.Set("operationId", to.node.Get("operationId").Clone())
		if parameters := n.Get("parameters"); parameters.Is(apidoc.Object) && len(parameters.Keys) == 1 {
			parameters.Rename(0, parameterOf.FindStringSubmatch(to.path)[1])
		}
	})
}

var parameterOf = regexp.MustCompile(`\{([^/]*)\}(?:/content)?$`)

func isContent(path string) bool { return strings.HasSuffix(strings.ToLower(path), "/content") }

var versioned = regexp.MustCompile(`(?i)^(.*?)/v[0-9]+/`)

// prefix returns what stands before the version in all paths that have one.
func (m *maker) prefix() string {
	prefix, found := "", false
	for _, o := range m.operations() {
		match := versioned.FindStringSubmatch(o.path)
		switch {
		case match == nil:
		case !found:
			prefix, found = match[1], true
		case match[1] != prefix:
			return ""
		}
	}
	return prefix
}

// tags declares the tags of an operation of the contract where the document
// declares tags.
func (c *contract) tags(n *apidoc.Node) {
	list := c.to.Root.Get("tags")
	if !list.Is(apidoc.Array) {
		return
	}
	for _, tag := range items(n.Get("tags")) {
		known := false
		for _, t := range list.Items {
			known = known || t.Get("name").Str() == tag.Str()
		}
		for _, t := range items(c.Root.Get("tags")) {
			if !known && t.Get("name").Str() == tag.Str() {
				list.Items = append(list.Items, t.Clone())
			}
		}
	}
}

// callbacks returns those of an operation, whose own operations begin with id.
func (c *contract) callbacks(id string, taken map[string]bool) (*apidoc.Node, error) {
	list := c.Root.At("paths", "/v1/customerinvoice", "get")
	all := list.Get("callbacks").Clone()
	for i, key := range all.Keys {
		for _, item := range all.Items[i].Items {
			post := item.Get("post")
			suffix := "UrlNotification"
			if key == "subscription" {
				suffix = "SubscriptionNotification"
			}
			post.Set("operationId", apidoc.NewString(unique(id+suffix, taken)))
			if err := c.bringRefs(item, pathItem); err != nil {
				return nil, err
			}
			c.tags(post)
		}
	}
	return all, nil
}
