package media

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

func schemaOf(t testing.TB, text string) *schema.Schema {
	t.Helper()
	doc, err := apidoc.Open("test", []byte(`{"openapi":"3.1.0","s":`+text+`}`), apidoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return schema.NewSet(doc, apidoc.V31).Compile(doc.Root.Get("s"), "/s")
}

func TestChoose(t *testing.T) {
	offers := strings.Fields("text/plain application/xml application/json application/problem+json image/* application/json;v=2")
	for accept, want := range map[string]string{
		"":                                  "application/json",
		"*/*":                               "application/json",
		"*":                                 "application/json",
		"text/*":                            "text/plain",
		"text/*, application/json":          "application/json",
		"application/xml":                   "application/xml",
		"application/xml;q=0.9, */*;q=0.1":  "application/xml",
		"application/json;q=0, */*":         "application/problem+json",
		"application/json;v=2":              "application/json;v=2",
		"application/json; charset=utf-8":   "application/json",
		"APPLICATION/JSON":                  "application/json",
		"image/png":                         "image/*",
		"audio/mpeg":                        "",
		"audio/mpeg\nimage/gif":             "image/*",
		"text/html, application/json;q=abc": "application/json",
		";;;,,":                             "application/json",
		"application/*;q=0.5, text/plain;q=0.4, application/problem+json;q=0.1": "application/json",
	} {
		got := ""
		if i := Choose(strings.Split(accept, "\n"), offers); i >= 0 {
			got = offers[i]
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", accept, got, want)
		}
	}
	if got := Choose([]string{"application/json"}, []string{"*/*"}); got != 0 {
		t.Errorf("a range that is offered: got %d", got)
	}
}

func TestConcrete(t *testing.T) {
	for _, tt := range []struct {
		offer, accept string
		binary        bool
		want          string
	}{
		{"application/json; x=1", "", false, "application/json; x=1"},
		{"*/*", "", false, "application/json"},
		{"*/*", "", true, "application/octet-stream"},
		{"*/*", "text/html, application/xml;q=0", false, "text/html"},
		{"image/*", "text/html, image/gif", true, "image/gif"},
		{"image/*", "*/*", true, "image/png"},
		{"text/*", "", false, "text/plain"},
		{"application/*", "", false, "application/json"},
		{"video/*", "", true, "video/mp4"},
		{"audio/*", "", true, "audio/mpeg"},
	} {
		if got := Concrete(tt.offer, []string{tt.accept}, tt.binary); got != tt.want {
			t.Errorf("%+v: got %s", tt, got)
		}
	}
}

func TestMatches(t *testing.T) {
	declared := []string{"*/*", "application/*", "application/json", "application/json; v=2", "multipart/form-data"}
	for contentType, want := range map[string]int{
		"application/json": 2, "application/json; charset=utf-8": 2, "application/json; v=2": 3, "application/pdf": 1, "text/plain": 0,
		"multipart/form-data; boundary=x": 4, "": -1, "Application/JSON": 2,
	} {
		if got := Matches(contentType, declared); got != want {
			t.Errorf("%q: got %d, want %d", contentType, got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	value := map[string]any{"a": json.Number("1.50"), "b": []any{"x", true}, "c": map[string]any{"d": nil}, "e": "<&>"}
	for mediaType, want := range map[string]string{
		"application/json":                  `application/json; charset=utf-8 {"a":1.50,"b":["x",true],"c":{"d":null},"e":"<&>"}`,
		"application/vnd.api+json":          `application/vnd.api+json {"a":1.50,"b":["x",true],"c":{"d":null},"e":"<&>"}`,
		"application/x-ndjson":              `application/x-ndjson; charset=utf-8 {"a":1.50,"b":["x",true],"c":{"d":null},"e":"<&>"}` + "\n",
		"text/event-stream":                 `text/event-stream; charset=utf-8 data: {"a":1.50,"b":["x",true],"c":{"d":null},"e":"<&>"}` + "\n\n",
		"application/x-www-form-urlencoded": `application/x-www-form-urlencoded a=1.50&b=x&b=true&c=%7B%22d%22%3Anull%7D&e=%3C%26%3E`,
		"text/plain":                        `text/plain; charset=utf-8 {"a":1.50,"b":["x",true],"c":{"d":null},"e":"<&>"}`,
		"application/xml":                   `application/xml; charset=utf-8 <?xml version="1.0" encoding="UTF-8"?><root><a>1.50</a><b>x</b><b>true</b><c><d></d></c><e>&lt;&amp;&gt;</e></root>`,
	} {
		body, contentType := Write(mediaType, value, schemaOf(t, `{}`))
		if got := contentType + " " + string(body); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", mediaType, got, want)
		}
	}
	for _, mediaType := range []string{"text/csv", "image/png", "application/pdf"} {
		if body, _ := Write(mediaType, "as it is", nil); string(body) != "as it is" {
			t.Errorf("%s: got %s", mediaType, body)
		}
	}
}

func TestXMLHasTheNamesOfTheSchema(t *testing.T) {
	s := schemaOf(t, `{"xml":{"name":"Pet","namespace":"http://pets","prefix":"p"},"properties":{
		"id":{"type":"integer","xml":{"attribute":true}},
		"tags":{"type":"array","xml":{"name":"Tags","wrapped":true},"items":{"xml":{"name":"Tag"}}},
		"photos":{"type":"array","items":{"xml":{"name":"photo"}}},
		"1 odd":{"type":"string"}}}`)
	body, _ := Write("text/xml", map[string]any{"id": json.Number("7"), "tags": []any{"a", "b"}, "photos": []any{"c"}, "1 odd": "\x01"}, s)
	want := `<?xml version="1.0" encoding="UTF-8"?><p:Pet xmlns:p="http://pets" id="7"><_1_odd>` + "\ufffd" + `</_1_odd><photo>c</photo><Tags><Tag>a</Tag><Tag>b</Tag></Tags></p:Pet>`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	d := xml.NewDecoder(strings.NewReader(string(body)))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRead(t *testing.T) {
	s := schemaOf(t, `{"type":"object","properties":{"n":{"type":"integer"},"list":{"type":"array","items":{"type":"integer"}},"o":{"type":"object"},"s":{"type":"string"}}}`)
	parts := "--x\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n5\r\n--x\r\nContent-Disposition: form-data; name=\"o\"\r\n\r\n{\"a\":1}\r\n--x--\r\n"
	for _, tt := range []struct{ contentType, body, want string }{
		{"application/json", "\ufeff{\"n\":5.0}", `{"n":5.0}`},
		{"application/merge-patch+json", `null`, `null`},
		{"application/json", `{} {}`, "error: want JSON: there is more after the value"},
		{"application/json", ``, "error: want JSON: EOF"},
		{"application/x-www-form-urlencoded", "n=5&list=1&list=2&s=6&o=%7B%7D", `{"list":[1,2],"n":5,"o":{},"s":"6"}`},
		{"application/x-www-form-urlencoded", "%zz", `error: want a form: invalid URL escape "%zz"`},
		{"multipart/form-data; boundary=x", parts, `{"n":5,"o":{"a":1}}`},
		{"multipart/form-data", parts, "error: want a boundary in the Content-Type"},
		{"multipart/form-data; boundary=y", parts, "error: want the parts of a form: multipart: NextPart: EOF"},
		{"text/plain", "abc", `"abc"`},
		{"text/plain", "\xff", "error: want text in UTF-8"},
		{"application/xml", "<a/>", "error: " + ErrUnread.Error()},
		{"application/pdf", "%PDF", "error: " + ErrUnread.Error()},
	} {
		v, err := Read(tt.contentType, []byte(tt.body), s)
		got := string(toJSON(v))
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != tt.want {
			t.Errorf("%s %q: got %s, want %s", tt.contentType, tt.body, got, tt.want)
		}
	}
}

// What is written as XML can be read as XML, whatever is in it.
func FuzzXML(f *testing.F) {
	f.Add(`{"a":[1,{"b":"<"}],"":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := fromJSON([]byte(text))
		if err != nil {
			return
		}
		body, _ := Write("application/xml", v, nil)
		d := xml.NewDecoder(strings.NewReader(string(body)))
		for {
			if _, err := d.Token(); err == io.EOF {
				return
			} else if err != nil {
				t.Fatalf("%s: %v", body, err)
			}
		}
	})
}
