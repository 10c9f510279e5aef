package recordjson

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// fill sets every field below v to a value of its own.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 11, 22, 10, 0, *n, *n, time.UTC)))
		return
	case []byte:
		v.SetBytes([]byte("bytes" + strconv.Itoa(*n)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text" + strconv.Itoa(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n)
			fill(value, n)
			v.SetMapIndex(key, value)
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

// TestEveryFieldIsKept fails when a field is added to a record and forgotten
// here.
func TestEveryFieldIsKept(t *testing.T) {
	var want store.Record
	n := 0
	fill(reflect.ValueOf(&want).Elem(), &n)
	want.Lease.Tenant, want.Lease.Ref = want.Tenant, want.Ref
	want.Outcome.Content = StandIn(len(want.Outcome.Content)) // has a table of its own
	want.Notification.Deliver = false                         // an instruction, not kept
	doc, err := encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(string(doc))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v\ndocument %s", got, want, doc)
	}
	sameAsJSON(t, want, string(doc))
}

func TestTimesAreKeptInUTC(t *testing.T) {
	zone := time.FixedZone("", 2*3600+30)
	want := time.Date(2026, 11, 22, 10, 0, 0, 123456789, zone)
	doc, err := encode(store.Record{Ref: "r", Due: want})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(string(doc)); err != nil || !got.Due.Equal(want) {
		t.Errorf("got %v, %v", got.Due, err)
	}
}

var update = flag.Bool("update", false, "append the document of today to testdata")

// TestDocumentsStayReadable holds the documents in testdata, which versions of
// this package wrote, one a line: each is read and written again as it was. The last one has every field that there is today. Never
// change a line; a new field makes a new last one.
func TestDocumentsStayReadable(t *testing.T) {
	path := filepath.Join("testdata", "documents.jsonl")
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all store.Record
	n := 0
	fill(reflect.ValueOf(&all).Elem(), &n)
	today, err := encode(all)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(kept, append(today, '\n')) {
		if *update {
			if err := os.WriteFile(path, append(append(kept, today...), '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Errorf("the last document of %s lacks a field, or a field has moved: after go test -run %s -update it is\n%s", path, t.Name(), today)
	}
	for line := range strings.Lines(string(kept)) {
		doc := strings.TrimSuffix(line, "\n")
		rec, err := decode(doc)
		if err != nil {
			t.Errorf("%v: %s", err, doc)
			continue
		}
		if again, err := encode(rec); err != nil || string(again) != doc {
			t.Errorf("was     %s\nwritten %s, %v", doc, again, err)
		}
	}
}

// FuzzDocument: whatever bytes senders put into strings come back.
func FuzzDocument(f *testing.F) {
	f.Add("ref", "key", []byte("body"))
	f.Add("\xff\xfe", "\x00armoured?", []byte{0, 1, 0xff})
	f.Add("<&>\u2028", "", []byte(nil))
	f.Fuzz(func(t *testing.T, ref, value string, body []byte) {
		want := store.Record{
			Ref: ref, Path: value, Metadata: map[string]string{value: ref},
			Notification: &store.Notification{Body: body, Header: map[string]string{ref: value}},
			Outcome:      &store.Outcome{Header: map[string][]string{value: {ref, value}}},
		}
		doc, err := encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(string(doc))
		if err != nil {
			t.Fatal(err)
		}
		sameAsJSON(t, want, string(doc))
		if !bytes.Equal(got.Notification.Body, body) {
			t.Fatalf("body %q became %q", body, got.Notification.Body)
		}
		got.Notification.Body = want.Notification.Body
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func encode(rec store.Record) ([]byte, error) { return Append(nil, &rec, Quoted{}) }

func decode(doc string) (rec store.Record, err error) {
	err = Decode(&rec, doc)
	return rec, err
}

// sameAsJSON holds a document against what encoding/json writes, and reads it
// in both ways.
func sameAsJSON(t *testing.T, rec store.Record, doc string) {
	t.Helper()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(toDocument(rec)); err != nil {
		t.Fatal(err)
	}
	if want := string(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))); doc != want {
		t.Fatalf("wrote   %s\nwant    %s", doc, want)
	}
	var fast store.Record
	if err := Decode(&fast, doc); err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	var d document
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		t.Fatal(err)
	}
	if slow := fromDocument(&d); !reflect.DeepEqual(fast, slow) {
		t.Fatalf("read fast %+v\nread slow %+v", fast, slow)
	}
}

// FuzzDecode: what is read here, encoding/json reads as well, to the same end.
func FuzzDecode(f *testing.F) {
	var rec store.Record
	n := 0
	fill(reflect.ValueOf(&rec).Elem(), &n)
	doc, err := encode(rec)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(doc))
	for _, doc := range []string{
		`{}`, `{"ref":"r","phase":"sending"}`, `{"phase":"sending","ref":"r"}`, `{"ref":"r","ref":"s","phase":""}`, `{"ref":"r","phase":"x","polls":-7}`,
		`{"ref":"\u00e5\u2028\ud83d","phase":""}`, `{"ref":"r","phase":"","metadata":{"b":"1","a":"2","a":"3"}}`, ` {"ref":"r"}`, `{"ref":"r","phase":"x"},`,
		`{"ref":"r","phase":"x","outcome":{"header":{"a":null,"b":[],"c":["x"]},"kept":true,"contentSize":7}}`, "{\"ref\":\"\xff\"}", `{"ref":"r","polls":`, `{"late":tru`,
		`{"ref":"r","phase":"x","polls":01}`, `{"ref":"r","phase":"x","polls":1e3}`, `{"ref":"r","phase":"x","due":"2026-11-22T10:00:00+02:30"}`,
	} {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		var fast store.Record
		if Decode(&fast, doc) != nil {
			return
		}
		var d document
		if err := json.Unmarshal([]byte(doc), &d); err != nil {
			t.Fatalf("read here only: %q: %v", doc, err)
		}
		if slow := fromDocument(&d); !reflect.DeepEqual(fast, slow) {
			t.Fatalf("%q: fast %+v, slow %+v", doc, fast, slow)
		}
	})
}

// A body that its caller has quoted is written as any other, and no other
// body is taken for it.
func TestAQuotedBodyIsWrittenAlike(t *testing.T) {
	for _, body := range []string{"", "x", "{\"id\":\"å\u2028\\\"}", "\x00", "\x00eA==", "\xff\xfe{", "\xe2\x80", strings.Repeat("\n<>&\x7f", 99)} {
		for _, other := range []string{body, body + "y"} {
			rec := store.Record{Ref: "r", Notification: &store.Notification{ID: "x", Body: []byte(body)}}
			rec.Conflict = &store.Conflict{Body: []byte(other)}
			want, err := encode(rec)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Append(nil, &rec, Quote(rec.Notification.Body))
			if err != nil || string(got) != string(want) {
				t.Errorf("%q: got %s, want %s, %v", body, got, want, err)
			}
			back, err := decode(string(got))
			if err != nil || string(back.Notification.Body) != body || string(back.Conflict.Body) != other {
				t.Errorf("%q: read %+v, %v", body, back, err)
			}
		}
	}
}
