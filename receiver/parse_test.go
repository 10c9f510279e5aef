package receiver

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/wire"
)

const (
	guid  = "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"
	other = "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf"
)

func TestVectorsOfNotifications(t *testing.T) {
	type want struct {
		ID         string // empty for null: not understood
		StatusCode int
	}
	for _, v := range testkit.Vectors[testkit.Body, want](t, "notifications") {
		got, ok := parse(wire.Text(v.Input, ""))
		if ok != (v.Want.ID != "") || got.id != v.Want.ID || ok && got.statusCode != v.Want.StatusCode {
			t.Errorf("%s: %s\ngot %+v, %v, want %q, %d", v.Name, v.Why, got, ok, v.Want.ID, v.Want.StatusCode)
		}
	}
}

// TestParse has what is odder than the vectors.
func TestParse(t *testing.T) {
	at := `"stateLocation":"https://api.finance.visma.net/v1/background/` + guid + `"`
	tests := []struct {
		name, body string
		want       string // empty: not understood
		status     int
	}{
		{"a location without background", `{"stateLocation":"https://x/` + other + `/state/` + guid + `"}`, guid, 0},

		{"capitals", `{"ID":"` + strings.ToUpper(guid) + `","STATUSCODE":200}`, guid, 200},
		{"parentheses", `{"id":"(` + guid + `)"}`, guid, 0},
		{"escapes", `{"\u0069d":"\u0035` + guid[1:] + `"}`, guid, 0},
		{"the last of two", `{"id":"` + other + `","id":"` + guid + `"}`, guid, 0},
		{"the last of two, in another case", `{"id":"` + other + `","ID":"` + guid + `"}`, guid, 0},
		{"a byte order mark and blanks", "\ufeff \r\n{\"id\":\"" + guid + "\"}\n", guid, 0},

		{"status with a fraction", `{"id":"` + guid + `","statusCode":200.0}`, guid, 200},
		{"status that is none", `{"id":"` + guid + `","statusCode":200.5}`, guid, 0},
		{"status out of range", `{"id":"` + guid + `","statusCode":1e9}`, guid, 0},
		{"status of another kind", `{"id":"` + guid + `","statusCode":{"value":200}}`, guid, 0},

		{"envelope: body", `{"BODY":{` + at + `}}`, guid, 0},
		{"an id beside an envelope without", `{"id":"` + guid + `","data":{"x":1}}`, guid, 0},
		{"an envelope of another kind", `{"data":"` + other + `","payload":[{"id":"` + other + `"}],"body":{"id":"` + guid + `"}}`, guid, 0},

		{"null", "null", "", 0},
		{"text", `"` + guid + `"`, "", 0},
		{"something after it", `{"id":"` + guid + `"}x`, "", 0},
		{"a form", `id=` + guid, "", 0},
		{"Latin-1", "{\"id\":\"" + guid + "\",\"x\":\"\xe5\"}", guid, 0},
		{"UTF-16", utf16LE(`{"id":"` + guid + `","statusCode":201}`), guid, 201},
		{"UTF-16 without a mark", utf16LE(`{"id":"` + guid + `"}`)[2:], guid, 0},
		{"dashes elsewhere", `{"id":"5c1f0f0e6-a0e-4c55-9a55-0d3a2f0b7f11"}`, "", 0},
		{"no hexadecimal", `{"id":"` + guid[:35] + `g"}`, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parse(wire.Text([]byte(tt.body), ""))
			if ok != (tt.want != "") || got.id != tt.want || ok && got.statusCode != tt.status {
				t.Errorf("got %+v, %v, want %q, %d", got, ok, tt.want, tt.status)
			}
		})
	}
}

func utf16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestHostileJSONCostsNoMoreThanItsSize(t *testing.T) {
	const size = 1 << 20
	id := `"id":"` + guid + `"`
	tests := []struct{ name, body string }{
		{"deep arrays", strings.Repeat("[", size)},
		{"deep objects", strings.Repeat(`{"a":`, size/5)},
		{"deep and closed", `{"a":` + strings.Repeat("[", size/2) + strings.Repeat("]", size/2) + `,` + id + `}`},
		{"many names", `{` + strings.Repeat(`"a":0,`, size/6) + id + `}`},
		{"many escaped names", `{` + strings.Repeat(`"\u0061":0,`, size/11) + id + `}`},
		{"many ids", `{` + strings.Repeat(id+`,`, size/45) + id + `}`},
		{"ids that grow", `{` + growing(size) + id + `}`},
		{"many envelopes", `{` + strings.Repeat(`"data":{"data":1},`, size/18) + id + `}`},
		{"one huge envelope", `{"data":{"stateLocation":"` + strings.Repeat("/", size) + `",` + id + `}}`},
		{"a huge id", `{"id":"` + strings.Repeat("{", size) + `",` + id + `}`},
		{"a huge status", `{"statusCode":` + strings.Repeat("1", size) + `,` + id + `}`},
		{"a huge location", `{"stateLocation":"` + strings.Repeat("/%41", size/4) + `"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := []byte(tt.body)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parse(wire.Text(body, ""))
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 4*size {
				t.Errorf("allocated %d bytes for a body of %d", got, len(body))
			}
		})
	}
}

// growing returns ids of growing lengths, size bytes in all.
func growing(size int) string {
	var b strings.Builder
	for n := 1; b.Len()+n < size; n += 64 {
		fmt.Fprintf(&b, `"id":"%s",`, strings.Repeat("x", n))
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"id":"` + guid + `","statusCode":201,"stateLocation":"https://x/v1/background/` + guid + `"}`,
		`{"Data":{"JobId":"{` + guid + `}","StatusCode":"200"}}`,
		`{"stateLocation":"https://x/v1/background/` + guid + `/content"}`, "\ufeff{}", "[", "\xff\xfe{",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := parse(wire.Text(body, ""))
		if !ok {
			if got.id != "" {
				t.Fatalf("an id from what is not understood: %+v", got)
			}
			return
		}
		if !json.Valid([]byte(strings.TrimPrefix(string(body), "\ufeff"))) {
			t.Fatalf("understood what is no JSON: %q", body)
		}
		if id, ok := hook.CanonicalGUID(got.id); !ok || id != got.id {
			t.Fatalf("the id %q is not canonical", got.id)
		}
		if got.statusCode != 0 && (got.statusCode < 100 || got.statusCode > 999) {
			t.Fatalf("status code %d", got.statusCode)
		}
		// What was understood can be told in the documented form and inside an
		// envelope, and is understood the same.
		plain := fmt.Sprintf(`{"id":%q,"statusCode":%d}`, got.id, got.statusCode)
		for _, s := range []string{plain, `{"payload":` + plain + `}`} {
			if again, ok := parse([]byte(s)); !ok || again != got {
				t.Fatalf("%s reads as %+v, want %+v", s, again, got)
			}
		}
	})
}
