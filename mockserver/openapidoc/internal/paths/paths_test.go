package paths

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTheMostConcreteTemplateComesFirst(t *testing.T) {
	templates := []string{
		"/", "/things", "/things/", "/things/{id}", "/things/mine", "/things/{id}/parts/{part}", "/things/{a}.{b}", "/things/{id}:cancel", "/things/{name}.json",
		"/Things/{id}", "/{kind}/{id}", "/{kind}/mine", "/files/{path...}", "/files/{+name}/raw", "/a%20b/{x}", "/x{y}z", "/{a}-{b}/{c}", "/{z}",
		"/votes/{tx}/{index}", "/votes/{id}/count",
	}
	var tree Tree
	for i, template := range templates {
		tree.Add(template, i)
	}
	for path, want := range map[string]string{
		"/":                    "/",
		"/things":              "/things, /{z} z=things",
		"/things/":             "/things/",
		"/things/7":            "/things/{id} id=7, /Things/{id} id=7, /{kind}/{id} kind=things id=7",
		"/Things/7":            "/Things/{id} id=7, /things/{id} id=7, /{kind}/{id} kind=Things id=7",
		"/THINGS/7":            "/things/{id} id=7, /Things/{id} id=7, /{kind}/{id} kind=THINGS id=7",
		"/things/mine":         "/things/mine, /things/{id} id=mine, /Things/{id} id=mine, /{kind}/mine kind=things, /{kind}/{id} kind=things id=mine",
		"/things/MINE/parts/a": "/things/{id}/parts/{part} id=MINE part=a",
		"/things/a.b.c":        "/things/{a}.{b} a=a.b b=c, /things/{id} id=a.b.c, /Things/{id} id=a.b.c, /{kind}/{id} kind=things id=a.b.c",
		"/things/a.json":       "/things/{name}.json name=a, /things/{a}.{b} a=a b=json, /things/{id} id=a.json, /Things/{id} id=a.json, /{kind}/{id} kind=things id=a.json",
		"/things/7:cancel":     "/things/{id}:cancel id=7, /things/{id} id=7:cancel, /Things/{id} id=7:cancel, /{kind}/{id} kind=things id=7:cancel",
		"/things/a%2Fb":        "/things/{id} id=a/b, /Things/{id} id=a/b, /{kind}/{id} kind=things id=a/b",
		"/files/a/b":           "/files/{path...} path=a/b",
		"/files/a/raw":         "/files/{+name}/raw name=a, /files/{path...} path=a/raw",
		"/a%20b/%C3%A5":        "/a%20b/{x} x=å, /{kind}/{id} kind=a b id=å",
		"/xyz":                 "/x{y}z y=y, /{z} z=xyz",
		"/xz":                  "/{z} z=xz",
		"/a-b/c":               "/{a}-{b}/{c} a=a b=b c=c, /{kind}/{id} kind=a-b id=c",
		"/votes/7/count":       "/votes/{id}/count id=7, /votes/{tx}/{index} tx=7 index=count",
		"/a/b/c/d":             "",
		"/things//parts/x":     "",
		"/%zz":                 "",
		"/things/%2e%2e":       "/things/{id} id=.., /Things/{id} id=.., /{kind}/{id} kind=things id=..",
	} {
		var all []string
		tree.Find(path, func(id int, values []Value) bool {
			text := templates[id]
			for _, v := range values {
				text += fmt.Sprintf(" %s=%s", v.Name, v.Text)
			}
			all = append(all, text)
			return false
		})
		// templates that fit to the same degree come in the order in which they were added
		got := strings.Join(all, ", ")
		if path == "/files/a/raw" { // either of the two rests is fine
			slices.Sort(all)
			got = strings.Join(all, ", ")
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", path, got, want)
		}
	}
}

// What parameters are called says nothing of how concrete a template is.
func TestNamesOfParametersDoNotMatter(t *testing.T) {
	var tree Tree
	tree.Add("/p/{x}/{y}", 1)
	tree.Add("/p/{z}/votes", 2)
	tree.Add("/{a}/{b}.{c}", 3)
	tree.Add("/{d}/{e}.json", 4)
	for path, want := range map[string]string{"/p/7/votes": "2 [{z 7}]", "/p/7/8": "1 [{x 7} {y 8}]", "/q/r.json": "4 [{d q} {e r}]", "/q/r.s": "3 [{a q} {b r} {c s}]"} {
		got := ""
		tree.Find(path, func(id int, values []Value) bool {
			got = fmt.Sprint(id, " ", values)
			return true
		})
		if got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestFindStopsWhenItIsTold(t *testing.T) {
	var tree Tree
	tree.Add("/a/{x}", 1)
	tree.Add("/{y}/b", 2)
	n := 0
	if !tree.Find("/a/b", func(id int, _ []Value) bool { n++; return id == 1 }) || n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	if tree.Find("/a/b", func(int, []Value) bool { return false }) {
		t.Error("found what was not wanted")
	}
}

func TestTheBasePathsOfServers(t *testing.T) {
	variables := map[string]Variable{"version": {Default: "v1", Enum: []string{"v1", "v2"}}, "tenant": {Default: "t"}, "root": {Enum: []string{"", "api"}}}
	for url, want := range map[string]string{
		"":                                "[]",
		"/":                               "[]",
		"https://h":                       "[]",
		"https://h/":                      "[]",
		"https://h/api/":                  "[/api]",
		"https://{host}:{port}/api":       "[/api]",
		"//h/api":                         "[/api]",
		"/api/v1":                         "[/api/v1]",
		"api":                             "[/api]",
		"../api":                          "[/api]",
		"./":                              "[]",
		"https://h/api?x=1#y":             "[/api]",
		"https://h/{version}":             "[/v1 /v2]",
		"https://h/x{version}/{version}/": "[/xv1/v1 /xv1/v2 /xv2/v1 /xv2/v2]",
		"https://h/{tenant}/{version}":    "[/{tenant}/v1 /{tenant}/v2]",
		"/{root}/x":                       "[/x /api/x]",
		"{version}":                       "[/v1 /v2]",
	} {
		if got := fmt.Sprint(Bases(url, variables)); got != want {
			t.Errorf("%q: got %s, want %s", url, got, want)
		}
	}
	many := map[string]Variable{"a": {Enum: make([]string, 100)}}
	if got := Bases("/{a}/x", many); len(got) != 1 || got[0] != "/{a}/x" {
		t.Errorf("a hundred values make %q", got)
	}
}

// Whatever is in a document and a request, finding takes a bounded number of steps.
func FuzzFind(f *testing.F) {
	f.Add("/a/{b}\n/{c}/d\n/{e}.{f}/{g...}", "/a/b.c/d%2F")
	f.Fuzz(func(t *testing.T, templates, path string) {
		if len(templates) > 2000 || len(path) > 200 {
			return
		}
		var tree Tree
		for i, template := range strings.Split(templates, "\n") {
			tree.Add(template, i)
		}
		n := 0
		tree.Find(path, func(int, []Value) bool { n++; return n > 10_000 })
	})
}
