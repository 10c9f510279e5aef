package compare

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver/profile"
)

// The page has each switch once: among those that a comparison tells if it does.
func TestThePageHasEverySwitch(t *testing.T) {
	data, err := os.ReadFile("../../docs/wire-questions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tables, _ := strings.Cut(string(data), "## What a comparison tells")
	told, other, _ := strings.Cut(tables, "## What it does not tell")
	settled := map[string]bool{"UnsetTime": true, "TimeFormat": true, "EmptyErrors": true} // by settles itself
	for _, q := range questions {
		for _, name := range q.switches {
			settled[name] = true
		}
	}
	if got, want := switchesIn(told), slices.Sorted(maps.Keys(settled)); !slices.Equal(got, want) {
		t.Errorf("a comparison is said to tell\n%v\nand it tells\n%v", got, want)
	}
	var rest []string
	for _, name := range allSwitches("", reflect.TypeFor[profile.Profile]()) {
		if !settled[name] {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	if got := switchesIn(other); !slices.Equal(got, rest) {
		t.Errorf("the others are said to be\n%v\nwant\n%v", got, rest)
	}
}

func switchesIn(table string) (names []string) {
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Za-z0-9.]+)` \\|").FindAllStringSubmatch(table, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names
}

func allSwitches(prefix string, typ reflect.Type) (names []string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Type == reflect.TypeFor[profile.PairRules]() {
			names = append(names, allSwitches("Pairs.", f.Type)...)
			continue
		}
		names = append(names, prefix+f.Name)
	}
	return names
}
