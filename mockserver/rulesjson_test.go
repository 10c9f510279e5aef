package mockserver_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

func TestParseRules(t *testing.T) {
	got, err := fault.Parse([]byte(`[
	 {"name": "n", "on": "intake", "company": "1", "method": "POST", "path": "/v2/{rest...}", "after": 1, "every": 2, "times": 3,
	  "do": {"delay": "1s", "process": true, "status": 429, "body": "b", "header": {"x-a": "1", "X-B": ["2", "3"], "x-c": null},
	         "retryAfter": "1m30s", "retryAfterDate": true, "stall": "2s", "foreground": true}},
	 {"on": "state", "perOperation": true, "probability": 0.5, "between": {"from": "1m", "to": "2m"},
	  "do": {"set": {"status": null, "n": [1]}, "omit": ["id"], "links": "https://elsewhere.test", "cutAfter": 9, "lag": "1h", "stuck": true}},
	 {"on": "auth", "do": {"drop": true}},
	 {"on": "queue", "do": {"hold": "1s", "fail": "f", "late": true, "deaths": 1, "lease": "1s", "twice": true}},
	 {"on": "notification", "do": {"drop": true, "delay": "1s", "early": true, "reorder": true, "duplicates": 2, "forge": true, "replay": true, "body": "b"}},
	 {"on": "notification", "do": {"set": {"id": 1}, "omit": ["x"], "header": {"order": null}}}
	]`))
	const s = time.Second
	want := []fault.Rule{
		{
			Name: "n", On: fault.OnIntake, Company: "1", Method: "POST", Path: "/v2/{rest...}", After: 1, Every: 2, Times: 3,
			Do: fault.Answer{
				Delay: s, Process: true, Status: 429, Body: "b", Header: http.Header{"X-A": {"1"}, "X-B": {"2", "3"}, "X-C": nil},
				RetryAfter: 90 * s, RetryAfterDate: true, Stall: 2 * s, Foreground: true,
			},
		},
		{
			On: fault.OnState, PerOperation: true, Probability: 0.5, Between: fault.Span{From: time.Minute, To: 2 * time.Minute},
			Do: fault.Answer{
				Set: map[string]any{"status": nil, "n": []any{1.0}}, Omit: []string{"id"}, Links: "https://elsewhere.test",
				CutAfter: 9, Lag: time.Hour, Stuck: true,
			},
		},
		{On: fault.OnAuth, Do: fault.Answer{Drop: true}},
		{On: fault.OnQueue, Do: fault.Queue{Hold: s, Fail: "f", Late: true, Deaths: 1, Lease: s, Twice: true}},
		{On: fault.OnNotification, Do: fault.Notify{
			Drop: true, Delay: s, Early: true, Reorder: true, Duplicates: 2, Forge: true, Replay: true, Body: []byte("b"),
		}},
		{On: fault.OnNotification, Do: fault.Notify{
			Set: map[string]any{"id": 1.0}, Omit: []string{"x"}, Header: http.Header{"Order": nil},
		}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	for _, typ := range []any{fault.Answer{}, fault.Queue{}, fault.Notify{}} {
		if missing := unset(typ, got); len(missing) > 0 {
			t.Errorf("%T: the test sets no %v", typ, missing)
		}
	}
}

// unset are the fields of a kind of fault that no rule has set: a new field is
// to be readable too.
func unset(kind any, rules []fault.Rule) (names []string) {
	typ := reflect.TypeOf(kind)
	for i := range typ.NumField() {
		set := false
		for _, r := range rules {
			v := reflect.ValueOf(r.Do)
			set = set || v.Type() == typ && !v.Field(i).IsZero()
		}
		if !set {
			names = append(names, typ.Field(i).Name)
		}
	}
	return names
}

const wantArray = `want a JSON array of rules, such as [{"on": "intake", "do": {"status": 503}}]: `

// Some editors begin a file with a byte order mark.
func TestParseRulesAfterABOM(t *testing.T) {
	rules, err := fault.Parse([]byte("\ufeff" + `[{"on":"auth","do":{"status":503}}]`))
	if err != nil || len(rules) != 1 {
		t.Errorf("got %v, %v", rules, err)
	}
}

func TestParseRulesNamesWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		``:                                    wantArray + "there is nothing",
		" \n":                                 wantArray + "there is nothing",
		`null`:                                wantArray + "this is null",
		`5`:                                   wantArray + "this is no array, but a value of type number",
		`{}`:                                  wantArray + "this is no array, but a value of type object",
		`{"a":1}`:                             wantArray + "this is an object",
		`{"on":"auth"}`:                       wantArray + "this is a single rule, put [ and ] around it",
		`{"rules": [{}]}`:                     wantArray + `this is an object, leave it out around its array "rules"`,
		"[\n {\"on\": \"auth\", },\n]":        wantArray + "line 2, column 17: invalid character '}'",
		"# faults\n[]":                        wantArray + "line 1, column 1: invalid character '#'",
		"[{":                                  wantArray + "unexpected EOF",
		`[] []`:                               "there is more after",
		`[]]`:                                 "there is more after",
		`[1]`:                                 "[0]: want an object, not 1",
		`[{}]`:                                `[0].on: is missing, want one of auth, token, intake`,
		`[{"on":"intaek","do":{}}]`:           `[0].on: "intaek" is not one of auth, token, intake, foreground, state, content, queue, notification; did you mean intake?`,
		`[{"on":"auth","do":{"stauts":1}}]`:   `; did you mean status?`,
		`[{"On":"auth","do":{"status":503}}]`: `; did you mean on?`,
		`[{"on":"auth","do":{"retry_after":"1s"}}]`:                  `; did you mean retryAfter?`,
		`[{"on":"auth","status":1,"do":{}}]`:                         `; it is one of the "do" of a rule for requests`,
		`[{"on":"auth","do":{"every":2}}]`:                           `; it is one of the rule itself, beside "do"`,
		`[{"on":"intake","do":{"hold":"1s"}}]`:                       `; it is one of the "do" of a rule with {"on": "queue"}`,
		`[{"on":"queue","do":{"replay":true}}]`:                      `; it is one of the "do" of a rule with {"on": "notification"}`,
		`[{"on":"auth","from":"1s","do":{}}]`:                        `; it is one of "between"`,
		`[{"on":"intake","path":"POST /v2/x","do":{}}]`:              `[0].path: "POST /v2/x": want the path alone, and "POST" as Method`,
		`[{"on":"auth"}]`:                                            "[0].do: is missing",
		`[{"on":"auth","do":{}},{"on":"lunch","do":{}}]`:             `[1].on: "lunch" is not one of`,
		`[{"on":"auth","do":null}]`:                                  "[0].do: want an object, not null",
		`[{"on":"auth","do":{"status":"x"}}]`:                        `[0].do.status: want a whole number, not "x"`,
		`[{"on":"auth","do":{"status":4.5}}]`:                        `[0].do.status: want a whole number, not 4.5`,
		`[{"on":"auth","do":{"status":null}}]`:                       `[0].do.status: want a whole number, not null`,
		`[{"on":"auth","do":{"delay":5}}]`:                           `[0].do.delay: want a duration such as "1m30s", not 5`,
		`[{"on":"auth","do":{"delay":"soon"}}]`:                      `[0].do.delay: want a duration such as "1m30s", not "soon"`,
		`[{"on":"auth","do":{"drop":1}}]`:                            `[0].do.drop: want true or false`,
		`[{"on":"auth","do":{"omit":"id"}}]`:                         `[0].do.omit: want a list of texts`,
		`[{"on":"auth","do":{"set":[]}}]`:                            `[0].do.set: want an object`,
		`[{"on":"auth","do":{"header":[]}}]`:                         `[0].do.header: want an object`,
		`[{"on":"auth","do":{"header":{"a":1,"b":[2]}}}]`:            "[0].do.header.a: want a text, a list of texts or null\n[0].do.header.b",
		`[{"on":"auth","do":{"header":{"order":"1","Order":null}}}]`: "[0].do.header.Order: is there twice",
		`[{"on":"auth","times":1e400,"do":{}}]`:                      "[0].times: want a whole number, not 1e400",
		`[{"on":"auth","do":{"delay":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}}]`: "not " + strings.Repeat("[", 100) + "…",
		`[{"on":"auth","do":{"Status":1}}]`:                                   `[0].do.Status: unknown field, want one of body, cutAfter`,
		`[{"on":"queue","do":{"status":1}}]`:                                  `[0].do.status: unknown field, want one of deaths`,
		`[{"on":"auth","on":"token","do":{}}]`:                                `[0].on: is there twice`,
		`[{"on":"auth","match":1,"probability":"x","do":{}}]`:                 "[0].match: unknown field, want one of after, between, company, do, every, method, name, on, path, perOperation, probability, times\n[0].probability: want a number",
		`[{"on":"auth","between":{"from":"x"},"do":{}}]`:                      `[0].between.from: want a duration`,
		`[{"on":"auth","do":{"status":999}}]`:                                 `[0].do.status: 999 is not in 200 to 599`,
		`[{"on":"auth","do":{"retryAfterDate":true}}]`:                        `[0].do.retryAfterDate: needs RetryAfter`,
		`[{"on":"auth","between":{"from":"2s","to":"1s"},"do":{}}]`:           `[0].between.to: must be after From`,
		`[{"name":"a","on":"auth","do":{}},{"name":"a","on":"auth","do":{}}]`: `[1].name: there is another rule "a"`,
	} {
		if _, err := fault.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add(`[{"on":"intake","times":2,"do":{"status":429,"retryAfter":"30s","header":{"a":null}}}]`)
	f.Add(`[{"on":"notification","between":{"from":"1s"},"do":{"set":{"id":null}}}]`)
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := fault.Parse([]byte(text))
		if err != nil {
			return
		}
		// What parses is what the server takes.
		srv, err := mockserver.New(mockserver.Config{Faults: rules})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		_ = srv.Close()
	})
}
