package client

import (
	"reflect"
	"testing"
)

// TestLetterIsStoredAs pins how a request stands in the outbox: it is read by later
// versions.
func TestLetterIsStoredAs(t *testing.T) {
	l := letter{
		Header: map[string][]string{"Content-Type": {"application/json"}, "If-Match": {`"7"`}},
		Pairs:  []Pair{{Name: "order", Value: "17"}}, Body: []byte(`{"a":1}`),
	}
	const want = `{"v":1,"header":{"Content-Type":["application/json"],"If-Match":["\"7\""]},"pairs":[{"Name":"order","Value":"17"}],"body":"eyJhIjoxfQ=="}`
	if got := string(l.encode()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got, err := decodeLetter([]byte(want))
	if l.Version = 1; err != nil || !reflect.DeepEqual(got, l) {
		t.Errorf("read %+v, %v, want %+v", got, err, l)
	}
	for _, bad := range []string{``, `null`, `{}`, `{"v":2}`, `{"v":1,"body":"?"}`, `[1]`} {
		if got, err := decodeLetter([]byte(bad)); err == nil {
			t.Errorf("%q was read as %+v, want an error", bad, got)
		}
	}
}

func FuzzLetter(f *testing.F) {
	f.Add([]byte(`{"v":1,"header":{"Accept":["*/*"]},"body":"AA=="}`))
	f.Add([]byte(`{"v":1,"pairs":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := decodeLetter(data)
		if err != nil {
			return
		}
		again, err := decodeLetter(l.encode())
		if err != nil || len(again.Body) != len(l.Body) || len(again.Pairs) != len(l.Pairs) {
			t.Fatalf("%q: read as %+v, and then as %+v, %v", data, l, again, err)
		}
	})
}
