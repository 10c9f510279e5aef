package openapidoc

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/media"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/structure"
)

// An edit makes something else of the value of an answer, which s describes.
type edit func(v any, s *schema.Schema) any

// answer answers with a response of the document. The edit, which may be nil, is for
// values that can be merged, and not for examples that were asked for by name.
func (c *call) answer(w http.ResponseWriter, resp *compiled.Response, status int, change edit) {
	m, ok := c.mediaType(w, resp)
	if !ok {
		return
	}
	if m == nil || !hasBody(status) {
		c.setHeaders(w, resp, status, nil, nil)
		w.WriteHeader(status)
		return
	}
	v, example, ok := c.value(w, m, status)
	if !ok {
		return
	}
	if !example || c.prefer.Example == "" {
		v = c.echoed(v, m.Schema, example)
		if c.lists() && status/100 == 2 {
			v = c.page(w, c.filledUp(v, m, status, example), m.Schema, change)
		} else if change != nil && status/100 == 2 {
			v = change(v, m.Schema)
		}
	}
	accept := c.r.Header.Values("Accept")
	binary := !structure.Types(m.Schema).Has(schema.Object | schema.Array)
	body, contentType := media.Write(media.Concrete(m.Type, accept, binary), v, m.Schema)
	if text, isText := v.(string); isText && example && !m.JSON() {
		body = []byte(text) // the document has it in the form that it is sent in
	}
	c.setHeaders(w, resp, status, v, body)
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}

// hasBody reports whether answers with a status have one.
func hasBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusResetContent && status != http.StatusNotModified
}

// mediaType is the form of a response that the caller likes best; nil if the document
// has none. It answers 406, and returns false, if the caller likes none and the
// requests are held against the document strictly; else the first form is taken.
func (c *call) mediaType(w http.ResponseWriter, resp *compiled.Response) (*compiled.MediaType, bool) {
	if len(resp.Content) == 0 {
		return nil, true
	}
	offered := make([]string, len(resp.Content))
	for i, m := range resp.Content {
		offered[i] = m.Type
	}
	at := media.Choose(c.r.Header.Values("Accept"), offered)
	switch {
	case at >= 0:
		return resp.Content[at], true
	case c.d.cfg.Validate == Strict:
		answer.WriteMessage(w, http.StatusNotAcceptable, "None of these media types is accepted: "+strings.Join(offered, ", ")+".")
		return nil, false
	}
	return resp.Content[max(0, media.Choose(nil, offered))], true
}

// value is what the document has for a media type. It answers for an example that is
// not there, and returns false.
func (c *call) value(w http.ResponseWriter, m *compiled.MediaType, status int) (v any, example, ok bool) {
	name := c.prefer.Example
	if name != "" && !m.Named(name) {
		var names []string
		for _, e := range m.Examples {
			if e.Name != "" {
				names = append(names, e.Name)
			}
		}
		known := "it has none with a name"
		if names != nil {
			known = "it has " + strings.Join(names, ", ")
		}
		answer.WriteMessage(w, http.StatusBadRequest, fmt.Sprintf("Prefer: example=%s: the answer %d of %s %s has no such example in %s, %s.",
			name, status, c.Method, c.Path, m.Type, known))
		return nil, false, false
	}
	a := m.Answer(c.want(status))
	return a.Value, a.Source == compiled.FromExample || a.Source == compiled.FromSchema, true
}

func (c *call) want(status int) compiled.Want {
	want := compiled.Want{Example: c.prefer.Example, Dynamic: c.prefer.Dynamic && c.prefer.Example == "", Seed: c.seed(status), Mode: schema.Response}
	if c.lists() && status/100 == 2 {
		want.Items = c.d.cfg.Rows
	}
	return want
}

// echoed is a value that was made up with the id that the path names, where it has one.
func (c *call) echoed(v any, s *schema.Schema, example bool) any {
	object, ok := v.(map[string]any)
	if !ok || example || s == nil || len(c.match.values) == 0 || !strings.HasSuffix(c.template(), "}") {
		return v
	}
	last := c.match.values[len(c.match.values)-1]
	changed := withID(object, s, last.Name, c.noun(), last.Text)
	if structure.HasChoices(s) && !s.Valid(changed, schema.Response) {
		return v
	}
	return changed
}
