package openapidoc

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/fit"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// rowsNames are names of properties that have the rows of a list, where there are
// several arrays.
var rowsNames = strings.Fields("data items results value values rows records list entries content elements objects")

// rowsAt leads to the rows of a list in an answer: nothing for an array, else one or
// two properties. It is false if there are none.
func rowsAt(v any, noun string) (at []string, ok bool) {
	switch v := v.(type) {
	case []any:
		return nil, true
	case map[string]any:
		if name := rowsProperty(v, noun); name != "" {
			return []string{name}, true
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if inner, ok := v[name].(map[string]any); ok {
				if below := rowsProperty(inner, noun); below != "" {
					return []string{name, below}, true
				}
			}
		}
	}
	return nil, false
}

func rowsProperty(object map[string]any, noun string) string {
	var arrays []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if _, ok := object[name].([]any); ok {
			arrays = append(arrays, name)
		}
	}
	if len(arrays) == 1 {
		return arrays[0]
	}
	for _, wanted := range append([]string{noun}, rowsNames...) {
		for _, name := range arrays {
			if squashed(name) == wanted {
				return name
			}
		}
	}
	return ""
}

// rowsOf are the rows at a place, and withRows the same value with others.
func rowsOf(v any, at []string) []any {
	for _, name := range at {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	rows, _ := v.([]any)
	return rows
}

func withRows(v any, at []string, rows []any) any {
	if len(at) == 0 {
		return rows
	}
	object, _ := v.(map[string]any)
	object = maps.Clone(object)
	object[at[0]] = withRows(object[at[0]], at[1:], rows)
	return object
}

// filledUp is a list that was made up with as many rows as it is to have: what is made
// up has them where rows are in a property, and not further below.
func (c *call) filledUp(v any, m *compiled.MediaType, status int, example bool) any {
	at, ok := rowsAt(v, c.noun())
	if !ok || example || len(at) < 2 {
		return v
	}
	rows := rowsOf(v, at)
	want := c.want(status)
	for tries := c.d.cfg.Rows; len(rows) < c.d.cfg.Rows && len(rows) > 0 && tries > 0; tries-- {
		want.Seed++
		more := rowsOf(m.Answer(want).Value, at)
		rows = append(rows, more[:min(len(more), c.d.cfg.Rows-len(rows))]...)
	}
	if filled := withRows(v, at, rows); m.Schema.Valid(filled, schema.Response) {
		return filled
	}
	return v
}

// page is the page of a list that a request asks for, of the rows that the document
// makes and those that change adds.
func (c *call) page(w http.ResponseWriter, v any, s *schema.Schema, change edit) any {
	at, ok := rowsAt(v, c.noun())
	if !ok {
		return v
	}
	whole := v
	if change != nil {
		whole = change(v, s)
	}
	rows := rowsOf(whole, at)
	win := c.paging.window(c.params, len(rows))
	if i := c.behind(rows); i > 0 {
		win.from = i
	}
	rows = c.d.settled(slices.Clone(rows[win.from:win.end()]), v, at, s)
	v = withRows(whole, at, rows)
	if counted, changed := c.counted(rows, win); changed {
		if told := withRows(whole, at, counted); s == nil || s.Valid(told, schema.Response) {
			v = told
		}
	}
	v = c.told(v, at, win, s, nil)
	if !win.more() { // what may neither be null nor be missing may be empty
		v = c.told(v, at, win, s, "")
	}
	if c.paging.any() {
		c.linkPages(w, win)
	}
	return v
}

// told is a list whose properties beside its rows tell of a window.
func (c *call) told(v any, at []string, win window, s *schema.Schema, none any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	totals := c.totals(object, at, win, none)
	if len(totals) == 0 {
		return v
	}
	return fit.Over(object, totals, s, schema.Response)
}

// behind is where the rows begin that follow the one whose id the cursor is, 0 if it
// is none.
func (c *call) behind(rows []any) int {
	text, ok := c.params.Query(c.paging.cursor)
	if c.paging.cursor == "" || !ok || text == "" {
		return 0
	}
	return 1 + slices.IndexFunc(rows, func(row any) bool {
		if kept, ok := row.(keptRow); ok {
			return kept.ID == text
		}
		object, _ := row.(map[string]any)
		id, ok := idOf(object, "id", c.noun())
		return ok && id == text
	})
}

// counted are rows whose metadata tell the total, as those of the ERP do, and whether
// there are any.
func (c *call) counted(rows []any, win window) (counted []any, changed bool) {
	rows = slices.Clone(rows)
	for i, row := range rows {
		object, _ := row.(map[string]any)
		about, _ := object["metadata"].(map[string]any)
		if _, counts := about["totalCount"]; !counts {
			continue
		}
		object, about = maps.Clone(object), maps.Clone(about)
		about["totalCount"] = win.total
		object["metadata"] = about
		rows[i], changed = object, true
	}
	return rows, changed
}

// linkPages sets the headers that lead to other pages, and that tell the total.
func (c *call) linkPages(w http.ResponseWriter, win window) {
	var links []string
	link := func(query, rel string) {
		links = append(links, "<"+c.url(query)+`>; rel="`+rel+`"`)
	}
	if win.more() {
		link(c.paging.next(c.params, win), "next")
	}
	if win.from > 0 {
		link(c.paging.before(c.params, win), "prev")
	}
	resp, _ := c.response(c.prefer.Code)
	if resp == nil {
		return
	}
	for _, h := range resp.Headers {
		switch name := squashed(h.Name); {
		case name == "link" && links != nil:
			w.Header().Set(h.Name, strings.Join(links, ", "))
		case name == "xtotalcount" || name == "xtotal" || name == "totalcount":
			w.Header().Set(h.Name, strconv.Itoa(win.total))
		case name == "xtotalpages" || name == "totalpages":
			w.Header().Set(h.Name, strconv.Itoa(win.pages()))
		}
	}
}

// url is that of the request with another query.
func (c *call) url(query string) string {
	root := c.mock.Base
	if i := strings.Index(root, "://"); i >= 0 { // the path of the request has its base path
		if j := strings.IndexByte(root[i+3:], '/'); j >= 0 {
			root = root[:i+3+j]
		}
	}
	url := root + c.r.URL.EscapedPath()
	if query != "" {
		url += "?" + query
	}
	return url
}
