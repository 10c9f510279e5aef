package compiled

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// Parameter is one of a call besides its body.
type Parameter struct {
	Name, In        string // In is path, query, header or cookie
	Required        bool
	Style           string // as it is, or the default of In
	Explode         bool
	AllowReserved   bool
	AllowEmptyValue bool
	Schema          *schema.Schema // nil if Content says what it is
	Content         *MediaType
	Pointer         string
}

func (o *Operation) parameters() []*Parameter {
	var list []*Parameter
	places := make(map[[2]string]int)
	for _, of := range []struct {
		n       *apidoc.Node
		pointer string
	}{{o.item, o.itemAt}, {o.n, o.Pointer}} {
		all := of.n.Get("parameters")
		if !all.Is(apidoc.Array) {
			continue
		}
		for i, item := range all.Items {
			n, pointer := o.deref(item, fmt.Sprintf("%s/parameters/%d", of.pointer, i))
			if n == nil {
				continue
			}
			p := o.parameter(n, pointer)
			if p == nil {
				continue
			}
			key := [2]string{p.In, p.Name}
			if at, known := places[key]; known {
				list[at] = p // that of the operation counts
				continue
			}
			places[key] = len(list)
			list = append(list, p)
		}
	}
	return list
}

func (o *Operation) parameter(n *apidoc.Node, pointer string) *Parameter {
	p := &Parameter{
		Name: n.Get("name").Str(), In: n.Get("in").Str(), Required: n.Get("required").IsTrue(), Style: n.Get("style").Str(),
		AllowReserved: n.Get("allowReserved").IsTrue(), AllowEmptyValue: n.Get("allowEmptyValue").IsTrue(), Pointer: pointer,
	}
	switch p.In {
	case "path", "query", "header", "cookie":
	default:
		o.problem(pointer, "the parameter is in %q, and left out; want path, query, header or cookie", p.In)
		return nil
	}
	if p.Name == "" {
		o.problem(pointer, "the parameter has no name, and is left out")
		return nil
	}
	if p.Style == "" {
		p.Style = map[string]string{"path": "simple", "header": "simple", "query": "form", "cookie": "form"}[p.In]
	}
	p.Explode = p.Style == "form"
	if e := n.Get("explode"); e.Is(apidoc.Bool) {
		p.Explode = e.IsTrue()
	}
	if s := n.Get("schema"); s != nil {
		p.Schema = o.doc.set.Compile(s, pointer+"/schema")
	}
	if types := o.mediaTypes(n, pointer); len(types) > 0 {
		p.Content = types[0]
	}
	return p
}

// Body is what a request carries.
type Body struct {
	Required bool
	Content  []*MediaType
	Pointer  string
}

func (o *Operation) body() *Body {
	given := o.n.Get("requestBody")
	if given == nil {
		return nil
	}
	n, pointer := o.deref(given, o.Pointer+"/requestBody")
	if n == nil {
		return nil
	}
	return &Body{Required: n.Get("required").IsTrue(), Content: o.mediaTypes(n, pointer), Pointer: pointer}
}

// Response is an answer.
type Response struct {
	Status      string // three digits, a range such as 2XX, or default
	Description string
	Content     []*MediaType
	Headers     []*Header
	Pointer     string
}

// Header is one of an answer.
type Header struct {
	Name      string
	Required  bool
	MediaType // its schema and examples; Type is empty
}

// backgroundResult has what an operation of a background view answers once it has
// run; its 202 is that of the background API.
const backgroundResult = "x-background-result"

func (o *Operation) responses() []*Response {
	if !o.n.Get(backgroundResult).Is(apidoc.Object) {
		return o.responsesOf("responses")
	}
	list := o.responsesOf(backgroundResult)
	for _, r := range o.responsesOf("responses") {
		if r.Status != "202" && !slices.ContainsFunc(list, func(result *Response) bool { return result.Status == r.Status }) {
			list = append(list, r)
		}
	}
	return list
}

// responsesOf reads the responses of a key.
func (o *Operation) responsesOf(key string) []*Response {
	all := o.n.Get(key)
	if !all.Is(apidoc.Object) {
		if all != nil {
			o.problem(o.Pointer+"/"+key, "is %s; want an object", all.Kind)
		}
		return nil
	}
	var list []*Response
	for i, status := range all.Keys {
		if strings.HasPrefix(status, "x-") {
			continue
		}
		at := o.Pointer + apidoc.Pointer(key, status)
		n, pointer := o.deref(all.Items[i], at)
		if n == nil {
			continue
		}
		if status = strings.ToUpper(status); status == "DEFAULT" {
			status = "default"
		}
		r := &Response{Status: status, Description: n.Get("description").Str(), Content: o.mediaTypes(n, pointer), Pointer: pointer}
		if headers := n.Get("headers"); headers.Is(apidoc.Object) {
			for j, name := range headers.Keys {
				h, where := o.deref(headers.Items[j], pointer+apidoc.Pointer("headers", name))
				if h == nil || strings.EqualFold(name, "Content-Type") {
					continue
				}
				r.Headers = append(r.Headers, &Header{Name: name, Required: h.Get("required").IsTrue(), MediaType: *o.mediaType("", h, where)})
			}
		}
		list = append(list, r)
	}
	return list
}
