package scenario

import (
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/vismanet-go/background/internal/spell"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/profile"
)

//go:embed scenarios/*.yaml
var builtin embed.FS

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of a scenario.
func Schema() []byte { return slices.Clone(schema) }

// Names lists the scenarios that are built in.
func Names() []string {
	files, err := builtin.ReadDir("scenarios")
	if err != nil {
		panic(err) // it is embedded
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(f.Name(), ".yaml")
	}
	return names
}

// Source is the text of a scenario that is built in, and whether there is one of
// that name.
func Source(name string) ([]byte, bool) {
	data, err := builtin.ReadFile("scenarios/" + name + ".yaml")
	return data, err == nil
}

// Load reads a scenario: one that is built in by its name, else the file of that
// name. Errors about what a file says are [*Error].
func Load(name string) (*Scenario, error) {
	if data, ok := Source(name); ok {
		return Parse(name+".yaml", data)
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, `./\`) {
		return nil, fmt.Errorf("there is no scenario and no file %q%s", name, orNames(name, Names()))
	}
	if err != nil {
		return nil, err
	}
	return Parse(name, data)
}

// An Error is everything that is wrong with a scenario.
type Error struct {
	File     string
	Problems []Problem
}

// A Problem is one thing that is wrong.
type Problem struct {
	Line, Column int // from 1; 0 if it is about the whole file
	Place        string
	Text         string
}

// Error names everything that is wrong, a line for each.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = e.File + ":" + p.String()
	}
	return strings.Join(lines, "\n")
}

// String is line, column, place and what is wrong there.
func (p Problem) String() string {
	text := p.Text
	if p.Place != "" {
		text = p.Place + ": " + text
	}
	if p.Line == 0 {
		return " " + text
	}
	return fmt.Sprintf("%d:%d: %s", p.Line, p.Column, text)
}

// Parse reads a scenario; file names it in errors, which are [*Error].
func Parse(file string, data []byte) (*Scenario, error) {
	s := &Scenario{Name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))}
	d := &decoder{}
	if root := d.parse(data); root != nil {
		d.at = make(map[string]*token.Position)
		d.value("", root, reflect.ValueOf(s).Elem())
		if len(d.problems) == 0 {
			d.check(s)
		}
	}
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		return nil, &Error{File: file, Problems: d.problems}
	}
	return s, nil
}

// parse returns the tree of a file with one document.
func (d *decoder) parse(data []byte) ast.Node {
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		var wrong yaml.Error
		if errors.As(err, &wrong) && wrong.GetToken() != nil {
			d.wrong("", wrong.GetToken().Position, "%s", wrong.GetMessage())
		} else {
			d.wrong("", nil, "%v", err)
		}
		return nil
	}
	var roots []ast.Node
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			roots = append(roots, doc.Body)
		}
	}
	switch {
	case len(roots) == 0:
		d.wrong("", nil, "there is nothing in it")
	case len(roots) > 1:
		d.wrong("", position(roots[1]), "want one document, not %d", len(roots))
	default:
		return roots[0]
	}
	return nil
}

// decodeNode reads the rules as [fault.Parse] does.
func (f *Faults) decodeNode(d *decoder, place string, n ast.Node) {
	before := len(d.problems)
	value := d.any(place, n, 0)
	if _, ok := value.([]any); !ok && len(d.problems) == before {
		d.wrong(place, position(n), "want a list of rules, not %s", shown(n))
	}
	if len(d.problems) > before {
		return
	}
	data, err := json.Marshal(value)
	if err == nil {
		*f, err = fault.Parse(data)
	}
	if err != nil {
		d.wrongLines(place, err)
	}
}

// wrongLines notes an error of several lines, each of which begins with a place
// below this one.
func (d *decoder) wrongLines(place string, err error) {
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSuffix(line, "\n")
		where, text, ok := strings.Cut(line, ": ")
		switch {
		case !ok || !placeName.MatchString(where):
			where, text = place, line
		case strings.HasPrefix(where, "["):
			where = place + where
		default:
			where = under(place, where)
		}
		d.wrongAt(where, "%s", text)
	}
}

var placeName = regexp.MustCompile(`^[\w.\[\]"-]+$`)

// decodeNode reads a base and the switches of a profile.
func (p *Profile) decodeNode(d *decoder, place string, n ast.Node) {
	before := len(d.problems)
	value := d.any(place, n, 0)
	object, ok := value.(map[string]any)
	if !ok && len(d.problems) == before {
		d.wrong(place, position(n), "want switches, not %s", shown(n))
	}
	if len(d.problems) > before {
		return
	}
	if base, there := object["base"]; there {
		delete(object, "base")
		text, ok := base.(string)
		if !ok || !slices.Contains(profile.Names(), text) {
			d.wrongAt(under(place, "base"), "want one of %s, not %v", strings.Join(profile.Names(), ", "), base)
			return
		}
		p.Base = text
	}
	names := switchNames()
	for _, name := range sortedKeys(object) {
		if !slices.Contains(names, name) {
			d.wrongAt(under(place, name), "there is no such switch%s", spell.Hint(name, names))
			return
		}
	}
	data, err := json.Marshal(object)
	if err == nil {
		p.Switches = data
		_, err = p.profile()
	}
	if err != nil {
		d.wrongLines(place, err)
	}
}

// switchNames are the names of fields of a profile as they are written.
func switchNames() []string {
	t := reflect.TypeFor[profile.Profile]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Name
	}
	return names
}

// profile is what is written, with everything else as in its base.
func (p Profile) profile() (profile.Profile, error) {
	base, err := profile.Named(cmp.Or(p.Base, "current"))
	if err == nil && p.Switches != nil {
		err = base.Set(p.Switches)
	}
	return base, err
}

// decodeNode reads a duration, a list or a spread of them.
func (e *ExecTime) decodeNode(d *decoder, place string, n ast.Node) {
	if _, isText := textOf(n); isText {
		d.duration(place, n, &e.Fixed)
		return
	}
	if list, isList := n.(*ast.SequenceNode); isList && len(list.Values) > 0 {
		d.list(place, n, reflect.ValueOf(&e.Each).Elem())
		return
	}
	if _, isObject := n.(*ast.MappingNode); !isObject {
		d.wrong(place, position(n), `want a duration such as "5s", a list of them, {min, max} or {median, p95}, not %s`, shown(n))
		return
	}
	d.object(place, n, reflect.ValueOf(e).Elem())
}
