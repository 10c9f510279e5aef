package view

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

// nameOperations gives an operationId to operations that have none: generators
// name functions after it, each in its own way without one.
func (m *maker) nameOperations() error {
	taken := m.operationIDs()
	for _, o := range m.operations() {
		if o.node.Get("operationId").Str() != "" {
			continue
		}
		id := unique(idOf(o), taken)
		o.node.Insert(0, "operationId", apidoc.NewString(id))
		m.tell(o.node, "%s has no operationId; it is %s now", o, id)
	}
	return nil
}

// operationIDs returns those of the document, of callbacks as well.
func (m *maker) operationIDs() map[string]bool {
	taken := make(map[string]bool)
	walk(m.Root, document, func(n *apidoc.Node, is sort) {
		if is == operation {
			taken[n.Get("operationId").Str()] = true
		}
	})
	return taken
}

// unique returns the name, with a number if it is taken, and takes it.
func unique(name string, taken map[string]bool) string {
	candidate := name
	for i := 2; taken[candidate]; i++ {
		candidate = name + "_" + strconv.Itoa(i)
	}
	taken[candidate] = true
	return candidate
}

var wordsOfPath = regexp.MustCompile(`[A-Za-z0-9]+`)

// idOf makes a name of method and path: getV1CustomerByNumber.
func idOf(o op) string {
	var b strings.Builder
	b.WriteString(o.method)
	for segment := range strings.SplitSeq(strings.Trim(o.path, "/"), "/") {
		if strings.HasPrefix(segment, "{") {
			b.WriteString("By")
		}
		for _, word := range wordsOfPath.FindAllString(segment, -1) {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
