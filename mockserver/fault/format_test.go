package fault

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

// What is written is read as the same rule: each form that the reference shows,
// which has every field.
func TestARuleIsWrittenAsItIsRead(t *testing.T) {
	data, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, table := range referenceRows(string(data)) {
		for _, form := range table {
			rules, err := Parse([]byte("[" + form + "]"))
			if err != nil || len(rules) == 0 {
				continue // Match has none
			}
			seen++
			written, err := rules[0].JSON()
			if err != nil {
				t.Errorf("%s: %v", form, err)
				continue
			}
			again, err := Parse([]byte("[" + string(written) + "]"))
			if err != nil || !reflect.DeepEqual(again, rules) {
				t.Errorf("%s is written as %s, which is read as %+v (%v)", form, written, again, err)
			}
		}
	}
	if seen < 40 {
		t.Errorf("saw %d forms, want those of all rows", seen)
	}
}

func TestWhatHasNoFormInJSON(t *testing.T) {
	for _, r := range []Rule{
		{Name: "f", On: OnIntake, Do: Func(func(Event) Effect { return nil })},
		{Name: "m", On: OnIntake, Match: func(Event) bool { return true }, Do: Answer{Status: 500}},
	} {
		data, err := r.JSON()
		if err == nil || !strings.Contains(string(data), `"name":"`+r.Name+`"`) || !json.Valid(data) {
			t.Errorf("rule %s: got %s, %v; want the rest of it and an error", r.Name, data, err)
		}
	}
}

func TestRulesAreAppendedAndCleared(t *testing.T) {
	f := testFaults(t)
	got, err := f.Append(Rule{Company: "7", Do: Queue{Fail: "x"}}, Rule{Name: "mine", Company: "8", Do: Queue{Fail: "x"}}, Rule{Do: Notify{Drop: true}})
	if err != nil || len(got) != 3 || got[0].Name != "rule-1" || got[0].On != OnQueue || got[1].Name != "mine" || got[2].On != OnNotification {
		t.Fatalf("got %+v, %v", got, err)
	}
	for company, want := range map[string]int{"7": 1, "9": 0} {
		if n := f.Clear(company); n != want {
			t.Errorf("cleared %d rules of company %s, want %d", n, company, want)
		}
	}
	if n := f.Clear(""); n != 2 || len(f.List()) != 0 {
		t.Errorf("cleared %d of two rules, %d are left", n, len(f.List()))
	}
}
