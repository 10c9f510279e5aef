package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRows reads any file: each row that is read can be made a request, and reading
// it again gives the same keys, for that is what protects from doing work twice.
func FuzzRows(f *testing.F) {
	f.Add(`{"method": "POST", "path": "/v1/customerinvoice", "body": {"a": 1}}`+"\n\n"+`{"method": "get", "path": "/v1/x", "header": {"X-A": "b"}}`, "")
	f.Add("\uFEFF{\"a\": 1}\r\n[1]\n\"x\"", "PUT /v1/a")
	f.Add(`{"method": "POST", "path": "/v1/a?b=%zz", "key": "k"}`, "")
	f.Add(`{"method": "POST", "path": "//evil.test/v1/a"}`, "")
	f.Add(`{"path": "/v1/a", "method": "DELETE"}{"method": "GET"}`, "")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, each string) {
		name := filepath.Join(dir, "rows.jsonl")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		in := &rowFile{name: name}
		if in.setEach(each) != nil {
			return
		}
		n, err := in.check()
		if err != nil {
			if !strings.HasPrefix(err.Error(), name) {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		var first []string
		err = in.eachRow(1, func(r *row) error {
			first = append(first, r.Key)
			if r.Key == "" {
				t.Errorf("row %d has no key", r.number)
			}
			_, err := r.request().build()
			return err
		})
		if err != nil || len(first) != n {
			t.Errorf("%d rows were checked; got %d, %v", n, len(first), err)
		}
		i := 0
		_ = in.eachRow(1, func(r *row) error {
			if r.Key != first[i] {
				t.Errorf("row %d: got key %q, and %q before", r.number, r.Key, first[i])
			}
			i++
			return nil
		})
	})
}
