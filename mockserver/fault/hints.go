package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vismanet-go/background/internal/spell"
	"github.com/vismanet-go/background/mockserver/internal/route"
)

// rulesExample shows in errors how rules are written.
const rulesExample = `[{"on": "intake", "do": {"status": 503}}]`

// notRules says why data is no array of rules.
func notRules(data []byte, err error) error {
	const want = "want a JSON array of rules, such as " + rulesExample
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok && len(bytes.TrimSpace(data)) > 0 {
		line, column := position(data, wrong.Offset)
		return fmt.Errorf("%s: line %d, column %d: %w", want, line, column, err)
	}
	var object map[string]json.RawMessage
	switch text := bytes.TrimSpace(data); {
	case len(text) == 0:
		return errors.New(want + ": there is nothing")
	case err == nil:
		return errors.New(want + ": this is null")
	case json.Unmarshal(data, &object) == nil && object["on"] != nil:
		return errors.New(want + ": this is a single rule, put [ and ] around it")
	case len(object) > 0:
		for _, name := range slices.Sorted(maps.Keys(object)) {
			if bytes.HasPrefix(bytes.TrimSpace(object[name]), []byte("[")) {
				return fmt.Errorf("%s: this is an object, leave it out around its array %q", want, name)
			}
		}
		return errors.New(want + ": this is an object")
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: this is no array, but a value of type %s", want, wrong.Value)
	}
	return fmt.Errorf("%s: %w", want, err)
}

// position is where the byte before an offset stands, counted from 1.
func position(data []byte, offset int64) (line, column int) {
	before := data[:min(int(offset), len(data))]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, max(1, len(before)-1-bytes.LastIndexByte(before, '\n'))
}

// unknownField says of a field that a place in a rule does not have what there
// is, what may have been meant, and where it belongs.
func unknownField(place, name string, known []string) error {
	hint := spell.Hint(name, known)
	if hint == "" {
		for _, other := range fieldPlaces() {
			if _, there := other.fields[name]; there && !slices.Equal(slices.Sorted(maps.Keys(other.fields)), known) {
				hint = "; it is one " + other.place
				break
			}
		}
	}
	return fmt.Errorf("%s.%s: unknown field, want one of %s%s", place, name, strings.Join(known, ", "), hint)
}

// A fieldPlace is an object of a rule with its fields.
type fieldPlace struct {
	place  string
	fields map[string]any
}

func fieldPlaces() []fieldPlace {
	return []fieldPlace{
		{`of the rule itself, beside "do"`, new(Rule).fields(nil)},
		{`of the "do" of a rule for requests, such as {"on": "intake", "do": {…}}`, new(Answer).fields()},
		{`of the "do" of a rule with {"on": "queue"}`, new(Queue).fields()},
		{`of the "do" of a rule with {"on": "notification"}`, new(Notify).fields()},
		{`of "between"`, map[string]any{"from": nil, "to": nil}},
	}
}

// unknownPoint says of a point that it is none, and which one may have been
// meant.
func unknownPoint(field string, on Point) error {
	names := make([]string, len(allPoints))
	for i, p := range allPoints {
		names[i] = string(p)
	}
	if on == "" {
		return fmt.Errorf("%s: is missing, want one of %s", field, strings.Join(names, ", "))
	}
	return fmt.Errorf("%s: %q is not one of %s%s", field, on, strings.Join(names, ", "), spell.Hint(string(on), names))
}

// checkPath says why the pattern of a rule can match nothing, empty if it can. With
// anyPath all paths have a background, not only those below /v1/ and /v2/.
func (r Rule) checkPath(anyPath bool) string {
	method, rest, spaced := strings.Cut(r.Path, " ")
	base, below := route.SplitBase(r.Path)
	switch {
	case r.Path == "":
	case spaced && strings.HasPrefix(strings.TrimSpace(rest), "/"):
		return fmt.Sprintf("%q: want the path alone, and %q as Method", r.Path, method)
	case strings.Contains(r.Path, "://"):
		return fmt.Sprintf("%q: want the path below the API root, such as /v1/customerinvoice", r.Path)
	case !route.IsPattern(r.Path):
		return fmt.Sprintf("%q is not a pattern that begins with /", r.Path)
	case strings.Contains(r.Path, "?"):
		return fmt.Sprintf("%q: want the path without a query", r.Path)
	case base != "":
		return fmt.Sprintf("%q: want the path below the API root, %s", r.Path, below)
	case r.On == OnToken && !fitsPath(r.Path, route.TokenPath):
		return fmt.Sprintf("%q: the only path at token is %s, leave it out", r.Path, route.TokenPath)
	case (r.On == OnState || r.On == OnContent) && strings.HasPrefix(strings.ToLower(r.Path), "/v1/background/"):
		return fmt.Sprintf("%q: want the path of the call that became the operation, such as /v1/customerinvoice", r.Path)
	case !anyPath && r.On != "" && r.On != OnAuth && r.On != OnToken && r.On != OnForeground && !mayBeVersioned(r.Path):
		return fmt.Sprintf("%q: only paths below /v1/ and /v2/ have a background, want one of them, or a wildcard such as /{version}/", r.Path)
	}
	return ""
}

// fitsPath reports whether a pattern fits a path.
func fitsPath(pattern, path string) bool {
	_, ok := route.Fit(strings.Split(pattern, "/"), strings.Split(path, "/"))
	return ok
}

// mayBeVersioned reports whether a pattern fits paths below /v1/ or /v2/.
func mayBeVersioned(pattern string) bool {
	first, _, more := strings.Cut(strings.TrimPrefix(pattern, "/"), "/")
	switch {
	case first == "" && !more, strings.HasSuffix(first, "...}"):
		return true
	case strings.HasPrefix(first, "{") && first != "{$}":
		return more
	}
	return more && (strings.EqualFold(first, "v1") || strings.EqualFold(first, "v2"))
}
