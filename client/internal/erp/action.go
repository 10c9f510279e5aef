package erp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// JudgeAction decides, when an outcome is recorded, what the body of a 2xx says
// of the work itself: that it failed, or no more than that it was started. head
// is the beginning of the body, whole tells that it is all of it; read is false
// where there is a body that could not be had.
func JudgeAction(method, path string, o *store.Outcome, head []byte, whole, read bool) {
	if !o.Succeeded() || o.Confirmed {
		return
	}
	if o.StatusCode == http.StatusAccepted || o.StatusCode == http.StatusMultiStatus {
		o.Unconfirmed = true
	}
	if method == http.MethodGet || method == http.MethodHead || method == "" {
		return // what it reads is data
	}
	action := IsAction(path)
	if !o.HasContent || len(head) == 0 {
		o.Unconfirmed = o.Unconfirmed || o.HasContent && action && !read
		return
	}
	text := wire.Document(head, o.ContentType)
	if !action && !mentions(text, "actionResult") {
		return
	}
	t := tellActions(text)
	if t.broken && (!wire.IsJSON(o.ContentType) || whole && t.count > 0) {
		t.broken = false // no JSON at all, or a word after it
	}
	switch {
	case t.failed > 0 && t.failed == t.count:
		info := strings.Join(t.infos, "; ")
		if info == "" {
			info = "the action failed, and the ERP did not say why"
		}
		o.Failure = wire.Cut(hook.Redact(info), MaxMessage)
	case t.failed > 0 || t.open > 0:
		o.Unconfirmed = true
	case action && (t.broken || len(t.infos) > 0 && t.count == 0):
		o.Unconfirmed = true
	}
}

// IsAction reports whether a path is that of an action.
func IsAction(path string) bool { return strings.Contains(strings.ToLower(PathOf(path)), "/action/") }

// actions is what a body says in its actionResult and errorInfo. A list of
// results counts each.
type actions struct {
	count  int // results that were told
	failed int // of them
	open   int // of them: started, or a word that nobody knows
	infos  []string
	broken bool // it was not read to its end
}

func (a *actions) result(word string) {
	if word == "" {
		return
	}
	a.count++
	switch strings.ToLower(word) {
	case "failed":
		a.failed++
	case "done":
	default:
		a.open++
	}
}

func (a *actions) info(text string) {
	if text = strings.Join(strings.Fields(text), " "); text != "" && len(a.infos) < 20 {
		a.infos = append(a.infos, wire.Cut(text, MaxMessage))
	}
}

// mentions reports whether a text holds a word, without regard to case. Most
// answers do not, and need not be read.
func mentions(text []byte, word string) bool {
	for i := range len(text) - len(word) + 1 {
		if bytes.EqualFold(text[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return false
}

// tellActions reads the names of an object, or of the objects of a list,
// without case and as far as the text goes.
func tellActions(text []byte) (a actions) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	first, err := dec.Token()
	word, _ := first.(string)
	switch {
	case err != nil:
		a.broken = true
	case knownResult(word): // and nothing around it
		a.result(word)
	case first == json.Delim('{'):
		a.broken = !a.object(dec)
	case first == json.Delim('['):
		for dec.More() {
			item, err := dec.Token()
			if err != nil || item == json.Delim('{') && !a.object(dec) || item == json.Delim('[') && !skip(dec) {
				a.broken = true
				return a
			}
		}
		_, err := dec.Token()
		a.broken = err != nil
	}
	return a
}

// knownResult reports whether a text is an action result, in any case.
func knownResult(word string) bool {
	switch strings.ToLower(word) {
	case "done", "failed", "queued", "inprocess":
		return true
	}
	return false
}

// object reads what follows a brace. It reports whether it came to its end.
func (a *actions) object(dec *json.Decoder) bool {
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return false
		}
		key, _ := name.(string)
		value, err := dec.Token()
		if err != nil {
			return false
		}
		if d, ok := value.(json.Delim); ok {
			wrapped, whole := unwrap(dec, d)
			switch {
			case strings.EqualFold(key, "actionResult"):
				a.result(wrapped)
			case strings.EqualFold(key, "errorInfo") && d == '{' && wrapped != "?":
				a.info(wrapped)
			}
			if !whole {
				return false
			}
			continue
		}
		switch strings.ToLower(key) {
		case "actionresult":
			if value != nil {
				a.result(strings.TrimSpace(fmt.Sprint(value)))
			}
		case "errorinfo":
			if s, ok := value.(string); ok {
				a.info(s)
			}
		}
	}
	_, err := dec.Token()
	return err == nil
}

// unwrap reads an object or a list to its end, and returns the text of its value
// if it is one in the shape {"value": …}, else "?".
func unwrap(dec *json.Decoder, open json.Delim) (string, bool) {
	word, depth, name := "?", 1, ""
	for depth > 0 {
		tok, err := dec.Token()
		if err != nil {
			return word, false
		}
		switch v := tok.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
			name = ""
		case string:
			if open == '{' && depth == 1 && name == "" {
				name = strings.ToLower(v)
				continue
			}
			if depth == 1 && name == "value" {
				word = strings.TrimSpace(v)
			}
			name = ""
		default:
			name = ""
		}
	}
	return word, true
}

func skip(dec *json.Decoder) bool {
	_, whole := unwrap(dec, '[')
	return whole
}
