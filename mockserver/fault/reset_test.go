package fault

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
)

// A company whose number begins with another's keeps the counts of its operations
// when that one is reset.
func TestAResetLeavesTheOperationsOfOtherCompaniesAlone(t *testing.T) {
	f := testFaults(t, Rule{Name: "once", On: OnState, PerOperation: true, Times: 1, Do: Answer{Status: 404}})
	hit := func(company string) bool {
		does, _ := f.Decide(&Event{Point: OnState, Company: company, Operation: operation.Operation{ID: "a"}}, time.Now())
		return does != nil
	}
	for _, company := range []string{"1", "10"} {
		if !hit(company) {
			t.Fatalf("company %s: no hit at first, want one", company)
		}
	}
	f.Reset("1")
	if !hit("1") {
		t.Error("company 1 after its reset: no hit, want one")
	}
	if hit("10") {
		t.Error("company 10 after the reset of company 1: a second hit for its operation, want none")
	}
}
