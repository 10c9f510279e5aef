package sqlitestore_test

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/vismanet-go/background/store"
)

// check compares all that both stores hold and looks at the invariants.
func (m *machine) check(t *rapid.T) {
	mem, file := all(t, m.mem), all(t, m.file)
	if x, y := show(mem), show(file); x != y {
		t.Fatalf("records differ\nmemory: %s\nfile:   %s", x, y)
	}
	now := time.Now()
	for _, q := range []store.Query{
		{DueBy: now}, {Phases: []store.Phase{store.Uncertain}}, {Phases: []store.Phase{store.Sending, store.Accepted}, Limit: 1},
	} {
		tenant := pick(t, "listed", tenants...)
		q.NewestFirst = pick(t, "newest", false, true)
		both(t, m, func(_ int, s store.Store) ([]store.Record, error) { return s.List(t.Context(), tenant, q) })
		both(t, m, func(_ int, s store.Store) (int, error) { return s.Count(t.Context(), tenant, q) })
	}
	for _, ref := range refs {
		both(t, m, func(_ int, s store.Store) (store.Record, error) { return s.Get(t.Context(), fjord, ref) })
	}
	for _, id := range append(idsOf(fjord), forged) {
		both(t, m, func(_ int, s store.Store) (store.Record, error) { return s.GetByID(t.Context(), fjord, id) })
	}
	for _, key := range []string{"order-1", "order-2"} {
		both(t, m, func(_ int, s store.Store) (store.Record, error) { return s.GetByKey(t.Context(), fjord, key) })
	}
	for _, name := range []string{"budget", "pause"} {
		both(t, m, func(_ int, s store.Store) (string, error) {
			d, err := s.GetDocument(t.Context(), fjord, name)
			return fmt.Sprint(d.Version != 0, d.Body), err
		})
	}
	for _, ref := range refs {
		both(t, m, func(_ int, s store.Store) ([]byte, error) { return s.GetBody(t.Context(), tenantOf(ref), ref) })
	}
	stopped := pick(t, "stopped", false, true)
	for _, tenant := range []string{fjord, fjell} {
		both(t, m, func(_ int, s store.Store) (store.Sequence, error) { return s.GetSequence(t.Context(), tenant, "s") })
		both(t, m, func(_ int, s store.Store) ([]store.Sequence, error) {
			return s.Sequences(t.Context(), tenant, store.SequenceQuery{Stopped: stopped})
		})
	}
	m.invariants(t, file)
	m.seen, m.decided, m.purged = file, false, nil
}

// invariants are what the design promises of any history.
func (m *machine) invariants(t *rapid.T, now []store.Record) {
	ids, keys, present := map[string]bool{}, map[string]bool{}, map[string]store.Record{}
	for _, rec := range now {
		present[rec.Ref] = rec
		if !rec.Phase.Valid() {
			t.Fatalf("phase %q of %s", rec.Phase, rec.Ref)
		}
		if rec.Phase != store.Unmatched && rec.ID != "" {
			if ids[rec.Tenant+"/"+rec.ID] {
				t.Fatalf("id %s is bound twice", rec.ID)
			}
			ids[rec.Tenant+"/"+rec.ID] = true
			if rec.ID == forged {
				t.Fatalf("%s believes a forger", rec.Ref)
			}
		}
		if rec.HoldsKey() {
			if keys[rec.Tenant+"/"+rec.Key] {
				t.Fatalf("key %s is held twice", rec.Key)
			}
			keys[rec.Tenant+"/"+rec.Key] = true
		}
		if id := m.answered[rec.Ref]; id != "" && rec.ID != id && !slices.Contains(rec.OtherIDs, id) && !slices.Contains(rec.FormerIDs, id) {
			t.Fatalf("%s has lost the accepted id %s: %+v", rec.Ref, id, rec)
		}
		if rec.HasBody && (rec.Phase == store.Acknowledged || rec.Phase == store.Rejected || rec.Phase == store.Abandoned) || !rec.HasBody && rec.Enqueued && rec.Phase == store.Queued {
			t.Fatalf("%s, %s, has a body: %v", rec.Ref, rec.Phase, rec.HasBody)
		}
		if rec.Phase == store.Queued && m.sent[rec.Ref] && !rec.Enqueued {
			t.Fatalf("%s was sent and is queued again", rec.Ref)
		}
		if rec.Phase == store.Unclear && (rec.Outcome == nil || rec.ID == "" || rec.Key != "" && !rec.HoldsKey()) {
			t.Fatalf("%s is unclear and lacks its outcome, its id or its key", rec.Ref)
		}
		if rec.Phase == store.Acknowledged && rec.Outcome != nil && len(rec.Outcome.Content) > 0 {
			t.Fatalf("%s is handled and still keeps its content", rec.Ref)
		}
	}
	for _, old := range m.seen {
		rec, there := present[old.Ref]
		switch {
		case !there && old.Tenant == store.DeliveryTenant:
			if !m.decided {
				t.Fatalf("delivery %s vanished", old.Ref)
			}
		case !there && old.Phase == store.Unmatched: // merged or purged
		case !there && strings.HasPrefix(old.Ref, "unmatched:") && ids[tenantOfID(old)+"/"+old.ID]: // adopted, and then merged
		case !there:
			if !slices.Contains(m.purged, old.Phase) {
				t.Fatalf("%s vanished while %s", old.Ref, old.Phase)
			}
		case rec.Phase != old.Phase && !m.decided && slices.Contains([]store.Phase{store.Acknowledged, store.Dead, store.Expired, store.Abandoned}, rec.Phase):
			t.Fatalf("%s became %s without a decision", rec.Ref, rec.Phase)
		case old.Outcome != nil && old.Outcome.Told != "" && !(m.decided && rec.Phase == store.Queued) && (rec.Outcome == nil || rec.Outcome.Told == ""):
			t.Fatalf("%s has lost what a person told", rec.Ref)
		case rec.Tenant != old.Tenant:
			t.Fatalf("%s moved to another tenant", rec.Ref)
		}
	}
}

// tenantOfID is the tenant that the ERP gave the record's id to.
func tenantOfID(rec store.Record) string {
	tenant, _, _ := strings.Cut(rec.ID, "-")
	return tenant
}

// all lists what a store holds.
func all(t *rapid.T, s store.Store) []store.Record {
	var out []store.Record
	for _, tenant := range tenants {
		list, err := s.List(t.Context(), tenant, store.Query{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, list...)
	}
	return out
}

// times matches the time in the ref of a delivery.
var times = regexp.MustCompile(`delivery:[0-9T.]+:`)

func plain(err error) string {
	if err == nil {
		return "none"
	}
	s := fmt.Sprintf("%T %v", err, err)
	if held, ok := errors.AsType[*store.KeyHeldError](err); ok {
		s += show(held.Record)
	}
	return times.ReplaceAllString(s, "delivery:")
}

// show writes a value without what the clock decides: of a time it tells
// whether it is unset, past or future, of an epoch whether there is one.
func show(v any) string {
	return times.ReplaceAllString(write(reflect.ValueOf(v)), "delivery:")
}

func write(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Time:
		switch {
		case x.IsZero():
			return "-"
		case x.After(time.Now()):
			return "future"
		}
		return "past"
	case []byte:
		return fmt.Sprintf("%q", x)
	case time.Duration:
		return x.String()
	case uint64:
		return fmt.Sprint(x > 0)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "-"
		}
		return write(v.Elem())
	case reflect.Slice:
		s := "["
		for i := range v.Len() {
			s += write(v.Index(i)) + " "
		}
		return s + "]"
	case reflect.Struct:
		s := "{"
		for i := range v.NumField() {
			f := v.Field(i)
			if empty := (f.Kind() == reflect.Slice || f.Kind() == reflect.Map) && f.Len() == 0; !empty && !f.IsZero() {
				s += v.Type().Field(i).Name + ":" + write(f) + " "
			}
		}
		return s + "}"
	}
	return fmt.Sprintf("%v", v.Interface())
}
