package view

import (
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

// sort is what an object of a document is by its place. Only places that
// OpenAPI knows have one, so that what looks like a reference or a schema in an
// example or an extension is left alone.
type sort string

const (
	document    sort = "document"
	components  sort = "components"
	pathItem    sort = "pathItems"
	operation   sort = "operation"
	parameter   sort = "parameters"
	header      sort = "headers"
	requestBody sort = "requestBodies"
	response    sort = "responses"
	mediaType   sort = "mediaType"
	encoding    sort = "encoding"
	schema      sort = "schemas"
	example     sort = "examples"
	link        sort = "links"
	callback    sort = "callbacks"
	security    sort = "securitySchemes"
)

// shape is how objects of a sort stand under a key.
type shape int

const (
	one   shape = iota // an object
	some               // a list of them, or one
	named              // by names that are free
	keyed              // by keys beside which extensions may stand
)

// place is a key of an object under which others stand.
type place struct {
	key   string
	shape shape
	sort  sort
}

const resultKey = "x-background-result"

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

var grammar = map[sort][]place{
	document: {{"paths", keyed, pathItem}, {"webhooks", keyed, pathItem}, {"components", one, components}},
	components: {
		{"schemas", named, schema},
		{"responses", named, response},
		{"parameters", named, parameter},
		{"examples", named, example},
		{"requestBodies", named, requestBody},
		{"headers", named, header},
		{"securitySchemes", named, security},
		{"links", named, link},
		{"callbacks", named, callback},
		{"pathItems", named, pathItem},
	},
	pathItem: append([]place{{"parameters", some, parameter}}, operations()...),
	operation: {
		{"parameters", some, parameter},
		{"requestBody", one, requestBody},
		{"responses", keyed, response},
		{resultKey, keyed, response},
		{"callbacks", named, callback},
	},
	parameter:   {{"schema", one, schema}, {"content", named, mediaType}, {"examples", named, example}},
	header:      {{"schema", one, schema}, {"content", named, mediaType}, {"examples", named, example}},
	requestBody: {{"content", named, mediaType}},
	response:    {{"headers", named, header}, {"content", named, mediaType}, {"links", named, link}},
	mediaType:   {{"schema", one, schema}, {"examples", named, example}, {"encoding", named, encoding}},
	encoding:    {{"headers", named, header}},
	callback:    {{"", keyed, pathItem}},
	schema: {
		{"properties", named, schema},
		{"patternProperties", named, schema},
		{"$defs", named, schema},
		{"definitions", named, schema},
		{"dependentSchemas", named, schema},
		{"items", some, schema},
		{"prefixItems", some, schema},
		{"allOf", some, schema},
		{"oneOf", some, schema},
		{"anyOf", some, schema},
		{"not", one, schema},
		{"additionalProperties", one, schema},
		{"additionalItems", one, schema},
		{"unevaluatedItems", one, schema},
		{"unevaluatedProperties", one, schema},
		{"contains", one, schema},
		{"propertyNames", one, schema},
		{"if", one, schema},
		{"then", one, schema},
		{"else", one, schema},
		{"contentSchema", one, schema},
	},
}

func operations() []place {
	var all []place
	for _, method := range methods {
		all = append(all, place{method, one, operation})
	}
	return all
}

// walk visits an object and those in it, each before what it holds. What
// stands beside a reference is visited in schemas only, where it counts since
// OpenAPI 3.1. A visit may change the object.
func walk(n *apidoc.Node, is sort, visit func(n *apidoc.Node, is sort)) {
	if !n.Is(apidoc.Object) {
		return
	}
	visit(n, is)
	if _, isRef := n.Ref(); isRef && is != schema && is != pathItem {
		return
	}
	for _, p := range grammar[is] {
		under := n
		if p.key != "" {
			under = n.Get(p.key)
		}
		switch {
		case p.shape == one || p.shape == some && under.Is(apidoc.Object):
			walk(under, p.sort, visit)
		case p.shape == some && under.Is(apidoc.Array):
			for _, item := range under.Items {
				walk(item, p.sort, visit)
			}
		case under.Is(apidoc.Object):
			for i, key := range under.Keys {
				if p.shape == named || !strings.HasPrefix(key, "x-") {
					walk(under.Items[i], p.sort, visit)
				}
			}
		}
	}
}
