package media

import (
	"bytes"
	"encoding/xml"
	"path"
	"strings"
	"unicode"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/structure"
)

// toXML writes a value with the names that its schema has for XML. The root is called
// as the schema says, or as the schema is called itself.
func toXML(v any, s *schema.Schema) []byte {
	x := xmlWriter{}
	x.WriteString(xml.Header[:len(xml.Header)-1])
	x.element(rootName(s), v, s)
	return x.Bytes()
}

func rootName(s *schema.Schema) string {
	if name := structure.XML(s).Name; name != "" {
		return name
	}
	if s != nil && s.Ref != nil {
		return path.Base(s.Ref.Text)
	}
	return "root"
}

type xmlWriter struct{ bytes.Buffer }

// element writes a value as an element, and an array as one for each of its items.
func (x *xmlWriter) element(name string, v any, s *schema.Schema) {
	about := structure.XML(s)
	if about.Name != "" {
		name = about.Name
	}
	if about.Prefix != "" {
		name = about.Prefix + ":" + name
	}
	list, ok := v.([]any)
	if !ok {
		x.open(name, about, v, s)
		return
	}
	if about.Wrapped {
		x.WriteString("<" + xmlName(name) + ">")
	}
	for i, item := range list {
		x.element(name, item, structure.Item(s, i))
	}
	if about.Wrapped {
		x.WriteString("</" + xmlName(name) + ">")
	}
}

func (x *xmlWriter) open(name string, about schema.XML, v any, s *schema.Schema) {
	name = xmlName(name)
	x.WriteString("<" + name)
	if about.Namespace != "" {
		attribute := "xmlns"
		if about.Prefix != "" {
			attribute += ":" + xmlName(about.Prefix)
		}
		x.attribute(attribute, about.Namespace)
	}
	object, ok := v.(map[string]any)
	if !ok {
		x.WriteString(">")
		if v != nil {
			x.text(Plain(v))
		}
		x.WriteString("</" + name + ">")
		return
	}
	var below []string
	for _, key := range sortedKeys(object) {
		property := structure.XML(structure.Property(s, key))
		if !property.Attribute {
			below = append(below, key)
			continue
		}
		if property.Name == "" {
			property.Name = key
		}
		x.attribute(xmlName(property.Name), Plain(object[key]))
	}
	x.WriteString(">")
	for _, key := range below {
		x.element(key, object[key], structure.Property(s, key))
	}
	x.WriteString("</" + name + ">")
}

func (x *xmlWriter) attribute(name, value string) {
	x.WriteString(" " + name + `="`)
	x.text(value)
	x.WriteString(`"`)
}

func (x *xmlWriter) text(text string) {
	_ = xml.EscapeText(&x.Buffer, []byte(text)) // a buffer takes everything
}

// xmlName is a name with "_" for what XML allows in none.
func xmlName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-.:", r) {
			return r
		}
		return '_'
	}, name)
	if name == "" || !unicode.IsLetter(rune(name[0])) && name[0] != '_' {
		name = "_" + name
	}
	return name
}
