package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/operation"
)

// A want is what a candidate may say of work in the end. The zero one is the truth:
// how the ERP ended it, with its content.
type want struct {
	outcomes  []Outcome // empty: the truth, as the mock has it
	status    int       // of succeeded, failed and refused; 0: not compared
	noContent bool      // it must not come with content
}

// only wants one of these outcomes.
func only(list ...Outcome) want { return want{outcomes: list} }

// with wants a status code as well.
func (w want) with(status int) want {
	w.status = status
	return w
}

// A truth is how the ERP ended a request.
type truth struct {
	outcome Outcome
	status  int
	content []byte // nil: none
	kind    string // of the content
}

// truthOf is how the mock ended the operation that a request became last.
func (s *stage) truthOf(asked step) (truth, error) {
	ids := s.operations(asked.Method, s.base+asked.Path)
	if len(ids) == 0 {
		return truth{}, fmt.Errorf("%s %s was not accepted", asked.Method, asked.Path)
	}
	id := ids[len(ids)-1]
	op, ok := s.mock.Operation(id)
	if !ok || !op.HasEnded() {
		return truth{}, fmt.Errorf("operation %s has not ended", id)
	}
	t := truth{outcome: Failed, status: op.StatusCode}
	if op.State == operation.Finished && op.StatusCode/100 == 2 {
		t.outcome = Succeeded
	}
	if out := s.content(id); out.Status == http.StatusOK {
		t.content, t.kind = out.Body, out.Header.Get("Content-Type")
	}
	return t, nil
}

// judge holds what a candidate says in the end against what is wanted.
func (p *play) judge(asked step, got response, w want) {
	rule := p.scenario.Rule
	if len(w.outcomes) > 0 {
		if !slices.Contains(w.outcomes, got.Outcome) {
			p.stage.broke(rule, "it says "+got.String(), "%s", listed(w.outcomes))
		} else if w.status != 0 && got.StatusCode != w.status && got.Outcome != Uncertain && got.Outcome != Pending {
			p.stage.broke(rule, "it says "+got.String(), "the status code %d", w.status)
		}
		if w.noContent && len(got.content) > 0 {
			p.stage.broke(rule, "it says "+got.String(), "no content")
		}
		return
	}
	is, err := p.stage.truthOf(asked)
	switch {
	case err != nil:
		p.stage.broke(rule, fmt.Sprintf("it says %v, and %v", got, err), "an operation that ends")
	case got.Outcome != is.outcome || got.StatusCode != is.status:
		p.stage.broke(rule, "it says "+got.String(), "%s %d, as the ERP has it", is.outcome, is.status)
	case is.kind == "" && len(got.content) > 0:
		p.stage.broke(rule, "it says "+got.String(), "no content, as the ERP has none")
	case !sameContent(got.content, is.content, is.kind):
		p.stage.broke(rule, "it has the content "+shown(got.content), "the stored content: %s", shown(is.content))
	}
}

func listed(list []Outcome) string {
	var words []string
	for _, o := range list {
		words = append(words, string(o))
	}
	return strings.Join(words, " or ")
}
