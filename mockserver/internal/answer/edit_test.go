package answer

import "testing"

func TestEdit(t *testing.T) {
	set, omit := map[string]any{"b": nil, "z": "<&", "y": 1}, []string{"a", "x"}
	for in, want := range map[string]string{
		`{"c":{"a":1}, "b":2, "a":3}`: `{"c":{"a":1},"b":null,"y":1,"z":"<&"}`,
		`{}`:                          `{"b":null,"y":1,"z":"<&"}`,
		`[{"a":1}]`:                   `[{"a":1}]`,
		`"a"`:                         `"a"`,
		`{"a":`:                       `{"a":`,
		`{"a":1,`:                     `{"a":1,`,
		``:                            ``,
	} {
		if got := string(Edit([]byte(in), set, omit)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
