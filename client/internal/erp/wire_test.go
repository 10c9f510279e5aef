package erp

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
)

// stateWant is what openapi/vectors/states.json says of a document.
type stateWant struct {
	Verdict                              string
	ID, Status, ErrorMessage             string
	StatusCode                           int
	HasContent                           bool
	ReceivedUtc, StartedUtc, FinishedUtc time.Time
	Headers                              map[string][]string
}

// TestVectorsOfStates reads the documents of openapi/vectors/states.json: the one
// that was captured from the real API, and its neighbours.
func TestVectorsOfStates(t *testing.T) {
	for _, v := range testkit.Vectors[testkit.Body, stateWant](t, "states") {
		want := v.Want
		got, err := ParseDocument(v.Input)
		if (err != nil) != (want.Verdict == "unreadable") {
			t.Errorf("%s: %s\ngot %+v, %v, want it %s", v.Name, v.Why, got, err, want.Verdict)
		}
		if err != nil {
			continue
		}
		ended := want.Verdict == "succeeded" || want.Verdict == "failed"
		unclear := got.EndsUnclear() || got.Terminal() && got.StatusCode == 0
		if got.Terminal() && !unclear != ended || unclear != (want.Verdict == "unclear") || got.Outcome().Succeeded() != (want.Verdict == "succeeded") {
			t.Errorf("%s: %s\ngot %+v, terminal %v, want it %s", v.Name, v.Why, got, got.Terminal(), want.Verdict)
		}
		if got.ID != want.ID || got.Status != want.Status || got.StatusCode != want.StatusCode || got.HasContent != want.HasContent || got.ErrorMessage != want.ErrorMessage ||
			!got.Received.Equal(want.ReceivedUtc) || !got.Started.Equal(want.StartedUtc) || !got.Finished.Equal(want.FinishedUtc) {
			t.Errorf("%s: %s\n got %+v\nwant %+v", v.Name, v.Why, got, want)
		}
		header := http.Header{}
		for name, values := range want.Headers {
			header[http.CanonicalHeaderKey(name)] = values
		}
		if !maps.EqualFunc(got.Header, header, slices.Equal) {
			t.Errorf("%s: %s\ngot the headers %v, want %v", v.Name, v.Why, got.Header, header)
		}
	}
}

// TestStateDocumentsTellMoreThanTheVectorsHold: what no other language hands on.
func TestStateDocumentsTellMoreThanTheVectorsHold(t *testing.T) {
	for doc, want := range map[string]Document{
		`{"status":"Started","webhookAddress":"none","hasResponseContent":false}`: {Status: "Started", Webhook: "none", ContentTold: true},
		`{"status":"Started","originalUri":"https://x/api/v1/a"}`:                 {Status: "Started", OriginalURI: "https://x/api/v1/a"},
		`{"status":"Finished","statusCode":200,"contentLocation":"/x"}`:           {Status: "Finished", StatusCode: 200, HasContent: true},
	} {
		if got, err := ParseDocument([]byte(doc)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", doc, got, err, want)
		}
	}
}

func TestStateDocumentWithoutAStatusIsNone(t *testing.T) {
	for _, doc := range []string{`null`, `7`, `{}`, `{"status":null}`, `{"status":"  "}`, `{"status":{"a":1}}`, strings.Repeat(`[`, 1<<20)} {
		if d, err := ParseDocument([]byte(doc)); err == nil {
			t.Errorf("%.40q was read as %+v", doc, d)
		}
	}
}

// TestHeadersOfEveryForm reads responseHeaders in the form that is usual and in
// others, and has the usual one agree with the way that the others are read.
func TestHeadersOfEveryForm(t *testing.T) {
	for text, want := range map[string]http.Header{
		`{"location":"/v1/x/7","ETag":"W/1"}`:              {"Location": {"/v1/x/7"}, "Etag": {"W/1"}},
		"{\n \"Location\" : \"/v1/x/7\" ,\t\"X\":\"\" }":   {"Location": {"/v1/x/7"}},
		`{"X":"a:b,c","Date":"x","Content-Length":"3"}`:    {"X": {"a:b,c"}},
		`{"X":" a ","Y":"{","Z":"}","W":"[1]"}`:            {"X": {" a "}, "Y": {"{"}, "Z": {"}"}, "W": {"[1]"}},
		`{"X":"blåbær"}`:                                   {"X": {"blåbær"}},
		`{"X":"a\"b","Y":"c\u0041"}`:                       {"X": {`a"b`}, "Y": {"cA"}},
		`{"X":"a\r\nY: b","Z":"c"}`:                        {"Z": {"c"}},
		`{"X":["a","b"],"Y":7,"Z":true,"N":null,"O":{}}`:   {"X": {"a", "b"}, "Y": {"7"}, "Z": {"true"}},
		`{"X":["a",null],"Y":[]}`:                          {"X": {"a", ""}},
		`{"X-Bad\r\nName":"x","set-cookie":"a=b","X":"y"}`: {"X": {"y"}},
		`{"X":"a","X":"b"}`:                                {"X": {"b"}},
		`{}`:                                               {}, `{ }`: {},
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
	for _, v := range testkit.Vectors[testkit.Body, stateWant](f, "states") {
		f.Add([]byte(v.Input))
	}
	f.Add([]byte(`{"status":"Finished","responseHeaders":{"X-Bad\r\nName":"x","set-cookie":"a=b","etag":["\"a\"","\"b\""]}}`))
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
