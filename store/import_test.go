package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// TestImport moves one item into a store that holds something already.
func TestImport(t *testing.T) {
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rec := func(ref string, change func(*store.Record)) store.Item {
		r := store.Record{Tenant: "fjord", Ref: ref, Phase: store.Accepted, Method: "POST", Path: "/", CreatedAt: day, UpdatedAt: day.Add(time.Hour)}
		if change != nil {
			change(&r)
		}
		return store.Item{Record: &r}
	}
	tomb := func(ref, key string, at time.Time) store.Item {
		return store.Item{Tombstone: &store.Tombstone{Tenant: "fjord", Ref: ref, Key: key, At: at}}
	}
	seq := func(last, done uint64, waiting int) store.Item {
		return store.Item{Sequence: &store.Sequence{Tenant: "fjord", Name: "s", Last: last, Done: done, Waiting: waiting}}
	}
	doc := func(version uint64) store.Item {
		return store.Item{Document: &store.Document{Tenant: "fjord", Name: "budget", Version: version, Body: []byte("1"), ChangedAt: day}}
	}
	older := func(r *store.Record) { r.UpdatedAt = day }
	keyed := func(r *store.Record) { r.Key = "k" }
	late := func(r *store.Record) { r.Key, r.CreatedAt = "k", day.Add(5*time.Hour) }
	unmatched := func(r *store.Record) { r.Phase, r.ID, r.IDSource = store.Unmatched, "id", store.FromNotification }
	bound := func(r *store.Record) { r.ID, r.IDSource = "id", store.FromAnswer }
	placed := func(place uint64, blocked bool) func(*store.Record) {
		return func(r *store.Record) {
			r.Phase, r.Enqueued, r.HasBody, r.Sequence, r.Place, r.Blocked = store.Queued, true, true, "s", place, blocked
		}
	}
	again := func(it store.Item) store.Item { it.Again = true; return it }
	gone := func(it store.Item) store.Item { it.Gone = true; return it }

	tests := []struct {
		name   string
		there  []store.Item
		item   store.Item
		result store.ImportResult
		why    string
	}{
		{"a new record", nil, rec("r", keyed), store.ImportAdded, ""},
		{"the same record", []store.Item{rec("r", nil)}, rec("r", nil), store.ImportSame, ""},
		{"an older one is there", []store.Item{rec("r", older)}, rec("r", nil), store.ImportUpdated, ""},
		{"a newer one is there", []store.Item{rec("r", nil)}, rec("r", older), store.ImportKept, "it is accepted there, changed at 2026-03-01T13:00:00Z"},
		{"one is there that was leased since", []store.Item{rec("r", func(r *store.Record) { r.UpdatedAt, r.Lease.Epoch = day, 7 })}, rec("r", nil), store.ImportKept, "worked on since"},
		{"one is there that was notified since", []store.Item{rec("r", func(r *store.Record) { r.UpdatedAt, r.Notifications = day, 1 })}, rec("r", nil), store.ImportKept, "worked on since"},
		{"another tenant has its ref", []store.Item{rec("r", func(r *store.Record) { r.Tenant = "fjell" })}, rec("r", nil), store.ImportRefused, "tenant fjell"},
		{"it was purged there", []store.Item{tomb("r", "", day.Add(time.Hour))}, rec("r", nil), store.ImportKept, "purged there"},
		{"another one of its ref was purged before", []store.Item{tomb("r", "", day.Add(-time.Hour))}, rec("r", nil), store.ImportAdded, ""},

		{"another one holds its key", []store.Item{rec("other", keyed)}, rec("r", keyed), store.ImportRefused, `record other, which is accepted, holds its key "k"`},
		{"another one held its key", []store.Item{rec("other", func(r *store.Record) { r.Key, r.KeyReleased = "k", true })}, rec("r", keyed), store.ImportAdded, ""},
		{"a purged one holds its key", []store.Item{tomb("other", "k", day.Add(4*time.Hour))}, rec("r", keyed), store.ImportRefused, "record other, which was purged there"},
		{"it was made once that was purged", []store.Item{tomb("other", "k", day.Add(4*time.Hour))}, rec("r", late), store.ImportAdded, ""},
		{"it supersedes the purged one", []store.Item{tomb("other", "k", day.Add(4*time.Hour))}, rec("r", func(r *store.Record) { r.Key, r.Supersedes = "k", "other" }), store.ImportAdded, ""},

		{"another one has its id", []store.Item{rec("other", bound)}, rec("r", bound), store.ImportRefused, "record other has its id id"},
		{"its id was unmatched", []store.Item{rec("other", unmatched)}, rec("r", bound), store.ImportAdded, ""},
		{"unmatched, and known there", []store.Item{rec("other", bound)}, rec("r", unmatched), store.ImportKept, "known there as record other"},
		{"unmatched, moved before", nil, again(rec("r", unmatched)), store.ImportKept, "dealt with there"},
		{"a delivery, moved before", nil, again(rec("r", func(r *store.Record) { r.Tenant, r.Phase = store.DeliveryTenant, store.Delivery })), store.ImportKept, "dealt with there"},
		{"an operation, moved before", nil, again(rec("r", nil)), store.ImportAdded, ""},
		{"a delivery that the other store has no more", []store.Item{rec("r", older)}, gone(rec("r", nil)), store.ImportRemoved, ""},
		{"one that was changed here since", []store.Item{rec("r", nil)}, gone(rec("r", older)), store.ImportKept, "changed at"},
		{"one that is gone here as well", nil, gone(rec("r", nil)), store.ImportSame, ""},

		{"a place", []store.Item{seq(3, 0, 3)}, rec("r", placed(2, true)), store.ImportAdded, ""},
		{"its place is another's", []store.Item{seq(3, 0, 3), rec("other", placed(2, true))}, rec("r", placed(2, true)), store.ImportRefused, `record other has its place 2 in sequence "s"`},
		{"its turn has come without it", []store.Item{seq(3, 1, 2)}, rec("r", placed(2, true)), store.ImportRefused, "up to its place 2"},

		{"a tombstone", nil, tomb("r", "k", day), store.ImportAdded, ""},
		{"the same tombstone", []store.Item{tomb("r", "k", day)}, tomb("r", "k", day), store.ImportSame, ""},
		{"its key was freed", []store.Item{tomb("r", "k", day)}, tomb("r", "", day), store.ImportUpdated, ""},
		{"its key was freed here", []store.Item{tomb("r", "", day)}, tomb("r", "k", day), store.ImportKept, "freed"},
		{"it is of a record that is here", []store.Item{rec("r", nil)}, tomb("r", "k", day.Add(2*time.Hour)), store.ImportUpdated, ""},
		{"it is of a record that was changed here since", []store.Item{rec("r", nil)}, tomb("r", "k", day), store.ImportKept, "it is accepted there"},
		{"a record holds its key", []store.Item{rec("other", keyed)}, tomb("r", "k", day), store.ImportRefused, "record other"},
		{"a later tombstone holds its key", []store.Item{tomb("other", "k", day)}, tomb("r", "k", day.Add(-time.Hour)), store.ImportRefused, "record other"},
		{"an earlier tombstone holds its key", []store.Item{tomb("other", "k", day)}, tomb("r", "k", day.Add(time.Hour)), store.ImportAdded, ""},

		{"a sequence", nil, seq(3, 1, 2), store.ImportAdded, ""},
		{"the same sequence", []store.Item{seq(3, 1, 2)}, seq(3, 1, 2), store.ImportSame, ""},
		{"a sequence that is further", []store.Item{seq(3, 1, 2)}, seq(4, 2, 2), store.ImportUpdated, ""},
		{"a sequence that is further here", []store.Item{seq(3, 1, 2), rec("r", placed(2, false))}, seq(4, 0, 4), store.ImportKept, "1 of 3 are done"},
		{"a sequence that began anew", []store.Item{seq(3, 3, 0)}, seq(1, 0, 1), store.ImportUpdated, ""},

		{"a document", nil, doc(1), store.ImportAdded, ""},
		{"the same document", []store.Item{doc(1)}, doc(1), store.ImportSame, ""},
		{"a later document", []store.Item{doc(1)}, doc(2), store.ImportUpdated, ""},
		{"an earlier document", []store.Item{doc(2)}, doc(1), store.ImportKept, "written there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := store.NewMemory(store.MemoryConfig{})
			defer m.Close()
			err := store.Ahead(m, 0, func(r store.Rules) error {
				for _, it := range tt.there {
					if out, err := r.Import(it); err != nil || out.Result != store.ImportAdded {
						t.Fatalf("%s, which is to be there: %+v (%v)", it.Name(), out, err)
					}
				}
				got, err := r.Import(tt.item)
				if err != nil {
					return err
				}
				if got.Result != tt.result || !strings.Contains(got.Why, tt.why) || (got.Why == "") != (tt.why == "") {
					t.Errorf("got %s, %q; want %s, %q", got.Result, got.Why, tt.result, tt.why)
				}
				// Once it is there, it stays.
				if once, err := r.Import(tt.item); err == nil && (got.Result == store.ImportAdded || got.Result == store.ImportUpdated) && once.Result != store.ImportSame {
					t.Errorf("imported once more: %+v, want it there", once)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
