package media

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// Write writes a value as a text of a media type, and returns that with a charset or a
// boundary where it needs one. What a kind cannot say is written as JSON in it.
func Write(mediaType string, v any, s *schema.Schema) (body []byte, contentType string) {
	switch KindOf(mediaType) {
	case JSON:
		return toJSON(v), withCharset(mediaType)
	case Lines:
		return lines(v, "", "\n"), withCharset(mediaType)
	case Events:
		return lines(v, "data: ", "\n\n"), withCharset(mediaType)
	case Form:
		return []byte(form(v)), mediaType
	case Parts:
		body, boundary := parts(v)
		return body, plain(mediaType) + "; boundary=" + boundary
	case XML:
		return toXML(v, s), withCharset(mediaType)
	case Text:
		return []byte(Plain(v)), withCharset(mediaType)
	}
	return []byte(Plain(v)), mediaType
}

// withCharset says that a text is UTF-8.
func withCharset(mediaType string) string {
	if strings.Contains(strings.ToLower(mediaType), "charset=") || strings.Contains(mediaType, "+json") {
		return mediaType
	}
	return strings.TrimSpace(mediaType) + "; charset=utf-8"
}

func toJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte("null") // no value of a document is anything else than JSON
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Plain is a value as a text: a string as it is, else JSON.
func Plain(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return string(toJSON(v))
}

// lines writes each item of an array, or a value that is none.
func lines(v any, before, after string) []byte {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var b bytes.Buffer
	for _, item := range list {
		b.WriteString(before)
		b.Write(toJSON(item))
		b.WriteString(after)
	}
	return b.Bytes()
}

func form(v any) string {
	object, ok := v.(map[string]any)
	if !ok {
		return url.QueryEscape(Plain(v))
	}
	values := make(url.Values)
	for name, v := range object {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, item := range list {
			values.Add(name, Plain(item))
		}
	}
	return values.Encode()
}

// parts writes the properties of an object as parts of a form.
func parts(v any) (body []byte, boundary string) {
	object, ok := v.(map[string]any)
	if !ok {
		object = map[string]any{"value": v}
	}
	boundary = "part-of-the-mock"
	var b bytes.Buffer
	for _, name := range sortedKeys(object) {
		kind := "text/plain; charset=utf-8"
		if _, isText := object[name].(string); !isText {
			kind = "application/json"
		}
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q\r\nContent-Type: %s\r\n\r\n%s\r\n", boundary, name, kind, Plain(object[name]))
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.Bytes(), boundary
}

func sortedKeys(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
