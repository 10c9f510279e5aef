package openapidoc

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// aboutNames are names of objects in a list that tell of its pages.
var aboutNames = strings.Fields("meta metadata pagination paging page pageinfo links _links cursors responsemetadata")

// totals is what the properties of a list beside its rows should be: those that are
// there already, with the types that they have. None is what stands for a page that is
// not there.
func (c *call) totals(list map[string]any, rows []string, win window, none any) map[string]any {
	set := make(map[string]any)
	for name, v := range list {
		if len(rows) > 0 && name == rows[0] {
			continue
		}
		squash := strings.TrimLeft(squashed(name), "@")
		if inner, ok := v.(map[string]any); ok {
			if slices.Contains(aboutNames, squash) {
				set[name] = c.totals(inner, nil, win, none)
			} else if href, ok := inner["href"].(string); ok {
				if value, known := c.total(squash, href, win, none); known && value != none {
					set[name] = map[string]any{"href": value}
				} else if known {
					set[name] = nil
				}
			}
			continue
		}
		if value, known := c.total(squash, v, win, none); known {
			set[name] = value
		}
	}
	return set
}

// total is what a property tells of a window, in the type of the value that it has,
// and false if it tells nothing.
func (c *call) total(name string, was any, win window, none any) (any, bool) {
	n := -1
	switch name {
	case "total", "totalcount", "count", "totalitems", "totalresults", "totalelements", "totalrecords", "totalrows", "recordstotal", "numfound", "odatacount":
		n = win.total
	case "pagesize", "perpage", "size", "limit", "itemsperpage", "pagelimit":
		n = win.size
	case "page", "pagenumber", "currentpage", "number", "pageno", "pageindex":
		n = win.page
	case "offset", "skip", "startindex", "startat", "start":
		n = win.from
	case "totalpages", "pagecount", "pages", "lastpage", "pagestotal":
		n = win.pages()
	case "numberofelements", "returned", "resultcount":
		n = win.end() - win.from
	case "hasmore", "hasnext", "hasnextpage", "more", "istruncated", "truncated":
		return win.more(), isBool(was)
	case "last", "islast", "islastpage":
		if isBool(was) {
			return !win.more(), true
		}
		last := max(0, win.pages()-1)
		return c.pageLink(was, c.params.WithQuery(c.paging.at(last*win.size, last+c.paging.first)))
	case "first", "isfirst", "isfirstpage":
		if isBool(was) {
			return win.from == 0, true
		}
		return c.pageLink(was, c.params.WithQuery(c.paging.at(0, c.paging.first)))
	case "hasprevious", "hasprev", "haspreviouspage":
		return win.from > 0, isBool(was)
	case "next", "nextpage", "nextlink", "nexturl", "nexthref", "nextpageurl", "nextcursor", "nexttoken", "nextpagetoken", "continue", "continuationtoken", "odatanextlink", "nextmarker", "endcursor":
		return c.next(name, was, win, none)
	case "previous", "prev", "previouspage", "prevlink", "previouslink", "previousurl", "prevurl", "previouspageurl":
		if win.from == 0 {
			return none, was != nil
		}
		return c.pageLink(was, c.paging.before(c.params, win))
	case "self":
		return c.pageLink(was, c.r.URL.RawQuery)
	}
	if n < 0 {
		return nil, false
	}
	if _, text := was.(string); text {
		return strconv.Itoa(n), true
	}
	return json.Number(strconv.Itoa(n)), true
}

func isBool(v any) bool {
	_, ok := v.(bool)
	return ok
}

// next is what leads to the page behind a window: an address, the number of a page, or
// a token.
func (c *call) next(name string, was any, win window, none any) (any, bool) {
	if !win.more() {
		return none, was != nil
	}
	if _, number := whole(was); number {
		return json.Number(strconv.Itoa(win.page + 1)), true
	}
	tokens := strings.Contains(name, "cursor") || strings.Contains(name, "token") || strings.Contains(name, "marker") || name == "continue"
	if tokens || c.paging.cursor != "" && !isLink(was) {
		return strconv.Itoa(win.end()), true
	}
	return c.url(c.paging.next(c.params, win)), true
}

// pageLink is an address where there may be a text.
func (c *call) pageLink(was any, query string) (any, bool) {
	if _, text := was.(string); !text && was != nil {
		return nil, false
	}
	return c.url(query), true
}

func isLink(v any) bool {
	text, _ := v.(string)
	return strings.Contains(text, "://") || strings.HasPrefix(text, "/")
}
