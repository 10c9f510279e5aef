package mockserver

import (
	"strconv"
	"testing"
	"time"
)

func TestFaultsRememberABoundedNumber(t *testing.T) {
	f := testFaults(t, Rule{Name: "all", On: OnState, PerOperation: true, Do: Fault{Status: 404}})
	const events = maxOperations + maxHits/2
	for i := range events {
		e := &Event{Point: OnState, Company: "1", Operation: Operation{ID: strconv.Itoa(i)}}
		if d, _ := f.decide(e, time.Now()); d == nil {
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

func testFaults(t *testing.T, rules ...Rule) *Faults {
	t.Helper()
	srv, err := New(Config{Seed: 1, Faults: rules})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	return srv.Faults()
}

func TestEditJSON(t *testing.T) {
	set, omit := map[string]any{"b": nil, "z": "<&", "y": 1}, []string{"a", "x"}
	for in, want := range map[string]string{
		`{"c":{"a":1}, "b":2, "a":3}`: `{"c":{"a":1},"b":null,"y":1,"z":"<&"}`,
		`{}`:                          `{"b":null,"y":1,"z":"<&"}`,
		`[{"a":1}]`:                   `[{"a":1}]`,
		`"a"`:                         `"a"`,
		`{"a":`:                       `{"a":`,
		`{"a":1,`:                     `{"a":1,`,
		``:                            ``,
	} {
		if got := string(editJSON([]byte(in), set, omit)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
