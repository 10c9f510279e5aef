package sqlitestore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// The documents in testdata/documents4.jsonl were written by versions of schema
// 4, one a line: the migration makes of each what is written today. Never change
// a line.
func TestDocumentsOfSchema4(t *testing.T) {
	kept, err := os.ReadFile(filepath.Join("testdata", "documents4.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	c := raw(t, temp(t))
	defer c.Close()
	if err := migrate(c, 4); err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(kept)) {
		doc := strings.TrimSuffix(line, "\n")
		err := c.Exec("INSERT INTO records (ref, tenant, phase, doc) VALUES (?1, ?2 ->> '$.tenant', ?2 ->> '$.phase', ?2)", fmt.Sprint(len(want)), doc)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, strings.NewReplacer(`"lookedAt":"`, `"polledAt":"`, `"phase":"handled"`, `"phase":"acknowledged"`).Replace(doc))
	}
	if err := migrate(c, schemaVersion); err != nil {
		t.Fatal(err)
	}
	for i, want := range want {
		doc, err := c.Text("SELECT doc FROM records WHERE ref = ?", fmt.Sprint(i))
		if err != nil || doc != want {
			t.Fatalf("got %v, %v\nwant %s", doc, err, want)
		}
		rec, err := decode(want)
		if err != nil {
			t.Errorf("%v: %s", err, want)
		}
		if again, err := encode(nil, rec); err != nil || string(again) != want {
			t.Errorf("was     %s\nwritten %s, %v", want, again, err)
		}
	}
}

// TestRecordsOfEarlierVersionsGoOn puts documents without the fields of today
// into a file: their leases, plans and counts mean what they did.
func TestRecordsOfEarlierVersionsGoOn(t *testing.T) {
	path := temp(t)
	if err := mustOpen(t, Config{Path: path}).Close(); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	c := raw(t, path)
	for ref, until := range map[string]time.Duration{"held": time.Minute, "lapsed": -time.Minute, "far": 3 * time.Hour} {
		end := now.Add(until)
		doc := `{"tenant":"fjord","ref":"` + ref + `","phase":"sending","method":"POST","path":"/","lease":{"owner":"replica-a","epoch":7,"until":"` +
			end.Format(time.RFC3339Nano) + `"},"sendEpoch":7}`
		err := c.Exec(
			"INSERT INTO records (ref, tenant, phase, until, doc) VALUES (?, 'fjord', 'sending', ?, ?)", ref, end.UnixNano(), doc)
		if err != nil {
			t.Fatal(err)
		}
	}
	err := c.Exec(
		`INSERT INTO records (ref, tenant, phase, id, due, doc) VALUES ('failed', 'fjord', 'settled', 'id', 1, '{"tenant":"fjord","ref":"failed",` +
			`"phase":"settled","id":"id","idSource":"answer","due":"1970-01-01T00:00:00.000000001Z","attempts":2,"outcome":{"status":"Finished","statusCode":200}}')`)
	if err = errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}

	s := mustOpen(t, Config{Path: path})
	stats, err := s.Stats(t.Context())
	if err != nil || stats.Phases[store.Sending] != 1 || stats.Phases[store.Uncertain] != 2 {
		t.Errorf("got %v, %v, want 1 sending and 2 uncertain", stats.Phases, err)
	}
	for ref, want := range map[string]store.Phase{"held": store.Sending, "lapsed": store.Uncertain, "far": store.Uncertain} {
		rec, err := s.Get(t.Context(), "fjord", ref)
		if err != nil || rec.Phase != want {
			t.Errorf("%s: got %s, %v, want %s", ref, rec.Phase, err, want)
		}
		_, _, err = s.Acquire(t.Context(), "fjord", ref, "replica-b", store.ToPoll, time.Minute)
		if leased := errors.Is(err, store.ErrLeased); leased != (want == store.Sending) {
			t.Errorf("%s: leased %v, %v", ref, leased, err)
		}
		list, err := s.List(t.Context(), "fjord", store.Query{Phases: []store.Phase{want}})
		if err != nil || len(list) == 0 {
			t.Errorf("%s: not listed as %s, %v", ref, want, err)
		}
	}
	if _, rec, err := s.Acquire(t.Context(), "fjord", "failed", "replica-b", store.ToRun, time.Minute); err != nil || rec.Attempts != 3 {
		t.Errorf("run %d, %v, want the third", rec.Attempts, err)
	}
}

// TestStatsOfAClockThatWasAhead counts what is uncertain and due although the
// times in the file lie far ahead.
func TestStatsOfAClockThatWasAhead(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	err := Ahead(t.Context(), s, 48*time.Hour, func(r store.Rules) error {
		_, err := r.Create(store.Record{Tenant: "fjord", Ref: "a", Phase: store.Sending, Method: "POST", Path: "/"}, "replica-a", time.Minute)
		if err == nil {
			_, err = r.Create(store.Record{Tenant: "fjord", Ref: "b", Phase: store.Queued, Method: "POST", Path: "/", Due: r.Tx.Now()}, "", 0)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Stats(t.Context())
	if err != nil || got.Phases[store.Uncertain] != 1 || got.Phases[store.Sending] != 0 || got.OldestDue.IsZero() || got.OldestDue.After(time.Now()) {
		t.Errorf("got %+v, %v", got, err)
	}
}
