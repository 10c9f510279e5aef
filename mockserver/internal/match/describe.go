package match

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Describe writes the fields of a structure that are set, but for those that
// are left out.
func Describe(wanted any, leaveOut ...string) string {
	v := reflect.ValueOf(wanted)
	var parts []string
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		if field.IsZero() || slices.Contains(leaveOut, name) {
			continue
		}
		text := fmt.Sprint(field.Interface())
		switch name {
		case "Body":
			text = compact(plainJSON(field.Interface()))
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				text = quoted(text) // it is binary
			}
			text = Shortened(text)
		case "Header", "Query":
			text = strings.TrimPrefix(text, "map")
		}
		parts = append(parts, name+": "+text)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
