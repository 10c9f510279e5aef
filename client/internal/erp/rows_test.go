package erp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// readRows reads a page to its end.
func readRows(body io.Reader) (r *Rows, rows []string, err error) {
	r, err = ReadRows(body)
	for err == nil {
		var row []byte
		if row, err = r.Next(); err == nil {
			rows = append(rows, string(row))
		}
	}
	if err == io.EOF {
		err = nil
	}
	return r, rows, err
}

func TestRows(t *testing.T) {
	for _, tt := range []struct {
		body      string
		rows      string // with blanks in between
		total     int
		most      int
		says      string // the error, empty for none
		cutOff    bool
		otherKind bool // what came is no list
	}{
		{body: `[]`},
		{body: ` [ ] `},
		{body: `null`},
		{body: `[{"a":1} , {"a":2}]`, rows: `{"a":1} {"a":2}`},
		{body: `[{"metadata":{"totalCount":7,"maxPageSize":3}},{"metadata":{"totalCount":8}}]`, rows: `{"metadata":{"totalCount":7,"maxPageSize":3}} {"metadata":{"totalCount":8}}`, total: 7, most: 3},
		{body: `[{"METADATA":{"TotalCount":"7","maxpagesize":3.0}}]`, rows: `{"METADATA":{"TotalCount":"7","maxpagesize":3.0}}`, total: 7, most: 3},
		{body: `[{"metadata":{"totalCount":"NaN","maxPageSize":-3}}]`, rows: `{"metadata":{"totalCount":"NaN","maxPageSize":-3}}`},
		{body: `[{"metadata":{"totalCount":1e30,"maxPageSize":"many"}}]`, rows: `{"metadata":{"totalCount":1e30,"maxPageSize":"many"}}`},
		{body: `[{"metadata":7}]`, rows: `{"metadata":7}`},
		{body: ``, says: "got nothing", otherKind: true},
		{body: `{}`, says: "got an object with the fields ", otherKind: true},
		{body: `{"pageNumber":1,"a":{"x":[1,{}]},"records":[{"b":1}],"c"`, says: `"pageNumber", "a", "records", "c"`, otherKind: true},
		{body: `"x"`, says: "got a string", otherKind: true},
		{body: `7`, says: "got a number", otherKind: true},
		{body: `true`, says: "got a boolean", otherKind: true},
		{body: `[{"a":1},null]`, rows: `{"a":1}`, says: "row 2: want an object, got a null", otherKind: true},
		{body: `[[]]`, says: "row 1: want an object, got a list", otherKind: true},
		{body: `[{}][]`, rows: `{}`, says: "something follows the list", otherKind: true},
		{body: `<html>`, says: "invalid character '<'"},
		{body: `[{"a":1} {"a":2}]`, rows: `{"a":1}`, says: "after row 1: expected comma"},
		{body: `[{"a":1},]`, rows: `{"a":1}`, says: "after row 1: invalid character ']'"},
		{body: `[{"a":1}`, rows: `{"a":1}`, cutOff: true},
		{body: `[{"a":1},`, rows: `{"a":1}`, cutOff: true},
		{body: `[{"a":1},{"a"`, rows: `{"a":1}`, cutOff: true},
		{body: `[`, cutOff: true},
	} {
		t.Run(tt.body, func(t *testing.T) {
			r, rows, err := readRows(iotest.OneByteReader(strings.NewReader(tt.body)))
			if got := strings.Join(rows, " "); got != tt.rows {
				t.Errorf("got rows %s, want %s", got, tt.rows)
			}
			if r != nil && (r.Total != tt.total || r.MaxPageSize != tt.most) {
				t.Errorf("got a total of %d and at most %d rows on a page, want %d and %d", r.Total, r.MaxPageSize, tt.total, tt.most)
			}
			if tt.cutOff != errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got error %v, want io.ErrUnexpectedEOF: %t", err, tt.cutOff)
			}
			if _, other := errors.AsType[*ListError](err); other != tt.otherKind {
				t.Errorf("got error %v, want a *ListError: %t", err, tt.otherKind)
			}
			if (err != nil) != (tt.says != "" || tt.cutOff) || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got error %v, want one that says %q", err, tt.says)
			}
		})
	}
}

func TestARowIsKnownWithoutItsMetadata(t *testing.T) {
	identity := func(page string) string {
		r, err := ReadRows(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
		before, after := r.Identity()
		return fmt.Sprintf("%s|%s", before, after)
	}
	const page = `[{"n":1,"metadata":{"totalCount":%d},"z":1},{"n":2,"metadata":{"totalCount":%[1]d},"z":{"totalCount":7}}]`
	const want = `{"n":2,"metadata":|,"z":{"totalCount":7}}`
	for _, total := range []int{8, 9} {
		if got := identity(fmt.Sprintf(page, total)); got != want {
			t.Errorf("with a total of %d: got %s, want %s", total, got, want)
		}
	}
}

// FuzzRows reads what encoding/json takes for a list of objects as that list, and
// nothing else; in pieces as at once.
func FuzzRows(f *testing.F) {
	for _, body := range []string{
		`[]`, `null`, `[{"a":1,"metadata":{"totalCount":2,"maxPageSize":1}},{"a":"\u00e5"}]`, `[{}] x`, `[{},7]`, `{"records":[{}]}`, `[{"metadata":{"totalCount":"1"}}`, ``,
		`[{"metadata":null}]`, "\xef\xbb\xbf[]", `[{"metadata":{"totalCount":2}},{"metadata":{"totalCount":2}}]`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, rows, err := readRows(bytes.NewReader(body))
		_, inPieces, errInPieces := readRows(iotest.OneByteReader(bytes.NewReader(body)))
		if strings.Join(rows, "\n") != strings.Join(inPieces, "\n") || (err == nil) != (errInPieces == nil) {
			t.Fatalf("got %q, %v at once and %q, %v in pieces", rows, err, inPieces, errInPieces)
		}
		var want []map[string]json.RawMessage
		objects := json.Unmarshal(body, &want) == nil
		for _, row := range want {
			objects = objects && row != nil
		}
		if objects != (err == nil) {
			t.Fatalf("got error %v, and encoding/json takes it for a list of objects: %t", err, objects)
		}
		if objects && len(rows) != len(want) {
			t.Fatalf("got %d rows, want %d", len(rows), len(want))
		}
		if r == nil {
			return
		}
		if r.Total < 0 || r.MaxPageSize < 0 {
			t.Fatalf("got a total of %d and at most %d rows on a page, want none below 0", r.Total, r.MaxPageSize)
		}
		if before, after := r.Identity(); len(rows) > 0 && err == nil && len(before)+len(after) > len(rows[len(rows)-1]) {
			t.Fatalf("a row of %d bytes is known by %d", len(rows[len(rows)-1]), len(before)+len(after))
		}
	})
}
