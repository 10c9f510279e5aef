package sqlitestore

import (
	"context"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

var updatePlans = flag.Bool("update-plans", false, "write testdata/plans.txt anew")

// mayScan are the parts of plans that read all of something, with the reason
// why it is small. A SCAN that uses an index reads all of the index.
var mayScan = map[string]string{
	"SCAN CONSTANT ROW": "one row",
	"SCAN tenants":      "the tenants that the query has found itself, one look into an index each",
	"SCAN json_each EXISTS VIRTUAL TABLE INDEX 3:": "the metadata of one record",
	"SCAN counts":        "one row for each phase of each tenant",
	"SCAN sqlite_schema": "a row for each table and index, read once when a file is opened",
	"SCAN records USING COVERING INDEX sqlite_autoindex_records_1": "only in Health, which reads one row",
}

// TestPlans pins how SQLite runs every statement that was used, and that none
// reads all of a table or of an index.
func TestPlans(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	useAll(t, s)
	plans := make(map[string][]string)
	collect := func(c *sqlitefile.Conn) error {
		for _, sql := range c.Statements() {
			var plan []string
			err := c.Query(context.Background(), "EXPLAIN QUERY PLAN "+sql, nil, func(row sqlitefile.Row) error {
				var step string
				err := row.Scan(nil, nil, nil, &step)
				plan = append(plan, step)
				return err
			})
			if err != nil {
				t.Errorf("%s: %v", sql, err)
			}
			if len(plan) > 0 {
				plans[strings.Join(strings.Fields(sql), " ")] = plan
			}
		}
		return nil
	}
	if err := s.file.Visit(t.Context(), collect); err != nil {
		t.Fatal(err)
	}
	for range readers {
		if err := s.reading(t.Context(), collect); err != nil {
			t.Fatal(err)
		}
	}
	var text strings.Builder
	for _, sql := range slices.Sorted(maps.Keys(plans)) {
		text.WriteString(sql + "\n")
		for _, step := range plans[sql] {
			text.WriteString("\t" + step + "\n")
			if strings.HasPrefix(step, "SCAN") && (mayScan[step] == "" || strings.HasPrefix(step, "SCAN records") && sql != "SELECT n FROM records LIMIT 1") {
				t.Errorf("%s\n\treads all: %s", sql, step)
			}
			if strings.Contains(step, "TEMP B-TREE") && !strings.Contains(sql, "ORDER BY 4 LIMIT 1") { // at most two rows
				t.Errorf("%s\n\tsorts: %s", sql, step)
			}
		}
	}
	name := filepath.Join("testdata", "plans.txt")
	if *updatePlans {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, name, []byte(text.String()))
	}
	want, err := os.ReadFile(name)
	if err != nil || string(want) != text.String() {
		t.Errorf("%v; plans differ from %s, which go test -update-plans writes; got\n%s", err, name, text.String())
	}
}

// useAll has every statement prepared, each read by every reader.
func useAll(t *testing.T, s *Store) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 { // the last one has no key
		ref, key := string(rune('a'+i)), "k"+string(rune('a'+i))
		if i == 3 {
			key = ""
		}
		_, err := s.Create(ctx, sending(ref, key), "me", time.Minute)
		must(err)
		for _, tenant := range []string{"", "fjord"} {
			_, err := s.Notify(ctx, store.Notification{Tenant: tenant, ID: "id-" + ref, Deliver: true})
			must(err)
		}
		_, err = s.Report(ctx, "fjord", ref, store.AcceptedFact{ID: "id-" + ref, Source: store.FromAnswer})
		must(err)
		outcome := store.Outcome{Status: "Finished", StatusCode: 500, HasContent: true, Kept: true, Content: []byte("x")}
		_, err = s.Report(ctx, "fjord", ref, store.SettledFact{ID: "id-" + ref, Outcome: outcome})
		must(err)
		l, _, err := s.Acquire(ctx, "fjord", ref, "me", store.ToPoll, time.Minute)
		must(err)
		l, err = s.Extend(ctx, l, time.Minute)
		must(err)
		if i == 0 {
			must(s.Release(ctx, l))
			continue
		}
		_, err = s.Decide(ctx, l, store.AcknowledgeDecision{})
		must(err)
	}
	d, err := s.PutDocument(ctx, store.Document{Tenant: "fjord", Name: "budget", Body: []byte("1")})
	must(err)
	d.Body = nil
	_, err = s.PutDocument(ctx, d)
	must(err)
	next := sending("next", "ka")
	next.Supersedes = "a"
	_, err = s.Create(ctx, next, "me", time.Minute)
	must(err)
	must(s.change(ctx, func(tx *tx, _ store.Rules) error {
		for _, tenant := range []string{store.AnyTenant, "fjord"} {
			if _, _, err := tx.GetByID(tenant, "nothing"); err != nil {
				return err
			}
			if _, _, err := tx.GetTombstone(tenant, "nothing"); err != nil {
				return err
			}
		}
		_, _, err := tx.GetTombstoneByKey("fjord", "nothing")
		return err
	}))
	for _, ref := range []string{"first", "second", "third"} {
		enqueued(t, s, ref, "orders", []byte("body"))
	}
	enqueued(t, s, "only", "closed", []byte("body"))
	decided(t, s, "only", store.WithdrawDecision{Reason: "a mistake"}) // its sequence goes with it
	decided(t, s, "third", store.WithdrawDecision{Reason: "a mistake"})
	decided(t, s, "first", store.SendDecision{})
	reported(t, s, "first", store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 201}})
	later := now.Add(time.Hour)
	for _, tenant := range []string{"fjord", store.AnyTenant} {
		_, err := s.Purge(ctx, tenant, store.Retention{Ended: later, Unacknowledged: later, Unmatched: later, Keys: now})
		must(err)
	}
	again := sending("again", "kb")
	if _, err := s.Create(ctx, again, "me", time.Minute); err == nil {
		t.Error("a key was taken twice")
	}
	again.Supersedes = "b"
	_, err = s.Create(ctx, again, "me", time.Minute)
	must(err)
	list := func(q store.Query) {
		t.Helper()
		_, err := s.List(ctx, "fjord", q)
		must(err)
		_, err = s.Count(ctx, "fjord", q)
		must(err)
	}
	for range readers {
		for _, tenant := range []string{"fjord", store.AnyTenant} {
			_, _ = s.GetByID(ctx, tenant, "nothing")
		}
		_, _ = s.GetByKey(ctx, "fjord", "nothing")
		_, _ = s.GetDocument(ctx, "fjord", "nothing")
		_, _ = s.Get(ctx, "fjord", "nothing")
		_, _ = s.GetBody(ctx, "fjord", "nothing")
		_, _ = s.GetSequence(ctx, "fjord", "orders")
		for _, stopped := range []bool{false, true} {
			_, err := s.Sequences(ctx, "fjord", store.SequenceQuery{Stopped: stopped})
			must(err)
		}
		_, err := s.Stats(ctx)
		must(err)
		for _, phases := range [][]store.Phase{nil, {store.Accepted}} {
			for _, kinds := range [][]string{nil, {"invoice", "payment"}} {
				for _, without := range []bool{false, true} {
					_, err := s.Due(ctx, "fjord", store.DueQuery{By: now, Phases: phases, Kinds: kinds, WithoutContent: without})
					must(err)
				}
			}
		}
		must(s.Health(ctx))
		for _, phases := range [][]store.Phase{nil, {store.Uncertain, store.Sending}} {
			for _, due := range []time.Time{{}, now} {
				for _, without := range []bool{false, true} {
					for _, newest := range []bool{false, true} {
						q := store.Query{Phases: phases, DueBy: due, WithoutContent: without, NewestFirst: newest}
						list(q)
						q.CreatedFrom, q.CreatedBefore = now.Add(-time.Hour), later
						list(q)
						q.Kinds, q.Metadata = []string{"invoice", "payment"}, map[string]string{"order": "4711"}
						q.After = store.Position{CreatedAt: now, Ref: "a"}
						list(q)
					}
				}
			}
		}
	}
}

// Where very many are due the first of them are found in the order of refs;
// nothing in the plan above shows that, since it takes so many.
func TestPlanOfManyDue(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	err := s.reading(t.Context(), func(c *sqlitefile.Conn) error {
		for _, p := range parts("fjord", store.Query{DueBy: time.Now()}, time.Now()) {
			p.due = false // as find has it then
			const explain = "EXPLAIN QUERY PLAN SELECT created, ref, n"
			err := c.Query(t.Context(), explain+p.from()+p.where+" ORDER BY created, ref LIMIT ?", nil, func(row sqlitefile.Row) error {
				var step string
				if err := row.Scan(nil, nil, nil, &step); err != nil {
					return err
				}
				if !strings.HasPrefix(step, "SEARCH records USING INDEX records_phase (tenant=? AND phase=?)") {
					t.Errorf("got %s", step)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The counts are those of the tables, whichever way a record came and went.
func TestCountsAreRight(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	useAll(t, s)
	st, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for phase, n := range st.Phases {
		total += n
		if phase == store.Acknowledged || n < 0 {
			t.Errorf("%d records are %s", n, phase)
		}
	}
	err = s.reading(t.Context(), func(c *sqlitefile.Conn) error {
		records, err := c.Int64("SELECT count(*) FROM records")
		if err != nil {
			return err
		}
		tombstones, err := c.Int64("SELECT count(*) FROM tombstones")
		if int(records) != total || int(tombstones) != st.Tombstones || records == 0 || tombstones == 0 {
			t.Errorf("%d records, %d tombstones; counted %+v", records, tombstones, st)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
