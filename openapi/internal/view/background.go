package view

import (
	"regexp"

	"github.com/vismanet-go/background/internal/apidoc"
)

// background makes the background view.
func (m *maker) background() error {
	var err error
	taken := m.operationIDs()
	if m.contract, err = openContract(m, taken); err != nil {
		return err
	}
	tagsBefore := tagsOf(m.operations())
	for _, o := range m.queued() {
		if err := m.requireHeader(o); err != nil {
			return err
		}
		if !o.node.Has(resultKey) {
			if err := m.queue(o); err != nil {
				return err
			}
		}
		if err := m.callbacks(o, taken); err != nil {
			return err
		}
	}
	if err := m.contract.addReads(); err != nil {
		return err
	}
	m.pruneTags(tagsBefore)
	return nil
}

// queue moves the answers of an operation to its results, so that 202 is its
// only success. Its errors stay where they are as well, for it may be refused
// before it is queued.
func (m *maker) queue(o op) error {
	before := o.node.Get("responses")
	if !before.Is(apidoc.Object) {
		before = apidoc.NewObject()
		o.node.Set("responses", before)
	}
	accepted, err := m.contract.reference(response, "Accepted")
	if err != nil {
		return err
	}
	direct, results := apidoc.NewObject(), apidoc.NewObject()
	direct.Set("202", accepted)
	succeeds := false
	for i, status := range before.Keys {
		answer := before.Items[i]
		switch {
		case status == "202" && m.isAccepted(answer):
			accepted.Move(answer)
			continue
		case isError(status):
			direct.Set(status, answer.Clone())
		case len(status) > 0 && status[0] >= '1' && status[0] <= '3':
			succeeds = true
		}
		if status != "401" && status != "429" { // which are told before a call is queued
			results.Set(status, answer)
		}
	}
	if n := before.Get("default"); n != nil && succeeds {
		direct.Set("default", n.Clone()) // then it stands for errors
	}
	if !succeeds && !results.Has("default") {
		results.Set("default", noSuccess())
		m.tell(o.node, "%s names no answer of a success", o)
	}
	o.node.Set("responses", direct)
	for i, key := range o.node.Keys {
		if key == "responses" {
			o.node.Insert(i+1, resultKey, results)
		}
	}
	return nil
}

var errorStatus = regexp.MustCompile(`^[45]([0-9][0-9]|XX|xx)$`)

func isError(status string) bool { return errorStatus.MatchString(status) }

// noSuccess stands for the success of an operation that names none: a document
// must have some answer.
func noSuccess() *apidoc.Node {
	n := apidoc.NewObject()
	n.Set("description", apidoc.NewString("The document names no answer of a success."))
	return n
}

// isAccepted reports whether a response is the answer to a queued call.
func (m *maker) isAccepted(answer *apidoc.Node) bool {
	to, err := m.Deref(answer)
	if err != nil {
		return false
	}
	content := to.Get("content")
	if !content.Is(apidoc.Object) {
		return false
	}
	for _, media := range content.Items {
		shape, err := m.Deref(media.Get("schema"))
		if properties := shape.Get("properties"); err == nil && properties.Has("id") && properties.Has("stateLocation") {
			return true
		}
	}
	return false
}
