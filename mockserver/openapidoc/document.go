package openapidoc

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/paths"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/resources"
)

// A Document answers from an OpenAPI document. It is a [mockserver.Fallback], safe for
// concurrent use, and starts nothing.
type Document struct {
	cfg        Config
	name       string
	doc        *compiled.Doc
	operations []*operation
	sites      []*site // the base paths of servers, with what is served there
	bare       site    // all operations, without a base path
	conditions bool    // some paths have a query
	state      *resources.Store
	forgot     sync.Once // it was told that something was forgotten

	mu    sync.Mutex // guards calls
	calls map[string]map[int]int
}

var _ mockserver.Fallback = (*Document)(nil)

// New reads a document. The error names the fields of cfg that are wrong, or file, line
// and place of what cannot be read. An operation that cannot be understood is no error:
// see [Document.Check].
func New(cfg Config) (*Document, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	name, data, err := cfg.read()
	if err != nil {
		return nil, err
	}
	doc, err := compiled.Open(data, compiled.Options{Name: name, Refs: cfg.Refs, Limits: apidoc.Limits(cfg.Limits), CacheDir: cfg.CacheDir})
	if err != nil {
		return nil, err
	}
	if doc.CacheErr != nil {
		cfg.Logger.Warn("a document could not be kept for the next time; it was read all the same", "document", name, "error", doc.CacheErr)
	}
	d := &Document{
		cfg: cfg, name: name, doc: doc, calls: make(map[string]map[int]int), state: resources.New(cfg.StateBytes),
	}
	for i, o := range doc.Operations() {
		d.operations = append(d.operations, &operation{Operation: o, d: d, index: i})
		d.place(i, o)
	}
	shapesOf(d.operations)
	return d, nil
}

// A site is a base path with the operations that are served there.
type site struct {
	base string
	tree paths.Tree
}

// place enters an operation at the base paths of its servers.
func (d *Document) place(i int, o *compiled.Operation) {
	template, query, _ := cutPath(o.Path)
	d.conditions = d.conditions || query != ""
	d.bare.tree.Add(template, i)
	for _, server := range o.Servers() {
		variables := make(map[string]paths.Variable)
		for _, v := range server.Variables {
			variables[v.Name] = paths.Variable{Default: v.Default, Enum: v.Enum}
		}
		for _, base := range paths.Bases(server.URL, variables) {
			if base != "" {
				d.site(base).tree.Add(base+template, i)
			}
		}
	}
}

func (d *Document) site(base string) *site {
	at := slices.IndexFunc(d.sites, func(s *site) bool { return s.base == base })
	if at < 0 {
		at = len(d.sites)
		d.sites = append(d.sites, &site{base: base})
	}
	return d.sites[at]
}

// A match is an operation with what its path's parameters stand for in a request.
type match struct {
	*operation
	values []paths.Value
}

// find returns the operation for a request, and the methods of the paths that fit if
// there is none. Paths are looked for as they stand in the document, behind the base
// path of a server and without it, and behind those of the ERP.
func (d *Document) find(r *http.Request) (found *match, methods []string) {
	path := r.URL.EscapedPath()
	_, below := route.SplitBase(path)
	trees := make([]*paths.Tree, 0, len(d.sites)+1)
	for _, s := range d.sites {
		trees = append(trees, &s.tree)
	}
	trees = append(trees, &d.bare.tree)
	try := func(t *paths.Tree, path string) bool {
		best := 0
		t.Find(path, func(id int, values []paths.Value) bool {
			o := d.operations[id]
			if fits := o.fits(r); fits > best {
				found, best = &match{o, values}, fits
			}
			if !slices.Contains(methods, o.Method) {
				methods = append(methods, o.Method)
			}
			return best == fitsBest || best == fitsPlain && !d.conditions
		})
		return best > 0
	}
	for _, p := range []string{path, below} {
		for _, t := range trees {
			if try(t, p) || try(t, p+"/") {
				return found, nil
			}
		}
		if below == path {
			break
		}
	}
	return nil, methods
}

// Route implements [mockserver.Fallback].
func (d *Document) Route(r *http.Request) (mockserver.Route, bool) {
	found, methods := d.find(r)
	switch {
	case found != nil:
		for i := range found.values {
			found.values[i].Text = route.Decoded(found.values[i].Text)
		}
		return mockserver.Route{Handler: found, Pattern: found.Path}, true
	case methods == nil:
		return mockserver.Route{}, false
	}
	methods = allowed(methods)
	if r.Method == http.MethodOptions {
		return mockserver.Route{Handler: options(methods)}, true
	}
	return mockserver.Route{Methods: methods}, true
}

// allowed adds to the methods of a path those that follow from them.
func allowed(methods []string) []string {
	if slices.Contains(methods, http.MethodGet) && !slices.Contains(methods, http.MethodHead) {
		methods = append(methods, http.MethodHead)
	}
	if !slices.Contains(methods, http.MethodOptions) {
		methods = append(methods, http.MethodOptions)
	}
	return methods
}

// options answers what a path takes.
func options(methods []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		w.WriteHeader(http.StatusNoContent)
	})
}

// Reset forgets what a company created, changed and deleted, and its calls; of all
// companies, if the name is empty. The server calls it.
func (d *Document) Reset(company string) {
	d.state.Reset(company)
	d.mu.Lock()
	defer d.mu.Unlock()
	if company == "" {
		clear(d.calls)
		return
	}
	delete(d.calls, company)
}

// Called counts a request for the operation that it is for, whoever answers it. The
// server calls it.
func (d *Document) Called(r *http.Request, company string) {
	found, _ := d.find(r)
	if found == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls[company] == nil {
		d.calls[company] = make(map[int]int)
	}
	d.calls[company][found.index]++
}

// An Operation is one of a document.
type Operation struct {
	Method string
	Path   string // as the document writes it
	ID     string // operationId; may be empty
	Tags   []string
	Calls  int // also those that a handler or the built-in ERP answered
}

// Operations lists the operations in the order of the document, with the calls that a
// company made since its last reset; those of all companies, if the name is empty.
func (d *Document) Operations(company string) []Operation {
	list := make([]Operation, len(d.operations))
	for i, o := range d.operations {
		list[i] = Operation{Method: o.Method, Path: o.Path, ID: o.ID, Tags: o.Tags}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, calls := range d.calls {
		if company != "" && company != name {
			continue
		}
		for i, n := range calls {
			list[i].Calls += n
		}
	}
	return list
}

// Name is the document's file, or what Config.Name calls it.
func (d *Document) Name() string { return d.name }

// Title and Version are what the document says of itself.
func (d *Document) Title() string { return d.doc.Title }

// Version is that of the API.
func (d *Document) Version() string { return d.doc.Version }
