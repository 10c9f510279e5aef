package compiled

import (
	"sync"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/synth"
)

// Options are those of [Open]. All may be left out.
type Options struct {
	Name   string // of the file, for errors
	Refs   string // the folder that references may lead into; see [apidoc.Options]
	Limits apidoc.Limits
}

// Doc is an OpenAPI document. It is safe for concurrent use.
type Doc struct {
	Title, Version string         // of the API
	OpenAPI        apidoc.Version // of the document
	Servers        []Server

	src        *apidoc.Document
	set        *schema.Set
	operations []*Operation
	makers     [2]func() *synth.Maker // by mode
}

// Open reads a document. An error is an [*apidoc.Error] with file, line and pointer.
func Open(data []byte, o Options) (*Doc, error) {
	src, err := apidoc.Open(o.Name, data, apidoc.Options{Limits: o.Limits, Refs: o.Refs})
	if err != nil {
		return nil, err
	}
	version, err := src.Version()
	if err != nil {
		return nil, err
	}
	info := src.Root.Get("info")
	d := &Doc{
		Title: info.Get("title").Str(), Version: info.Get("version").Str(), OpenAPI: version,
		Servers: servers(src.Root.Get("servers")), src: src, set: schema.NewSet(src, version),
	}
	for _, mode := range []schema.Mode{schema.Response, schema.Request} {
		d.makers[mode] = sync.OnceValue(func() *synth.Maker { return synth.New(d.set, mode) })
	}
	return d, d.index()
}

// Operations returns all operations, in the order of the document.
func (d *Doc) Operations() []*Operation { return d.operations }

// Value returns a value that is valid against a schema of the document, see
// [synth.Maker.Value].
func (d *Doc) Value(s *schema.Schema, mode schema.Mode, o synth.Options) (any, []synth.Reason) {
	return d.makers[mode]().Value(s, o)
}

// Server is an address at which the API is served.
type Server struct {
	URL       string // with {variables}
	Variables []Variable
}

// Variable is a part of an address that is open.
type Variable struct {
	Name, Default string
	Enum          []string // empty: any value
}

func servers(n *apidoc.Node) []Server {
	if !n.Is(apidoc.Array) {
		return nil
	}
	var list []Server
	for _, item := range n.Items {
		s := Server{URL: item.Get("url").Str()}
		if vars := item.Get("variables"); vars.Is(apidoc.Object) {
			for i, name := range vars.Keys {
				v := Variable{Name: name, Default: vars.Items[i].Get("default").Str()}
				if enum := vars.Items[i].Get("enum"); enum.Is(apidoc.Array) {
					for _, value := range enum.Items {
						v.Enum = append(v.Enum, value.Text)
					}
				}
				s.Variables = append(s.Variables, v)
			}
		}
		if s.URL != "" {
			list = append(list, s)
		}
	}
	return list
}
