package conformance

import (
	"encoding/base64"
	"encoding/json"
	"testing"
)

func TestSameContent(t *testing.T) {
	for _, tt := range []struct {
		name, got, want, kind string
		same                  bool
	}{
		{"the same bytes", "%PDF", "%PDF", "application/pdf", true},
		{"other bytes", "%PDF\n", "%PDF", "application/pdf", false},
		{"nothing", "", "", "", true},
		{"something for nothing", "null", "", "", false},
		{"another order and blanks", `{ "b":2, "a" : [1] }`, `{"a":[1],"b":2}`, typeJSON, true},
		{"a field more", `{"a":1,"b":2}`, `{"a":1}`, typeJSON, false},
		{"a field less", `{"a":1}`, `{"a":1,"b":2}`, typeJSON, false},
		{"null for a missing field", `{"a":null}`, `{"b":null}`, typeJSON, false},
		{"another order of a list", `[1,2]`, `[2,1]`, typeJSON, false},
		{"another notation of a number", `[1250.5,1e2,-0.00000001]`, `[1250.50,100,-1e-8]`, typeJSON, true},
		{"a digit that a float drops", `[9007199254740992]`, `[9007199254740993]`, typeJSON, false},
		{"a number as text", `["1"]`, `[1]`, typeJSON, false},
		{"an exponent that takes for ever", `[1e999999999]`, `[1e999999998]`, typeJSON, false},
		{"without the mark", `[1]`, mark + `[1]`, typeJSON, true},
		{"escapes", `["æ"]`, `["\u00e6"]`, typeJSON, true},
		{"as UTF-8", `["æ"]`, "[\"\xe6\"]", "application/json; charset=iso-8859-1", true},
		{"text behind it", `[1] x`, `[1]`, typeJSON, false},
		{"bytes that are no UTF-8", "[\"\xe6\"]", `["?"]`, typeJSON, false},
	} {
		if same := sameContent([]byte(tt.got), []byte(tt.want), tt.kind); same != tt.same {
			t.Errorf("%s: got %v for %q and %q, want %v", tt.name, same, tt.got, tt.want, tt.same)
		}
	}
}

// Whatever a candidate writes is compared without harm, and is the same as itself.
func FuzzSameContent(f *testing.F) {
	f.Add([]byte(numbers), []byte(words), typeJSON)
	f.Add([]byte("[1e400]"), []byte("[1E+400]"), "application/json; charset=iso-8859-1")
	f.Fuzz(func(t *testing.T, a, b []byte, kind string) {
		if !sameContent(a, a, kind) {
			t.Errorf("%q is not the same as itself", a)
		}
		if json.Valid(a) && json.Valid(b) && sameContent(a, b, "") != sameContent(b, a, "") {
			t.Errorf("%q and %q: it matters which comes first", a, b)
		}
	})
}

// Whatever a candidate writes is an answer with a known outcome and an unharmed
// content, or an error.
func FuzzReadAnswer(f *testing.F) {
	for _, line := range []string{
		`{"step":1,"outcome":"succeeded","statusCode":200,"body":"[]"}`, `{"step":1,"outcome":"failed","bodyBase64":"AAE="}`,
		`{"step":1,"notifications":[{"id":"x"}]}`, `{"step":1,"error":"no"}`, `{"step":2}`, `null`, `[]`, "\x00",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, do := range []string{"submit", "await", "list", "store"} {
			a, err := readAnswer(line, step{Step: 1, Do: do})
			if err != nil {
				continue
			}
			if a.Step != 1 || (do == "submit" || do == "await") && a.Outcome == "" || do == "list" && a.Notifications == nil {
				t.Errorf("%s: took %q for %+v", do, line, a)
			}
			if a.BodyBase64 != nil && base64.StdEncoding.EncodeToString(a.content) == "" && len(a.content) > 0 {
				t.Errorf("took %q for content %q", line, a.content)
			}
		}
		d, err := readDescriptor(line)
		if err == nil && (d.Protocol != Version || d.Name == "" || len(d.Roles) == 0) {
			t.Errorf("took %q for %+v", line, d)
		}
	})
}
