package compiled

import (
	"fmt"
	"strings"
	"sync"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// Operation is a method on a path.
type Operation struct {
	Method  string // in capitals
	Path    string // with {parameters}
	ID      string // operationId; may be empty
	Tags    []string
	Pointer string // JSON pointer of the operation

	doc      *Doc
	item, n  *apidoc.Node // the path, the operation
	itemAt   string       // pointer of item
	once     sync.Once
	content  contents
	problems []schema.Problem
}

// contents is what is found out when it is asked for.
type contents struct {
	parameters []*Parameter
	body       *Body
	responses  []*Response
	servers    []Server
}

// methods are the keys of a path that are operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// index finds the operations.
func (d *Doc) index() error {
	paths := d.src.Root.Get("paths")
	if paths == nil {
		return nil // a document of 3.1 may have webhooks only
	}
	if !paths.Is(apidoc.Object) {
		return paths.Errorf("paths is %s; want an object", paths.Kind)
	}
	for i, path := range paths.Keys {
		if !strings.HasPrefix(path, "/") {
			continue // an extension
		}
		pointer := apidoc.Pointer("paths", path)
		item, err := d.src.Deref(paths.Items[i])
		if err != nil {
			return err
		}
		if item != paths.Items[i] {
			ref, _ := paths.Items[i].Ref()
			pointer = schema.PointerOf(ref, pointer)
		}
		for j, key := range item.Keys {
			for _, method := range methods {
				if key == method {
					d.operations = append(d.operations, d.operation(path, key, item, item.Items[j], pointer))
				}
			}
		}
	}
	return nil
}

func (d *Doc) operation(path, method string, item, n *apidoc.Node, pointer string) *Operation {
	o := &Operation{
		Method: strings.ToUpper(method), Path: path, ID: n.Get("operationId").Str(), Pointer: pointer + "/" + method,
		doc: d, item: item, n: n, itemAt: pointer,
	}
	if tags := n.Get("tags"); tags.Is(apidoc.Array) {
		for _, tag := range tags.Items {
			o.Tags = append(o.Tags, tag.Str())
		}
	}
	return o
}

// Parameters returns those of the operation and of its path.
func (o *Operation) Parameters() []*Parameter { return o.contents().parameters }

// Body returns what a request carries; nil if nothing.
func (o *Operation) Body() *Body { return o.contents().body }

// Responses returns the answers in the order of the document.
func (o *Operation) Responses() []*Response { return o.contents().responses }

// Servers returns the addresses of the operation, if it or its path has some of its
// own, else those of the document.
func (o *Operation) Servers() []Server { return o.contents().servers }

// Problems returns what could not be understood in the operation itself. The
// problems of schemas are those of [Doc.Problems].
func (o *Operation) Problems() []schema.Problem {
	o.contents()
	return o.problems
}

func (o *Operation) contents() *contents {
	o.once.Do(func() {
		o.content = contents{parameters: o.parameters(), body: o.body(), responses: o.responses(), servers: o.doc.Servers}
		for _, n := range []*apidoc.Node{o.item, o.n} {
			if own := servers(n.Get("servers")); own != nil {
				o.content.servers = own
			}
		}
	})
	return &o.content
}

func (o *Operation) problem(pointer, format string, args ...any) {
	o.problems = append(o.problems, schema.Problem{Pointer: pointer, Msg: fmt.Sprintf(format, args...)})
}

// deref follows a reference, and tells where what it leads to stands. It returns nil
// if it leads nowhere or to something that is no object.
func (o *Operation) deref(n *apidoc.Node, pointer string) (*apidoc.Node, string) {
	to, err := o.doc.src.Deref(n)
	if err != nil {
		o.problem(pointer, "%v", err)
		return nil, pointer
	}
	if to != n {
		ref, _ := n.Ref()
		pointer = schema.PointerOf(ref, pointer)
	}
	if !to.Is(apidoc.Object) {
		if to != nil {
			o.problem(pointer, "is %s; want an object", to.Kind)
		}
		return nil, pointer
	}
	return to, pointer
}
