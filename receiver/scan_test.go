package receiver

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

var scanned = []string{
	`{"id":"x","statusCode":200}`, ` {"ID" : "x" , "Data":{"a":[1,-2.5e+7,true,false,null,{}],"b":[]} } `, `{}`, `{"jobid":null}`,
	`{"id":"a","Id":"b","iD":7}`, `{"id":01}`, `{"id":1.}`, `{"id":-}`, `{"id":1e}`, `{"id":"a`, `{"id":tru}`, `{"id":nullx}`,
	`{"id":"a",}`, `{,}`, `{"id"}`, `{"id":}`, `{"id":[1,]}`, `{"id":1}x`, `{"i\u0064":"x"}`, `{"id":"\u0041"}`, `{"id":"` + "\t" + `"}`,
	`{"ſtatusCode":200}`, `{"Kody":1,"body":"é"}`, `null`, `[]`, `"id"`, ``, `{"payload":{"id":1},"body":2,"reference":"r","referenceId":"s"}`,
	`{"stateLocation":"/a","contentLocation":"/b","x":0.1E-9}`, `{"id":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
}

// What scan reads, encoding/json reads alike; what it refuses it leaves to it.
func FuzzScan(f *testing.F) {
	for _, s := range scanned {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !utf8.Valid(body) {
			return
		}
		was := bytes.Clone(body)
		got, ok := scan(body)
		if !bytes.Equal(body, was) {
			t.Fatalf("%q was changed", was)
		}
		if !ok {
			return
		}
		var want document
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q was read: %v", body, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q:\ngot  %s\nwant %s", body, got, want)
		}
	})
}

// The notifications that are common do without encoding/json.
func TestScanReadsWhatIsCommon(t *testing.T) {
	common := []string{
		`{"id":"` + guid + `","statusCode":200,"stateLocation":"https://x/v1/background/` + guid + `","hasResponseContent":true}`,
		`{ "data": { "jobId": "` + guid + `", "status": null, "at": [1.5, -2] } }`, `{}`,
	}
	for _, body := range common {
		if _, ok := scan([]byte(body)); !ok {
			t.Errorf("%s was not read", body)
		}
	}
	for _, body := range []string{`{"id":"\u0041"}`, `{"id":"a",}`, `{"id":01}`, `{"id":nul}`, `{"id":1}{`, `[]`} {
		if _, ok := scan([]byte(body)); ok {
			t.Errorf("%s was read", body)
		}
	}
}
