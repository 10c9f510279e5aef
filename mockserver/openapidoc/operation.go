package openapidoc

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/chance"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/params"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/prefer"
)

// An operation answers the requests for one operation of a document.
type operation struct {
	*compiled.Operation
	d     *Document
	index int
	shape *shape // what its path says of the state; nil: nothing

	once   sync.Once
	params []params.Parameter
	paging paging
}

// parameters are those of the operation, with what they say of pages.
func (o *operation) parameters() []params.Parameter {
	o.once.Do(func() {
		for _, p := range o.Parameters() {
			own := params.Parameter{Name: p.Name, In: p.In, Style: p.Style, Explode: p.Explode, Required: p.Required, Schema: p.Schema}
			if p.Content != nil {
				own.JSON, own.Schema = p.Content.JSON(), p.Content.Schema
			}
			o.params = append(o.params, own)
		}
		o.paging = pagingOf(o.params)
	})
	return o.params
}

// cutPath cuts what some documents write behind a path: a query that requests have, and
// a fragment that only tells descriptions of one path apart.
func cutPath(path string) (template, query, fragment string) {
	template, fragment, _ = strings.Cut(path, "#")
	template, query, _ = strings.Cut(template, "?")
	return template, query, fragment
}

// template is the path without what some documents write behind it.
func (o *operation) template() string {
	template, _, _ := cutPath(o.Path)
	return template
}

// How well an operation whose path fits is what a request asks for.
const (
	fitsOther = iota + 1 // it is described once more with a fragment, or wants another query
	fitsHead             // HEAD is answered as GET is
	fitsPlain
	fitsBest // also the query that is part of the path
)

// fits tells how well the operation is what a request asks for whose path fits; 0 if it
// is not.
func (o *operation) fits(r *http.Request) int {
	_, query, fragment := cutPath(o.Path)
	switch {
	case o.Method != r.Method && (o.Method != http.MethodGet || r.Method != http.MethodHead):
		return 0
	case fragment != "", query != "" && !hasQuery(r, query):
		return fitsOther
	case o.Method != r.Method:
		return fitsHead
	case query != "":
		return fitsBest
	}
	return fitsPlain
}

// hasQuery reports whether a request has all that a query says; a name without a value
// may have any.
func hasQuery(r *http.Request, query string) bool {
	wanted, err := url.ParseQuery(query)
	if err != nil {
		return false
	}
	given := r.URL.Query()
	for name, values := range wanted {
		for _, v := range values {
			if !given.Has(name) || v != "" && !strings.Contains(v, "{") && !slices.Contains(given[name], v) {
				return false
			}
		}
	}
	return true
}

// A call is one request for an operation.
type call struct {
	*operation
	match  *match
	r      *http.Request
	body   []byte
	params *params.Request
	prefer prefer.Preference
	mock   mockserver.Call
}

// ServeHTTP answers a request that fits the operation.
func (m *match) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		answer.WriteMessage(w, http.StatusBadRequest, "The request body could not be read.")
		return
	}
	c := &call{operation: m.operation, match: m, r: r, body: body, params: params.Of(r, m.values)}
	c.mock, _ = mockserver.CallFrom(r.Context())
	c.parameters()
	if c.prefer, err = prefer.Read(r.Header); err != nil {
		answer.WriteMessage(w, http.StatusBadRequest, "Prefer: "+err.Error()+".")
		return
	}
	if !c.check(w) {
		return
	}
	if p := c.prefer.String(); p != "" {
		w.Header().Set("Preference-Applied", p)
	}
	if c.stateful() {
		c.serveState(w)
		return
	}
	resp, status := c.response(c.prefer.Code)
	if resp == nil {
		c.undeclared(w)
		return
	}
	c.answer(w, resp, status, nil)
}

// response is what the document has for a status, 0 being that of success, and the
// status to answer; nil if it has nothing.
func (o *operation) response(code int) (resp *compiled.Response, status int) {
	all := o.Responses()
	of := func(name string) *compiled.Response {
		if i := slices.IndexFunc(all, func(r *compiled.Response) bool { return r.Status == name }); i >= 0 {
			return all[i]
		}
		return nil
	}
	if code != 0 {
		return cmp.Or(of(strconv.Itoa(code)), of(strconv.Itoa(code/100)+"XX"), of("default")), code
	}
	all = o.own()
	for _, class := range []int{2, 3} {
		for _, r := range all {
			n, err := strconv.Atoi(r.Status)
			if err == nil && n/100 == class && n <= 599 && (resp == nil || n < status) {
				resp, status = r, n
			}
		}
		if resp != nil {
			return resp, status
		}
		if resp = of(strconv.Itoa(class) + "XX"); resp != nil {
			return resp, class * 100
		}
	}
	if resp = of("default"); resp != nil {
		return resp, http.StatusOK
	}
	for _, r := range all {
		if n, err := strconv.Atoi(r.Status); err == nil && n >= 200 && n <= 599 && (resp == nil || n < status) {
			resp, status = r, n
		}
	}
	return resp, status
}

// undeclared answers for a status of which the document says nothing.
func (c *call) undeclared(w http.ResponseWriter) {
	switch code := c.prefer.Code; {
	case code >= 400:
		answer.WriteMessage(w, code, http.StatusText(code)+".")
	case code != 0:
		var declared []string
		for _, r := range c.Responses() {
			declared = append(declared, r.Status)
		}
		answer.WriteMessage(w, http.StatusBadRequest, fmt.Sprintf("Prefer: code=%d: the document declares no such answer of %s %s, but %s.",
			code, c.Method, c.Path, cmp.Or(strings.Join(declared, ", "), "none")))
	default:
		w.WriteHeader(http.StatusNoContent) // the document says nothing at all
	}
}

// seed is that of an answer: the same for the same operation, parameters of the path
// and status.
func (c *call) seed(status int) uint64 {
	text := c.Method + " " + c.Path
	if c.Method == http.MethodHead {
		text = http.MethodGet + " " + c.Path
	}
	for _, v := range c.match.values {
		text += "\x00" + strings.ToLower(v.Text)
	}
	return uint64(chance.Of(c.d.cfg.Seed, "document", text, status) * (1 << 53))
}
