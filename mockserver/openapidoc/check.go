package openapidoc

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/media"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// ViolationsHeader is the header of an answer that names what does not fit the document
// in its request, with [Warn].
const ViolationsHeader = "Erpmock-Violations"

// mostViolations bounds how many are told of one request.
const mostViolations = 20

// A violation is something in a request that does not fit the document.
type violation struct {
	in      string // "path", "query", "header", "cookie" or "body"
	pointer string // to the field: "/pageSize", "/lines/0/quantity"; empty: all of it
	msg     string
	lenient bool // the ERP does not mind
}

func (v violation) String() string {
	text := v.in
	if v.pointer != "" {
		text += " " + v.pointer
	}
	return text + ": " + v.msg
}

// check holds a request against the document. It refuses one that does not fit, and
// returns false, if it is to.
func (c *call) check(w http.ResponseWriter) bool {
	if c.d.cfg.Validate == Off {
		return true
	}
	all := append(c.checkParameters(), c.checkBody()...)
	if len(all) == 0 {
		return true
	}
	texts := make([]string, 0, len(all))
	for _, v := range all[:min(len(all), mostViolations)] {
		texts = append(texts, v.String())
	}
	if more := len(all) - mostViolations; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	refused := c.d.cfg.Validate == Strict && slices.ContainsFunc(all, func(v violation) bool { return !v.lenient })
	c.d.cfg.Logger.WarnContext(c.r.Context(), "a request does not fit the document", "document", c.d.name, "company", c.mock.Company,
		"method", c.r.Method, "path", c.r.URL.Path, "operation", c.mock.OperationID, "refused", refused, "violations", strings.Join(texts, "; "))
	if refused {
		texts = slices.DeleteFunc(texts, func(text string) bool {
			return slices.ContainsFunc(all, func(v violation) bool { return v.lenient && v.String() == text })
		})
		answer.WriteMessage(w, http.StatusBadRequest, "The request is not valid. "+strings.Join(texts, "; ")+".")
		return false
	}
	w.Header().Set(ViolationsHeader, cut(oneLine(strings.Join(texts, "; ")), 2000))
	return true
}

// cut is a text of at most so many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// mocks are headers that the mock answers for, whatever the document says.
var mocks = []string{"erp-api-background", "accept", "content-type", "authorization"}

func (c *call) checkParameters() (all []violation) {
	list := c.parameters()
	for _, p := range list {
		if p.In == "header" && slices.Contains(mocks, strings.ToLower(p.Name)) {
			continue
		}
		v, there, err := c.params.Read(p)
		at := apidoc.Pointer(p.Name)
		switch {
		case err != nil:
			all = append(all, violation{in: p.In, pointer: at, msg: err.Error()})
		case !there && p.Required:
			all = append(all, violation{in: p.In, pointer: at, msg: "is required"})
		case there && p.Schema != nil:
			for _, f := range p.Schema.Validate(v, schema.Request) {
				all = append(all, violation{in: p.In, pointer: at + f.Pointer, msg: f.Msg})
			}
		}
	}
	for _, name := range c.params.Unknown(list) {
		all = append(all, violation{in: "query", pointer: apidoc.Pointer(name), msg: "is none of the document's parameters", lenient: true})
	}
	return all
}

func (c *call) checkBody() (all []violation) {
	b := c.Body()
	if b == nil {
		return nil
	}
	if len(c.body) == 0 {
		if b.Required {
			return []violation{{in: "body", msg: "is required"}}
		}
		return nil
	}
	kind := c.r.Header.Get("Content-Type")
	m := c.bodyType(kind)
	if m == nil {
		if len(b.Content) == 0 {
			return nil
		}
		declared := make([]string, len(b.Content))
		for i, m := range b.Content {
			declared[i] = m.Type
		}
		if kind == "" {
			kind = "none"
		}
		return []violation{{in: "body", msg: fmt.Sprintf("its media type is %s, want %s", kind, strings.Join(declared, " or "))}}
	}
	if m.Schema == nil {
		return nil
	}
	v, err := media.Read(kind, c.body, m.Schema)
	switch {
	case errors.Is(err, media.ErrUnread):
		return nil
	case err != nil:
		return []violation{{in: "body", msg: err.Error()}}
	}
	for _, f := range m.Schema.Validate(v, schema.Request) {
		all = append(all, violation{in: "body", pointer: f.Pointer, msg: f.Msg})
	}
	return all
}
