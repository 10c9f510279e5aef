package pgstore

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/store"
)

// tables are those that hold what callers gave.
var tables = []string{"records", "contents", "bodies", "tombstones", "sequences", "documents"}

// dump is all that is in the tables, as text.
func dump(t *testing.T, s *Store) string {
	t.Helper()
	conn := connect(t, s.cfg)
	var out strings.Builder
	for _, table := range tables {
		rows, err := conn.Query(t.Context(), s.text("SELECT to_jsonb(r)::text || encode("+map[bool]string{true: "r.body", false: "''"}[table == "contents" || table == "bodies" || table == "documents"]+", 'escape') FROM ~"+table+" AS r"))
		must(t, err)
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		for _, line := range list {
			fmt.Fprintln(&out, table, line)
		}
	}
	return out.String()
}

func TestAPurgeLeavesNothingButWhatProtectsFromDoingItTwice(t *testing.T) {
	s := open(t, config(t))
	ctx := t.Context()
	secret := "confidential"
	rec := queued("the key", "")
	rec.Metadata, rec.Path, rec.Kind = map[string]string{"customer": secret}, "/"+secret, secret
	_, err := s.Enqueue(ctx, rec, []byte(secret))
	must(t, err)
	l, _, err := s.Acquire(ctx, fjord, rec.Ref, "a", store.ToSend, lasting)
	must(t, err)
	_, err = s.Decide(ctx, l, store.SendDecision{})
	must(t, err)
	id := hook.NewRef()
	_, err = s.Report(ctx, fjord, rec.Ref, store.AcceptedFact{ID: id, Source: store.FromAnswer})
	must(t, err)
	_, err = s.Notify(ctx, store.Notification{Tenant: fjord, ID: id, NotificationID: "1", Body: []byte(secret)})
	must(t, err)
	_, err = s.Notify(ctx, store.Notification{Tenant: fjord, ID: hook.NewRef(), NotificationID: "2", Body: []byte(secret)})
	must(t, err)
	_, err = s.Report(ctx, fjord, rec.Ref, store.SettledFact{ID: id, Outcome: store.Outcome{Status: "Finished", StatusCode: 201, HasContent: true, Kept: true, Content: []byte(secret), ErrorMessage: secret}})
	must(t, err)
	if text := dump(t, s); !strings.Contains(text, secret) {
		t.Fatal("the text is nowhere to be found")
	}
	rec, err = s.Decide(ctx, run(t, s, rec), store.AcknowledgeDecision{})
	must(t, err)
	if text := dump(t, s); strings.Contains(text, "bodies") || strings.Contains(text, "contents") {
		t.Errorf("the body and the content of what was acknowledged are still there:\n%s", text)
	}
	later := time.Now().Add(time.Minute)
	got, err := s.Purge(ctx, fjord, store.Retention{Ended: later, Unacknowledged: later, Unmatched: later})
	if want := (store.PurgeCount{Ended: 1, Unmatched: 1}); err != nil || got != want {
		t.Errorf("Purge: got %+v, %v, want %+v", got, err, want)
	}
	text := dump(t, s)
	if strings.Contains(text, secret) {
		t.Errorf("after the purge there is still\n%s", text)
	}
	again := newRecord(store.Sending)
	again.Key = rec.Key
	_, err = s.Create(ctx, again, "a", lasting)
	held, ok := errors.AsType[*store.KeyHeldError](err)
	if want := (store.Record{Tenant: fjord, Ref: rec.Ref, ID: id, Key: rec.Key, Fingerprint: rec.Fingerprint}); !ok || !held.Purged || !reflect.DeepEqual(held.Record, want) {
		t.Errorf("the key: got %v, want that the purged %+v holds it", err, want)
	}
	if got, err := s.Notify(ctx, store.Notification{Tenant: fjord, Ref: rec.Ref, ID: id, NotificationID: "3", Body: []byte("late")}); err != nil || got.Verdict != store.Purged {
		t.Errorf("a late notification: got %+v, %v, want that it is of what was purged", got, err)
	}
	got, err = s.Purge(ctx, store.AnyTenant, store.Retention{Keys: later})
	if err != nil || got.Keys != 1 {
		t.Errorf("Purge of keys: got %+v, %v, want 1", got, err)
	}
	if text := dump(t, s); strings.Contains(text, rec.Key) {
		t.Errorf("after the purge of keys there is still\n%s", text)
	}
	_, err = s.Create(ctx, again, "a", lasting)
	must(t, err)
}

func TestListsByMetadataOfAnyBytes(t *testing.T) {
	s := open(t, config(t))
	ctx := t.Context()
	refs := make([]string, len(odd))
	for i, text := range odd {
		rec := newRecord(store.Sending)
		rec.Tenant = "tenant " + text
		rec.Kind, rec.Path = text, text
		rec.Metadata = map[string]string{text: text, "": "empty name", "empty": ""}
		refs[i] = rec.Ref
		rec, err := s.Create(ctx, rec, "a", lasting)
		must(t, err)
		_, err = s.Report(ctx, rec.Tenant, rec.Ref, store.UncertainFact{Epoch: rec.Lease.Epoch, Reason: text})
		must(t, err)
	}
	for i, text := range odd {
		for _, m := range []map[string]string{{text: text}, {"": "empty name", text: text}, {"empty": ""}} {
			got, err := s.List(ctx, "tenant "+text, store.Query{Metadata: m, Kinds: []string{text}})
			if err != nil || len(got) != 1 || got[0].Ref != refs[i] || got[0].Metadata[text] != text || got[0].Reason != text {
				t.Errorf("text %d by %q: got %d records, %v, want the one as it was", i, m, len(got), err)
			}
		}
		for _, m := range []map[string]string{{text: text + "x"}, {text + "x": text}} {
			if n, err := s.Count(ctx, "tenant "+text, store.Query{Metadata: m}); err != nil || n != 0 {
				t.Errorf("text %d by %q: %d are counted, %v, want none", i, m, n, err)
			}
		}
	}
	// The view for people shows them all.
	rows, err := connect(t, s.cfg).Query(ctx, s.text("SELECT ref FROM (SELECT *, coalesce(path, '') || coalesce(reason, '') || metadata::text AS text FROM ~operations) AS o ORDER BY ref"))
	must(t, err)
	seen, err := pgx.CollectRows(rows, pgx.RowTo[string])
	slices.Sort(refs)
	if err != nil || !slices.Equal(seen, refs) {
		t.Errorf("the view shows %d records, %v, want the %d", len(seen), err, len(refs))
	}
}
