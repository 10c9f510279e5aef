package receiver

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/internal/hook"
)

// parsed is what a body tells.
type parsed struct {
	id         string // GUID, lower case with dashes
	statusCode int    // 0 if not told
}

// parse reads a notification's body, whose shape is not published: it is a
// JSON object, of which [wire.Text] has made UTF-8, and whose names are compared
// without case. The id is the first GUID among id, jobId,
// referenceId and reference, else the one inside stateLocation, else inside
// contentLocation. A whole state document reads the same way.
//
// An envelope may hold it one level down, in data, payload or body, and is
// asked first unless the outer level tells a status code or a location of its
// own: an id alone may well be that of the envelope. Of a name that comes
// twice, in whatever case, the last one wins.
//
// It reports false if there is no id. Time and memory grow linearly with the
// body, and JSON that is nested more than 10 000 deep is refused.
func parse(body []byte) (parsed, bool) {
	var outer document
	if json.Unmarshal(body, &outer) != nil {
		return parsed{}, false
	}
	own := outer.read()
	if own.id != "" && (own.statusCode != 0 || outer.located()) {
		return own, true
	}
	for _, raw := range []json.RawMessage{outer.Data, outer.Payload, outer.Body} {
		if len(raw) == 0 || raw[0] != '{' {
			continue
		}
		var inner document
		if json.Unmarshal(raw, &inner) != nil {
			continue
		}
		if p := inner.read(); p.id != "" {
			p.statusCode = cmp.Or(p.statusCode, own.statusCode)
			return p, true
		}
	}
	return own, own.id != ""
}

// document holds the members of interest and skips all others without
// keeping them. RawMessage takes any type without an error; encoding/json
// compares the names without case.
type document struct {
	ID              json.RawMessage `json:"id"`
	JobID           json.RawMessage `json:"jobId"`
	ReferenceID     json.RawMessage `json:"referenceId"`
	Reference       json.RawMessage `json:"reference"`
	StatusCode      json.RawMessage `json:"statusCode"`
	StateLocation   json.RawMessage `json:"stateLocation"`
	ContentLocation json.RawMessage `json:"contentLocation"`

	Data    json.RawMessage `json:"data"`
	Payload json.RawMessage `json:"payload"`
	Body    json.RawMessage `json:"body"`
}

func (d document) read() parsed {
	p := parsed{statusCode: statusCode(d.StatusCode)}
	for _, raw := range []json.RawMessage{d.ID, d.JobID, d.ReferenceID, d.Reference} {
		if id, ok := hook.CanonicalGUID(text(raw)); ok {
			p.id = id
			return p
		}
	}
	for _, raw := range []json.RawMessage{d.StateLocation, d.ContentLocation} {
		if id, ok := guidInURL(text(raw)); ok {
			p.id = id
			return p
		}
	}
	return p
}

func (d document) located() bool { return text(d.StateLocation) != "" || text(d.ContentLocation) != "" }

// maxText bounds what can be an id or a location.
const maxText = 4096

// text returns the value of a JSON string, and nothing for any other type.
func text(raw json.RawMessage) string {
	if len(raw) == 0 || len(raw) > maxText || raw[0] != '"' {
		return ""
	}
	if bytes.IndexByte(raw, '\\') < 0 { // UTF-8, as all of the body
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// statusCode reads 200, "200" and 200.0; what is no HTTP status is 0.
func statusCode(raw json.RawMessage) int {
	s := strings.TrimSpace(text(raw))
	if s == "" {
		s = string(raw)
	}
	if len(s) > 16 {
		return 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 100 || f > 999 || f != math.Trunc(f) {
		return 0
	}
	return int(f)
}
