package media

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"unicode/utf8"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/params"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/structure"
)

// ErrUnread says that bodies of a media type are not read: they may be anything.
var ErrUnread = errors.New("bodies of this media type are not read")

// Read reads a body as the value that a schema describes. It is [ErrUnread] for kinds
// that are not read, as XML; another error says what is wrong with the body.
func Read(contentType string, body []byte, s *schema.Schema) (any, error) {
	switch KindOf(contentType) {
	case JSON:
		return fromJSON(body)
	case Form:
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fmt.Errorf("want a form: %w", err)
		}
		return object(values, s), nil
	case Parts:
		return readParts(contentType, body, s)
	case Text:
		if !utf8.Valid(body) {
			return nil, errors.New("want text in UTF-8")
		}
		return params.Scalar(string(body), s), nil
	}
	return nil, ErrUnread
}

func fromJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("want JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("want JSON: there is more after the value")
	}
	return v, nil
}

// object makes properties of texts.
func object(values map[string][]string, s *schema.Schema) map[string]any {
	object := make(map[string]any, len(values))
	for name, texts := range values {
		property := structure.Property(s, name)
		if !structure.Types(property).Has(schema.Array) || structure.Types(property) == schema.Any {
			object[name] = part(texts[0], property)
			continue
		}
		list := make([]any, len(texts))
		for i, text := range texts {
			list[i] = part(text, structure.Item(property, i))
		}
		object[name] = list
	}
	return object
}

// part is what the text of one property says; objects and arrays are JSON in it.
func part(text string, s *schema.Schema) any {
	if t := structure.Types(s); t.Has(schema.Object|schema.Array) && !t.Has(schema.String) {
		if v, err := fromJSON([]byte(text)); err == nil {
			return v
		}
	}
	return params.Scalar(text, s)
}

func readParts(contentType string, body []byte, s *schema.Schema) (any, error) {
	_, about, err := mime.ParseMediaType(contentType)
	if err != nil || about["boundary"] == "" {
		return nil, errors.New("want a boundary in the Content-Type")
	}
	values := make(map[string][]string)
	r := multipart.NewReader(bytes.NewReader(body), about["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return object(values, s), nil
		}
		if err != nil {
			return nil, fmt.Errorf("want the parts of a form: %w", err)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return nil, fmt.Errorf("want the parts of a form: %w", err)
		}
		values[p.FormName()] = append(values[p.FormName()], string(data))
	}
}
