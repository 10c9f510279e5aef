package openapidoc

import (
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
)

// queuedStatus is the answer to a call that was queued: the mock's, where the header
// of the background API asks for it.
const queuedStatus = "202"

// own are the responses of the operation itself. A document that declares the header
// of the background API has the 202 to it beside them, which is none of its own if
// it has another 2xx.
func (o *operation) own() []*compiled.Response {
	all := o.Responses()
	declares := slices.ContainsFunc(o.Parameters(), func(p *compiled.Parameter) bool {
		return p.In == "header" && strings.EqualFold(p.Name, "erp-api-background")
	})
	other := func(r *compiled.Response) bool { return strings.HasPrefix(r.Status, "2") && r.Status != queuedStatus }
	if !declares || !slices.ContainsFunc(all, other) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(r *compiled.Response) bool { return r.Status == queuedStatus })
}
