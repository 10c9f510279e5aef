package cassette

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// FuzzEntries writes entries and reads them again.
func FuzzEntries(f *testing.F) {
	for _, body := range []string{"", "a", "{\"a\":1}\n", " a", "a \n", "a\n\n", "a\n b\n\n\tc", "\r\n", "...\n---\n", "# a", "null", "\u0085", "\u2028x", "\ufeff", "\x00", "1\u00a0250,00", "\u200d\U0001f469", "\ufffe", "'", "a: b", "- a", "\t", "a\tb", "| x", "a\n...\n"} {
		f.Add("GET", "/a?b=c", "X-A", body, body)
	}
	f.Fuzz(func(t *testing.T, method, path, name, value, body string) {
		e := &Entry{Method: strings.ToUpper(method), URL: path, Status: 200, RequestBody: bytesOf(body), Body: bytesOf(value + body)}
		if value = strings.Map(func(r rune) rune {
			if r == '\r' || r == '\n' || r == 0 || r == 0xfffd {
				return -1
			}
			return r
		}, value); isText(value) {
			e.RequestHeader, e.Header = http.Header{"X-A": {value}}, http.Header{"X-B": {value, "b", value}}
		}
		doc := e.append([]byte("cassette: 1\n...\n"))
		t1, err := parse("f", doc)
		if checkURL(path) != nil || method == "" || !isText(path) || !isText(method) {
			return
		}
		for _, c := range e.Method {
			if c <= ' ' || c > '~' || strings.ContainsRune("()<>@,;:\\\"/[]?={}", c) {
				return
			}
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		e.Line = 4
		if len(t1.entries) != 1 || !reflect.DeepEqual(t1.entries[0], e) {
			t.Fatalf("got  %+v\nwant %+v\nin\n%s", t1.entries[0], e, doc)
		}
	})
}

// FuzzParse reads files as somebody may have written them. What is read can be
// written and read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte("cassette: 1\nroot: https://a\n...\n---\nrequest: {method: GET, url: /a}\nresponse:\n  headers: {A: [b, c]}\n  body: |-\n    x\n...\n"))
	f.Add([]byte("cassette: 1\r\n...\r\n---\r\nrequest:\r\n  method: GET\r\n  url: '/a'\r\n  bodyBase64: YQ==\r\n...\r\n"))
	f.Add([]byte("cassette: 2\n...\n"))
	f.Add([]byte("cassette: 1\n...\n---\nrequest: {method: GET, url: /a, body: " + strings.Repeat("[", 100) + "}\n...\n"))
	f.Add([]byte("cassette: 1\n...\n---\n&a x: *a\n...\n---\n? y\n: - - - z\n...\n---\n!!binary x\n...\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		begun := time.Now()
		first, err := parse("f", data)
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%d bytes took %v", len(data), took)
		}
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Line < 1 || e.Line > 1+bytes.Count(data, []byte("\n")) {
				t.Fatalf("got %#v, want an error with a line", err)
			}
			return
		}
		again := []byte("cassette: 1\n...\n")
		for _, e := range first.entries {
			again = e.append(again)
		}
		second, err := parse("f", again)
		if err != nil {
			t.Fatalf("%v in\n%s", err, again)
		}
		for i, e := range second.entries {
			e.Line = first.entries[i].Line
			if !reflect.DeepEqual(e, first.entries[i]) {
				t.Fatalf("got  %+v\nwant %+v", e, first.entries[i])
			}
		}
	})
}

// FuzzRedact takes secrets out of bodies: a password is nowhere left, and what is
// JSON remains it.
func FuzzRedact(f *testing.F) {
	f.Add(`{"a":1,`, `"b":[2]}`, `s3cr3t-w0rd`)
	r := newRedactor(nil, nil)
	f.Fuzz(func(t *testing.T, before, after, secret string) {
		if len(secret) < shortest || strings.Contains(Redacted, secret) || strings.ContainsAny(secret, " \t\r\n\v\f\u0085\u00a0") {
			return
		}
		e := &Entry{Method: "GET", URL: "/x", RequestHeader: http.Header{"Authorization": {"Bearer " + secret}}, Body: []byte(before + secret + after)}
		if strings.TrimSpace(secret) != secret {
			return
		}
		r.entry(e)
		if left := strings.ReplaceAll(string(e.Body), Redacted, "\x00"); strings.Contains(left, secret) {
			t.Fatalf("%q is left in %q", secret, e.Body)
		}
	})
}
