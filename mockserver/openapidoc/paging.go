package openapidoc

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/params"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/structure"
)

// paging is how an operation is told which page is wanted, by the names of its
// parameters; those that it lacks are empty.
type paging struct {
	size, page, offset, cursor string
	first                      int // the number of the first page
	defaultSize, maxSize       int // 0: none
}

func (p paging) any() bool { return p.size != "" || p.page != "" || p.offset != "" || p.cursor != "" }

// The names of parameters for pages, squashed.
var (
	sizeNames   = strings.Fields("pagesize perpage limit top size take maxresults maxitems pagelimit resultsperpage itemsperpage rows maxpagesize page[size] page[limit]")
	pageNames   = strings.Fields("pagenumber page pageno pagenum pageindex currentpage page[number]")
	offsetNames = strings.Fields("offset skip startindex startat start from page[offset]")
	cursorNames = strings.Fields("cursor pagetoken nexttoken nextpagetoken after startingafter continue continuationtoken marker bookmark nextcursor scrollid page[cursor] page[after]")
)

// field is where a parameter's name belongs, nil if it says nothing of pages.
func (p *paging) field(name string) *string {
	switch {
	case slices.Contains(sizeNames, name):
		return &p.size
	case slices.Contains(pageNames, name):
		return &p.page
	case slices.Contains(offsetNames, name):
		return &p.offset
	case slices.Contains(cursorNames, name):
		return &p.cursor
	}
	return nil
}

// pagingOf looks for parameters that say which page is wanted.
func pagingOf(list []params.Parameter) (p paging) {
	p.first = 1
	for _, param := range list {
		name := squashed(param.Name)
		field := p.field(name)
		if param.In != "query" || field == nil || *field != "" || !structure.Types(param.Schema).Has(schema.Number|schema.String) {
			continue
		}
		*field = param.Name
		switch {
		case field == &p.page && (name == "pageindex" || bound(param.Schema, lowest) == 0):
			p.first = 0
		case field == &p.size:
			p.defaultSize, p.maxSize = max(0, bound(param.Schema, defaultOf)), max(0, bound(param.Schema, highest))
		}
	}
	return p
}

// bound is a number that a schema has, -1 if it has none.
func bound(s *schema.Schema, of func(*schema.Schema) any) int {
	n := -1
	structure.Find(s, func(s *schema.Schema) bool {
		i, ok := whole(of(s))
		if ok {
			n = i
		}
		return ok
	})
	return n
}

// whole is a value as a whole number that is not negative.
func whole(v any) (int, bool) {
	switch v := v.(type) {
	case json.Number:
		return whole(string(v))
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil && n >= 0
	case float64:
		return int(v), v == math.Trunc(v) && v >= 0 && v < math.MaxInt32
	}
	return 0, false
}

func defaultOf(s *schema.Schema) any {
	if s.Notes == nil || s.Default == nil {
		return nil
	}
	return s.Default.Value
}

func lowest(s *schema.Schema) any {
	if d := defaultOf(s); d != nil {
		return d
	}
	if s.Numeric == nil || s.Min == nil {
		return nil
	}
	return s.Min.String()
}

func highest(s *schema.Schema) any {
	if s.Numeric == nil || s.Max == nil {
		return nil
	}
	return s.Max.String()
}

// A window is the part of a list that a request asks for.
type window struct {
	from, size, total int
	page              int // its number, by size
}

// end is where the next page begins.
func (w window) end() int { return min(w.from+w.size, w.total) }

// more reports whether there is a next page.
func (w window) more() bool { return w.end() < w.total }

// pages is how many there are.
func (w window) pages() int {
	if w.size == 0 {
		return 0
	}
	return (w.total + w.size - 1) / w.size
}

// window reads what page of so many rows a request asks for. What is left out or
// senseless means the first, and the largest.
func (p paging) window(q *params.Request, total int) window {
	number := func(name string) (int, bool) {
		if name == "" {
			return 0, false
		}
		text, _ := q.Query(name)
		return whole(text)
	}
	w := window{total: total, size: max(total, 1)}
	if p.defaultSize > 0 {
		w.size = p.defaultSize
	}
	if n, ok := number(p.size); ok && n > 0 {
		w.size = n
	}
	if p.maxSize > 0 {
		w.size = min(w.size, p.maxSize)
	}
	w.page = p.first
	if n, ok := number(p.page); ok && n > p.first {
		w.page, w.from = n, clamp(n-p.first, w.size, total)
	}
	if n, ok := number(p.offset); ok {
		w.from = min(n, total)
		w.page = p.first + w.from/w.size
	}
	if n, ok := number(p.cursor); ok {
		w.from = min(n, total)
		w.page = p.first + w.from/w.size
	}
	return w
}

// clamp is n times size, and no more than total.
func clamp(n, size, total int) int {
	if n > total/size+1 {
		return total
	}
	return min(n*size, total)
}

// next is the query for the page behind a window.
func (p paging) next(q *params.Request, w window) string { return q.WithQuery(p.at(w.end(), w.page+1)) }

// before is the query for the page before a window.
func (p paging) before(q *params.Request, w window) string {
	return q.WithQuery(p.at(max(0, w.from-w.size), max(p.first, w.page-1)))
}

func (p paging) at(row, page int) map[string]string {
	switch {
	case p.cursor != "":
		return map[string]string{p.cursor: strconv.Itoa(row)}
	case p.offset != "":
		return map[string]string{p.offset: strconv.Itoa(row)}
	case p.page != "":
		return map[string]string{p.page: strconv.Itoa(page)}
	}
	return nil
}
