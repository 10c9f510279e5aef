package scenario

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A Report is what came of a scenario.
type Report struct {
	Scenario string        `json:"scenario"`
	Passed   bool          `json:"passed"`
	Took     time.Duration `json:"tookNanoseconds"` // on the mock's clock
	Steps    []StepReport  `json:"steps"`
	Checks   []CheckReport `json:"checks"` // none if a step failed
}

// A StepReport is what came of a step.
type StepReport struct {
	Index    int           `json:"index"`
	At       time.Duration `json:"atNanoseconds"` // since the start, when it was over
	What     string        `json:"what"`
	Result   string        `json:"result"`
	Problems []string      `json:"problems,omitempty"` // none: it went as it was expected to
}

// A CheckReport is what came of a requirement.
type CheckReport struct {
	Index    int      `json:"index"`
	What     string   `json:"what"`
	Found    int      `json:"found"` // how many fit
	Problems []string `json:"problems,omitempty"`
}

// WriteTo writes the report for people, a line for each step and check.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	for _, s := range r.Steps {
		line(&b, s.Problems, "%10v  %s: %s", s.At.Round(time.Millisecond), s.What, s.Result)
	}
	for _, c := range r.Checks {
		line(&b, c.Problems, "%10s  %s: %d", "verify", c.What, c.Found)
	}
	verdict := "passed"
	if !r.Passed {
		verdict = "FAILED"
	}
	fmt.Fprintf(&b, "%s %s, %d steps and %d checks in %v of the mock's time\n",
		r.Scenario, verdict, len(r.Steps), len(r.Checks), r.Took.Round(time.Millisecond))
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

func line(b *strings.Builder, problems []string, format string, args ...any) {
	mark := "ok  "
	if len(problems) > 0 {
		mark = "FAIL"
	}
	fmt.Fprintf(b, mark+" "+format+"\n", args...)
	for _, p := range problems {
		fmt.Fprintf(b, "       %s\n", strings.ReplaceAll(p, "\n", "\n       "))
	}
}
