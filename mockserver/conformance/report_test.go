package conformance

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

// reported is a report in which everything is once.
func reported() Report {
	by := make(map[string]Scenario)
	for _, s := range Scenarios() {
		by[s.ID] = s
	}
	return Report{
		Candidate: Descriptor{Name: "php"}, Command: []string{"php", "it's mine.php"}, Took: 1500 * time.Millisecond,
		Results: []Result{
			{Scenario: by["create"], Verdict: Passed, Took: 20 * time.Millisecond},
			{
				Scenario: by["lost-answer"], Verdict: Broken, Breaches: []Breach{{ruleSentOnce, "POST came twice", "one POST"}},
				Wire: []string{"+0s  POST /v2/customerinvoice  →  (connection reset)"}, Said: []string{"submit work-1: pending"}, Stderr: "Warning\n",
			},
			{Scenario: by["same-key"], Verdict: NotSupported, Missing: canKeys},
			{Scenario: by["pace"], Verdict: Broken, Breaches: []Breach{{rulePace, "80 polls", "20"}}},
		},
	}
}

func settle(r *Report, l *Ledger, all bool) {
	for i := range r.Results {
		l.judge(&r.Results[i])
	}
	r.settle(l, all)
}

func TestTheReportForPeople(t *testing.T) {
	r := reported()
	ledger, err := ParseLedger("# ours\n\npace  the library polls as it likes\n")
	if err != nil {
		t.Fatal(err)
	}
	settle(&r, ledger, false)
	const want = `FAILED lost-answer
  The ERP takes a POST, and the connection breaks before it answers.
  broken  sent-once: A request that is not a GET is not sent again, and no redirect followed with it, once it may have been accepted.
  seen    POST came twice
  wanted  one POST
  on the wire
    +0s  POST /v2/customerinvoice  →  (connection reset)
  it said
    submit work-1: pending
  its standard error ends with
    Warning
  repeat  erpmock conformance --only lost-answer -- php 'it'\''s mine.php'

background-header                    1/1  
uncertain-is-told                    0/1  lost-answer FAILED
pace                                 0/1  pace (known gap)
same-key-same-work                   0/1  same-key (not supported: keys)
php: 1 passed, 1 failed, 1 known gaps, 1 not supported, in 1.5s
`
	if got := textOf(t, r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := r.Err(); err == nil || err.Error() != "1 of 4 scenarios failed; 1 are not supported, and the ledger does not say so" {
		t.Errorf("got %v", err)
	}
}

func TestTheReportAsJSONAndAsJUnit(t *testing.T) {
	r := reported()
	var b strings.Builder
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back.Results[1].Breaches[0] != r.Results[1].Breaches[0] || back.Results[2].Missing != canKeys {
		t.Errorf("read back %+v, %v", back, err)
	}
	if !strings.Contains(b.String(), "  →  (connection reset)") {
		t.Errorf("no wire in %s", b.String())
	}
	b.Reset()
	if err := r.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal([]byte(b.String()), &suite); err != nil || suite.Tests != 4 || suite.Failures != 2 || suite.Skipped != 1 {
		t.Errorf("read back %+v, %v of\n%s", suite, err, b.String())
	}
	if f := suite.Cases[1].Failure; f == nil || f.Message != "sent-once: POST came twice" || !strings.Contains(f.Text, "wanted  one POST") {
		t.Errorf("got %+v", suite.Cases[1])
	}
}

// A ledger may only shrink: what it lacks must pass, and what it has must not.
func TestTheLedgerMayOnlyShrink(t *testing.T) {
	for _, tt := range []struct {
		name, ledger string
		all          bool
		err          string
	}{
		{"it has everything", "lost-answer x\nsame-key x\npace x", false, ""},
		{"what is not supported is missing", "lost-answer x\npace x", false, "1 are not supported, and the ledger does not say so"},
		{"something passes by now", "lost-answer x\nsame-key x\npace x\ncreate x", false, "the ledger has what is no gap any more, take it out: create"},
		{"something was not played", "lost-answer x\nsame-key x\npace x\nlist x", false, ""},
		{"something is of another role", "lost-answer x\nsame-key x\npace x\nforged x", true, "the ledger has what is no gap any more, take it out: forged"},
	} {
		l, err := ParseLedger(tt.ledger)
		if err != nil {
			t.Fatal(err)
		}
		r := reported()
		settle(&r, l, tt.all)
		if err := r.Err(); (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.err)
		}
	}
	_, err := ParseLedger("los-answer x\n\npace\nlist x\nlist y")
	const want = "line 1: there is no scenario \"los-answer\"; did you mean lost-answer?\nline 3: want why pace does not pass behind it\nline 5: list comes twice"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOnlyNamesScenariosAndRules(t *testing.T) {
	list, err := Select([]string{"pace", "lost-answer"})
	if err != nil || len(list) != 2 {
		t.Errorf("got %d scenarios, %v", len(list), err)
	}
	if list, err = Select([]string{ruleStored}); err != nil || len(list) != 4 || list[0].Role != Receiver {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err = Select([]string{"lost-anser"}); err == nil || err.Error() != `there is no scenario or rule "lost-anser"; did you mean lost-answer?` {
		t.Errorf("got %v", err)
	}
}
