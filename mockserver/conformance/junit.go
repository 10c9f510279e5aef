package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The elements of JUnit's XML, as far as those who read it agree on them.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
		Skipped *junitSkipped `xml:"skipped"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// WriteJUnit writes the report as JUnit's XML, which most continuous integration
// shows.
func (r Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{Name: r.Candidate.Name, Tests: len(r.Results), Time: fmt.Sprintf("%.3f", r.Took.Seconds())}
	for _, x := range r.Results {
		c := junitCase{Class: x.Scenario.Rule, Name: x.Scenario.ID, Time: fmt.Sprintf("%.3f", x.Took.Seconds())}
		failed := x.Verdict == Broken || x.Verdict == NotSupported && r.strict
		switch {
		case failed && x.Verdict == NotSupported:
			c.Failure = &junitFailure{Message: "not supported: " + x.Missing + ", and the ledger does not say so"}
		case failed:
			var b strings.Builder
			r.writeFailure(&b, x)
			c.Failure = &junitFailure{x.Breaches[0].Rule + ": " + x.Breaches[0].Seen, b.String()}
		case x.Verdict == NotSupported:
			c.Skipped = &junitSkipped{"not supported: " + x.Missing}
		case x.Verdict == KnownGap:
			c.Skipped = &junitSkipped{"known gap: " + x.Gap}
		}
		if c.Failure != nil {
			suite.Failures++
		}
		if c.Skipped != nil {
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, id := range r.Stale {
		suite.Tests++
		suite.Failures++
		suite.Cases = append(suite.Cases, junitCase{Class: "ledger", Name: id, Time: "0", Failure: &junitFailure{Message: "the ledger has what is no gap any more"}})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
