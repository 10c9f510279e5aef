package admin_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/mockserver"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

func TestWhatIsWrongIsSaid(t *testing.T) {
	h := start(t, mockserver.Config{MaxCompanies: 3, Clock: mockserver.ClockConfig{Manual: true}})
	id := h.submit("7", "none", invoices)
	for _, tt := range []struct {
		method, path, body string
		status             int
		field, says        string
	}{
		{"GET", "/operations?compnay=7", "", 400, `"compnay"`, "did you mean company?"},
		{"POST", "/reset?company=7", "", 400, `"company"`, "there is no parameter"},
		{"GET", "/operations?company=", "", 400, "company", "is empty"},
		{"GET", "/operations?company=7&company=8", "", 400, "company", "is there twice"},
		{"GET", "/operations?limit=0", "", 400, "limit", "is not in 1 to 1000"},
		{"GET", "/operations?limit=1001", "", 400, "limit", "is not in 1 to 1000"},
		{"GET", "/operations?limit=x", "", 400, "limit", "limit"},
		{"GET", "/operations?state=Done", "", 400, "state", "want Queued"},
		{"GET", "/operations?since=yesterday", "", 400, "since", "since"},
		{"GET", "/operations?cursor=nobody", "", 400, "cursor", "is not there any more"},
		{"GET", "/operations/nobody", "", 404, "", `no operation "nobody"`},
		{"GET", "/deliveries?state=Sent", "", 400, "state", "want Waiting"},
		{"PATCH", "/deliveries/" + id, `{"body": "x", "bodyBase64": "eA=="}`, 400, "bodyBase64", "want it or body"},
		{"PATCH", "/deliveries/" + id, `{"headers": {"a b": "x"}}`, 400, "headers", "no header's name"},
		{"PATCH", "/deliveries/" + id, `{"headers": {"a": "x\r\ny"}}`, 400, "headers", "no line breaks"},
		{"PATCH", "/deliveries/" + id, `{}`, 404, "", "has no notification"},
		{"PUT", "/breakpoint?company=7", `{}`, 400, "held", "is missing"},
		{"PUT", "/breakpoint", `{"held": "yes"}`, 400, "held", "want true or false, not a string"},
		{"PUT", "/breakpoint", `[]`, 400, "body", "no JSON object"},
		{"PUT", "/breakpoint", `null`, 400, "body", "it is not an object"},
		{"PUT", "/breakpoint", ``, 400, "body", "no JSON object"},
		{"PUT", "/breakpoint", `{"held": true} {}`, 400, "body", "no JSON object"},
		{"PUT", "/breakpoint", `{"held": null}`, 400, "held", "must not be null"},
		{"PUT", "/limits?company=7", `{"same": {"pathOnly": null}}`, 400, "same.pathOnly", "must not be null"},
		{"POST", "/endpoints", `{"path": "/v1/x", "headers": {"X": null}}`, 400, "headers.X", "must not be null"},
		{"POST", "/verify", `{"expectations": [{"request": {"method": null}}]}`, 400, "expectations.0.request.method", "must not be null"},
		{"GET", "/operations?since=", "", 400, "since", "is empty"},
		{"GET", "/hits?company=%01", "", 400, "company", "control characters"},
		{"GET", "/journal?company=" + strings.Repeat("x", 101), "", 400, "company", "at most 100 letters"},
		{"POST", "/faults", `{"rules": []}`, 400, "rules", "want 1 to 1000"},
		{"POST", "/faults", `{"rules": [{"on": "intake", "do": {"status": 429, "retryAftr": "1s"}}]}`, 400, "rules[0].do.retryAftr", "retryAfter"},
		{"POST", "/faults", `{"rules": [{"on": "intake", "company": "a-company-that-is-one-too-many", "do": {"status": 429}}, {"on": "intake", "company": "another", "do": {"status": 429}}]}`, 409, "company", "no further company"},
		{"POST", "/clock/advance?company=7", `{}`, 400, "by", "want it or to"},
		{"POST", "/clock/advance?company=7", `{"by": "1h", "to": "2030-01-01T00:00:00Z"}`, 400, "by", "want it or to"},
		{"POST", "/clock/advance?company=7", `{"by": "soon"}`, 400, "by", "is no duration"},
		{"POST", "/clock/advance?company=7", `{"by": "-1h"}`, 400, "by", "does not go back"},
		{"POST", "/clock/advance?company=7", `{"by": "1h", "timeoutMs": 0}`, 400, "timeoutMs", "must be more than 0"},
		{"POST", "/clock/advance?company=7", `{"by": "1h", "timeoutMs": 9000000}`, 400, "timeoutMs", "is not in"},
		{"POST", "/clock/advance?company=7", `{"to": "2300-01-01T00:00:00Z"}`, 409, "", "after the year 2199"},
		{"POST", "/clock/run?company=7", `{"rate": 1000000}`, 400, "rate", "100000"},
		{"POST", "/queue/step?company=7&timeoutMs=0", "", 400, "timeoutMs", "is not in"},
		{"POST", "/queue/step?company=7", "", 409, "", "not paused"},
		{"PUT", "/limits?company=7", `{"limit": -1}`, 400, "limit", "must not be negative"},
		{"PUT", "/limits?company=7", `{"same": {"window": "x"}}`, 400, "same.window", "is no duration"},
		{"PUT", "/limits?company=7", `{"policy": "a\nb"}`, 400, "policy", "what a header can hold"},
		{"PUT", "/limits?company=7", `{"limits": 1}`, 400, "limits", "did you mean limit?"},
		{"PATCH", "/profile?company=7", `{"FinishStatus": "x"}`, 400, "FinishStatus", "did you mean FinishedStatus?"},
		{"PATCH", "/profile?company=7", ``, 400, "body", "want an object of switches"},
		{"PUT", "/profile?company=7", `{"base": "modern"}`, 400, "base", "want one of current"},
		{"PUT", "/subscription?company=7", `{"url": "nowhere"}`, 400, "url", "want http(s)"},
		{"PUT", "/subscription?company=7", `{"retry": {"interval": "1"}}`, 400, "retry.interval", "is no duration"},
		{"PUT", "/subscription?company=7", `{"groupId": "a\nb"}`, 400, "groupId", "what a header can hold"},
		{"POST", "/endpoints", `{}`, 400, "path", "is missing"},
		{"POST", "/endpoints", `{"path": "/v1/x", "text": "a", "json": 1}`, 400, "json", "want text or json"},
		{"POST", "/endpoints", `{"path": "v1/x"}`, 400, "path", "below the API root"},
		{"POST", "/endpoints", `{"path": "/v1/x", "status": 99}`, 400, "status", "is not in 200 to 599"},
		{"POST", "/endpoints", `{"path": "/v1/x", "headers": {"X": "a\nb"}}`, 400, "headers", "no line breaks"},
		{"GET", "/journal?kind=calls", "", 400, "kind", "want request"},
		{"GET", "/journal?after=-1", "", 400, "after", "must not be negative"},
		{"GET", "/journal/stream?after=-1", "", 400, "after", "must not be negative"},
		{"POST", "/wait", `{}`, 400, "body", "want one of request, operation, delivery and journal, got 0"},
		{"POST", "/wait", `{"request": {}, "operation": {}}`, 400, "body", "got 2"},
		{"POST", "/wait", `{"operation": {"state": "Done"}}`, 400, "operation.state", "want Queued"},
		{"POST", "/wait", `{"operation": {"states": "Done"}}`, 400, "body", "states"},
		{"POST", "/wait", `{"delivery": {"state": "Done"}}`, 400, "delivery.state", "want Waiting"},
		{"POST", "/wait", `{"journal": {"kind": "x"}}`, 400, "kind", "want request"},
		{"POST", "/verify", `{"expectations": []}`, 400, "expectations", "want 1 to 1000"},
		{"POST", "/verify", `{"expectations": [{}]}`, 400, "expectations[0]", "got 0"},
		{"POST", "/verify", `{"expectations": [{"request": {}, "times": 1, "atMost": 2}]}`, 400, "expectations[0]", "want times, or"},
		{"POST", "/verify", `{"expectations": [{"request": {}, "atLeast": 3, "atMost": 2}]}`, 400, "expectations[0]", "contradict"},
		{"POST", "/verify", `{"expectations": [{"request": {}, "times": -1}]}`, 400, "expectations[0]", "negative"},
		{"POST", "/companies/a%0Ab/reset", "", 400, "company", "control characters"},
		{"POST", "/companies/7/seed", `{"requests": [{"path": "v1/x"}]}`, 400, "requests[0]", "want one below the API root"},
		{"POST", "/companies/7/seed", `{"requests": [{"path": "/v1/x", "method": "A B"}]}`, 400, "requests[0]", "method"},
		{"POST", "/companies/7/seed", `{"requests": [{"path": "/%zz"}]}`, 400, "requests[0]", "path"},
		{"POST", "/operations/" + id + "/expire", "", 409, "", "has not ended"},
		{"DELETE", "/faults/none", "", 404, "", `no rule "none"`},
	} {
		status, _, body := h.call(meantToBeWrong(t.Context()), tt.method, "/__mock/v1"+tt.path, tt.body, "Content-Type", "application/json")
		var problem struct{ Error, Field, Remedy string }
		if err := json.Unmarshal([]byte(body), &problem); err != nil || status != tt.status || problem.Field != tt.field || !strings.Contains(problem.Error+problem.Remedy, tt.says) {
			t.Errorf("%s %s %s: got %d %s, want %d for %q with %q", tt.method, tt.path, tt.body, status, body, tt.status, tt.field, tt.says)
		}
	}
	if got := len(h.Companies()); got != 3 {
		t.Errorf("there are %d companies, want the three that are served", got)
	}
}

// A query has what the document says, and nothing else gets through.
func TestEveryParameterIsKnown(t *testing.T) {
	h := start(t, mockserver.Config{})
	for path, item := range document(t).Paths.Map() {
		for method, op := range item.Operations() {
			var query []string
			for _, p := range op.Parameters {
				if p.Value.In == "query" {
					query = append(query, p.Value.Name)
				}
			}
			at := "/__mock/v1" + strings.NewReplacer("{company}", "7", "{operationId}", "x", "{name}", "x", "{endpointId}", "x").Replace(path)
			_, _, body := h.call(meantToBeWrong(t.Context()), method, at+"?nobody-knows-this=1", "")
			var problem struct{ Error, Remedy string }
			if err := json.Unmarshal([]byte(body), &problem); err != nil || !strings.Contains(problem.Error, "nobody-knows-this") {
				t.Errorf("%s %s takes any parameter: %.200s", method, path, body)
				continue
			}
			said := strings.FieldsFunc(strings.TrimPrefix(problem.Remedy, "use "), func(r rune) bool { return r == ',' || r == ' ' })
			if len(query) == 0 {
				said = nil
			}
			slices.Sort(said)
			slices.Sort(query)
			if !slices.Equal(said, query) {
				t.Errorf("%s %s takes %q, the document says %q", method, path, said, query)
			}
		}
	}
}

func TestABodyIsBounded(t *testing.T) {
	h := start(t, mockserver.Config{})
	large := `{"path": "/v1/x", "text": "` + strings.Repeat("x", 9<<20) + `"}`
	if status, _, body := h.call(t.Context(), "POST", "/__mock/v1/endpoints", large); status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %.200s, want 413", status, body)
	}
	deep := `{"path": "/v1/x", "json": ` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`
	if status, _, body := h.call(meantToBeWrong(t.Context()), "POST", "/__mock/v1/endpoints", deep); status != http.StatusBadRequest {
		t.Errorf("got %d %.200s, want 400", status, body)
	}
}

// Whatever a body holds, the answer is one that the document has, and no 5xx.
func FuzzBodies(f *testing.F) {
	targets := []string{
		"PATCH /deliveries/x", "PUT /breakpoint?company=7", "POST /faults", "POST /clock/advance?company=7", "POST /clock/run?company=7",
		"PUT /limits?company=7", "PATCH /profile?company=7", "PUT /profile?company=7", "PUT /subscription?company=7", "POST /endpoints", "POST /wait",
		"POST /verify", "POST /session", "POST /companies/7/seed",
	}
	for i, body := range []string{
		`{"body": "x", "headers": {"a": null}}`, `{"held": true}`, `{"rules": [{"on": "queue", "do": {"fail": "x"}}]}`, `{"by": "1ms"}`, `{"rate": 2}`,
		`{"limit": 3, "window": "1m", "same": {"calls": 2}}`, `{"Pairs.Percent": true}`, `{"base": "strict"}`, `{"url": "http://hook.test/", "signingKey": "k"}`,
		`{"path": "/v1/x", "json": [1]}`, `{"operation": {"state": "Queued"}, "timeoutMs": 1}`, `{"expectations": [{"request": {"body": {"a": 1}}, "times": 0}]}`,
		`{"token": "x"}`, `{"requests": [{"path": "/v1/customerinvoice", "method": "GET"}]}`,
	} {
		f.Add(i, []byte(body))
	}
	h := start(f, mockserver.Config{Clock: mockserver.ClockConfig{Manual: true}})
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		h.t, h.check.t = t, t
		method, path, _ := strings.Cut(targets[uint(i)%uint(len(targets))], " ")
		if path == "/wait" && !strings.Contains(string(body), `"timeoutMs": 1`) {
			return // it may well wait
		}
		status, _, answer := h.call(meantToBeWrong(t.Context()), method, "/__mock/v1"+path, string(body), "Content-Type", "application/json")
		if status >= 500 || !json.Valid([]byte(answer)) && status != http.StatusNoContent {
			t.Errorf("%s %s %q: got %d %s", method, path, body, status, answer)
		}
		if path == "/endpoints" || path == "/faults" {
			h.Faults().Clear("")
			for _, e := range h.Endpoints() {
				h.RemoveEndpoint(e.ID)
			}
		}
	})
}

// A wait for a notification in vain tells why nobody got it.
func TestWhyNoNotificationCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		ctx := t.Context()
		for header, want := range map[string]string{
			"subscription":                `company "7" has no subscription, so GET ` + invoices + ` notifies nobody: set one by PUT /__mock/v1/subscription`,
			"http://hook.test/refuses":    "Waiting after 1 attempt, the last of which was answered 500",
			"http://nobody.test/anything": "Waiting after 1 attempt, the last of which failed: ",
		} {
			must[*adminclient.ResetCompanyResponse](t)(h.ResetCompanyWithResponse(ctx, "7", nil))
			h.submit("7", header, invoices)
			e := refused(t, 408, second(h.AwaitConditionWithResponse(ctx, adminclient.Wait{
				Delivery: &adminclient.DeliveryMatcher{Company: "7", State: adminclient.DeliveryStateDelivered}, TimeoutMs: 5000,
			})))
			if !strings.Contains(e.Error(), want) {
				t.Errorf("%s: got %q, want %q in it", header, e.Error(), want)
			}
		}
	})
}
