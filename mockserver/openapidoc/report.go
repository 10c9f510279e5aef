package openapidoc

import (
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/synth"
)

// A Report tells what a document can be answered from.
type Report struct {
	Operations int
	Answers    int // one for each status and media type that is declared; they are:

	Examples        int // examples of the document that are valid
	MadeUp          int // made up, and valid
	Empty           int // without a body, or with one of which the document says nothing
	InvalidExamples int // examples of the document that are not valid; they are answered all the same
	Missed          int // not valid, because nothing valid was found

	// Findings are why, and what of the document was left out because it has no
	// meaning as it is written.
	Findings []Finding
}

// A Finding is something about a document.
type Finding struct {
	Pointer string // JSON pointer to it; behind the name of the file and a # if that is another
	Kind    string // "invalid example", "left out", or why nothing valid was found: "unsatisfiable", "not found", "pattern", "reference", "size"
	Text    string
}

// Kinds of findings that are about no answer that is missed.
const (
	InvalidExample = "invalid example"
	LeftOut        = "left out"
)

// Check makes every answer of the document once, and reports what came of it.
func (d *Document) Check() Report {
	made := d.doc.Report(d.cfg.Seed)
	r := Report{
		Operations: len(d.operations), Answers: len(made.Entries), Examples: made.Examples, MadeUp: made.Synthesised,
		Empty: made.Empty, InvalidExamples: made.InvalidExamples, Missed: made.Missed,
	}
	for _, reason := range made.Reasons() {
		kind := string(reason.Kind)
		if reason.Kind == synth.BadExample {
			kind = InvalidExample
		}
		r.Findings = append(r.Findings, Finding{reason.Pointer, kind, reason.Msg})
	}
	for _, p := range made.Problems {
		r.Findings = append(r.Findings, Finding{p.Pointer, LeftOut, p.Msg})
	}
	return r
}
