package fault

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheReferenceIsWhole holds docs/faults.md to the fields: each has a row,
// each row's JSON is read and uses what the row is about, and no row is left
// over.
func TestTheReferenceIsWhole(t *testing.T) {
	data, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := referenceRows(string(data))
	var points []string
	for _, p := range allPoints {
		points = append(points, "On"+strings.ToUpper(string(p[:1]))+string(p[1:]))
	}
	for table, fields := range map[string][]string{
		"On":     points,
		"Rule":   fieldsOf[Rule](),
		"Answer": fieldsOf[Answer](),
		"Queue":  fieldsOf[Queue](),
		"Notify": fieldsOf[Notify](),
	} {
		for _, name := range fields {
			form, there := rows[table][name]
			delete(rows[table], name)
			switch {
			case !there:
				t.Errorf("docs/faults.md has no row for %s.%s", table, name)
			case table == "Rule" && name == "Match": // cannot be written in JSON
			default:
				checkForm(t, table, name, form)
			}
		}
		if len(rows[table]) > 0 {
			t.Errorf("docs/faults.md has rows of %s for what is not there: %v", table, slices.Sorted(maps.Keys(rows[table])))
		}
	}
}

// referenceRows are the JSON forms of the rows, by the table's first heading
// and the row's first cell.
func referenceRows(text string) map[string]map[string]string {
	row := regexp.MustCompile("^\\| `(\\w+)` \\| (?:JSON|`(.*?)`|–) \\|")
	rows, table := make(map[string]map[string]string), ""
	for line := range strings.Lines(text) {
		m := row.FindStringSubmatch(line)
		switch {
		case m == nil:
		case strings.Contains(line, "| JSON |"):
			table = m[1]
			rows[table] = make(map[string]string)
		default:
			rows[table][m[1]] = m[2]
		}
	}
	return rows
}

// checkForm wants a rule in JSON to be read, and to use the field or point.
func checkForm(t *testing.T, table, name, form string) {
	t.Helper()
	if _, err := Parse([]byte("[" + form + "]")); err != nil {
		t.Errorf("%s.%s: %s is not read: %v", table, name, form, err)
		return
	}
	var rule map[string]json.RawMessage
	var do map[string]json.RawMessage
	if json.Unmarshal([]byte(form), &rule) != nil || json.Unmarshal(rule["do"], &do) != nil {
		t.Errorf("%s.%s: %s is no rule", table, name, form)
		return
	}
	field := strings.ToLower(name[:1]) + name[1:]
	uses := do[field] != nil
	switch table {
	case "On":
		uses = string(rule["on"]) == `"`+strings.ToLower(strings.TrimPrefix(name, "On"))+`"`
	case "Rule":
		uses = rule[field] != nil
	}
	if !uses {
		t.Errorf("%s.%s: %s does not use it", table, name, form)
	}
}

// fieldsOf are the names of the fields of a structure.
func fieldsOf[T any]() (names []string) {
	for f := range reflect.TypeFor[T]().Fields() {
		names = append(names, f.Name)
	}
	return names
}
