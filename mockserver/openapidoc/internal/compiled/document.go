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
	// CacheDir is a folder in which larger documents are kept in a form that is
	// faster to read than their text. It is made if it is not there, bounded, and
	// may be shared and removed at any time. Default: none.
	CacheDir string
}

// Doc is an OpenAPI document. It is safe for concurrent use.
type Doc struct {
	Title, Version string         // of the API
	OpenAPI        apidoc.Version // of the document
	Servers        []Server
	Cached         bool  // it was read from CacheDir
	CacheErr       error // why it could not be kept there; it was read all the same

	src        *apidoc.Document
	set        *schema.Set
	operations []*Operation
	makers     [2]func() *synth.Maker // by mode
}

// Open reads a document. An error is an [*apidoc.Error] with file, line and pointer.
func Open(data []byte, o Options) (*Doc, error) {
	d := &Doc{}
	src, err := d.read(data, o)
	if err != nil {
		return nil, err
	}
	version, err := src.Version()
	if err != nil {
		return nil, err
	}
	info := src.Root.Get("info")
	d.Title, d.Version, d.OpenAPI = info.Get("title").Str(), info.Get("version").Str(), version
	d.Servers, d.src, d.set = servers(src.Root.Get("servers")), src, schema.NewSet(src, version)
	for _, mode := range []schema.Mode{schema.Response, schema.Request} {
		d.makers[mode] = sync.OnceValue(func() *synth.Maker { return synth.New(d.set, mode) })
	}
	return d, d.index()
}

// read reads the text of a document, or what is kept of it.
func (d *Doc) read(data []byte, o Options) (*apidoc.Document, error) {
	options := apidoc.Options{Limits: o.Limits, Refs: o.Refs}
	if o.CacheDir == "" || len(data) < leastDocument {
		return apidoc.Open(o.Name, data, options)
	}
	kept, k := cache{o.CacheDir}, keyOf(data, o.Limits)
	if snapshot, ok := kept.get(k); ok {
		if src, err := apidoc.OpenSnapshot(o.Name, snapshot, options); err == nil {
			d.Cached = true
			return src, nil
		}
	}
	src, err := apidoc.Open(o.Name, data, options)
	if err == nil {
		d.CacheErr = kept.put(k, src.AppendSnapshot(nil))
	}
	return src, err
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
