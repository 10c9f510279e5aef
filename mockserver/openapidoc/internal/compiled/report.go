package compiled

import (
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/synth"
)

// Entry is what one operation answers with one status in one form.
type Entry struct {
	Operation *Operation
	Response  *Response
	Media     *MediaType // nil: the answer has no body
	Answer    Answer
}

// Report is what all operations answer.
type Report struct {
	Entries []Entry
	// Examples and Synthesised are answers without a reason; Empty are those
	// without a body, or with one of which the document says nothing.
	Examples, Synthesised, Empty int
	// InvalidExamples are answers that the document gives, and which are not
	// valid against their schemas; Missed are those that could not be made.
	InvalidExamples, Missed int
	Problems                []schema.Problem
}

// Report makes every answer of the document once.
func (d *Doc) Report(seed uint64) Report {
	var r Report
	for _, o := range d.operations {
		for _, response := range o.Responses() {
			if len(response.Content) == 0 {
				r.add(Entry{Operation: o, Response: response, Answer: Answer{Source: Nowhere}})
			}
			for _, m := range response.Content {
				r.add(Entry{o, response, m, m.Answer(Want{Seed: seed})})
			}
		}
		r.Problems = append(r.Problems, o.Problems()...)
	}
	r.Problems = append(r.Problems, d.Problems()...)
	return r
}

func (r *Report) add(e Entry) {
	r.Entries = append(r.Entries, e)
	switch valid := len(e.Answer.Reasons) == 0; {
	case e.Answer.Source == Nowhere:
		r.Empty++
	case e.Answer.Source == Synthesised && valid:
		r.Synthesised++
	case e.Answer.Source == Synthesised:
		r.Missed++
	case valid:
		r.Examples++
	default:
		r.InvalidExamples++
	}
}

// Problems returns what was left out of the schemas that were looked at so far.
func (d *Doc) Problems() []schema.Problem { return d.set.Problems() }

// Reasons returns those of all entries, each once.
func (r *Report) Reasons() []synth.Reason {
	var all []synth.Reason
	seen := make(map[synth.Reason]bool)
	for _, e := range r.Entries {
		for _, reason := range e.Answer.Reasons {
			if !seen[reason] {
				seen[reason] = true
				all = append(all, reason)
			}
		}
	}
	return all
}
