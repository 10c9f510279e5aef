package mockserver_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

var broken503 = fault.Answer{Status: 503}

// hits makes n calls and tells which of them were disturbed.
func hits(h *harness, n int, headers ...string) string {
	var out strings.Builder
	for range n {
		a := h.do("GET", "/v1/customerinvoice/003501", "", headers...)
		out.WriteByte(map[bool]byte{true: 'x', false: '.'}[a.status == 503])
	}
	return out.String()
}

func TestWhenRulesHit(t *testing.T) {
	tests := []struct {
		name string
		rule fault.Rule
		want string
	}{
		{"always", fault.Rule{}, "xxxxxxxxxxxx"},
		{"times", fault.Rule{Times: 2}, "xx.........."},
		{"after", fault.Rule{After: 3}, "...xxxxxxxxx"},
		{"every", fault.Rule{Every: 3}, "..x..x..x..x"},
		{"all of them", fault.Rule{After: 2, Every: 3, Times: 2}, "....x..x...."},
		{"a chance", fault.Rule{Name: "a", Probability: 0.5}, "..x......x.."},
		{"a chance of another rule", fault.Rule{Name: "b", Probability: 0.5}, "x.xxxxx.x..x"},
		{"a chance, after, times", fault.Rule{Name: "b", Probability: 0.5, After: 1, Times: 3}, ".x.xx......."},
		{"other company", fault.Rule{Company: "2"}, "............"},
		{"other method", fault.Rule{Method: "POST"}, "............"},
		{"same method", fault.Rule{Method: "get", Times: 1}, "x..........."},
		{"other path", fault.Rule{Path: "/v1/customerinvoice"}, "............"},
		{"same path", fault.Rule{Path: "/v1/CustomerInvoice/{n}", Times: 1}, "x..........."},
		{"path below", fault.Rule{Path: "/v1/{rest...}", Times: 1}, "x..........."},
		{"no match", fault.Rule{Match: func(fault.Event) bool { return false }}, "............"},
		{"match", fault.Rule{Times: 1, Match: func(e fault.Event) bool {
			return e.Point == fault.OnForeground && e.Request.Header.Get("X-Mine") == "1" && e.Operation.ID == "" &&
				e.Path == "/v1/customerinvoice/003501" && e.Company == "1000001"
		}}, "x..........."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.rule.On, tt.rule.Do = fault.OnForeground, broken503
			h := start(t, mockserver.Config{Faults: []fault.Rule{tt.rule}})
			if got := hits(h, 12, "X-Mine", "1"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			name := h.Faults().List()[0].Name
			if got, want := h.Faults().Count(name, "").Hits, strings.Count(tt.want, "x"); got != want {
				t.Errorf("%d hits counted, want %d", got, want)
			}
		})
	}
}

func TestASpanOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Faults: []fault.Rule{
			{On: fault.OnForeground, Between: fault.Span{From: time.Minute, To: 3 * time.Minute}, After: 1, Do: broken503},
		}})
		var got strings.Builder
		for range 5 {
			got.WriteString(hits(h, 2))
			time.Sleep(time.Minute)
		}
		if got.String() != "...xxx...." {
			t.Errorf("got %s", got.String())
		}
		time.Sleep(hour)
		h.Faults().Reset("")
		time.Sleep(time.Minute)
		if got := hits(h, 3); got != ".xx" {
			t.Errorf("after a reset: %s", got)
		}
	})
}

func TestTheFirstRuleThatHitsIsObeyed(t *testing.T) {
	h := start(t, mockserver.Config{Faults: []fault.Rule{
		{Name: "first", On: fault.OnForeground, Times: 2, Do: fault.Answer{Status: 500}},
		{Name: "second", On: fault.OnForeground, Times: 2, Do: fault.Answer{Status: 501}},
	}})
	var got []int
	for range 5 {
		got = append(got, h.do("GET", "/v1/customerinvoice", "").status)
	}
	if want := []int{500, 500, 501, 501, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c := h.Faults().Count("second", ""); c != (fault.Count{Matches: 3, Hits: 2}) {
		t.Errorf("second: %+v", c)
	}
	var names []string
	list := h.Journal().Requests("")
	for _, r := range list {
		names = append(names, r.Fault)
	}
	if got := strings.Join(names, " "); got != "first first second second " {
		t.Errorf("journal: %q", got)
	}
}

func TestCompaniesAreCountedOnTheirOwn(t *testing.T) {
	h := start(t, mockserver.Config{Faults: []fault.Rule{
		{Name: "chance", On: fault.OnForeground, Probability: 0.5, Do: broken503},
	}})
	alone := hits(h, 20, "ipp-company-id", "7")
	h.Faults().Reset("7")
	var mixed strings.Builder
	for range 20 {
		hits(h, 3, "ipp-company-id", "8")
		mixed.WriteString(hits(h, 1, "ipp-company-id", "7"))
	}
	if mixed.String() != alone {
		t.Errorf("alone %s\nmixed %s", alone, mixed.String())
	}
	state := h.Faults().List()[0]
	if state.Matches != 80 || state.Companies["7"].Matches != 20 || state.Companies["8"].Matches != 60 ||
		state.Hits != state.Companies["7"].Hits+state.Companies["8"].Hits {
		t.Errorf("got %+v", state)
	}
	if n := len(h.Faults().Hits("7")); n != state.Companies["7"].Hits {
		t.Errorf("%d hits of 7 listed, want %d", n, state.Companies["7"].Hits)
	}
}

func TestRulesComeAndGo(t *testing.T) {
	on := func(name, company string) fault.Rule {
		return fault.Rule{Name: name, On: fault.OnForeground, Company: company, Times: 1, Do: broken503}
	}
	names := func(h *harness) string {
		var list []string
		for _, r := range h.Faults().List() {
			list = append(list, r.Name)
		}
		return strings.Join(list, " ")
	}
	h := start(t, mockserver.Config{Faults: []fault.Rule{on("", ""), on("seven", "7"), on("rule-2", ""), on("", "")}})
	if got := names(h); got != "rule-1 seven rule-2 rule-3" {
		t.Errorf("got %s", got)
	}
	if err := h.Faults().Add(on("more", "7"), on("", "")); err != nil {
		t.Fatal(err)
	}
	if !h.Faults().Remove("rule-2") || h.Faults().Remove("rule-2") || !h.Faults().Remove("seven") {
		t.Error("removed wrongly")
	}
	if got := names(h); got != "rule-1 rule-3 more rule-4" {
		t.Errorf("got %s", got)
	}
	if got := hits(h, 5, "ipp-company-id", "7"); got != "xxxx." {
		t.Errorf("company 7: %s", got)
	}
	h.Faults().Reset("7")
	if got := names(h); got != "rule-1 seven rule-3 rule-4" {
		t.Errorf("after a reset of 7: %s", got)
	}
	if got := hits(h, 5, "ipp-company-id", "7"); got != "xxxx." {
		t.Errorf("company 7 again: %s", got)
	}
	h.Faults().Reset("")
	if got := names(h); got != "rule-1 seven rule-2 rule-3" || len(h.Faults().Hits("")) != 0 {
		t.Errorf("after a reset: %s", got)
	}
	if got := h.Faults().Count("nothing", ""); got != (fault.Count{}) {
		t.Errorf("got %+v", got)
	}
}

func TestPollsAreCountedPerOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Faults: []fault.Rule{
			{Name: "lag", On: fault.OnState, PerOperation: true, Times: 2, Method: "DELETE", Do: fault.Answer{Status: 404}},
		}})
		del := h.submit("none", "DELETE", "/v1/customerinvoice/003547", "")
		get := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
		del2 := h.submit("none", "DELETE", "/v1/customerinvoice/003546", "")
		for n, want := range []int{404, 404, 200} {
			for _, id := range []string{del, del2} {
				if a := h.do("GET", "/v1/background/"+id, ""); a.status != want {
					t.Errorf("poll %d: got %d, want %d", n+1, a.status, want)
				}
			}
			h.want(200, "GET", "/v1/background/"+get, "")
		}
		if c := h.Faults().Count("lag", "1000001"); c != (fault.Count{Matches: 6, Hits: 4}) {
			t.Errorf("got %+v", c)
		}
		if got := h.Faults().Hits(""); len(got) != 4 || got[0].OperationID != del || got[1].OperationID != del2 || got[3].Match != 2 {
			t.Errorf("got %+v", got)
		}
		h.Faults().Reset("1000001")
		h.want(404, "GET", "/v1/background/"+del, "")
	})
}

func TestValidationNamesRuleAndField(t *testing.T) {
	foreground := func(f fault.Answer) fault.Rule {
		return fault.Rule{On: fault.OnForeground, Do: f}
	}
	tests := []struct {
		field string
		rule  fault.Rule
	}{
		{"On: \"moon\" is not one of auth, token, intake", fault.Rule{On: "moon", Do: broken503}},
		{"On: is missing", fault.Rule{Do: broken503}},
		{"Do: is missing", fault.Rule{On: fault.OnIntake}},
		{"Do: want an Answer", fault.Rule{On: fault.OnIntake, Do: &fault.Answer{}}},
		{"Do: want an Answer", fault.Rule{On: fault.OnIntake, Do: (*fault.Answer)(nil)}},
		{"Do: a fault.Queue cannot happen at point \"intake\"", fault.Rule{On: fault.OnIntake, Do: fault.Queue{}}},
		{"Do: a fault.Answer cannot happen at point \"queue\"", fault.Rule{On: fault.OnQueue, Do: fault.Answer{}}},
		{"Path", fault.Rule{On: fault.OnIntake, Path: "v1/x", Do: broken503}},
		{"Path", fault.Rule{On: fault.OnIntake, Path: "/v1/{x", Do: broken503}},
		{"Path: \"GET /v1/x\": want the path alone, and \"GET\" as Method", fault.Rule{On: fault.OnIntake, Path: "GET /v1/x", Do: broken503}},
		{"Path: \"/api/v1/x\": want the path below the API root, /v1/x", fault.Rule{On: fault.OnIntake, Path: "/api/v1/x", Do: broken503}},
		{"Path: \"https://h/v1/x\": want the path below the API root", fault.Rule{On: fault.OnIntake, Path: "https://h/v1/x", Do: broken503}},
		{"Path: \"/v1/x?a=b\": want the path without a query", fault.Rule{On: fault.OnForeground, Path: "/v1/x?a=b", Do: broken503}},
		{"Path: \"/customerinvoice\": only paths below /v1/ and /v2/", fault.Rule{On: fault.OnIntake, Path: "/customerinvoice", Do: broken503}},
		{"Path: \"/v3/x\": only paths below /v1/ and /v2/", fault.Rule{Path: "/v3/x", On: fault.OnQueue, Do: fault.Queue{Twice: true}}},
		{"Path: \"/{version}\": only paths below", fault.Rule{On: fault.OnState, Path: "/{version}", Do: broken503}},
		{"Path: \"/V1/Background/{id}\": want the path of the call that became", fault.Rule{On: fault.OnState, Path: "/V1/Background/{id}", Do: broken503}},
		{"Path: \"/v1/x\": the only path at token is /connect/token", fault.Rule{On: fault.OnToken, Path: "/v1/x", Do: broken503}},
		{"PerOperation", fault.Rule{On: fault.OnIntake, PerOperation: true, Do: broken503}},
		{"After", fault.Rule{On: fault.OnIntake, After: -1, Do: broken503}},
		{"Every", fault.Rule{On: fault.OnIntake, Every: -1, Do: broken503}},
		{"Times", fault.Rule{On: fault.OnIntake, Times: -1, Do: broken503}},
		{"Probability", fault.Rule{On: fault.OnIntake, Probability: 1.01, Do: broken503}},
		{"Probability", fault.Rule{On: fault.OnIntake, Probability: math.NaN(), Do: broken503}},
		{"Between.From", fault.Rule{On: fault.OnIntake, Between: fault.Span{From: -1}, Do: broken503}},
		{"Between.To", fault.Rule{On: fault.OnIntake, Between: fault.Span{From: 2, To: 1}, Do: broken503}},
		{"Between.To", fault.Rule{On: fault.OnIntake, Between: fault.Span{To: -1}, Do: broken503}},
		{"Do.Delay", foreground(fault.Answer{Delay: -1})},
		{"Do.Status", foreground(fault.Answer{Status: 100})},
		{"Do.Status", foreground(fault.Answer{Status: 600})},
		{"Do.Status", foreground(fault.Answer{Drop: true, Status: 500})},
		{"Do.Body", foreground(fault.Answer{Body: "x"})},
		{"Do.Process", foreground(fault.Answer{Process: true})},
		{"Do.RetryAfter", foreground(fault.Answer{RetryAfter: -1})},
		{"Do.RetryAfterDate", foreground(fault.Answer{RetryAfterDate: true})},
		{"Do.Set", foreground(fault.Answer{Set: map[string]any{"x": func() {}}})},
		{"Do.Set", foreground(fault.Answer{Status: 500, Set: map[string]any{}})},
		{"Do.Links", foreground(fault.Answer{Links: "elsewhere"})},
		{"Do.CutAfter", foreground(fault.Answer{CutAfter: -1})},
		{"Do.Stall", foreground(fault.Answer{Stall: -1})},
		{"Do.Lag", foreground(fault.Answer{Lag: -1})},
		{"Do.Lag", foreground(fault.Answer{Lag: 1})},
		{"Do.Stuck", foreground(fault.Answer{Stuck: true})},
		{"Do.Foreground", foreground(fault.Answer{Foreground: true})},
		{"Do.Hold", fault.Rule{Do: fault.Queue{Hold: -1}}},
		{"Do.Deaths", fault.Rule{Do: fault.Queue{Deaths: -1}}},
		{"Do.Lease", fault.Rule{Do: fault.Queue{Lease: -1}}},
		{"Do.Lease", fault.Rule{Do: fault.Queue{Lease: 1}}},
		{"Do.Late", fault.Rule{Do: fault.Queue{Late: true}}},
		{"Do.Delay", fault.Rule{Do: fault.Notify{Delay: -1}}},
		{"Do.Duplicates", fault.Rule{Do: fault.Notify{Duplicates: -1}}},
		{"Do.Set", fault.Rule{Do: fault.Notify{Body: []byte("{}"), Omit: []string{"id"}}}},
		{"Do.Set", fault.Rule{Do: fault.Notify{Set: map[string]any{"x": math.Inf(1)}}}},
		{"Name", fault.Rule{Name: "good", On: fault.OnIntake, Do: broken503}},
	}
	for _, path := range []string{"/v1/x", "/V2/{rest...}", "/{version}/x", "/{rest...}", "/", "/v1/"} {
		if _, err := mockserver.New(mockserver.Config{Faults: []fault.Rule{{On: fault.OnIntake, Path: path, Do: broken503}}}); err != nil {
			t.Error(err)
		}
	}
	good := fault.Rule{Name: "good", On: fault.OnIntake, Do: broken503}
	h := start(t, mockserver.Config{Faults: []fault.Rule{good}})
	for _, tt := range tests {
		_, err := mockserver.New(mockserver.Config{Faults: []fault.Rule{good, tt.rule}})
		if err == nil || !strings.Contains(err.Error(), "Faults[1]."+tt.field) || strings.Contains(err.Error(), "Faults[0]") {
			t.Errorf("%+v: got %v, want Faults[1].%s", tt.rule, err, tt.field)
		}
		other := fault.Rule{On: fault.OnIntake, Do: broken503}
		err = h.Faults().Add(other, tt.rule)
		if err == nil || !strings.Contains(err.Error(), "Add[1]."+tt.field) || len(h.Faults().List()) != 1 {
			t.Errorf("%+v: got %v, want Add[1].%s", tt.rule, err, tt.field)
		}
	}
}
