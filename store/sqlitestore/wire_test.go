package sqlitestore

import (
	"bytes"
	"encoding/json"
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
	want.Outcome.Content = standIn(len(want.Outcome.Content)) // has a table of its own
	want.Notification.Deliver = false                         // an instruction, not kept
	doc, err := encode(nil, want)
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
	doc, err := encode(nil, store.Record{Ref: "r", Due: want})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(string(doc)); err != nil || !got.Due.Equal(want) {
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
		doc, err := encode(nil, want)
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
	if !quickly(&fast, doc) {
		t.Fatalf("not read by the fast way: %s", doc)
	}
	var d document
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		t.Fatal(err)
	}
	if slow := fromDocument(&d); !reflect.DeepEqual(fast, slow) {
		t.Fatalf("read fast %+v\nread slow %+v", fast, slow)
	}
}

// FuzzDecode: what the fast way reads, encoding/json reads as well, to the
// same end.
func FuzzDecode(f *testing.F) {
	var rec store.Record
	n := 0
	fill(reflect.ValueOf(&rec).Elem(), &n)
	doc, err := encode(nil, rec)
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
		if !quickly(&fast, doc) {
			return
		}
		var d document
		if err := json.Unmarshal([]byte(doc), &d); err != nil {
			t.Fatalf("read by the fast way only: %q: %v", doc, err)
		}
		if slow := fromDocument(&d); !reflect.DeepEqual(fast, slow) {
			t.Fatalf("%q: fast %+v, slow %+v", doc, fast, slow)
		}
	})
}

func toDocument(r store.Record) document {
	d := document{
		Tenant: armour(r.Tenant), Ref: armour(r.Ref), Phase: r.Phase,
		ID: armour(r.ID), IDSource: r.IDSource, OtherIDs: mappedList(r.OtherIDs, armour), Candidates: mappedList(r.Candidates, armour),
		Key: armour(r.Key), KeyReleased: r.KeyReleased, Supersedes: armour(r.Supersedes), Fingerprint: armour(r.Fingerprint),
		Kind: armour(r.Kind), Verifier: armour(r.Verifier), Method: armour(r.Method), Path: armour(r.Path), Origin: armour(r.Origin),
		Notify: armour(r.Notify), Link: armour(r.Link), Metadata: mapped(r.Metadata, armour),
		Due: r.Due.UTC(), Polls: r.Polls, PolledAt: r.PolledAt.UTC(),
		Progress: progress{
			armour(r.Progress.Status), r.Progress.StatusCode, armour(r.Progress.Location), r.Progress.SeenAt.UTC(),
			r.Progress.Missing, r.Progress.MissingSince.UTC(), r.Progress.Missings, r.Progress.RefusedSince.UTC(), r.Progress.RefusedStatus,
			r.Progress.ReceivedAt.UTC(), r.Progress.StartedAt.UTC(), r.Progress.EndSeen.UTC(),
		},
		Attempts: r.Attempts, RunEpoch: r.RunEpoch, Lease: lease{armour(r.Lease.Owner), r.Lease.Epoch, r.Lease.Until.UTC(), r.Lease.TTL}, SendEpoch: r.SendEpoch,
		Notifications: r.Notifications, Duplicates: r.Duplicates, Conflicts: r.Conflicts,
		Reason: armour(r.Reason), Late: r.Late,
		CreatedAt: r.CreatedAt.UTC(), SentAt: r.SentAt.UTC(), AcceptedAt: r.AcceptedAt.UTC(),
		SettledAt: r.SettledAt.UTC(), EndedAt: r.EndedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	if n := r.Notification; n != nil {
		d.Notification = &notification{
			Tenant: armour(n.Tenant), Ref: armour(n.Ref), ID: armour(n.ID), NotificationID: armour(n.NotificationID),
			StatusCode: n.StatusCode, Mode: armour(n.Mode), Unparsed: n.Unparsed, Header: mapped(n.Header, armour),
			Body: armour(string(n.Body)), ReceivedAt: n.ReceivedAt.UTC(),
		}
	}
	if c := r.Conflict; c != nil {
		d.Conflict = &conflict{c.At.UTC(), armour(c.Reason), armour(c.ID), armour(string(c.Body))}
	}
	if o := r.Outcome; o != nil {
		size, _ := sizeOf(o.Content)
		d.Outcome = &outcome{
			Status: armour(o.Status), Foreground: o.Foreground, StatusCode: o.StatusCode, Header: mappedHeader(o.Header, armour),
			ErrorMessage: armour(o.ErrorMessage), Failure: armour(o.Failure), Unconfirmed: o.Unconfirmed, Told: armour(o.Told), HasContent: o.HasContent, Kept: o.Kept, ContentSize: size, ContentType: armour(o.ContentType),
			Confirmed: o.Confirmed, Refuted: armour(o.Refuted),
			ReceivedAt: o.ReceivedAt.UTC(), StartedAt: o.StartedAt.UTC(), FinishedAt: o.FinishedAt.UTC(),
		}
	}
	return d
}

// A body that its caller has quoted is written as any other, and no other
// body is taken for it.
func TestAQuotedBodyIsWrittenAlike(t *testing.T) {
	for _, body := range []string{"", "x", "{\"id\":\"å\u2028\\\"}", "\x00", "\x00eA==", "\xff\xfe{", "\xe2\x80", strings.Repeat("\n<>&\x7f", 99)} {
		for _, other := range []string{body, body + "y"} {
			rec := store.Record{Ref: "r", Notification: &store.Notification{ID: "x", Body: []byte(body)}}
			rec.Conflict = &store.Conflict{Body: []byte(other)}
			want, err := encode(nil, rec)
			if err != nil {
				t.Fatal(err)
			}
			got, err := encodeWith(nil, &rec, quote(rec.Notification.Body))
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
