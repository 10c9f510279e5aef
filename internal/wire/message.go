package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxMessage = 2000 // bytes of a message that was told
	maxRaw     = 300  // bytes of a message made of raw text
	maxFault   = 64   // bytes of a fault code
	maxDepth   = 6    // of objects in objects
	maxParts   = 20   // texts of one message
)

// Message reads out of the body of an error what it says to people, in the
// shapes of ASP.NET, of problem details and of OAuth, and the fault code of the
// old gateway. Of anything else it takes the text, cut short. It never holds a
// stack trace, and it is one line.
func Message(body []byte, contentType string) (message, fault string) {
	text := Text(body, contentType)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() {
		return Cut(line(string(text)), maxRaw), ""
	}
	var t teller
	t.tell(v, 0)
	if fault = Cut(t.fault, maxFault); len(t.parts) > 0 || fault != "" {
		return Cut(t.sentence(), maxMessage), fault
	}
	return Cut(rest(v), maxRaw), ""
}

// teller collects what an error body says.
type teller struct {
	parts []string
	fault string
}

// told are the names that hold text for people, in the order in which it reads
// best. The names are without case.
var told = []string{
	"message", "value", "text", "title", "error", "error_description", "exceptionmessage", "messagedetail", "detail", "errormessage", "errorinfo",
	"modelstate", "errors", "innerexception", "innererror",
}

// noise are the names of what is not for people, or must not be shown.
var noise = []string{"stacktrace", "stacktracestring", "exceptiontype", "type", "traceid", "instance", "status", "statuscode"}

func (t *teller) tell(v any, depth int) {
	if depth > maxDepth || len(t.parts) >= maxParts {
		return
	}
	switch v := v.(type) {
	case string:
		t.add(v)
	case json.Number:
		t.add(v.String())
	case []any:
		for _, item := range v {
			t.tell(item, depth+1)
		}
	case map[string]any:
		low := lowered(v)
		for _, name := range []string{"exceptionfaultcode", "faultcode"} {
			if code := scalar(low[name]); t.fault == "" {
				t.fault = code
			}
		}
		for _, name := range told {
			if fields, ok := low[name].(map[string]any); ok && (name == "modelstate" || name == "errors") {
				t.fields(fields, depth+1)
			} else {
				t.tell(low[name], depth+1)
			}
		}
	}
}

// fields tells of faults that are listed by the field that has them.
func (t *teller) fields(fields map[string]any, depth int) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var own teller
		own.tell(fields[name], depth+1)
		if text := own.sentence(); text != "" && name != "" {
			t.add(name + ": " + text)
		} else {
			t.add(text)
		}
	}
}

func (t *teller) add(s string) {
	if s = line(s); s != "" && len(t.parts) < maxParts && !slices.Contains(t.parts, s) {
		t.parts = append(t.parts, Cut(s, maxMessage))
	}
}

// sentence joins the parts.
func (t *teller) sentence() string {
	var b strings.Builder
	for _, p := range t.parts {
		if b.Len() > 0 {
			if !strings.ContainsRune(".!?:;", rune(b.String()[b.Len()-1])) {
				b.WriteByte(';')
			}
			b.WriteByte(' ')
		}
		b.WriteString(p)
	}
	return b.String()
}

// rest is the text of a document of which no name is known, without the noise.
func rest(v any) string {
	if m, ok := v.(map[string]any); ok {
		for name, value := range m {
			if value == nil || value == "" || slices.Contains(noise, strings.ToLower(name)) {
				delete(m, name)
			}
		}
		if len(m) == 0 {
			return ""
		}
	}
	text, err := json.Marshal(v)
	if err != nil || v == nil {
		return ""
	}
	return line(string(text))
}

func lowered(m map[string]any) map[string]any {
	low := make(map[string]any, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if l := strings.ToLower(name); low[l] == nil {
			low[l] = m[name]
		}
	}
	return low
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return line(v)
	case json.Number:
		return v.String()
	}
	return ""
}

// line makes one line of a text and drops the lines of a stack trace.
func line(s string) string {
	s, _ = cutBefore(s, 64<<10)
	var b strings.Builder
	for l := range strings.Lines(s) {
		words := strings.Fields(l)
		if b.Len() > 0 && len(words) > 1 && (words[0] == "at" && strings.Contains(l, "(") || words[0] == "---") {
			continue
		}
		for _, w := range words {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(w)
		}
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, b.String())
}

// Cut shortens s to at most n bytes of valid text, and shows that it did.
func Cut(s string, n int) string {
	s, cut := cutBefore(s, n)
	s = strings.ToValidUTF8(s, "?")
	if len(s) > n { // a replacement may be longer than nothing
		s, cut = cutBefore(s, n)
	}
	if cut {
		s += "…"
	}
	return s
}

// cutBefore cuts s at the last beginning of a character at or before n.
func cutBefore(s string, n int) (string, bool) {
	if len(s) <= n {
		return s, false
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}
