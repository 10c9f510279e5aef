package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/profile"
)

// stateScenarios are about what states say, and how.
func stateScenarios() []Scenario {
	states := func(f alter) []alter { return []alter{at(atState, f)} }
	ended := func(set map[string]any) []alter { return states(whenEnded(fields(set))) }
	failing := func(message string, late bool) func(*settings) {
		return func(s *settings) { s.config.Faults = []fault.Rule{{Do: fault.Queue{Fail: message, Late: late}}} }
	}
	profiled := func(p profile.Profile) func(*settings) { return func(s *settings) { s.config.Profile = p } }
	// A word is shown three times, as if the operation stood like that, and then what is true.
	passing := func(set map[string]any) []alter {
		return []alter{times(3, atState, untold(fields(set)))}
	}
	success := []Scenario{
		{ID: "finished-400", About: "The operation is Finished with 400, and a message is its content.", submit: wrongChange},
		{ID: "finished-412", About: "The operation is Finished with 412 and has no content.", submit: changeInvoice, alters: ended(map[string]any{"statusCode": 412}), want: only(Failed).with(412)},
		{ID: "finished-500", About: "The operation is Finished with 500.", submit: changeInvoice, alters: ended(map[string]any{"statusCode": 500}), want: only(Failed).with(500)},
		{ID: "finished-302", About: "The operation is Finished with 302, which is no success.", submit: changeInvoice, alters: ended(map[string]any{"statusCode": 302}), want: only(Failed).with(302)},
		{ID: "failed", About: "The operation is Failed, as the machinery ran out of disk.", set: failing("out of disk", false), want: only(Failed)},
		{ID: "failed-with-zero", About: "The operation is Failed with the status code 0.", set: failing("out of disk", false), alters: ended(map[string]any{"statusCode": 0}), want: only(Failed)},
		{ID: "failed-with-200", About: "The operation is Failed although its status code is 200.", set: failing("out of disk", true), alters: ended(map[string]any{"statusCode": 200}), want: only(Failed)},
		{ID: "action-failed", About: "An action ends with 200, and its actionResult is Failed.", Needs: []string{canActions}, submit: step{Method: http.MethodPost, Path: actionPath, Notify: "none"}, want: only(Failed).with(200)},
	}
	unclear := []Scenario{
		{ID: "unknown-word", About: "Three states have a word that nobody knows and no end, then the operation is Finished.", alters: passing(map[string]any{"status": "Throttled", "statusCode": 0, "finishedUtc": nil})},
		{ID: "unknown-word-with-year-1", About: "Three states have a word that nobody knows, and the year 1 as their end.", alters: passing(map[string]any{"status": "Waiting", "statusCode": 0, "finishedUtc": "0001-01-01T00:00:00"})},
		{ID: "unknown-word-with-200", About: "Three states have a word that nobody knows with an end and 200, then the operation is Finished.", alters: passing(map[string]any{"status": "Completed", "statusCode": 200, "finishedUtc": "2026-03-02T08:00:00Z"})},
		{ID: "no-word", About: "Three states have no status.", alters: passing(map[string]any{"status": leftOut})},
		{ID: "finished-without-status-code", About: "Three states are Finished with the status code 0, then it is there.", alters: []alter{times(3, atState, untold(fields(map[string]any{"status": "Finished", "statusCode": 0})))}},
	}
	texts := []Scenario{
		{ID: "word-in-capitals", About: "The status is FINISHED.", alters: ended(map[string]any{"status": "FINISHED"})},
		{ID: "failed-in-lower-case", About: "The status is failed.", set: failing("out of disk", false), alters: ended(map[string]any{"status": "failed"}), want: only(Failed)},
		{ID: "times-without-zone", About: "The times have no zone.", set: profiled(profile.Profile{TimeFormat: profile.TimeNoZone})},
		{ID: "times-in-year-1", About: "Times that have not come yet are 0001-01-01T00:00:00.", set: profiled(profile.Profile{UnsetTime: profile.UnsetZero})},
		{ID: "times-left-out", About: "The states have no times at all.", alters: states(fields(map[string]any{"receivedUtc": leftOut, "startedUtc": leftOut, "finishedUtc": leftOut}))},
		{ID: "times-that-are-none", About: "The times are texts that are no times.", alters: states(fields(map[string]any{"receivedUtc": "", "startedUtc": "soon", "finishedUtc": "now"}))},
		{ID: "state-in-pascal-case", About: "The names in states begin with capitals.", alters: states(changed(func(_ *call, r *reply) { r.body = pascal(r.body) }))},
		{ID: "state-with-mark", About: "States begin with a byte order mark.", alters: states(changed(func(_ *call, r *reply) { r.body = append([]byte(mark), r.body...) }))},
		{ID: "state-as-text", About: "States say that they are text/plain.", alters: states(changed(func(_ *call, r *reply) { r.header.Set("Content-Type", "text/plain; charset=utf-8") }))},
		{ID: "state-without-type", About: "States do not say what they are.", alters: states(changed(func(_ *call, r *reply) { r.header.Del("Content-Type") }))},
		{ID: "state-with-nulls", About: "All fields of states that may be null are, and there are fields that nobody knows.", alters: states(fields(map[string]any{
			"receivedUtc": nil, "startedUtc": nil, "finishedUtc": nil, "webhookAddress": nil, "errorMessage": nil, "reference": nil, "originalUri": nil,
			"responseHeaders": nil, "priority": map[string]any{"level": 3, "reasons": []string{"a"}},
		}))},
		{ID: "status-code-as-text", About: "The status code is a text.", alters: states(changed(func(_ *call, r *reply) {
			r.body = bytes.Replace(r.body, []byte(`"statusCode":200`), []byte(`"statusCode":"200"`), 1)
		}))},
		{ID: "status-code-as-float", About: "The status code is written as 200.0.", alters: states(changed(func(_ *call, r *reply) {
			r.body = bytes.Replace(r.body, []byte(`"statusCode":200`), []byte(`"statusCode":200.0`), 1)
		}))},
	}
	for _, group := range []struct {
		rule string
		list []Scenario
	}{{ruleSuccess, success}, {ruleUnclear, unclear}, {ruleTexts, texts}} {
		for i := range group.list {
			group.list[i].Rule = group.rule
			if group.list[i].submit.Method == "" && group.rule != ruleSuccess {
				group.list[i].submit = listInvoices
			}
		}
	}
	return append(append(success, unclear...), texts...)
}

// pascal is a JSON object with names that begin with a capital.
func pascal(body []byte) []byte {
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return body
	}
	renamed := make(map[string]any, len(object))
	var names []string
	for name, v := range object {
		renamed[strings.ToUpper(name[:1])+name[1:]] = v
		names = append(names, name)
	}
	return answer.Edit(body, renamed, names)
}
