package mockserver_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

var broken503 = mockserver.Fault{Status: 503}

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
		rule mockserver.Rule
		want string
	}{
		{"always", mockserver.Rule{}, "xxxxxxxxxxxx"},
		{"times", mockserver.Rule{Times: 2}, "xx.........."},
		{"after", mockserver.Rule{After: 3}, "...xxxxxxxxx"},
		{"every", mockserver.Rule{Every: 3}, "..x..x..x..x"},
		{"all of them", mockserver.Rule{After: 2, Every: 3, Times: 2}, "....x..x...."},
		{"a chance", mockserver.Rule{Name: "a", Probability: 0.5}, "..x......x.."},
		{"a chance of another rule", mockserver.Rule{Name: "b", Probability: 0.5}, "x.xxxxx.x..x"},
		{"a chance, after, times", mockserver.Rule{Name: "b", Probability: 0.5, After: 1, Times: 3}, ".x.xx......."},
		{"other company", mockserver.Rule{Company: "2"}, "............"},
		{"other method", mockserver.Rule{Method: "POST"}, "............"},
		{"same method", mockserver.Rule{Method: "get", Times: 1}, "x..........."},
		{"other path", mockserver.Rule{Path: "/v1/customerinvoice"}, "............"},
		{"same path", mockserver.Rule{Path: "/v1/CustomerInvoice/{n}", Times: 1}, "x..........."},
		{"path below", mockserver.Rule{Path: "/v1/{rest...}", Times: 1}, "x..........."},
		{"no match", mockserver.Rule{Match: func(mockserver.Event) bool { return false }}, "............"},
		{"match", mockserver.Rule{Times: 1, Match: func(e mockserver.Event) bool {
			return e.Point == mockserver.OnForeground && e.Request.Header.Get("X-Mine") == "1" && e.Operation.ID == "" &&
				e.Path == "/v1/customerinvoice/003501" && e.Company == "1000001"
		}}, "x..........."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.rule.On, tt.rule.Do = mockserver.OnForeground, broken503
			h := start(t, mockserver.Config{Faults: []mockserver.Rule{tt.rule}})
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
		h := start(t, mockserver.Config{Faults: []mockserver.Rule{
			{On: mockserver.OnForeground, Between: mockserver.Span{From: time.Minute, To: 3 * time.Minute}, After: 1, Do: broken503},
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
	h := start(t, mockserver.Config{Faults: []mockserver.Rule{
		{Name: "first", On: mockserver.OnForeground, Times: 2, Do: mockserver.Fault{Status: 500}},
		{Name: "second", On: mockserver.OnForeground, Times: 2, Do: mockserver.Fault{Status: 501}},
	}})
	var got []int
	for range 5 {
		got = append(got, h.do("GET", "/v1/customerinvoice", "").status)
	}
	if want := []int{500, 500, 501, 501, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c := h.Faults().Count("second", ""); c != (mockserver.Count{Matches: 3, Hits: 2}) {
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
	h := start(t, mockserver.Config{Faults: []mockserver.Rule{
		{Name: "chance", On: mockserver.OnForeground, Probability: 0.5, Do: broken503},
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
	on := func(name, company string) mockserver.Rule {
		return mockserver.Rule{Name: name, On: mockserver.OnForeground, Company: company, Times: 1, Do: broken503}
	}
	names := func(h *harness) string {
		var list []string
		for _, r := range h.Faults().List() {
			list = append(list, r.Name)
		}
		return strings.Join(list, " ")
	}
	h := start(t, mockserver.Config{Faults: []mockserver.Rule{on("", ""), on("seven", "7"), on("rule-2", ""), on("", "")}})
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
	if got := h.Faults().Count("nothing", ""); got != (mockserver.Count{}) {
		t.Errorf("got %+v", got)
	}
}

func TestLooksAreCountedPerOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Faults: []mockserver.Rule{
			{Name: "lag", On: mockserver.OnState, PerOperation: true, Times: 2, Method: "DELETE", Do: mockserver.Fault{Status: 404}},
		}})
		del := h.submit("none", "DELETE", "/v1/customerinvoice/003547", "")
		get := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
		del2 := h.submit("none", "DELETE", "/v1/customerinvoice/003546", "")
		for n, want := range []int{404, 404, 200} {
			for _, id := range []string{del, del2} {
				if a := h.do("GET", "/v1/background/"+id, ""); a.status != want {
					t.Errorf("look %d: got %d, want %d", n+1, a.status, want)
				}
			}
			h.want(200, "GET", "/v1/background/"+get, "")
		}
		if c := h.Faults().Count("lag", "1000001"); c != (mockserver.Count{Matches: 6, Hits: 4}) {
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
	fault := func(f mockserver.Fault) mockserver.Rule {
		return mockserver.Rule{On: mockserver.OnForeground, Do: f}
	}
	tests := []struct {
		field string
		rule  mockserver.Rule
	}{
		{"On: \"moon\" is not one of auth, token, intake", mockserver.Rule{On: "moon", Do: broken503}},
		{"On: is missing", mockserver.Rule{Do: broken503}},
		{"Do: is missing", mockserver.Rule{On: mockserver.OnIntake}},
		{"Do: want a Fault", mockserver.Rule{On: mockserver.OnIntake, Do: &mockserver.Fault{}}},
		{"Do: want a Fault", mockserver.Rule{On: mockserver.OnIntake, Do: (*mockserver.Fault)(nil)}},
		{"Do: a mockserver.QueueFault cannot happen at point \"intake\"", mockserver.Rule{On: mockserver.OnIntake, Do: mockserver.QueueFault{}}},
		{"Do: a mockserver.Fault cannot happen at point \"queue\"", mockserver.Rule{On: mockserver.OnQueue, Do: mockserver.Fault{}}},
		{"Path", mockserver.Rule{On: mockserver.OnIntake, Path: "v1/x", Do: broken503}},
		{"Path", mockserver.Rule{On: mockserver.OnIntake, Path: "/v1/{x", Do: broken503}},
		{"Path: \"GET /v1/x\": want the path alone, and \"GET\" as Method", mockserver.Rule{On: mockserver.OnIntake, Path: "GET /v1/x", Do: broken503}},
		{"Path: \"/api/v1/x\": want the path below the API root, /v1/x", mockserver.Rule{On: mockserver.OnIntake, Path: "/api/v1/x", Do: broken503}},
		{"Path: \"https://h/v1/x\": want the path below the API root", mockserver.Rule{On: mockserver.OnIntake, Path: "https://h/v1/x", Do: broken503}},
		{"Path: \"/v1/x?a=b\": want the path without a query", mockserver.Rule{On: mockserver.OnForeground, Path: "/v1/x?a=b", Do: broken503}},
		{"Path: \"/customerinvoice\": only paths below /v1/ and /v2/", mockserver.Rule{On: mockserver.OnIntake, Path: "/customerinvoice", Do: broken503}},
		{"Path: \"/v3/x\": only paths below /v1/ and /v2/", mockserver.Rule{Path: "/v3/x", On: mockserver.OnQueue, Do: mockserver.QueueFault{Twice: true}}},
		{"Path: \"/{version}\": only paths below", mockserver.Rule{On: mockserver.OnState, Path: "/{version}", Do: broken503}},
		{"Path: \"/V1/Background/{id}\": want the path of the call that became", mockserver.Rule{On: mockserver.OnState, Path: "/V1/Background/{id}", Do: broken503}},
		{"Path: \"/v1/x\": the only path at token is /connect/token", mockserver.Rule{On: mockserver.OnToken, Path: "/v1/x", Do: broken503}},
		{"PerOperation", mockserver.Rule{On: mockserver.OnIntake, PerOperation: true, Do: broken503}},
		{"After", mockserver.Rule{On: mockserver.OnIntake, After: -1, Do: broken503}},
		{"Every", mockserver.Rule{On: mockserver.OnIntake, Every: -1, Do: broken503}},
		{"Times", mockserver.Rule{On: mockserver.OnIntake, Times: -1, Do: broken503}},
		{"Probability", mockserver.Rule{On: mockserver.OnIntake, Probability: 1.01, Do: broken503}},
		{"Probability", mockserver.Rule{On: mockserver.OnIntake, Probability: math.NaN(), Do: broken503}},
		{"Between.From", mockserver.Rule{On: mockserver.OnIntake, Between: mockserver.Span{From: -1}, Do: broken503}},
		{"Between.To", mockserver.Rule{On: mockserver.OnIntake, Between: mockserver.Span{From: 2, To: 1}, Do: broken503}},
		{"Between.To", mockserver.Rule{On: mockserver.OnIntake, Between: mockserver.Span{To: -1}, Do: broken503}},
		{"Do.Delay", fault(mockserver.Fault{Delay: -1})},
		{"Do.Status", fault(mockserver.Fault{Status: 100})},
		{"Do.Status", fault(mockserver.Fault{Status: 600})},
		{"Do.Status", fault(mockserver.Fault{Drop: true, Status: 500})},
		{"Do.Body", fault(mockserver.Fault{Body: "x"})},
		{"Do.Process", fault(mockserver.Fault{Process: true})},
		{"Do.RetryAfter", fault(mockserver.Fault{RetryAfter: -1})},
		{"Do.RetryAfterDate", fault(mockserver.Fault{RetryAfterDate: true})},
		{"Do.Set", fault(mockserver.Fault{Set: map[string]any{"x": func() {}}})},
		{"Do.Set", fault(mockserver.Fault{Status: 500, Set: map[string]any{}})},
		{"Do.Links", fault(mockserver.Fault{Links: "elsewhere"})},
		{"Do.CutAfter", fault(mockserver.Fault{CutAfter: -1})},
		{"Do.Stall", fault(mockserver.Fault{Stall: -1})},
		{"Do.Lag", fault(mockserver.Fault{Lag: -1})},
		{"Do.Lag", fault(mockserver.Fault{Lag: 1})},
		{"Do.Stuck", fault(mockserver.Fault{Stuck: true})},
		{"Do.Foreground", fault(mockserver.Fault{Foreground: true})},
		{"Do.Hold", mockserver.Rule{Do: mockserver.QueueFault{Hold: -1}}},
		{"Do.Deaths", mockserver.Rule{Do: mockserver.QueueFault{Deaths: -1}}},
		{"Do.Lease", mockserver.Rule{Do: mockserver.QueueFault{Lease: -1}}},
		{"Do.Lease", mockserver.Rule{Do: mockserver.QueueFault{Lease: 1}}},
		{"Do.Late", mockserver.Rule{Do: mockserver.QueueFault{Late: true}}},
		{"Do.Delay", mockserver.Rule{Do: mockserver.NotifyFault{Delay: -1}}},
		{"Do.Duplicates", mockserver.Rule{Do: mockserver.NotifyFault{Duplicates: -1}}},
		{"Do.Set", mockserver.Rule{Do: mockserver.NotifyFault{Body: []byte("{}"), Omit: []string{"id"}}}},
		{"Do.Set", mockserver.Rule{Do: mockserver.NotifyFault{Set: map[string]any{"x": math.Inf(1)}}}},
		{"Name", mockserver.Rule{Name: "good", On: mockserver.OnIntake, Do: broken503}},
	}
	for _, path := range []string{"/v1/x", "/V2/{rest...}", "/{version}/x", "/{rest...}", "/", "/v1/"} {
		if _, err := mockserver.New(mockserver.Config{Faults: []mockserver.Rule{{On: mockserver.OnIntake, Path: path, Do: broken503}}}); err != nil {
			t.Error(err)
		}
	}
	good := mockserver.Rule{Name: "good", On: mockserver.OnIntake, Do: broken503}
	h := start(t, mockserver.Config{Faults: []mockserver.Rule{good}})
	for _, tt := range tests {
		_, err := mockserver.New(mockserver.Config{Faults: []mockserver.Rule{good, tt.rule}})
		if err == nil || !strings.Contains(err.Error(), "Faults[1]."+tt.field) || strings.Contains(err.Error(), "Faults[0]") {
			t.Errorf("%+v: got %v, want Faults[1].%s", tt.rule, err, tt.field)
		}
		other := mockserver.Rule{On: mockserver.OnIntake, Do: broken503}
		err = h.Faults().Add(other, tt.rule)
		if err == nil || !strings.Contains(err.Error(), "Add[1]."+tt.field) || len(h.Faults().List()) != 1 {
			t.Errorf("%+v: got %v, want Add[1].%s", tt.rule, err, tt.field)
		}
	}
}
