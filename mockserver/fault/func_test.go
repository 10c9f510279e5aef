package fault

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A Func is asked where its rule fits; where it returns nil, the rules behind it
// are, and nothing is counted.
func TestAFuncChooses(t *testing.T) {
	asked := 0
	f := testFaults(t,
		Rule{Name: "chosen", On: OnState, Company: "1", Times: 1, Do: Func(func(e Event) Effect {
			if asked++; e.Path != "/v1/x" {
				return nil
			}
			return Answer{Status: 500}
		})},
		Rule{Name: "rest", On: OnState, Do: Answer{Status: 404}},
	)
	for _, tt := range []struct {
		company, path, rule string
		status              int
	}{
		{"2", "/v1/x", "rest", 404},   // it does not fit
		{"1", "/v1/y", "rest", 404},   // it chooses nothing
		{"1", "/v1/x", "chosen", 500}, //
		{"1", "/v1/x", "rest", 404},   // its Times are over
	} {
		does, name := f.Decide(&Event{Point: OnState, Company: tt.company, Path: tt.path}, time.Now())
		if a, _ := does.(Answer); a.Status != tt.status || name != tt.rule {
			t.Errorf("%s of %s: got %+v of %q, want %d of %q", tt.path, tt.company, does, name, tt.status, tt.rule)
		}
	}
	if c := f.Count("chosen", ""); asked != 3 || c != (Count{Matches: 2, Hits: 1}) {
		t.Errorf("asked %d times, counted %+v; want 3, and one hit of two matches", asked, c)
	}
}

func TestAFuncReturnsWhatCanHappen(t *testing.T) {
	for want, does := range map[string]Effect{
		"a fault.Queue cannot happen at point":    Queue{Fail: "x"},
		"Status: 99 is not in 200":                Answer{Status: 99},
		"want an Answer, Queue, Notify or Func":   &Answer{Status: 500},
		"effect that its Func returned.Do: is mi": Func(func(Event) Effect { return nil }),
	} {
		f := testFaults(t, Rule{Name: "mine", On: OnState, Do: Func(func(Event) Effect { return does })})
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, want) || !strings.Contains(text, `rule "mine"`) {
					t.Errorf("%T: panicked with %q, want one that names the rule and says %q", does, text, want)
				}
			}()
			f.Decide(&Event{Point: OnState, Company: "1"}, time.Now())
		}()
	}
}

func TestAFuncNeedsAPoint(t *testing.T) {
	choose := Func(func(Event) Effect { return nil })
	for want, r := range map[string]Rule{
		"Faults[0].On: is missing":          {Do: choose},
		"Faults[0].Do: is a Func that is":   {On: OnState, Do: Func(nil)},
		"Faults[0].PerOperation: only at O": {On: OnAuth, PerOperation: true, Do: choose},
	} {
		if err := Validate("Faults", []Rule{r}, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
