package erp

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStateDocuments reads the documents in testdata/state: the one that was
// captured from the real API, and its neighbours.
func TestStateDocuments(t *testing.T) {
	oslo := time.FixedZone("", 3600)
	received := time.Date(2022, 11, 10, 10, 20, 53, 750e6, oslo)
	started := time.Date(2022, 11, 10, 10, 20, 54, 393e6, oslo)
	finished := time.Date(2022, 11, 10, 10, 20, 55, 788e6, oslo)
	tests := map[string]Document{
		"captured.json": {
			ID: "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", Status: "Finished", StatusCode: 400, Received: received, Started: started, Finished: finished,
			Webhook: "https://google.com", OriginalURI: "https://finance.visma.net/0921001005/api/v1/customerPayment/400654/action/release", HasContent: true, ContentTold: true,
		},
		"running.json":   {ID: "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", Status: "Started", Received: received, Started: started, Webhook: "none", ContentTold: true},
		"queued.json":    {ID: "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", Status: "Started", Received: received, Webhook: "none"},
		"year-one.json":  {Status: "Started"},
		"loose.json":     {ID: "7", Status: "FINISHED", StatusCode: 201, Received: received.UTC(), HasContent: true, ContentTold: true, Header: http.Header{"Location": {"/v1/customerinvoice/7"}, "Etag": {`"a"`, `"b"`}}},
		"machinery.json": {Status: "Failed", StatusCode: 500, ErrorMessage: "No worker was available.", ContentTold: true},
		"unknown.json":   {Status: "Sleeping", StatusCode: 200},
	}
	files, _ := filepath.Glob("testdata/state/*.json")
	if len(files) != len(tests) {
		t.Fatalf("%d files, %d expectations", len(files), len(tests))
	}
	for name, want := range tests {
		data, err := os.ReadFile(filepath.Join("testdata/state", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseDocument(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, pair := range [][2]*time.Time{{&got.Received, &want.Received}, {&got.Started, &want.Started}, {&got.Finished, &want.Finished}} {
			if !pair[0].Equal(*pair[1]) {
				t.Errorf("%s: time %v, want %v", name, *pair[0], *pair[1])
			}
			*pair[0], *pair[1] = time.Time{}, time.Time{}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
		if want := name == "captured.json" || name == "loose.json" || name == "machinery.json"; got.Terminal() != want {
			t.Errorf("%s: terminal is %v", name, got.Terminal())
		}
	}
}

func TestStateDocumentWithoutAStatusIsNone(t *testing.T) {
	for _, doc := range []string{``, `null`, `[]`, `7`, `{}`, `{"status":null}`, `{"status":"  "}`, `{"status":{"a":1}}`, `{"status":"Finished"`, strings.Repeat(`[`, 1<<20)} {
		if d, err := ParseDocument([]byte(doc)); err == nil {
			t.Errorf("%.40q was read as %+v", doc, d)
		}
	}
}

// TestHeadersOfEveryForm reads responseHeaders in the form that is usual and in
// others, and has the usual one agree with the way that the others are read.
func TestHeadersOfEveryForm(t *testing.T) {
	for text, want := range map[string]http.Header{
		`{"location":"/v1/x/7","ETag":"W/1"}`:            {"Location": {"/v1/x/7"}, "Etag": {"W/1"}},
		"{\n \"Location\" : \"/v1/x/7\" ,\t\"X\":\"\" }": {"Location": {"/v1/x/7"}},
		`{"X":"a:b,c","Date":"x","Content-Length":"3"}`:  {"X": {"a:b,c"}},
		`{"X":" a ","Y":"{","Z":"}","W":"[1]"}`:          {"X": {" a "}, "Y": {"{"}, "Z": {"}"}, "W": {"[1]"}},
		`{"X":"blåbær"}`:                                 {"X": {"blåbær"}},
		`{"X":"a\"b","Y":"c\u0041"}`:                     {"X": {`a"b`}, "Y": {"cA"}},
		`{"X":"a\r\nY: b","Z":"c"}`:                      {"Z": {"c"}},
		`{"X":["a","b"],"Y":7,"Z":true,"N":null,"O":{}}`: {"X": {"a", "b"}, "Y": {"7"}, "Z": {"true"}},
		`{"X":["a",null],"Y":[]}`:                        {"X": {"a", ""}},
		`{"X":"a","X":"b"}`:                              {"X": {"b"}},
		`{}`:                                             {}, `{ }`: {},
		`null`: nil, `[]`: nil, `"x"`: nil, `7`: nil, `["a","b"]`: nil,
	} {
		var got headers
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(http.Header(got), want) {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
		// With one more field, which is not text, it is not read as usual.
		if want != nil && len(text) > 3 {
			longer := text[:strings.LastIndexByte(text, '}')] + `,"Odd":null}`
			var odd headers
			if err := json.Unmarshal([]byte(longer), &odd); err != nil || !reflect.DeepEqual(odd, got) {
				t.Errorf("%s: got %v, %v, want %v", longer, odd, err, got)
			}
		}
	}
}

func FuzzState(f *testing.F) {
	files, _ := filepath.Glob("testdata/state/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseDocument(data)
		if err != nil {
			return
		}
		if d.Status == "" || (d.StatusCode != 0 && (d.StatusCode < 100 || d.StatusCode > 999)) {
			t.Fatalf("read as %+v", d)
		}
		for name, values := range d.Header {
			for _, v := range values {
				if !clean(name) || !clean(v) {
					t.Fatalf("header %q: %q could break out", name, v)
				}
			}
		}
		var usual, other struct{ ResponseHeaders headers }
		_ = json.Unmarshal(data, &usual)
		_ = json.Unmarshal(bytes.Replace(data, []byte(`"responseHeaders":{`), []byte(`"responseHeaders":{"Odd":null,`), 1), &other)
		twice := false // in two spellings, which come in any order
		for _, values := range usual.ResponseHeaders {
			twice = twice || len(values) > 1
		}
		if len(usual.ResponseHeaders) > 0 && len(other.ResponseHeaders) > 0 && !twice && !reflect.DeepEqual(usual, other) {
			t.Fatalf("headers %v and, with a field that is none, %v", usual, other)
		}
		if d.Terminal() != (strings.EqualFold(d.Status, "finished") || strings.EqualFold(d.Status, "failed")) {
			t.Fatalf("%q terminal: %v", d.Status, d.Terminal())
		}
	})
}

func FuzzAcceptedID(f *testing.F) {
	f.Add([]byte(`{"id":"2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10","stateLocation":"https://h/v1/background/x"}`), "")
	f.Add([]byte(`{"stateLocation":"/API/controller/api/v1/background/abc/content?x"}`), "")
	f.Add([]byte(`{}`), "https://h/v1/background/%2e%2e/x")
	f.Add([]byte(`{"ID":null,"jobId":true,"id":"","JOBID":7,"id":"8"}`), "")
	f.Add([]byte(`{"id":{"id":"1"},"jobid":["2"],"id":-3,"a":{"id":"4"}}`), "")
	f.Add([]byte(`{"ID":null,"id":"5","jobid":"6"}`), "")
	f.Fuzz(func(t *testing.T, body []byte, location string) {
		id := acceptedID(body, http.Header{"Location": {location}})
		// A word after the body has it read token by token.
		if slow := acceptedID(append(slices.Clip(body), " x"...), http.Header{"Location": {location}}); wholeID(body) != "" && slow != id {
			t.Fatalf("read as a whole: got %q, want %q", id, slow)
		}
		if id == "" {
			return
		}
		// Whatever was read can be put into a path and stays one segment.
		o := Origin{Scheme: "https", Host: "erp.mock"}
		req, err := http.NewRequest("GET", o.URL(StatePath(id)), nil)
		if err != nil || req.URL.Host != "erp.mock" || req.URL.Path != "/v1/background/"+id || dotted(req.URL.Path) || strings.Count(req.URL.Path, "/") != 3 {
			t.Fatalf("id %q leads to %v, %v", id, req, err)
		}
	})
}
