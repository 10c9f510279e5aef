package view

import (
	"slices"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

// foreground makes the foreground view.
func (m *maker) foreground() error {
	tagsBefore := tagsOf(m.operations())
	found := false
	for _, o := range m.operations() {
		if o.reads() {
			continue
		}
		if m.headers(o) != nil || o.node.Has(resultKey) {
			found = true
		}
		if err := m.answerDirectly(o); err != nil {
			return err
		}
		m.removeHeader(o.node)
		if err := m.removeCallbacks(o); err != nil {
			return err
		}
	}
	for _, item := range m.Root.Get("paths").Items {
		m.removeHeader(item)
	}
	if !found {
		m.tell(nil, "no operation has the header %s; the document is its own foreground view", headerName)
	}
	m.pruneTags(tagsBefore)
	return nil
}

// answerDirectly gives an operation its final answers.
func (m *maker) answerDirectly(o op) error {
	direct := o.node.Get("responses")
	results := o.node.Get(resultKey)
	if !direct.Is(apidoc.Object) {
		return nil
	}
	if !results.Is(apidoc.Object) {
		if accepted := direct.Get("202"); m.headers(o) != nil && accepted != nil && m.isAccepted(accepted) {
			direct.Delete("202")
			if len(direct.Keys) == 0 {
				direct.Set("default", noSuccess())
			}
		}
		return nil
	}
	if m.RateLimits {
		accepted, err := m.Deref(direct.Get("202"))
		if err != nil {
			return err
		}
		addHeaders(results, rateLimitHeaders(accepted.Get("headers")))
	}
	all := merge(results, direct)
	if len(all.Keys) > 1 && all.Get("default").Equal(noSuccess()) {
		all.Delete("default")
	}
	o.node.Set("responses", all)
	o.node.Delete(resultKey)
	return nil
}

// merge returns the final answers together with those that are refused before
// a call is queued, which come in the foreground as well, in the order of their
// status; one that is named in both is the final one.
func merge(results, direct *apidoc.Node) *apidoc.Node {
	type entry struct {
		status string
		answer *apidoc.Node
	}
	var all []entry
	for i, status := range results.Keys {
		all = append(all, entry{status, results.Items[i]})
	}
	for i, status := range direct.Keys {
		if status != "202" && !results.Has(status) {
			all = append(all, entry{status, direct.Items[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return strings.Compare(a.status, b.status) })
	out := apidoc.NewObject()
	for _, e := range all {
		out.Set(e.status, e.answer)
	}
	return out
}

// rateLimitHeaders returns those that stand on every answer.
func rateLimitHeaders(headers *apidoc.Node) *apidoc.Node {
	limits := apidoc.NewObject()
	if headers.Is(apidoc.Object) {
		for i, name := range headers.Keys {
			if strings.HasPrefix(name, "X-RateLimit-") {
				limits.Set(name, headers.Items[i])
			}
		}
	}
	return limits
}

// addHeaders adds headers to each response that is written out; one that is
// referred to declares its own.
func addHeaders(responses, headers *apidoc.Node) {
	for _, answer := range responses.Items {
		if _, isRef := answer.Ref(); isRef || len(headers.Keys) == 0 {
			continue
		}
		own := answer.Get("headers")
		if own == nil {
			own = apidoc.NewObject()
			answer.Insert(1+slices.Index(answer.Keys, "description"), "headers", own)
		}
		for i, name := range headers.Keys {
			own.Set(name, headers.Items[i].Clone())
		}
	}
}
