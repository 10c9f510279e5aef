package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// A Verdict is what came of a scenario.
type Verdict string

// These are the verdicts.
const (
	Passed       Verdict = "passed"
	Broken       Verdict = "failed"        // a rule was broken
	NotSupported Verdict = "not supported" // the candidate says that it cannot do what it needs
	KnownGap     Verdict = "known gap"     // one of the two above, and the ledger has it
)

// A Result is what came of one scenario.
type Result struct {
	Scenario Scenario `json:"scenario"`
	Verdict  Verdict  `json:"verdict"`
	Missing  string   `json:"missing,omitempty"`  // what the candidate cannot do
	Gap      string   `json:"gap,omitempty"`      // what the ledger says of it
	Breaches []Breach `json:"breaches,omitempty"` // oldest first
	Wire     []string `json:"wire,omitempty"`     // what happened on the wire, if a rule was broken
	Said     []string `json:"said,omitempty"`     // what the candidate answered, likewise
	Stderr   string   `json:"stderr,omitempty"`   // the end of it, likewise

	Took time.Duration `json:"tookNanoseconds"`
}

// result is what came of a play.
func (p *play) result(took time.Duration, stderr string) Result {
	r := Result{Scenario: p.scenario, Verdict: Passed, Breaches: p.stage.found(), Took: took}
	if len(r.Breaches) == 0 {
		return r
	}
	r.Verdict, r.Wire, r.Stderr = Broken, p.stage.log.lines(), stderr
	for _, l := range p.said {
		r.Said = append(r.Said, l.String())
	}
	return r
}

// A Report is what came of a run.
type Report struct {
	Candidate Descriptor    `json:"candidate"`
	Command   []string      `json:"command"`
	Results   []Result      `json:"results"`
	Stale     []string      `json:"stale,omitempty"` // ids in the ledger that are no gaps any more
	Took      time.Duration `json:"tookNanoseconds"`

	strict bool // what is not supported is a failure: there is a ledger that lacks it
}

// Count is how many scenarios have a verdict.
func (r Report) Count(v Verdict) (n int) {
	for _, x := range r.Results {
		if x.Verdict == v {
			n++
		}
	}
	return n
}

// Err says what is wrong: a rule that was broken, or a ledger that is not true any
// more. It is nil if nothing is.
func (r Report) Err() error {
	var wrong []string
	if n := r.Count(Broken); n > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of %d scenarios failed", n, len(r.Results)))
	}
	if n := r.Count(NotSupported); n > 0 && r.strict {
		wrong = append(wrong, fmt.Sprintf("%d are not supported, and the ledger does not say so", n))
	}
	if len(r.Stale) > 0 {
		wrong = append(wrong, "the ledger has what is no gap any more, take it out: "+strings.Join(r.Stale, ", "))
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(wrong, "; "))
}

// WriteTo writes the report for people: what failed, then a table by rule, then the
// sum.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	for _, x := range r.Results {
		if x.Verdict == Broken {
			r.writeFailure(&b, x)
		}
	}
	r.writeTable(&b)
	fmt.Fprintf(&b, "%s: %d passed, %d failed, %d known gaps, %d not supported, in %v\n", r.Candidate.Name,
		r.Count(Passed), r.Count(Broken), r.Count(KnownGap), r.Count(NotSupported), r.Took.Round(time.Millisecond))
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

func (r Report) writeFailure(b *strings.Builder, x Result) {
	fmt.Fprintf(b, "FAILED %s\n  %s\n", x.Scenario.ID, x.Scenario.About)
	for _, broken := range x.Breaches {
		fmt.Fprintf(b, "  broken  %s: %s\n  seen    %s\n  wanted  %s\n", broken.Rule, ruleByID(broken.Rule).Sentence, broken.Seen, broken.Wanted)
	}
	writeList(b, "on the wire", x.Wire)
	writeList(b, "it said", x.Said)
	if x.Stderr != "" {
		writeList(b, "its standard error ends with", strings.Split(strings.TrimSpace(x.Stderr), "\n"))
	}
	fmt.Fprintf(b, "  repeat  erpmock conformance --only %s -- %s\n\n", x.Scenario.ID, shellWords(r.Command))
}

func writeList(b *strings.Builder, title string, list []string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "  %s\n", title)
	for _, l := range list {
		fmt.Fprintf(b, "    %s\n", l)
	}
}

// writeTable tells of each rule how its scenarios went.
func (r Report) writeTable(b *strings.Builder) {
	for _, rule := range Rules() {
		var marks []string
		passed, all := 0, 0
		for _, x := range r.Results {
			if x.Scenario.Rule != rule.ID {
				continue
			}
			all++
			switch x.Verdict {
			case Passed:
				passed++
			case NotSupported:
				marks = append(marks, x.Scenario.ID+" (not supported: "+x.Missing+")")
			case KnownGap:
				marks = append(marks, x.Scenario.ID+" (known gap)")
			default:
				marks = append(marks, x.Scenario.ID+" FAILED")
			}
		}
		if all > 0 {
			fmt.Fprintf(b, "%-34s %3d/%d  %s\n", rule.ID, passed, all, strings.Join(marks, ", "))
		}
	}
}

// shellWords are words for a shell.
func shellWords(words []string) string {
	var list []string
	for _, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\n'\"\\$&|;<>()*?[]#~`!{}") {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		list = append(list, w)
	}
	return strings.Join(list, " ")
}

// WriteJSON writes the report as JSON.
func (r Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
