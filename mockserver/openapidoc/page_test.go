package openapidoc_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver/openapidoc"
)

// ids are those of rows, by the name of the property.
func ids(rows []map[string]any, name string) (list []string) {
	for _, row := range rows {
		list = append(list, fmt.Sprint(row[name]))
	}
	return list
}

func TestPagesLikeTheERPs(t *testing.T) {
	w := serve(t, openapidoc.Config{})
	const list = "/v1/supplierInvoice"
	all := w.want(200, "GET", list, "").rows(t)
	if len(all) != 5 {
		t.Fatalf("%d rows, want 5", len(all))
	}
	var got []string
	for page, want := range []int{2, 2, 1, 0} {
		rows := w.want(200, "GET", fmt.Sprintf("%s?pageNumber=%d&pageSize=2", list, page+1), "").rows(t)
		if len(rows) != want {
			t.Errorf("page %d has %d rows, want %d", page+1, len(rows), want)
		}
		got = append(got, ids(rows, "invoiceNumber")...)
		for _, row := range rows {
			if about, ok := row["metadata"].(map[string]any); ok && fmt.Sprint(about["totalCount"]) != "5" {
				t.Errorf("the metadata of a row: %v, want a total of 5", about)
			}
		}
	}
	if want := ids(all, "invoiceNumber"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("pages have %v, the whole list %v", got, want)
	}
	for query, want := range map[string]int{"pageNumber=0": 5, "pageNumber=x&pageSize=y": 5, "pageSize=0": 5, "PAGESIZE=3": 3, "pageNumber=9223372036854775807&pageSize=2": 0} {
		if rows := w.want(200, "GET", list+"?"+query, "").rows(t); len(rows) != want {
			t.Errorf("%s: %d rows, want %d", query, len(rows), want)
		}
	}
}

func TestPagesInAnEnvelope(t *testing.T) {
	w := serve(t, openapidoc.Config{Rows: 7})
	next := "/live/api/pets?limit=9"
	var got []string
	for pages := 1; ; pages++ {
		a := w.want(200, "GET", next, "")
		body := a.object(t)
		var rows []map[string]any
		for _, row := range body["data"].([]any) {
			rows = append(rows, row.(map[string]any))
		}
		got = append(got, ids(rows, "id")...)
		if fmt.Sprint(body["total"]) != "7" || a.header.Get("X-Total-Count") != "7" {
			t.Errorf("total %v, X-Total-Count %s, want 7", body["total"], a.header.Get("X-Total-Count"))
		}
		if pages == 3 {
			if body["has_more"] != false || body["next"] != nil || strings.Contains(a.header.Get("Link"), `"next"`) {
				t.Errorf("the last page: %v, Link %s", body, a.header.Get("Link"))
			}
			break
		}
		if len(rows) != 3 || body["has_more"] != true { // limit has a maximum of 3
			t.Fatalf("page %d has %d rows: %v", pages, len(rows), body)
		}
		next, _ = body["next"].(string)
		if want := "<" + next + `>; rel="next"`; !strings.HasPrefix(a.header.Get("Link"), want) || !strings.HasPrefix(next, "https://erp.mock/live/api/pets?") {
			t.Errorf("next %s, Link %s", next, a.header.Get("Link"))
		}
	}
	if len(got) != 7 {
		t.Errorf("the pages have %v", got)
	}
}

// Whatever its parameters and envelope are called, a list ends, and has each row once.
func TestPagesOfManyShapes(t *testing.T) {
	row := `{"type":"object","required":["id"],"properties":{"id":{"type":"string","format":"uuid"}}}`
	rows := `{"type":"array","items":` + row + `}`
	for _, tt := range []struct {
		params string // with a size of 2 or none
		schema string
		next   func(body map[string]any, page, seen int) string // the query; empty: it is over
	}{
		{"page per_page", rows, nil},
		{"pageIndex pageSize", rows, nil},
		{"$skip $top", `{"type":"object","required":["value"],"properties":{"value":` + rows + `,"@odata.count":{"type":"integer"},"@odata.nextLink":{"type":"string"}}}`, nil},
		{"startAt maxResults", `{"type":"object","required":["total","values","isLast"],"properties":{"total":{"type":"integer"},"startAt":{"type":"integer"},"values":` + rows + `,"isLast":{"type":"boolean"}}}`, func(b map[string]any, _, seen int) string {
			if b["isLast"] == true {
				return ""
			}
			return fmt.Sprintf("startAt=%d&maxResults=2", seen)
		}},
		{"pageToken pageSize", `{"type":"object","required":["things","nextPageToken"],"properties":{"things":` + rows + `,"nextPageToken":{"type":"string"}}}`, func(b map[string]any, _, _ int) string {
			if b["nextPageToken"] == "" || b["nextPageToken"] == nil {
				return ""
			}
			return "pageSize=2&pageToken=" + url.QueryEscape(fmt.Sprint(b["nextPageToken"]))
		}},
		{"starting_after limit", `{"type":"object","required":["data","has_more"],"properties":{"object":{"enum":["list"]},"data":` + rows + `,"has_more":{"type":"boolean"}}}`, func(b map[string]any, _, _ int) string {
			if b["has_more"] == false {
				return ""
			}
			data := b["data"].([]any)
			return "limit=2&starting_after=" + data[len(data)-1].(map[string]any)["id"].(string)
		}},
		{"continue limit", `{"type":"object","required":["items","metadata"],"properties":{"items":` + rows + `,"metadata":{"type":"object","required":["continue"],"properties":{"continue":{"type":"string"}}}}}`, func(b map[string]any, _, _ int) string {
			token := b["metadata"].(map[string]any)["continue"]
			if token == "" || token == nil {
				return ""
			}
			return "limit=2&continue=" + token.(string)
		}},
		{"page size", `{"type":"object","required":["_embedded","page"],"properties":{"_embedded":{"type":"object","required":["things"],"properties":{"things":` + rows + `}},
			"page":{"type":"object","required":["number","totalPages"],"properties":{"number":{"type":"integer"},"totalPages":{"type":"integer"},"totalElements":{"type":"integer"}}}}}`, func(b map[string]any, page, _ int) string {
			if about := b["page"].(map[string]any); fmt.Sprint(about["number"]) == fmt.Sprint(about["totalPages"]) {
				return ""
			}
			return fmt.Sprintf("page=%d&size=2", page+1)
		}},
		{"cursor limit", `{"type":"object","required":["results","next"],"properties":{"results":` + rows + `,"next":{"type":["string","null"],"format":"uri"},"count":{"type":"integer"}}}`, func(b map[string]any, _, _ int) string {
			if b["next"] == nil {
				return ""
			}
			u, err := url.Parse(b["next"].(string))
			if err != nil || u.RawQuery == "" {
				return "cursor=" + b["next"].(string) + "&limit=2"
			}
			return u.RawQuery
		}},
	} {
		t.Run(tt.params, func(t *testing.T) {
			var declared []string
			for name := range strings.FieldsSeq(tt.params) {
				declared = append(declared, `{"name":"`+name+`","in":"query","schema":{"type":"string"}}`)
			}
			source := `{"openapi":"3.1.0","info":{},"paths":{"/things":{"get":{"parameters":[` + strings.Join(declared, ",") + `],
				"responses":{"200":{"content":{"application/json":{"schema":` + tt.schema + `}}}}}}}}`
			w := serve(t, openapidoc.Config{Source: []byte(source)})
			names := strings.Fields(tt.params)
			query := fmt.Sprintf("%s=2", url.QueryEscape(names[1]))
			if strings.Contains(tt.params, "$") || strings.Contains(tt.params, "per_page") || strings.Contains(tt.params, "Index") {
				query = ""
			}
			seen := make(map[string]bool)
			n := 0
			for page := 1; ; page++ {
				if tt.next == nil {
					switch names[0] {
					case "page":
						query = fmt.Sprintf("page=%d&per_page=2", page)
					case "pageIndex":
						query = fmt.Sprintf("pageIndex=%d&pageSize=2", page-1)
					default:
						query = fmt.Sprintf("$skip=%d&$top=2", n)
					}
				}
				a := w.want(200, "GET", "/things?"+query, "")
				var body map[string]any
				list := []any{}
				if strings.HasPrefix(a.body, "[") {
					list = decode[[]any](t, a.body)
				} else {
					body = a.object(t)
					for _, name := range []string{"value", "values", "things", "data", "items", "results"} {
						if rows, ok := body[name].([]any); ok {
							list = rows
						}
					}
					if inner, ok := body["_embedded"].(map[string]any); ok {
						list = inner["things"].([]any)
					}
				}
				for _, row := range list {
					id := row.(map[string]any)["id"].(string)
					if seen[id] {
						t.Errorf("%s is there twice", id)
					}
					seen[id] = true
					n++
				}
				if tt.next != nil {
					if query = tt.next(body, page, n); query == "" {
						break
					}
				} else if len(list) == 0 {
					break
				}
				if page > 9 {
					t.Fatalf("it does not end: %s", a.body)
				}
			}
			if n != 5 {
				t.Errorf("%d rows, want 5", n)
			}
		})
	}
}

// A list of which the document has an example has the rows of it.
func TestPagesOfAnExample(t *testing.T) {
	w := serve(t, openapidoc.Config{Source: []byte(`{"openapi":"3.1.0","info":{},"paths":{"/things":{"get":{"parameters":[{"name":"page","in":"query"},{"name":"size","in":"query"}],
		"responses":{"200":{"content":{"application/json":{"example":["a","b","c"]}}}}}}}}`)})
	for query, want := range map[string]string{"": `["a","b","c"]`, "size=2": `["a","b"]`, "size=2&page=2": `["c"]`, "size=2&page=3": `[]`} {
		if a := w.want(200, "GET", "/things?"+query, ""); a.body != want {
			t.Errorf("%s: got %s, want %s", query, a.body, want)
		}
	}
}
