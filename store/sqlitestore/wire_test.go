package sqlitestore

import (
	"bytes"
	"reflect"
	"strconv"
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
	case reflect.Int:
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
	want.Outcome.Content = standIn(len(want.Outcome.Content)) // has a table of its own
	want.Notification.Deliver = false                         // an instruction, not kept
	var buf bytes.Buffer
	doc, err := encode(&buf, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(doc)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v\ndocument %s", got, want, doc)
	}
}

func TestTimesAreKeptInUTC(t *testing.T) {
	zone := time.FixedZone("", 2*3600+30)
	want := time.Date(2026, 11, 22, 10, 0, 0, 123456789, zone)
	var buf bytes.Buffer
	doc, err := encode(&buf, store.Record{Ref: "r", Due: want})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(doc); err != nil || !got.Due.Equal(want) {
		t.Errorf("got %v, %v", got.Due, err)
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
		var buf bytes.Buffer
		doc, err := encode(&buf, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(doc)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Notification.Body, body) {
			t.Fatalf("body %q became %q", body, got.Notification.Body)
		}
		got.Notification.Body = want.Notification.Body
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}
