package apidoc_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
)

func TestObjectsFindTheirKeysHoweverTheyWereChanged(t *testing.T) {
	for _, size := range []int{3, 16, 17, 18, 40} { // few have no index, many have one
		n := apidoc.NewObject()
		for i := range size {
			n.Set("k"+strconv.Itoa(i), apidoc.NewString(strconv.Itoa(i)))
		}
		n.Set("k1", apidoc.NewString("again"))
		n.Insert(0, "first", apidoc.NewBool(true))
		c := n.Clone()
		if !n.Delete("k0") || n.Delete("k0") {
			t.Errorf("%d keys: Delete does not report what was there", size)
		}
		n.Retain(func(key string, _ *apidoc.Node) bool { return key != "k2" })
		n.Rename(0, "renamed")
		want := []string{"renamed", "k1"}
		for i := 3; i < size; i++ {
			want = append(want, "k"+strconv.Itoa(i))
		}
		if got := strings.Join(n.Keys, " "); got != strings.Join(want, " ") {
			t.Errorf("%d keys: %s, want %s", size, got, want)
		}
		for i, key := range n.Keys {
			if n.Get(key) != n.Items[i] {
				t.Errorf("%d keys: Get(%q) finds another value", size, key)
			}
		}
		if n.Has("k0") || n.Has("k2") || n.Has("first") || !n.Get("renamed").IsTrue() || n.Get("k1").Str() != "again" {
			t.Errorf("%d keys: %s", size, asJSON(t, n))
		}
		if len(c.Keys) != size+1 || c.Get("k0") == nil || c.Get("k1") == n.Get("k1") || n.Equal(c) || !c.Equal(c.Clone()) {
			t.Errorf("%d keys: the copy shares something: %s", size, asJSON(t, c))
		}
	}
	var none *apidoc.Node
	if none.Get("x") != nil || none.At("x", "y").Str() != "" || none.Is(apidoc.Null) || none.IsTrue() || none.Place() != "" {
		t.Error("a node that is not there has something in it")
	}
	if _, ok := none.Ref(); ok {
		t.Error("a node that is not there is a reference")
	}
}

func TestYAMLKeepsCommentsAndStyles(t *testing.T) {
	const text = `# About the document.
openapi: 3.0.3 # the version
info: {title: 'T', "version": "1"}
# The paths.
paths:
  # One.
  /a:
    get:
      description: |
        First.

        Second.
      summary: >-
        folded
      x-list: [a, 'b', 1.50]
      tags:
        - one
        # between
        - two
      responses:
        '200': {description: d}
`
	var b strings.Builder
	if err := apidoc.WriteYAML(&b, parse(t, "d.yaml", text)); err != nil {
		t.Fatal(err)
	}
	if b.String() != text {
		t.Errorf("written:\n%s\nwant\n%s", b.String(), text)
	}
}

func TestStringsAreQuotedWhereReadersDiffer(t *testing.T) {
	n := apidoc.NewArray()
	for _, text := range []string{"no", "Off", "y", "2026-01-01", "017", "1_000", "12:30", "", "null", "~", "true", "<<", "=", "plain", "a: b", "# c", "two\nlines", " lead\nx", "tab\tx\ny", "trail \nx", "\u2028", "3.0.3", "2nd", "0-00", "2f6f0a57-3c43-4d0e", "-x", "0x1f", "0o17", "1e3", ".inf", "2026-01-01T00:00:00Z", "\U0001f600"} {
		n.Items = append(n.Items, apidoc.NewString(text))
	}
	const want = `- 'no'
- 'Off'
- 'y'
- '2026-01-01'
- '017'
- '1_000'
- '12:30'
- ''
- 'null'
- '~'
- 'true'
- '<<'
- '='
- plain
- 'a: b'
- '# c'
- |-
  two
  lines
- " lead\nx"
- "tab\tx\ny"
- "trail \nx"
- '` + "\u2028" + `'
- 3.0.3
- 2nd
- 0-00
- 2f6f0a57-3c43-4d0e
- -x
- '0x1f'
- '0o17'
- '1e3'
- '.inf'
- '2026-01-01T00:00:00Z'
- "\U0001F600"
`
	var b strings.Builder
	if err := apidoc.WriteYAML(&b, n); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("written:\n%s\nwant\n%s", b.String(), want)
	}
}
