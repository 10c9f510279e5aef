package openapidoc

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/paths"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/resources"
)

// A shape is what the paths of a document say of a kind of things: there is a list of
// them at one path, and each of them at that path and its id.
type shape struct {
	list, item []*operation // by their paths; one of the two may be empty
	noun       string       // the last word of the list's path, squashed
	parameter  string       // of the item's path; empty: there is only one thing, and no list
}

// parameterName finds parameters in a template.
var parameterName = regexp.MustCompile(`\{[^{}/]*\}`)

// versionSegment is the version that a path may begin with: what is created by one
// version of an API can be read by another.
var versionSegment = regexp.MustCompile(`^/v[0-9]+(/|$)`)

// formOf is a template in the form that paths for the same things have in common,
// whatever their parameters are called.
func formOf(template string) string {
	return resources.Key(versionSegment.ReplaceAllString(parameterName.ReplaceAllString(template, "{}"), "/"))
}

// itemParameter is the list's path and the parameter of the path of one thing, and
// false if a path is none.
func itemParameter(template string) (list, parameter string, ok bool) {
	i := strings.LastIndexByte(template, '/')
	last := template[i+1:]
	if i < 1 || !strings.HasPrefix(last, "{") || strings.IndexByte(last, '}') != len(last)-1 {
		return "", "", false
	}
	return template[:i], strings.Trim(last, "{}+*."), true
}

// shapesOf finds the shapes, and notes them in the operations. There is one where the
// paths of a list and of a thing are both there, or where a thing can be changed.
func shapesOf(operations []*operation) {
	all := make(map[string]*shape) // by the form of the list's path
	at := func(list string) *shape {
		form := formOf(list)
		s := all[form]
		if s == nil {
			s = &shape{noun: squashed(list[strings.LastIndexByte(list, '/')+1:])}
			all[form] = s
		}
		return s
	}
	for _, o := range operations {
		if list, parameter, ok := itemParameter(o.template()); ok {
			s := at(list)
			s.item = append(s.item, o)
			s.parameter = parameter
			o.shape = s
		}
	}
	for _, o := range operations {
		if o.shape != nil {
			continue
		}
		if s := all[formOf(o.template())]; s != nil {
			s.list = append(s.list, o)
			o.shape = s
		}
	}
	single := make(map[string]*shape) // things that are in no list, and can be changed
	for _, o := range operations {
		if o.shape == nil && (o.Method == http.MethodPut || o.Method == http.MethodPatch) {
			single[formOf(o.template())] = new(shape)
		}
	}
	for _, o := range operations {
		if s := single[formOf(o.template())]; o.shape == nil && s != nil {
			s.item = append(s.item, o)
			o.shape = s
		}
	}
}

// of returns the operation with a method, nil if there is none; reading comes with the
// lowest version first.
func of(operations []*operation, method string) *operation {
	i := slices.IndexFunc(operations, func(o *operation) bool { return o.Method == method })
	if i < 0 {
		return nil
	}
	return operations[i]
}

// isItem reports whether the operation is one for a single thing.
func (o *operation) isItem() bool { return o.shape != nil && slices.Contains(o.shape.item, o) }

// isList reports whether it is one for the list of them.
func (o *operation) isList() bool { return o.shape != nil && !o.isItem() }

// lists reports whether the operation answers with rows that come in pages, or that
// requests add to.
func (o *operation) lists() bool {
	o.parameters()
	return o.Method == http.MethodGet && !o.isItem() && (o.paging.any() || o.d.cfg.Stateful && o.isList())
}

// noun is what the things of a list are called.
func (o *operation) noun() string {
	if o.shape == nil {
		return ""
	}
	return o.shape.noun
}

// filled is a template with values for its parameters, escaped.
func filled(template string, values []paths.Value) string {
	i := 0
	return parameterName.ReplaceAllStringFunc(template, func(string) string {
		text := ""
		if i < len(values) {
			text = url.PathEscape(values[i].Text)
		}
		i++
		return text
	})
}

// place is the path of what a request is about in the state, without base and version.
func place(template string, values []paths.Value) string {
	return resources.Key(versionSegment.ReplaceAllString(filled(template, values), "/"))
}
