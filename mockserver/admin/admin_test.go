package admin_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/scenario"
)

const invoices = "/v1/customerinvoice?pageNumber=1&pageSize=1"

// Every operation of the document, with its answers held against it.
func TestEveryOperation(t *testing.T) {
	document(t) // before the bubble: what it starts must not be of it
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Subscription: mockserver.Subscription{URL: "http://hook.test/"}})
		ctx := t.Context()
		theMock(t, h)
		settings(t, h)
		deliveries(t, h)
		faults(t, h)
		queue(t, h)
		journals(t, h)
		must[*adminclient.ResetAllResponse](t)(h.ResetAllWithResponse(ctx, &adminclient.ResetAllParams{TimeoutMs: new(1000)}))
		if n := len(h.Operations()); n != 0 {
			t.Errorf("after a reset of all there are %d operations", n)
		}
		for path, item := range document(t).Paths.Map() {
			for method, op := range item.Operations() {
				if h.check.seen[op.OperationID] == 0 {
					t.Errorf("%s %s was not called", method, path)
				}
			}
		}
	})
}

func theMock(t *testing.T, h *harness) {
	ctx := t.Context()
	if u := must[*adminclient.ListUnusedAnswersResponse](t)(h.ListUnusedAnswersWithResponse(ctx)).JSON200.Unused; len(u) != 1 || u[0].Line != 4 || u[0].Method != "GET" || u[0].URL != "/x" {
		t.Errorf("unused answers %+v", u)
	}
	if v := must[*adminclient.GetVersionResponse](t)(h.GetVersionWithResponse(ctx)).JSON200; v.Name != "erpmock" || v.Go == "" {
		t.Errorf("version %+v", v)
	}
	if v := must[*adminclient.GetReadyResponse](t)(h.GetReadyWithResponse(ctx)).JSON200; !v.Ready {
		t.Errorf("ready %+v", v)
	}
	yaml := must[*adminclient.GetOpenAPIYAMLResponse](t)(h.GetOpenAPIYAMLWithResponse(ctx)).Body
	text := must[*adminclient.GetOpenAPIJSONResponse](t)(h.GetOpenAPIJSONWithResponse(ctx)).Body
	if !strings.HasPrefix(string(yaml), "openapi: 3.0.3\n") || !json.Valid(text) || !strings.Contains(string(text), `"/companies/{company}/seed"`) {
		t.Errorf("the document is %.60s and %.60s", yaml, text)
	}
	all := must[*adminclient.GetContractResponse](t)(h.GetContractWithResponse(ctx, &adminclient.GetContractParams{Company: new("7")})).JSON200
	if all.Total != 2 || all.Called != 1 || len(all.Operations) != 2 || all.Operations[0].OperationID != "getSupplier" || all.Operations[0].Calls != 1 || all.Operations[0].Tags[0] != "suppliers" {
		t.Errorf("the contract is %+v", all)
	}
	if left := must[*adminclient.GetContractResponse](t)(h.GetContractWithResponse(ctx, &adminclient.GetContractParams{Company: new("7"), Uncalled: new(true)})).JSON200; len(left.Operations) != 1 || left.Operations[0].Method != "DELETE" || left.Called != 1 {
		t.Errorf("never called: %+v", left)
	}
	refused(t, 401, second(h.OpenSessionWithResponse(ctx, adminclient.Session{Token: "guessed"})))
	opened := must[*adminclient.OpenSessionResponse](t)(h.OpenSessionWithResponse(ctx, adminclient.Session{Token: h.admin.Token()}))
	if c := opened.HTTPResponse.Cookies(); len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "" {
		t.Errorf("cookies %+v", c)
	}
	closed := must[*adminclient.CloseSessionResponse](t)(h.CloseSessionWithResponse(ctx))
	if c := closed.HTTPResponse.Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("cookies of the end %+v", c)
	}
	if s := must[*adminclient.ListScenariosResponse](t)(h.ListScenariosWithResponse(ctx)).JSON200.Scenarios; len(s) != 2 || s[0] != (adminclient.Scenario{Name: "late", About: "It comes late."}) {
		t.Errorf("scenarios %+v", s)
	}
	if r := must[*adminclient.RunScenarioResponse](t)(h.RunScenarioWithResponse(ctx, "late", nil)).JSON200; !r.Passed || r.Text != "ok late" {
		t.Errorf("the scenario gave %+v", r)
	}
	refused(t, 404, second(h.RunScenarioWithResponse(ctx, "unknown", nil)))
	refused(t, 409, second(h.RunScenarioWithResponse(ctx, "stuck", &adminclient.RunScenarioParams{TimeoutMs: new(1)})))
	seeded := must[*adminclient.SeedCompanyResponse](t)(h.SeedCompanyWithResponse(ctx, "7", adminclient.Seed{Requests: []adminclient.SeedRequest{
		{Path: "/v2/customerinvoice", JSON: map[string]any{
			"customerNumber": map[string]any{"value": "10045"}, "documentDate": map[string]any{"value": "2026-09-01"},
			"invoiceLines": []any{map[string]any{"operation": "Insert", "quantity": map[string]any{"value": 2}, "inventoryNumber": map[string]any{"value": "SYK-01"}}},
		}},
		{Method: "get", Path: "/v1/customerinvoice/003549"},
	}}))
	if a := seeded.JSON200.Answers; len(a) != 2 || a[0].Status != 201 || !strings.HasSuffix(a[0].Location, "/003549") || a[1].Status != 200 {
		t.Errorf("seeded: %+v", a)
	}
	e := refused(t, 409, second(h.SeedCompanyWithResponse(ctx, "7", adminclient.Seed{Requests: []adminclient.SeedRequest{
		{Method: "GET", Path: "/v1/nothing"}, {Method: "GET", Path: "/v1/customerinvoice"},
	}})))
	var stopped adminclient.Seeded
	if json.Unmarshal(e.Body, &stopped); len(stopped.Answers) != 1 || !strings.Contains(e.Problem.Error, "requests[0]") {
		t.Errorf("seeding what is not there: %s", e.Body)
	}
	companies := must[*adminclient.ListCompaniesResponse](t)(h.ListCompaniesWithResponse(ctx)).JSON200.Companies
	if len(companies) != 2 || companies[0].Company != "1000001" || !companies[0].IsDefault || companies[1].Company != "7" {
		t.Errorf("companies %+v", companies)
	}
	must[*adminclient.ResetCompanyResponse](t)(h.ResetCompanyWithResponse(ctx, "7", nil))
	if status, _, _ := h.call(ctx, "GET", "/v1/customerinvoice/003549", "", "ipp-company-id", "7"); status != 404 {
		t.Errorf("after the reset the seeded invoice answers %d", status)
	}
	if m := must[*adminclient.GetMetricsResponse](t)(h.GetMetricsWithResponse(ctx)).Body; !strings.Contains(string(m), "\nerpmock_companies 2\n") {
		t.Errorf("metrics:\n%s", m)
	}
}

// contract is what a document's operations would be.
func contract(company string) []admin.ContractOperation {
	return []admin.ContractOperation{
		{Document: "erp.json", Method: "GET", Path: "/v1/supplier/{number}", ID: "getSupplier", Tags: []string{"suppliers"}, Calls: len(company)},
		{Document: "erp.json", Method: "DELETE", Path: "/v1/supplier/{number}"},
	}
}

func settings(t *testing.T, h *harness) {
	ctx := t.Context()
	set := must[*adminclient.SetLimitsResponse](t)(h.SetLimitsWithResponse(ctx, &adminclient.SetLimitsParams{Company: new("7")}, adminclient.LimitsChange{
		Limit: 2, Window: "1m", Policy: "tight", Same: adminclient.SameLimits{Calls: 9},
	})).JSON200
	if set.Limit != 2 || set.Window != "1m0s" || set.Same.Calls != 9 || set.Used != 0 {
		t.Errorf("limits %+v", set)
	}
	h.call(ctx, "GET", invoices, "", "ipp-company-id", "7")
	if l := must[*adminclient.GetLimitsResponse](t)(h.GetLimitsWithResponse(ctx, &adminclient.GetLimitsParams{Company: new("7")})).JSON200; l.Used != 1 || !l.WindowEnds.Equal(time.Now().Add(time.Minute)) {
		t.Errorf("limits after a call %+v", l)
	}
	if l := must[*adminclient.GetLimitsResponse](t)(h.GetLimitsWithResponse(ctx, nil)).JSON200; l.Limit != 15000 {
		t.Errorf("limits of the others %+v", l)
	}
	value := func(p *adminclient.Profile, name string) any {
		i := slices.IndexFunc(p.Switches, func(s adminclient.Switch) bool { return s.Name == name })
		if i < 0 {
			t.Fatalf("no switch %s", name)
		}
		return p.Switches[i].Value
	}
	p := must[*adminclient.ChangeProfileResponse](t)(h.ChangeProfileWithResponse(ctx, &adminclient.ChangeProfileParams{Company: new("7")}, adminclient.Switches(`{"FinishedStatus": "Completed", "Pairs": {"Percent": true}}`))).JSON200
	if value(p, "FinishedStatus") != "Completed" || value(p, "Pairs.Percent") != true || value(p, "QueuedStatus") != "Started" {
		t.Errorf("profile %+v", p)
	}
	p = must[*adminclient.ReplaceProfileResponse](t)(h.ReplaceProfileWithResponse(ctx, &adminclient.ReplaceProfileParams{Company: new("7")}, adminclient.ProfileReplacement{
		Base: "strict", Switches: adminclient.Switches(`{"RequireToken": false}`),
	})).JSON200
	if value(p, "FinishedStatus") != "Finished" || value(p, "RequirePaging") != true || value(p, "RequireToken") != false {
		t.Errorf("profile %+v", p)
	}
	if p = must[*adminclient.GetProfileResponse](t)(h.GetProfileWithResponse(ctx, nil)).JSON200; value(p, "RequirePaging") != false {
		t.Errorf("profile of the others %+v", p)
	}
	key := "k"
	s := must[*adminclient.SetSubscriptionResponse](t)(h.SetSubscriptionWithResponse(ctx, &adminclient.SetSubscriptionParams{Company: new("7")}, adminclient.SubscriptionChange{
		URL: "http://hook.test/seven", SigningKey: &key, Retry: adminclient.Retry{Attempts: 2, Interval: "3s"},
	})).JSON200
	if !s.IsSigned || s.URL != "http://hook.test/seven" || s.Retry.Attempts != 2 || s.Retry.Interval != "3s" || s.Retry.MaxInterval != "10m0s" {
		t.Errorf("subscription %+v", s)
	}
	s = must[*adminclient.SetSubscriptionResponse](t)(h.SetSubscriptionWithResponse(ctx, &adminclient.SetSubscriptionParams{Company: new("7")}, adminclient.SubscriptionChange{URL: "http://hook.test/"})).JSON200
	if !s.IsSigned {
		t.Error("the key went with a change that does not name it")
	}
	if s = must[*adminclient.GetSubscriptionResponse](t)(h.GetSubscriptionWithResponse(ctx, nil)).JSON200; s.URL != "http://hook.test/" || s.IsSigned {
		t.Errorf("subscription of the others %+v", s)
	}
	e := must[*adminclient.AddEndpointResponse](t)(h.AddEndpointWithResponse(ctx, adminclient.EndpointChange{
		Company: "7", Method: "post", Path: "/v1/own/{id}", Status: 418, Headers: map[string]string{"X-Own": "1"}, JSON: map[string]any{"a": 1},
	})).JSON201
	if status, header, body := h.call(ctx, "POST", "/v1/own/1", "{}", "ipp-company-id", "7"); status != 418 || header.Get("X-Own") != "1" || body != `{"a":1}` {
		t.Errorf("the endpoint answers %d %s", status, body)
	}
	if list := must[*adminclient.ListEndpointsResponse](t)(h.ListEndpointsWithResponse(ctx, &adminclient.ListEndpointsParams{Company: new("8")})).JSON200.Endpoints; len(list) != 0 {
		t.Errorf("endpoints of 8: %+v", list)
	}
	must[*adminclient.RemoveEndpointResponse](t)(h.RemoveEndpointWithResponse(ctx, e.ID))
	refused(t, 404, second(h.RemoveEndpointWithResponse(ctx, e.ID)))
	must[*adminclient.ResetCompanyResponse](t)(h.ResetCompanyWithResponse(ctx, "7", nil))
	if l := h.RateLimit("7").Limit; l != 15000 {
		t.Errorf("after a reset the limit is %d", l)
	}
}

func deliveries(t *testing.T, h *harness) {
	ctx := t.Context()
	if b := must[*adminclient.SetBreakpointResponse](t)(h.SetBreakpointWithResponse(ctx, &adminclient.SetBreakpointParams{Company: new("7")}, adminclient.BreakpointChange{Held: true})).JSON200; !b.Held {
		t.Error("the breakpoint is not set")
	}
	if b := must[*adminclient.GetBreakpointResponse](t)(h.GetBreakpointWithResponse(ctx, nil)).JSON200; b.Held {
		t.Error("others are held too")
	}
	id := h.submit("7", "subscription:order=1", invoices)
	found := must[*adminclient.AwaitConditionResponse](t)(h.AwaitConditionWithResponse(ctx, adminclient.Wait{
		Delivery: &adminclient.DeliveryMatcher{OperationID: id, State: adminclient.DeliveryStateHeld}, TimeoutMs: 5000,
	})).JSON200
	if found.Count != 1 || found.Deliveries[0].Body == nil || !strings.Contains(*found.Deliveries[0].Body, id) {
		t.Errorf("held: %+v", found)
	}
	if a := must[*adminclient.GetAnswerResponse](t)(h.GetAnswerWithResponse(ctx, id)).JSON200; a.StatusCode != 200 || !a.HasContent || !strings.HasPrefix(a.Body, "[") || !strings.Contains(a.ContentType, "json") {
		t.Errorf("the answer is %+v", a)
	}
	if op, _ := h.Operation(id); op.ContentReads != 0 {
		t.Errorf("looking at the answer counts as %d reads of the content, want none", op.ContentReads)
	}
	body, order := `{"edited":true}`, "2"
	must[*adminclient.EditDeliveryResponse](t)(h.EditDeliveryWithResponse(ctx, id, adminclient.DeliveryEdit{Body: &body, Headers: map[string]*string{"order": &order, "x-vwd-event-id": nil}}))
	must[*adminclient.ReleaseDeliveryResponse](t)(h.ReleaseDeliveryWithResponse(ctx, id))
	must[*adminclient.AwaitConditionResponse](t)(h.AwaitConditionWithResponse(ctx, adminclient.Wait{
		Delivery: &adminclient.DeliveryMatcher{OperationID: id, State: adminclient.DeliveryStateDelivered, Headers: map[string]string{"order": "2"}},
	}))
	if got := h.received(); len(got) != 1 || got[0] != body {
		t.Errorf("received %q", got)
	}
	refused(t, 409, second(h.ReleaseDeliveryWithResponse(ctx, id)))
	refused(t, 409, second(h.HoldDeliveryWithResponse(ctx, id)))
	d := must[*adminclient.RedeliverResponse](t)(h.RedeliverWithResponse(ctx, id, nil)).JSON200
	if len(d.Attempts) != 2 || !d.Attempts[1].Redelivery {
		t.Errorf("redelivered: %+v", d)
	}
	if d := must[*adminclient.GetDeliveryResponse](t)(h.GetDeliveryWithResponse(ctx, id)).JSON200; d.State != adminclient.DeliveryStateDelivered {
		t.Errorf("delivery %+v", d)
	}
	for range 3 {
		other := h.submit("8", "http://hook.test/refuses", invoices)
		must[*adminclient.HoldDeliveryResponse](t)(h.HoldDeliveryWithResponse(ctx, other))
	}
	page := must[*adminclient.ListDeliveriesResponse](t)(h.ListDeliveriesWithResponse(ctx, &adminclient.ListDeliveriesParams{Company: new("8"), Limit: new(2)})).JSON200
	rest := must[*adminclient.ListDeliveriesResponse](t)(h.ListDeliveriesWithResponse(ctx, &adminclient.ListDeliveriesParams{Company: new("8"), Limit: new(2), Cursor: new(page.Next), Path: new("/v1/customerinvoice")})).JSON200
	if len(page.Deliveries) != 2 || page.Next == "" || len(rest.Deliveries) != 1 || rest.Next != "" {
		t.Errorf("pages of %d and %d", len(page.Deliveries), len(rest.Deliveries))
	}
	must[*adminclient.ResetCompanyResponse](t)(h.ResetCompanyWithResponse(ctx, "8", nil))
	none := h.submit("8", "none", invoices)
	refused(t, 404, second(h.GetDeliveryWithResponse(ctx, none)))
	refused(t, 404, second(h.HoldDeliveryWithResponse(ctx, none)))
	detail := must[*adminclient.GetOperationResponse](t)(h.GetOperationWithResponse(ctx, id)).JSON200
	var kinds []string
	for _, e := range detail.Timeline {
		kinds = append(kinds, string(e.Kind))
	}
	if got, want := strings.Join(kinds, " "), "request accepted started ended attempt attempt"; got != want || detail.Delivery == nil {
		t.Errorf("the timeline is %s, want %s", got, want)
	}
	refused(t, 404, second(h.GetOperationWithResponse(ctx, "nobody")))
	if op := must[*adminclient.ExpireOperationResponse](t)(h.ExpireOperationWithResponse(ctx, id)).JSON200; op.State != adminclient.OperationStateExpired {
		t.Errorf("expired: %+v", op)
	}
	list := must[*adminclient.ListOperationsResponse](t)(h.ListOperationsWithResponse(ctx, &adminclient.ListOperationsParams{
		Company: new("7"), State: new(adminclient.OperationStateExpired), Status: new(200), Method: new("GET"), Path: new("/v1/{what}"),
		Since: new(time.Now().Add(-time.Hour)),
	})).JSON200
	if len(list.Operations) != 1 || list.Operations[0].ID != id {
		t.Errorf("operations %+v", list)
	}
}

func faults(t *testing.T, h *harness) {
	ctx := t.Context()
	rules := func(texts ...string) adminclient.FaultRules {
		var list adminclient.FaultRules
		for _, text := range texts {
			list.Rules = append(list.Rules, json.RawMessage(text))
		}
		return list
	}
	added := must[*adminclient.AddFaultsResponse](t)(h.AddFaultsWithResponse(ctx, rules(
		`{"name": "busy", "company": "7", "on": "foreground", "times": 1, "do": {"status": 503, "retryAfter": "30s", "header": {"X-Gone": null}}}`,
		`{"on": "queue", "company": "8", "do": {"fail": "broken"}}`,
	))).JSON201.Faults
	if len(added) != 2 || added[0].Name != "busy" || added[1].Name == "" {
		t.Fatalf("added %+v", added)
	}
	e := refused(t, 409, second(h.AddFaultsWithResponse(ctx, rules(`{"name": "busy", "on": "queue", "do": {"fail": "x"}}`))))
	if e.Problem.Field != "rules[0].name" {
		t.Errorf("a name that is taken: %+v", e.Problem)
	}
	if status, _, _ := h.call(ctx, "GET", invoices, "", "ipp-company-id", "7"); status != 503 {
		t.Errorf("the rule does not hit: %d", status)
	}
	list := must[*adminclient.ListFaultsResponse](t)(h.ListFaultsWithResponse(ctx, &adminclient.ListFaultsParams{Company: new("7")})).JSON200.Faults
	if len(list) != 1 || list[0].Hits != 1 || list[0].Companies["7"].Hits != 1 || !strings.Contains(string(list[0].Rule), `"retryAfter":"30s"`) {
		t.Errorf("listed %+v", list)
	}
	hits := must[*adminclient.ListHitsResponse](t)(h.ListHitsWithResponse(ctx, &adminclient.ListHitsParams{Company: new("7"), Rule: new("busy")})).JSON200.Hits
	if len(hits) != 1 || hits[0].Point != "foreground" || hits[0].Match != 1 {
		t.Errorf("hits %+v", hits)
	}
	must[*adminclient.RemoveFaultResponse](t)(h.RemoveFaultWithResponse(ctx, "busy"))
	refused(t, 404, second(h.RemoveFaultWithResponse(ctx, "busy")))
	if n := must[*adminclient.ClearFaultsResponse](t)(h.ClearFaultsWithResponse(ctx, &adminclient.ClearFaultsParams{Company: new("8")})).JSON200.Removed; n != 1 {
		t.Errorf("cleared %d", n)
	}
}

func queue(t *testing.T, h *harness) {
	ctx, nine := t.Context(), "9"
	clock := must[*adminclient.FreezeClockResponse](t)(h.FreezeClockWithResponse(ctx, &adminclient.FreezeClockParams{Company: new(nine)})).JSON200
	begin := clock.Now
	refused(t, 409, second(h.StartNextWithResponse(ctx, &adminclient.StartNextParams{Company: new(nine)})))
	if q := must[*adminclient.PauseQueueResponse](t)(h.PauseQueueWithResponse(ctx, &adminclient.PauseQueueParams{Company: new(nine)})).JSON200; !q.Paused {
		t.Error("the queue is not paused")
	}
	first, second1 := h.submit(nine, "none", invoices), h.submit(nine, "none", invoices)
	if q := must[*adminclient.GetQueueResponse](t)(h.GetQueueWithResponse(ctx, &adminclient.GetQueueParams{Company: new(nine)})).JSON200; q.Count != 2 || q.Waiting[0].ID != first {
		t.Errorf("the queue is %+v", q)
	}
	if op := must[*adminclient.StartNextResponse](t)(h.StartNextWithResponse(ctx, &adminclient.StartNextParams{Company: new(nine)})).JSON200; op.ID != first {
		t.Errorf("started %+v", op)
	}
	clock = must[*adminclient.GetClockResponse](t)(h.GetClockWithResponse(ctx, &adminclient.GetClockParams{Company: new(nine)})).JSON200
	if clock.Rate != 0 || clock.PlannedCount != 1 || !strings.Contains(clock.Planned[0].What, first) {
		t.Errorf("the clock is %+v", clock)
	}
	clock = must[*adminclient.StepClockResponse](t)(h.StepClockWithResponse(ctx, &adminclient.StepClockParams{Company: new(nine)})).JSON200
	if got := clock.Now.Sub(begin); got != 20*time.Millisecond {
		t.Errorf("the step took %v", got)
	}
	refused(t, 409, second(h.StepClockWithResponse(ctx, &adminclient.StepClockParams{Company: new(nine)})))
	if run := must[*adminclient.RunClockResponse](t)(h.RunClockWithResponse(ctx, &adminclient.RunClockParams{Company: new(nine)}, adminclient.Run{Rate: 60})).JSON200; run.Rate != 60 {
		t.Errorf("the rate is %v", run.Rate)
	}
	if op := must[*adminclient.StepQueueResponse](t)(h.StepQueueWithResponse(ctx, &adminclient.StepQueueParams{Company: new(nine)})).JSON200; op.ID != second1 || op.State != adminclient.OperationStateFinished {
		t.Errorf("the step ran %+v", op)
	}
	must[*adminclient.FreezeClockResponse](t)(h.FreezeClockWithResponse(ctx, &adminclient.FreezeClockParams{Company: new(nine)}))
	if q := must[*adminclient.ResumeQueueResponse](t)(h.ResumeQueueWithResponse(ctx, &adminclient.ResumeQueueParams{Company: new(nine)})).JSON200; q.Paused {
		t.Error("the queue is still paused")
	}
	h.submit(nine, "none", invoices)
	before := h.Clock(nine).Now()
	clock = must[*adminclient.AdvanceClockResponse](t)(h.AdvanceClockWithResponse(ctx, &adminclient.AdvanceClockParams{Company: new(nine)}, adminclient.Advance{By: "1h"})).JSON200
	if got := clock.Now.Sub(before); got != time.Hour || clock.PlannedCount != 0 {
		t.Errorf("advanced by %v, planned %d", got, clock.PlannedCount)
	}
	to := clock.Now.Add(time.Minute).UTC().Truncate(time.Second)
	clock = must[*adminclient.AdvanceClockResponse](t)(h.AdvanceClockWithResponse(ctx, &adminclient.AdvanceClockParams{Company: new(nine)}, adminclient.Advance{To: to})).JSON200
	if !clock.Now.Equal(to) {
		t.Errorf("advanced to %v, want %v", clock.Now, to)
	}
	refused(t, 409, second(h.AdvanceClockWithResponse(ctx, &adminclient.AdvanceClockParams{Company: new(nine)}, adminclient.Advance{To: to.Add(-time.Hour)})))
	last := h.submit(nine, "none", invoices)
	must[*adminclient.DrainClockResponse](t)(h.DrainClockWithResponse(ctx, &adminclient.DrainClockParams{Company: new(nine)}))
	if op, _ := h.Operation(last); !op.HasEnded() {
		t.Error("drained, and it has not ended")
	}
	must[*adminclient.AwaitIdleResponse](t)(h.AwaitIdleWithResponse(ctx, &adminclient.AwaitIdleParams{Company: new(nine)}))
}

func journals(t *testing.T, h *harness) {
	ctx := t.Context()
	id := h.submit("7", "none", "/v1/customerinvoice?pageNumber=1&pageSize=2")
	h.call(ctx, "POST", "/v1/customerinvoice", `{"note": "Ærlig talt"}`, "ipp-company-id", "7", "Authorization", "Bearer company:7")
	var all []adminclient.Entry
	for next := int64(0); ; {
		p := must[*adminclient.SearchJournalResponse](t)(h.SearchJournalWithResponse(ctx, &adminclient.SearchJournalParams{Company: new("7"), After: new(int64(next)), Limit: new(3)})).JSON200
		all, next = append(all, p.Entries...), p.Next
		if len(p.Entries) < 3 {
			break
		}
	}
	whole := h.Journal().Entries()
	whole = slices.DeleteFunc(whole, func(e journal.Entry) bool { return e.Company != "7" })
	if len(all) != len(whole) || all[0].Seq != whole[0].Seq || all[len(all)-1].Seq != whole[len(whole)-1].Seq {
		t.Errorf("paged through %d entries, want %d", len(all), len(whole))
	}
	for _, tt := range []struct {
		p    adminclient.SearchJournalParams
		want int
	}{
		{adminclient.SearchJournalParams{Company: new("7"), Text: new("ærlig")}, 1},
		{adminclient.SearchJournalParams{Company: new("7"), Text: new("company:7")}, 0}, // no credentials are shown
		{adminclient.SearchJournalParams{OperationID: new(id), Kind: new(adminclient.EntryKind("accepted"))}, 1},
		{adminclient.SearchJournalParams{Company: new("7"), Path: new("/v1/nothing")}, 0},
		{adminclient.SearchJournalParams{Company: new("7"), After: new(int64(1 << 40))}, 0},
	} {
		if got := must[*adminclient.SearchJournalResponse](t)(h.SearchJournalWithResponse(ctx, &tt.p)).JSON200; len(got.Entries) != tt.want {
			t.Errorf("%+v: %d entries, want %d", tt.p, len(got.Entries), tt.want)
		}
	}
	verdict := must[*adminclient.VerifyResponse](t)(h.VerifyWithResponse(ctx, adminclient.Verification{Expectations: []adminclient.Expectation{
		{Request: &adminclient.RequestMatcher{Company: "7", Method: "POST", Body: map[string]any{"note": "Ærlig talt"}}, Times: new(1)},
		{Operation: &adminclient.OperationMatcher{ID: id}},
		{Delivery: &adminclient.DeliveryMatcher{OperationID: id}, AtMost: new(0)},
	}})).JSON200
	if !verdict.Ok || len(verdict.Results) != 3 {
		t.Errorf("the verdict is %+v", verdict)
	}
	e := refused(t, 409, second(h.VerifyWithResponse(ctx, adminclient.Verification{Expectations: []adminclient.Expectation{
		{Request: &adminclient.RequestMatcher{Company: "7", Method: "POST", Body: map[string]any{"note": "other"}}, AtLeast: new(1)},
		{Operation: &adminclient.OperationMatcher{ID: id}, AtMost: new(0)},
	}})))
	var no adminclient.Verdict
	if json.Unmarshal(e.Body, &no); no.Ok || no.Results[0].Ok || !strings.Contains(no.Results[0].Nearest[0].Misses[0], `Body.note: got "Ærlig talt", want "other"`) || no.Results[1].Count != 1 {
		t.Errorf("the verdict is %s", e.Body)
	}
	found := must[*adminclient.AwaitConditionResponse](t)(h.AwaitConditionWithResponse(ctx, adminclient.Wait{Journal: &adminclient.JournalMatcher{OperationID: id, Kind: "ended"}})).JSON200
	if found.Count != 1 || found.Entries[0].Operation.StatusCode != 200 {
		t.Errorf("found %+v", found)
	}
	begin := time.Now()
	e = refused(t, 408, second(h.AwaitConditionWithResponse(ctx, adminclient.Wait{Operation: &adminclient.OperationMatcher{ID: id, StatusCode: 500}, TimeoutMs: 1500})))
	var unmet adminclient.Unmet
	if json.Unmarshal(e.Body, &unmet); unmet.Count != 0 || len(unmet.Nearest) == 0 || unmet.Nearest[0].Misses[0] != "StatusCode: got 200, want 500" {
		t.Errorf("unmet %s", e.Body)
	}
	if got := time.Since(begin); got != 1500*time.Millisecond {
		t.Errorf("waited %v in vain, want 1.5s", got)
	}
	streamed(t, h)
	exported(t, h)
}

// exported saves what happened to a company in each form, of which the scenario runs.
func exported(t *testing.T, h *harness) {
	for format, want := range map[adminclient.ExportJournalParamsFormat]string{
		"": "\nsteps:\n", "scenario": "\nsteps:\n", "go": "func TestSaved(t *testing.T)", "curl": "\ncurl --silent",
	} {
		p := adminclient.ExportJournalParams{Company: new("7")}
		if format != "" {
			p.Format = new(format)
		}
		got := string(must[*adminclient.ExportJournalResponse](t)(h.ExportJournalWithResponse(t.Context(), &p)).Body)
		if !strings.Contains(got, want) || !strings.Contains(got, "Ærlig talt") || strings.Contains(strings.ToLower(got), "authorization") {
			t.Errorf("%q: got\n%s", format, got)
		}
	}
	refused(t, 400, second(h.ExportJournalWithResponse(meantToBeWrong(t.Context()), &adminclient.ExportJournalParams{Format: new(adminclient.ExportJournalParamsFormat("har"))})))
	saved := must[*adminclient.ExportJournalResponse](t)(h.ExportJournalWithResponse(t.Context(), &adminclient.ExportJournalParams{Company: new("7")})).Body
	s, err := scenario.Parse("saved.yaml", saved)
	if err != nil {
		t.Fatalf("%v\n%s", err, saved)
	}
	if len(s.Steps) < 3 {
		t.Errorf("%d steps:\n%s", len(s.Steps), saved)
	}
}

func second[T any](_ T, err error) error { return err }
