package mockserver_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/profile"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/openapi/spec"
)

const (
	statePath   = "/v1/background/{requestId}"
	contentPath = statePath + "/content"
)

// A contract notes which answers of the two documents were seen.
type contract struct {
	t           *testing.T
	views       map[string]*openapi3.T
	seen        map[string]bool
	fits        map[string]bool // answers that were found to be what is declared
	shapesApart bool            // the profile renames fields
}

// see checks an answer against what a view declares for an operation.
func (c *contract) see(view, method, pattern string, a answer) {
	c.t.Helper()
	key := fmt.Sprintf("%s %s %s %d", view, method, pattern, a.status)
	c.seen[key] = true
	if a.header != nil { // and not read out of a state
		c.seen[key+" answered"] = true
	}
	response := c.views[view].Paths.Value(pattern).GetOperation(method).Responses.Status(a.status)
	if response == nil {
		c.t.Errorf("%s: not declared: %.100s", key, a.body)
		return
	}
	declared := make(map[string]bool)
	for name := range response.Value.Headers {
		declared[http.CanonicalHeaderKey(name)] = true
	}
	for name := range a.header {
		switch {
		case declared[name]:
			c.seen[key+" "+name] = true
		case !slices.Contains(undeclaredHeaders, name):
			c.t.Errorf("%s: the header %s is not declared", key, name)
		}
	}
	if c.fits[key+a.body] {
		return
	}
	media := response.Value.Content.Get("application/json")
	if kind := a.header.Get("Content-Type"); kind != "" && media != nil && response.Value.Content.Get(kind) == nil {
		c.t.Errorf("%s: the content type %s is not declared", key, kind)
	}
	switch {
	case a.body == "" || c.shapesApart: // any error, and a 202, may come without its body
	case media == nil && a.status != http.StatusNoContent:
		c.t.Errorf("%s: no body is declared, got %.100s", key, a.body)
	case media != nil:
		if err := spec.Validate(media.Schema.Value, []byte(a.body)); err != nil {
			c.t.Errorf("%s: %v", key, err)
			return
		}
		for _, name := range undeclared(media.Schema.Value, decode[any](c.t, a.body), "") {
			if beyond[fmt.Sprintf("%s %d %s", pattern, a.status, name)] == "" && beyond[fmt.Sprintf("* %d %s", a.status, name)] == "" {
				c.t.Errorf("%s: the field %s is not declared", key, name)
			}
		}
		c.fits[key+a.body] = true
	}
}

// undeclaredHeaders are those of HTTP itself, which no document declares.
var undeclaredHeaders = []string{"Content-Length", "Content-Type", "Date"}

// beyond are fields that switches add, and that are left undeclared for a reason.
var beyond = map[string]string{
	"* 202 .contentLocation":           "the vendor's article can be read so, its document has no such field, and clients have no use for it",
	contentPath + " 202 .actionId":     "the content of a call that ended with 202, under its own status",
	contentPath + " 202 .actionResult": "the same",
	contentPath + " 202 .errorInfo":    "the same",
}

// undeclared names the fields of a value that its schema does not have. A schema
// without properties may have any.
func undeclared(schema *openapi3.Schema, value any, at string) (names []string) {
	switch v := value.(type) {
	case []any:
		if schema.Items == nil {
			return nil
		}
		for _, item := range v {
			names = append(names, undeclared(schema.Items.Value, item, at+"[]")...)
		}
	case map[string]any:
		if len(schema.Properties) == 0 {
			return nil
		}
		for name, field := range v {
			if p := schema.Properties[name]; p == nil {
				names = append(names, at+"."+name)
			} else {
				names = append(names, undeclared(p.Value, field, at+"."+name)...)
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// A matrixCase is a mock that answers in a way of its own.
type matrixCase struct {
	name string
	cfg  mockserver.Config
}

// otherValues are those of the switches that are not only on or off.
func otherValues() map[string][]any {
	return map[string][]any{
		"TimeFormat":              {profile.TimeUTC, profile.TimeNoZone},
		"Zone":                    {time.UTC},
		"UnsetTime":               {profile.UnsetZero, profile.UnsetOmitted},
		"QueuedStatus":            {"Queued"},
		"RunningStatus":           {"Running"},
		"FinishedStatus":          {"Completed"},
		"OriginalURIBase":         {"https://internal.test"},
		"SubscriptionAddress":     {"https://hook.test/"},
		"ResponseHeaders":         {[]string{}},
		"StateContentLocation":    {profile.ContentLocationOmitted, profile.ContentLocationNever, profile.ContentLocationAlways},
		"MalformedIDStatus":       {400},
		"Pairs":                   {profile.PairRules{Repeated: profile.RepeatedRefuse}},
		"IDField":                 {"jobId"},
		"InvalidClientStatus":     {400},
		"BackgroundActionResult":  {"InProcess", "Failed"},
		"ExpiredStateStatus":      {410},
		"GoneFor":                 {time.Hour},
		"UnfinishedContentStatus": {202, 204, 409, 425},
		"ContentType":             {"text/json"},
		"Notification":            {profile.NotificationPascal, profile.NotificationState},
		"ContentLocation":         {profile.ContentLocationNever},
		"Envelope":                {"data"},
		"NotificationContentType": {"text/json"},
		"EventID":                 {"x"},
		"HeaderPrefix":            {"x-other-"},
		"HeaderNames":             {map[string]string{"signature-v1": "x-signature"}},
		"UserAgent":               {"x"},
		"RateLimitBody":           {`{"statusCode":429,"message":"x"}`},
		"ForegroundActionResult":  {"InProcess", "Done"},
		"MaxPageSize":             {1},
		"PageBeyondEndStatus":     {404, 400},
		"CreditNoteType":          {"Credit Note"},
	}
}

// matrixCases are every switch of a profile, turned alone, the named profiles,
// and what limits and refuses apart from them.
func matrixCases(t *testing.T) []matrixCase {
	var cases []matrixCase
	for _, name := range profile.Names() {
		p, err := profile.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, matrixCase{"profile " + name, mockserver.Config{Profile: p}})
	}
	names, paths := boolSwitches()
	for i, path := range paths {
		var p profile.Profile
		reflect.ValueOf(&p).Elem().FieldByIndex(path).SetBool(true)
		cases = append(cases, matrixCase{names[i], mockserver.Config{Profile: p}})
	}
	kind, values := reflect.TypeFor[profile.Profile](), otherValues()
	for i := range kind.NumField() {
		f := kind.Field(i)
		if f.Type.Kind() != reflect.Bool && values[f.Name] == nil {
			t.Errorf("Profile.%s: no other value of it is tried", f.Name)
		}
		for _, v := range values[f.Name] {
			var p profile.Profile
			reflect.ValueOf(&p).Elem().Field(i).Set(reflect.ValueOf(v))
			cases = append(cases, matrixCase{fmt.Sprintf("%s %v", f.Name, v), mockserver.Config{Profile: p}})
		}
	}
	both := profile.Profile{ReportAccepted: true, ContentCarriesStatus: true}
	failing := fault.Answer{Status: 500, Body: `{"message":"An error has occurred."}`}
	busy := fault.Answer{Status: 503, Body: `{"message":"The service is unavailable."}`, RetryAfter: 5 * time.Second}
	var failures, pauses []fault.Rule
	for _, on := range []fault.Point{fault.OnIntake, fault.OnForeground, fault.OnState, fault.OnContent} {
		failures = append(failures, fault.Rule{On: on, Do: failing})
		pauses = append(pauses, fault.Rule{On: on, Do: busy})
	}
	return append(cases,
		matrixCase{"actions that only begin, with their status", mockserver.Config{Profile: both}},
		matrixCase{"a limit", mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 130}}},
		matrixCase{"a limit at once", mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 1}}},
		matrixCase{"small bodies", mockserver.Config{MaxBody: 10}},
		matrixCase{"tokens with scopes", mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthStrict, TokenLife: 9000 * time.Hour, Clients: map[string]mockserver.AuthClient{
			"reads": {Secret: "s", Scopes: []string{mockserver.ScopeRead}}, "creates": {Secret: "s", Scopes: []string{mockserver.ScopeCreate}},
		}}}},
		matrixCase{"failures", mockserver.Config{Faults: failures}},
		matrixCase{"pauses", mockserver.Config{Faults: pauses}},
	)
}

// Whatever a profile, a switch or a limit makes the mock answer is declared in
// the documents; and what they declare, something makes it answer.
func TestTheDocumentsDeclareWhatTheMockAnswersAndNothingElse(t *testing.T) {
	background, err := spec.Background()
	if err != nil {
		t.Fatal(err)
	}
	erp, err := spec.ERP()
	if err != nil {
		t.Fatal(err)
	}
	seen, fits := map[string]bool{}, map[string]bool{}
	for _, tt := range matrixCases(t) {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &contract{t, map[string]*openapi3.T{"background": background, "erp": erp}, seen, fits, tt.cfg.Profile.IDField != ""}
				if tt.cfg.Profile.ContentType != "" {
					tt.cfg.Profile.ContentType = "application/json" // as JSON is read here
				}
				c.play(tt.cfg)
			})
		})
	}
	for view, doc := range map[string]*openapi3.T{"background": background, "erp": erp} {
		for pattern, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				for status, response := range op.Responses.Map() {
					key := view + " " + method + " " + pattern + " " + status
					if !seen[key] {
						t.Errorf("%s: declared, and nothing answers so", key)
						continue
					}
					for name := range response.Value.Headers {
						if seen[key+" answered"] && !seen[key+" "+http.CanonicalHeaderKey(name)] {
							t.Errorf("%s: the header %s is declared, and no answer has it", key, name)
						}
					}
				}
			}
		}
	}
}

// A matrixCall is a request that an operation of the contract gets.
type matrixCall struct{ method, pattern, number, query, body, ifMatch string }

// matrixCalls make every answer of the ERP, in this order.
func matrixCalls() []matrixCall {
	const list, one = "/v1/customerinvoice", "/v1/customerinvoice/{invoiceNumber}"
	const release, reverse = one + "/action/release", one + "/action/reverse"
	return []matrixCall{
		{"GET", list, "", "?pageNumber=1&pageSize=2", "", ""},
		{"GET", list, "", "?pageNumber=999&pageSize=2", "", ""},
		{"GET", list, "", "?pageNumber=1&pageSize=2&released=x", "", ""},
		{"GET", list, "", "", "", ""},
		{"GET", one, "003501", "", "", ""},
		{"GET", one, "1", "", "", ""},
		{"POST", list, "", "", newInvoice, ""},
		{"POST", list, "", "", `{"note":"x"}`, ""},
		{"POST", "/v2/customerinvoice", "", "", newInvoice, ""},
		{"POST", "/v2/customerinvoice", "", "", `{"note":{"value":"x"}}`, ""},
		{"PUT", one, "003547", "", `{"note":{"value":"x"}}`, ""},
		{"PUT", one, "003547", "", `{}`, `"stale"`},
		{"PUT", one, "003501", "", `{}`, ""},
		{"PUT", one, "1", "", `{}`, ""},
		{"POST", release, "003547", "", "", `"stale"`},
		{"POST", release, "003547", "", "", ""},
		{"POST", release, "003501", "", "", ""},
		{"POST", release, "1", "", "", ""},
		{"POST", reverse, "003530", "", `{"returnCreditNote":true}`, `"stale"`},
		{"POST", reverse, "003530", "", `{"returnCreditNote":true}`, ""},
		{"POST", reverse, "003546", "", `{}`, ""},
		{"POST", reverse, "1", "", `{}`, ""},
		{"DELETE", one, "003546", "", "", ""},
		{"DELETE", one, "003501", "", "", ""},
		{"DELETE", one, "1", "", "", ""},
	}
}

// play makes every call in every way, and looks at what came of it.
func (c *contract) play(cfg mockserver.Config) {
	h := start(c.t, cfg)
	full := []string{
		"ipp-company-id", "1", "ipp-application-type", "Visma.net Financials", "Content-Type", "application/json",
	}
	as := [][]string{append(slices.Clone(full), "Authorization", "Bearer x")}
	if p := cfg.Profile; p.RequireToken || p.RequireIPPHeaders || p.RequireContentType || p.RequirePaging {
		as = append(as, nil)
	}
	if cfg.Auth.Mode == mockserver.AuthStrict {
		for _, client := range []string{"reads", "creates"} {
			as = append(as, append(slices.Clone(full), "Authorization", h.token(client, "s", "1")))
		}
	}
	h2 := start(c.t, cfg) // so that both begin with the same data
	for _, headers := range as {
		for _, call := range matrixCalls() {
			c.see("erp", call.method, call.pattern, h.call(call, headers))
			c.queue(h2, call, headers)
		}
	}
	for _, as := range as {
		c.poll(h2, firstID, as)
		c.poll(h2, "no-guid", as)
	}
	_ = h.Close()
	_ = h2.Close()
	for _, call := range matrixCalls() { // 503 from all
		c.see("erp", call.method, call.pattern, h.call(call, as[0]))
		c.see("background", call.method, call.pattern, h2.call(call, append(slices.Clone(as[0]), "erp-api-background", "none")))
	}
	c.poll(h2, firstID, as[0])
}

func (h *harness) call(call matrixCall, headers []string) answer {
	if call.ifMatch != "" {
		headers = append(slices.Clone(headers), "If-Match", call.ifMatch)
	}
	return h.do(call.method, strings.ReplaceAll(call.pattern, "{invoiceNumber}", call.number)+call.query, call.body, headers...)
}

// poll reads a state and its content, and returns both.
func (c *contract) poll(h *harness, id string, headers []string) (state, content answer) {
	state = h.do("GET", "/v1/background/"+id, "", headers...)
	content = h.do("GET", "/v1/background/"+id+"/content", "", headers...)
	for _, view := range []string{"background", "erp"} {
		c.see(view, "GET", statePath, state)
		c.see(view, "GET", contentPath, content)
	}
	return state, content
}

// queue makes a call in the background and follows it to the end of its time.
func (c *contract) queue(h *harness, call matrixCall, headers []string) {
	c.see("background", call.method, call.pattern, h.call(call, append(slices.Clone(headers), "erp-api-background", "gibberish")))
	before := len(h.Operations())
	a := h.call(call, append(slices.Clone(headers), "erp-api-background", "none"))
	c.see("background", call.method, call.pattern, a)
	ops := h.Operations()
	if a.status != http.StatusAccepted || len(ops) == before {
		return
	}
	id := ops[len(ops)-1].ID
	c.poll(h, id, headers) // too early
	time.Sleep(time.Minute)
	state, content := c.poll(h, id, headers)
	c.poll(h, id, append(slices.Clone(headers[:min(len(headers), 6)]), "Authorization", "Bearer company:2"))
	if state.status == http.StatusOK {
		doc := decode[map[string]any](c.t, state.body)
		final := answer{status: int(doc["statusCode"].(float64))}
		if doc["hasResponseContent"] == true && content.header.Get("Content-Type") != "" && content.status/100 != 5 {
			final.body = content.body
		}
		if final.status != 0 && content.status != http.StatusTooManyRequests {
			c.see("erp", call.method, call.pattern, final)
		}
	}
	if call.pattern == "/v1/customerinvoice" && call.method == http.MethodGet { // once is enough
		time.Sleep(25 * time.Hour)
		c.poll(h, id, headers)
	}
}
