package prefer

import (
	"net/http"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for header, want := range map[string]Preference{
		"":                                      {},
		"code=404":                              {Code: 404},
		"Code = 404":                            {Code: 404},
		"code=404, example=missing":             {Code: 404, Example: "missing"},
		"code=404\nexample=missing":             {Code: 404, Example: "missing"},
		`example="a \"b\", c; d"; x=1, dynamic`: {Example: `a "b", c; d`, Dynamic: true},
		"dynamic=true":                          {Dynamic: true},
		"dynamic=false":                         {},
		"respond-async, wait=100, handling=strict": {},
		"code=201, code=404":                       {Code: 201},
		`code="503"`:                               {Code: 503},
		",,;,=,":                                   {},
		`example="unfinished, code=1`:              {Example: `"unfinished, code=1`},
	} {
		h := http.Header{}
		for line := range strings.SplitSeq(header, "\n") {
			h.Add("Prefer", line)
		}
		got, err := Read(h)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v; want %+v", header, got, err, want)
		}
		again, err := Read(http.Header{"Prefer": {got.String()}})
		if err != nil || again != got {
			t.Errorf("%q, written as %q: got %+v, %v", header, got, again, err)
		}
	}
	for header, want := range map[string]string{
		"code=abc": "code=abc: want a status", "code=100": "code=100", "code=600": "code=600", "code": "code=: want", "example=": "example: want the name",
	} {
		if _, err := Read(http.Header{"Prefer": {header}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", header, err, want)
		}
	}
}

// What can be read is the same once it is written.
func FuzzRead(f *testing.F) {
	f.Add(`code=404, example="a\"b"`)
	f.Fuzz(func(t *testing.T, header string) {
		p, err := Read(http.Header{"Prefer": {header}})
		if err != nil {
			return
		}
		again, err := Read(http.Header{"Prefer": {p.String()}})
		if err != nil || again != p && !strings.ContainsAny(p.Example, "\r\n") {
			t.Errorf("%q is %+v; written %q is %+v, %v", header, p, p, again, err)
		}
	})
}
