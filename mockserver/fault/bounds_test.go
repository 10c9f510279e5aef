package fault

import (
	"strconv"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
)

func TestFaultsRememberABoundedNumber(t *testing.T) {
	f := testFaults(t, Rule{Name: "all", On: OnState, PerOperation: true, Do: Answer{Status: 404}})
	const events = maxOperations + maxHits/2
	for i := range events {
		e := &Event{Point: OnState, Company: "1", Operation: operation.Operation{ID: strconv.Itoa(i)}}
		if d, _ := f.Decide(e, time.Now()); d == nil {
			t.Fatal("no hit")
		}
	}
	if n := len(f.rules[0].operations); n != maxOperations || len(f.rules[0].order) != n {
		t.Errorf("%d operations counted, want %d", n, maxOperations)
	}
	hits := f.Hits("1")
	if len(hits) > maxHits || len(hits) < maxHits/2 || hits[len(hits)-1].OperationID != strconv.Itoa(events-1) {
		t.Errorf("%d hits remembered", len(hits))
	}
	if c := f.Count("all", "1"); c != (Count{events, events}) {
		t.Errorf("counted %+v", c)
	}
}

func testFaults(t *testing.T, rules ...Rule) *Rules {
	t.Helper()
	if err := Validate("Faults", rules, false); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	return New(Config{Seed: 1, Rules: rules, Now: func(string) time.Time { return time.Now() }, Times: func() func(string) time.Time {
		return func(string) time.Time { return begun }
	}})
}
