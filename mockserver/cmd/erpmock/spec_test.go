package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver/openapidoc"
)

const shop = `openapi: 3.0.3
info: {title: Shop, version: "7"}
paths:
  /v1/supplierInvoice:
    get:
      parameters: [{name: pageSize, in: query, schema: {type: integer}}]
      responses:
        "200":
          description: rows
          content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Invoice'}}}}
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Invoice'}}}}
      responses: {"201": {description: created}}
  /v1/supplierInvoice/{number}:
    get:
      operationId: getSupplierInvoice
      parameters: [{name: number, in: path, required: true, schema: {type: string}}]
      responses:
        "200":
          description: one
          content: {application/json: {schema: {$ref: '#/components/schemas/Invoice'}, example: {number: 7}}}
components:
  schemas:
    Invoice: {type: object, required: [number], properties: {number: {type: string}, amount: {type: number}}}
`

// document writes a document, and returns its file.
func document(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// get reads from a running mock.
func (r *running) get(method, path, body string) (status int, text string) {
	r.t.Helper()
	port, err := os.ReadFile(r.port)
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://127.0.0.1:"+strings.TrimSpace(string(port))+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func TestServingADocument(t *testing.T) {
	r := serve(t, "--spec", document(t, shop), "--stateful", "--validate", "strict", "--spec-rows", "3")
	if status, text := r.get("GET", "/v1/supplierInvoice?pageSize=x", ""); status != 400 || !strings.Contains(text, "query /pageSize: ") {
		t.Errorf("got %d %s", status, text)
	}
	if status, text := r.get("POST", "/v1/supplierInvoice", `{"number":"9","amount":12.5}`); status != 201 {
		t.Errorf("got %d %s", status, text)
	}
	if status, text := r.get("GET", "/v1/supplierInvoice?pageSize=9", ""); status != 200 || strings.Count(text, `"number"`) != 4 || !strings.Contains(text, "12.5") {
		t.Errorf("got %d %s, want three rows and what was created", status, text)
	}
	var contract struct {
		Operations []struct {
			Document, Method, Path, OperationID string
			Calls                               int
		}
		Called, Total int
	}
	for query, want := range map[string]int{"": 3, "?uncalled=true": 1} {
		_, text := r.get("GET", "/__mock/v1/contract"+query, "")
		if err := json.Unmarshal([]byte(text), &contract); err != nil || len(contract.Operations) != want || contract.Called != 2 || contract.Total != 3 {
			t.Errorf("%q: got %s, %v", query, text, err)
		}
	}
	if _, text := r.get("GET", "/__mock/v1/contract?company=7", ""); !strings.Contains(text, `"called":0`) {
		t.Errorf("of a company that made no calls: %s", text)
	}
}

// What was read of a large document is kept for the next start, unless that is turned
// off.
func TestLargeDocumentsAreKept(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	large := document(t, shop+"x-padding: ["+strings.Repeat("some text, ", 200_000)+"]\n")
	files := func() (n int) {
		_ = filepath.WalkDir(home, func(_ string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				n++
			}
			return nil
		})
		return n
	}
	serve(t, "--spec", large, "--no-spec-cache")
	if n := files(); n != 0 {
		t.Errorf("%d files are kept, want none", n)
	}
	for range 2 {
		if status, text := serve(t, "--spec", large).get("GET", "/v1/supplierInvoice/7", ""); status != 200 {
			t.Errorf("got %d %s", status, text)
		}
		if n := files(); n != 1 {
			t.Errorf("%d files are kept, want one", n)
		}
	}
}

func TestDocumentsThatCannotBeServed(t *testing.T) {
	for _, tt := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--spec", "none.yaml"}, "none.yaml: no such file"},
		{[]string{"--spec", document(t, "openapi: 3.0.0\npaths: []\n")}, "shop.yaml:2:8: "},
		{[]string{"--spec", document(t, shop), "--spec-rows", "-1"}, "--spec-rows: must not be negative"},
		{[]string{"--validate", "loudly"}, "want off, warn or strict"},
		{[]string{"--validate", "warn"}, "--validate is for documents: name one by --spec"},
		{[]string{"--stateful"}, "--stateful is for documents"},
		{[]string{"--refs", "."}, "--refs is for documents"},
	} {
		var errs strings.Builder
		if status := run(t.Context(), append([]string{"serve", "--listen", "127.0.0.1:0"}, tt.flags...), io.Discard, &errs); status != cli.ExitUsage || !strings.Contains(errs.String(), tt.want) {
			t.Errorf("%v: status %d, %s, want %s", tt.flags, status, errs.String(), tt.want)
		}
	}
}

func TestCheckingADocument(t *testing.T) {
	for _, tt := range []struct {
		text   string
		status int
		want   []string
	}{
		{shop, 0, []string{"shop.yaml: Shop 7, 3 operations, 3 answers\n", "1  made up, and valid\n", "1  without a body", "1  from examples that are not valid", "/example: ", "(invalid example)\n"}},
		{strings.Replace(shop, "amount: {type: number}", "amount: {type: number, minimum: 2, maximum: 1}", 1), 0, []string{"made up, and valid"}},
		{strings.NewReplacer("number: {type: string}", "number: {type: string, minLength: 2, maxLength: 1}", ", example: {number: 7}", "").Replace(shop), cli.ExitFailed, []string{"1  for which nothing valid was found", "(unsatisfiable)"}},
		{"{", cli.ExitFailed, []string{"shop.yaml:2: "}},
	} {
		var out, errs strings.Builder
		status := run(t.Context(), []string{"spec", "check", document(t, tt.text)}, &out, &errs)
		printed := out.String() + errs.String()
		if status != tt.status {
			t.Errorf("status %d, want %d: %s", status, tt.status, printed)
		}
		for _, want := range tt.want {
			if !strings.Contains(printed, want) {
				t.Errorf("no %q in %s", want, printed)
			}
		}
	}
	var out strings.Builder
	var r openapidoc.Report
	if status := run(t.Context(), []string{"spec", "check", document(t, shop), "--json"}, &out, io.Discard); status != 0 || json.Unmarshal([]byte(out.String()), &r) != nil || r.Operations != 3 || len(r.Findings) != 1 {
		t.Errorf("status %d, %s", status, out.String())
	}
}
