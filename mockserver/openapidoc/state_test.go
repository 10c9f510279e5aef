package openapidoc_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver/openapidoc"
)

// What is created as the ERP wants it, in wrappers and without an answer, can be read,
// changed and deleted, and stands in the list.
func TestTheLifeOfAnInvoice(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true})
	a := w.want(201, "POST", "/v1/supplierInvoice", `{"amount":{"value":12.50},"status":{"value":"Closed"},"lines":[{"quantity":1}],"supplier":{"value":{"number":"50001"}}}`)
	location := a.header.Get("Location")
	if a.body != "" || !strings.HasPrefix(location, "https://erp.mock/v1/supplierInvoice/") {
		t.Fatalf("got %s, Location %s", a.body, location)
	}
	invoice := w.want(200, "GET", location, "").object(t)
	number := invoice["invoiceNumber"].(string)
	if !strings.HasSuffix(location, "/"+number) || fmt.Sprint(invoice["amount"], " ", invoice["status"]) != "12.5 Closed" || invoice["supplier"].(map[string]any)["number"] != "50001" {
		t.Errorf("created at %s: %v", location, invoice)
	}
	rows := w.want(200, "GET", "/v1/supplierInvoice", "").rows(t)
	if len(rows) != 6 || rows[5]["invoiceNumber"] != number || rows[5]["amount"] != 12.5 {
		t.Errorf("listed: %v", rows)
	}
	w.want(204, "PUT", location, `{"amount":{"value":99}}`)
	if got := w.want(200, "GET", location, "").object(t); fmt.Sprint(got["amount"], " ", got["status"], " ", got["invoiceNumber"]) != "99 Closed "+number {
		t.Errorf("changed: %v", got)
	}
	w.want(200, "POST", location+"/action/release", "")
	w.want(204, "DELETE", location, "")
	for _, method := range []string{"GET", "DELETE"} {
		if a := w.want(404, method, location, ""); method == "GET" && a.body != `{"message":"no such invoice"}` {
			t.Errorf("deleted: got %s, want what the document has", a.body)
		}
	}
	w.want(404, "POST", location+"/action/release", "")
	if rows := w.want(200, "GET", "/v1/supplierInvoice", "").rows(t); len(rows) != 5 {
		t.Errorf("%d rows once it is deleted, want 5", len(rows))
	}
	w.want(204, "PUT", location, `{"amount":{"value":1}}`)
	w.want(200, "GET", location, "")
}

func TestWhatIsInTheListIsAlsoAtItsPath(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true})
	list := func() []map[string]any {
		var rows []map[string]any
		for offset := 0; ; offset += 3 {
			page := w.want(200, "GET", fmt.Sprintf("/pets?offset=%d", offset), "").object(t)["data"].([]any)
			for _, row := range page {
				rows = append(rows, row.(map[string]any))
			}
			if len(page) < 3 {
				return rows
			}
		}
	}
	rows := list()
	if len(rows) != 5 {
		t.Fatalf("%d rows", len(rows))
	}
	path := func(i int) string { return fmt.Sprintf("/pets/%v", rows[i]["id"]) }
	if got := w.want(200, "GET", path(0), "").object(t); fmt.Sprint(got) != fmt.Sprint(rows[0]) {
		t.Errorf("got %v, the list has %v", got, rows[0])
	}
	w.want(200, "PATCH", path(1), `{"name":"Rex","tag":null,"other":1}`, "Content-Type", "application/merge-patch+json")
	deleted := w.want(200, "DELETE", path(2), "").object(t)
	if fmt.Sprint(deleted) != fmt.Sprint(rows[2]) {
		t.Errorf("deleted %v, it was %v", deleted, rows[2])
	}
	w.want(404, "GET", path(2)+"/photos", "")
	created := w.want(200, "POST", "/pets", "name=Fido", "Content-Type", "application/x-www-form-urlencoded").object(t)
	after := list()
	want := []string{fmt.Sprint(rows[0]["id"]), fmt.Sprint(rows[1]["id"]), fmt.Sprint(rows[3]["id"]), fmt.Sprint(rows[4]["id"]), fmt.Sprint(created["id"])}
	if got := ids(after, "id"); !slices.Equal(got, want) {
		t.Errorf("the list has %v, want %v", got, want)
	}
	if after[1]["name"] != "Rex" || after[1]["tag"] != nil || after[1]["other"] != nil || created["name"] != "Fido" {
		t.Errorf("changed to %v, created %v", after[1], created)
	}
	if got := w.want(200, "GET", "/pets?limit=2", "").object(t); fmt.Sprint(got["total"]) != "5" {
		t.Errorf("total %v, want 5", got["total"])
	}
}

func TestIdsOfCallers(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true})
	if a := w.want(200, "POST", "/pets", `{"id":77,"name":"a"}`); a.header.Get("Location") != "https://erp.mock/pets/77" || a.object(t)["id"] != 77.0 {
		t.Errorf("got %s at %s", a.body, a.header.Get("Location"))
	}
	w.want(409, "POST", "/pets", `{"id":77,"name":"b"}`)
	w.want(200, "DELETE", "/pets/77", "")
	w.want(200, "POST", "/pets", `{"id":77,"name":"c"}`)
	if got := w.want(200, "GET", "/pets/77", "").object(t)["name"]; got != "c" {
		t.Errorf("got %v", got)
	}
	if a := w.want(200, "POST", "/test/api/pets", `{"name":"d"}`); !strings.HasPrefix(a.header.Get("Location"), "https://erp.mock/test/api/pets/") {
		t.Errorf("below the base of a server: Location %s", a.header.Get("Location"))
	}
	seen := make(map[string]bool)
	for range 200 {
		at := w.want(200, "POST", "/pets", `{"name":"e"}`).header.Get("Location")
		if seen[at] {
			t.Fatalf("%s twice", at)
		}
		seen[at] = true
	}
}

// Some APIs change a thing at the list's path, and name it in the body.
func TestAThingThatTheBodyNames(t *testing.T) {
	pet := `{"responses":{"200":{"content":{"application/json":{"schema":{"type":"object","required":["id","name"],"properties":{"id":{"type":"integer"},"name":{"type":"string"}}}}}}}}`
	w := serve(t, openapidoc.Config{Stateful: true, Source: []byte(`{"openapi":"3.0.0","info":{},"paths":{"/pet":{"post":` + pet + `,"put":` + pet + `},"/pet/{petId}":{"get":` + pet + `}}}`)})
	w.want(200, "POST", "/pet", `{"id":10,"name":"Rex"}`)
	w.want(200, "PUT", "/pet", `{"id":10,"name":"Fido"}`)
	if a := w.want(200, "GET", "/pet/10", ""); a.body != `{"id":10,"name":"Fido"}` {
		t.Errorf("got %s", a.body)
	}
	w.want(200, "PUT", "/pet", `{"name":"nobody"}`)
}

func TestOneThingWithoutAList(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true})
	before := w.want(200, "GET", "/settings", "").object(t)
	w.want(200, "PUT", "/settings", `{"color":"red"}`)
	after := w.want(200, "GET", "/settings", "").object(t)
	if after["color"] != "red" || after["size"] != before["size"] {
		t.Errorf("got %v, it was %v", after, before)
	}
}

func TestVersionsOfWhatIsKept(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true})
	first := w.want(200, "GET", "/pets/5", "").header.Get("ETag")
	w.want(412, "PATCH", "/pets/5", `{"name":"x"}`, "If-Match", `"other"`)
	second := w.want(200, "PATCH", "/pets/5", `{"name":"x"}`, "If-Match", first).header.Get("ETag")
	if got := w.want(200, "GET", "/pets/5", "").header.Get("ETag"); got != second || got == first {
		t.Errorf("ETag %s, after the change %s, before it %s", got, second, first)
	}
	w.want(412, "DELETE", "/pets/5", "", "If-Match", first)
	w.want(200, "DELETE", "/pets/5", "", "If-Match", "*")
}

// What a caller prefers is answered, and leaves the state alone.
func TestPreferencesLeaveTheStateAlone(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true})
	w.want(200, "POST", "/pets", `{"id":5,"name":"a"}`)
	w.want(404, "DELETE", "/pets/5", "", "Prefer", "code=404")
	w.want(400, "POST", "/v1/supplierInvoice", `{"amount":{"value":1}}`, "Prefer", "code=400")
	w.want(200, "GET", "/pets/5", "")
	if rows := w.want(200, "GET", "/v1/supplierInvoice", "").rows(t); len(rows) != 5 {
		t.Errorf("%d rows, want 5", len(rows))
	}
	w.want(400, "POST", "/pets", `{"id":`)
}

func TestEachCompanyHasItsOwnState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serve(t, openapidoc.Config{Stateful: true})
		w.want(202, "POST", "/pets", `{"id":5,"name":"seven"}`, "ipp-company-id", "7", "erp-api-background", "none")
		time.Sleep(time.Second)
		name := func(company string) any {
			return w.want(200, "GET", "/pets/5", "", "ipp-company-id", company).object(t)["name"]
		}
		if name("7") != "seven" || name("8") == "seven" {
			t.Errorf("7 has %v, 8 has %v", name("7"), name("8"))
		}
		w.want(200, "POST", "/pets", `{"id":5,"name":"eight"}`, "ipp-company-id", "8")
		if err := w.srv.Reset(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
		if name("7") == "seven" || name("8") != "eight" {
			t.Errorf("after a reset of 7, that has %v, 8 has %v", name("7"), name("8"))
		}
	})
}

func TestTheStateIsBounded(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true, StateBytes: 20_000})
	var last string
	for range 100 {
		last = w.want(200, "POST", "/pets", `{"name":"`+strings.Repeat("x", 500)+`"}`).header.Get("Location")
	}
	if got := w.want(200, "GET", last, "").object(t)["name"]; got != strings.Repeat("x", 500) {
		t.Errorf("the last one is %v", got)
	}
	if n := strings.Count(w.log.String(), "forgotten"); n != 1 {
		t.Errorf("told %d times, want once: %s", n, w.log.String())
	}
}

// What is created stands in the list as a row of it looks, also where the document's
// example of the list is empty.
func TestRowsOfAListThatIsEmpty(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true, Source: []byte(`{"openapi":"3.1.0","info":{},"paths":{
		"/things":{
			"get":{"responses":{"200":{"content":{"application/json":{"example":[],"schema":{"type":"array","items":{"type":"object","required":["id","kind"],"additionalProperties":false,
				"properties":{"id":{"type":"integer"},"kind":{"const":"row"}}}}}}}}},
			"post":{"responses":{"201":{}}}},
		"/things/{id}":{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"type":"object","required":["id","kind"],
			"properties":{"id":{"type":"integer"},"kind":{"const":"thing"},"note":{"type":"string"}}}}}}}}}}}`)})
	at := w.want(201, "POST", "/things", `{"id":7,"note":"x"}`).header.Get("Location")
	if a := w.want(200, "GET", at, ""); a.body != `{"id":7,"kind":"thing","note":"x"}` {
		t.Errorf("got %s", a.body)
	}
	if a := w.want(200, "GET", "/things", ""); a.body != `[{"id":7,"kind":"row"}]` {
		t.Errorf("got %s", a.body)
	}
}

// A page costs what is on it, and at most two allocations for each row that is not.
func TestAPageOfALongList(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true})
	allocs := func() float64 {
		return testing.AllocsPerRun(5, func() { w.want(200, "GET", "/pets?limit=2&offset=4", "") })
	}
	before := allocs()
	const more = 300
	for range more {
		w.want(200, "POST", "/pets", `{"name":"x"}`)
	}
	if after := allocs(); after > before+2*more {
		t.Errorf("%v allocations with %d more rows, %v without", after, more, before)
	}
}

func TestTheStateUnderManyCalls(t *testing.T) {
	w := serve(t, openapidoc.Config{Stateful: true})
	w.want(200, "POST", "/pets", `{"id":5,"name":"a"}`)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 10 {
				if a := w.do("POST", "/pets", `{"name":"b"}`); a.status != 200 {
					t.Errorf("created: %d %s", a.status, a.body)
				}
				w.do("PATCH", "/pets/5", fmt.Sprintf(`{"tag":"%d"}`, i))
				w.do("GET", "/pets?limit=3", "")
			}
		})
	}
	all.Wait()
	if got := w.want(200, "GET", "/pets", "").object(t)["total"]; fmt.Sprint(got) != "86" {
		t.Errorf("%v pets, want 5 and 81", got)
	}
}
