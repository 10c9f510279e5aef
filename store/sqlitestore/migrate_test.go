package sqlitestore

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// schema4 makes a file as a version of this package with schema 4 left it: an
// operation in each phase, notifications of ours, of nobody's with a tenant and
// without, of one that was adopted, deliveries, and what a purge left.
func schema4(t *testing.T) (path string) {
	t.Helper()
	return fromSQL(t, "schema4.sql")
}

// schema6 does the same for schema 6, where one that was accepted is leased, and
// the handler of one is to run again at no particular time.
func schema6(t *testing.T) (path string) {
	t.Helper()
	return fromSQL(t, "schema6.sql")
}

// schema7 does the same for schema 7, with one that was sent and one that failed
// besides.
func schema7(t *testing.T) (path string) {
	t.Helper()
	return fromSQL(t, "schema7.sql")
}

func fromSQL(t *testing.T, name string) (path string) {
	t.Helper()
	sql, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	path = temp(t)
	c := raw(t, path)
	if err := errors.Join(c.Script("PRAGMA journal_mode = WAL"), c.Script(string(sql)), c.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// inSchema4 are the phases of the operations in it, by ref.
var inSchema4 = map[string]store.Phase{
	"queued": store.Queued, "sending": store.Uncertain, "accepted": store.Accepted, "polled": store.Accepted, "settled": store.Settled,
	"retried": store.Settled, "handled": store.Acknowledged, "rejected": store.Rejected, "uncertain": store.Uncertain,
	"abandoned": store.Abandoned, "expired": store.Expired, "unclear": store.Unclear, "dead": store.Dead,
}

// wantSchema4 checks that all of it is there.
func wantSchema4(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	for ref, phase := range inSchema4 {
		rec, err := s.Get(ctx, "fjord", ref)
		if err != nil || rec.Phase != phase || rec.Metadata["order"] != ref || rec.Metadata["phase"] != "handled" || rec.Metadata["lookedAt"] == "" {
			t.Errorf("%s: got %s, %v of %+v, want %s", ref, rec.Phase, err, rec.Metadata, phase)
		}
		if ref == "sending" {
			phase = store.Sending // as it stands in the file
		}
		list, err := s.List(ctx, "fjord", store.Query{Phases: []store.Phase{rec.Phase}})
		if err != nil || !strings.Contains(refsOf(list), ref) {
			t.Errorf("%s: %s are %s, %v", ref, rec.Phase, refsOf(list), err)
		}
		if rec.HoldsKey() {
			if got, err := s.GetByKey(ctx, "fjord", "key-"+ref); err != nil || got.Ref != ref {
				t.Errorf("%s: by its key: %s, %v", ref, got.Ref, err)
			}
		}
		if rec.ID != "" {
			if got, err := s.GetByID(ctx, "fjord", "id-"+ref); err != nil || got.Ref != ref {
				t.Errorf("%s: by its id: %s, %v", ref, got.Ref, err)
			}
		}
		list, err = s.List(ctx, "fjord", store.Query{Kinds: []string{"invoice"}, Metadata: map[string]string{"order": ref}, CreatedFrom: rec.CreatedAt, CreatedBefore: rec.CreatedAt.Add(1)})
		if err != nil || refsOf(list) != ref {
			t.Errorf("%s: by kind, metadata and time: %s, %v", ref, refsOf(list), err)
		}
		if rec.Phase == store.Settled && string(rec.Outcome.Content) != `{"referenceNumber":"7"}` {
			t.Errorf("%s: content %q", ref, rec.Outcome.Content)
		}
	}
	stats, err := s.Stats(ctx)
	total := 0
	for _, n := range stats.Phases {
		total += n
	}
	if err != nil || total != 19 || stats.Phases[store.Acknowledged] != 1 || stats.Phases[store.Unmatched] != 2 || stats.Tombstones != 3 {
		t.Errorf("counted %+v, %v", stats, err)
	}
	err = s.reading(ctx, func(c *sqlitefile.Conn) error {
		n, err := c.Int64("SELECT count(*) FROM records WHERE phase <> doc ->> '$.phase' OR tenant <> doc ->> '$.tenant' OR ref <> doc ->> '$.ref'")
		if n != 0 {
			t.Errorf("%d documents differ from their columns", n)
		}
		return err
	})
	if err := errors.Join(err, s.Check(ctx)); err != nil {
		t.Error(err)
	}
}

func refsOf(list []store.Record) string {
	var refs []string
	for _, rec := range list {
		refs = append(refs, rec.Ref)
	}
	return strings.Join(refs, ", ")
}

// Every operation of a file of schema 4 is read and goes on.
func TestSchema4GoesOn(t *testing.T) {
	s := mustOpen(t, Config{Path: schema4(t)})
	wantSchema4(t, s)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	report := func(ref string, f store.Fact, want store.Phase) {
		t.Helper()
		if got, err := s.Report(ctx, "fjord", ref, f); err != nil || got.Phase != want {
			t.Errorf("%s: %T leads to %s, %v, want %s", ref, f, got.Phase, err, want)
		}
	}
	decide := func(tenant, ref string, p store.Purpose, d store.Decision, want store.Phase) {
		t.Helper()
		l, rec, err := s.Acquire(ctx, tenant, ref, "replica-b", p, time.Minute)
		must(err)
		if began := rec.RunEpoch == l.Epoch; began != (p == store.ToRun) {
			t.Errorf("%s: acquired to %s: a run began is %v", ref, p, began)
		}
		if got, err := s.Decide(ctx, l, d); err != nil || got.Phase != want {
			t.Errorf("%s: %T leads to %s, %v, want %s", ref, d, got.Phase, err, want)
		}
	}
	done := store.Outcome{Status: "Finished", StatusCode: 201}

	decide("fjord", "queued", store.ToPoll, store.SendDecision{}, store.Sending)
	report("queued", store.AcceptedFact{ID: "id-queued", Source: store.FromAnswer}, store.Accepted)
	report("sending", store.AcceptedFact{ID: "id-sending", Source: store.FromAnswer}, store.Accepted)
	report("uncertain", store.AcceptedFact{ID: "id-uncertain", Source: store.FromEvidence}, store.Accepted)
	report("abandoned", store.AcceptedFact{ID: "id-abandoned", Source: store.FromAnswer}, store.Accepted)
	report("rejected", store.AcceptedFact{ID: "id-rejected", Source: store.FromAnswer}, store.Accepted)
	decide("fjord", "polled", store.ToPoll, store.RescheduleDecision{Due: time.Now().Add(time.Minute)}, store.Accepted)
	for _, ref := range []string{"queued", "sending", "accepted", "polled", "uncertain", "abandoned", "rejected", "expired", "unclear"} {
		report(ref, store.SettledFact{ID: "id-" + ref, Outcome: done}, store.Settled)
	}
	decide("fjord", "dead", store.ToAcknowledge, store.ReplayDecision{}, store.Settled)
	for _, ref := range []string{"settled", "retried", "accepted", "expired", "unclear", "dead"} {
		decide("fjord", ref, store.ToRun, store.AcknowledgeDecision{}, store.Acknowledged)
	}
	if rec, err := s.Get(ctx, "fjord", "polled"); err != nil || rec.Polls != 2 || rec.Progress.Status != "Started" {
		t.Errorf("polled: %d polls, %+v, %v", rec.Polls, rec.Progress, err)
	}

	// Keys, also of what a purge removed.
	for key, purged := range map[string]bool{"key-handled": false, "key-gone": true, "key-failed": true} {
		_, err := s.Create(ctx, sending("again-"+key, key), "me", time.Minute)
		if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || held.Purged != purged {
			t.Errorf("%s was taken again: %v", key, err)
		}
	}
	next := sending("next", "key-failed")
	next.Supersedes = "failed"
	_, err := s.Create(ctx, next, "me", time.Minute)
	must(err)

	// What nobody knew is heard of again, and merges when its 202 comes.
	for id, tenant := range map[string]string{"id-stranger": "fjord", "id-nobody": ""} {
		r, err := s.Notify(ctx, store.Notification{Tenant: tenant, ID: id, Body: []byte("{}")})
		if err != nil || r.Verdict != store.Matched {
			t.Errorf("%s: %+v, %v", id, r, err)
		}
		_, err = s.Create(ctx, sending("late-"+id, ""), "me", time.Minute)
		must(err)
		got, err := s.Report(ctx, "fjord", "late-"+id, store.AcceptedFact{ID: id, Source: store.FromAnswer})
		if err != nil || got.Notifications != 2 {
			t.Errorf("%s: merged %d notifications, %v, want 2", id, got.Notifications, err)
		}
		if _, err := s.Get(ctx, store.AnyTenant, r.Ref); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: its own record is still there, %v", id, err)
		}
	}
	adopted, err := s.GetByID(ctx, "fjord", "id-adopted")
	must(err)
	if want := "unmatched:5:fjord:id-adopted"; adopted.Ref != want { // by which a late 202 finds it
		t.Errorf("the adopted one is %s, want %s", adopted.Ref, want)
	}
	report(adopted.Ref, store.SettledFact{ID: "id-adopted", Outcome: done}, store.Settled)

	// Deliveries.
	list, err := s.List(ctx, store.DeliveryTenant, store.Query{Phases: []store.Phase{store.Delivery}})
	must(err)
	dead, err := s.List(ctx, store.DeliveryTenant, store.Query{Phases: []store.Phase{store.Dead}})
	must(err)
	if len(list) != 2 || len(dead) != 1 {
		t.Fatalf("%d deliveries, %d dead, want 2 and 1", len(list), len(dead))
	}
	decide(store.DeliveryTenant, dead[0].Ref, store.ToAcknowledge, store.ReplayDecision{}, store.Delivery)
	for _, d := range append(list, dead...) {
		decide(store.DeliveryTenant, d.Ref, store.ToRun, store.AcknowledgeDecision{}, store.Acknowledged)
	}
	later := time.Now().Add(time.Hour)
	if n, err := s.Purge(ctx, store.AnyTenant, store.Retention{Ended: later, Unacknowledged: later, Unmatched: later, Keys: later}); err != nil || n.Total() != 14 {
		t.Errorf("purged %+v, %v, want 14 records", n, err)
	}
	must(s.Check(ctx))
}

// wantSchema6 checks that all of it is there, and found in every way.
func wantSchema6(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	due := func(tenant string, q store.DueQuery) string {
		t.Helper()
		q.By = time.Now()
		list, err := s.Due(ctx, tenant, q)
		if err != nil || !list.Next.IsZero() {
			t.Errorf("due: %v, the next at %v", err, list.Next)
		}
		return refsOf(list.Records)
	}
	for name, tt := range map[string]struct{ got, want string }{
		"due":                   {due("fjord", store.DueQuery{}), "accepted, leased, undated, settled, expired, unmatched:5:fjord:id-stranger, polled, retried"},
		"to be polled":          {due("fjord", store.DueQuery{Phases: []store.Phase{store.Accepted}}), "leased, accepted, polled"},
		"invoices for handlers": {due("fjord", store.DueQuery{Phases: []store.Phase{store.Settled, store.Expired}, Kinds: []string{"invoice"}}), "undated, settled, expired, retried"},
		"others for handlers":   {due("fjord", store.DueQuery{Phases: []store.Phase{store.Settled, store.Expired}, Kinds: []string{"payment"}}), ""},
	} {
		want, got := strings.Split(tt.want, ", "), strings.Split(tt.got, ", ")
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %s, want %s", name, tt.got, tt.want)
		}
	}
	if n := len(strings.Split(due(store.DeliveryTenant, store.DueQuery{}), ", ")); n != 2 {
		t.Errorf("%d deliveries are due, want 2", n)
	}
	stats, err := s.Stats(ctx)
	total := 0
	for _, n := range stats.Phases {
		total += n
	}
	if err != nil || total != 20 || stats.Phases[store.Uncertain] != 2 || stats.Tombstones != 3 {
		t.Errorf("counted %+v, %v", stats, err)
	}
	all := 0
	for _, tenant := range []string{"fjord", store.NoTenant, store.DeliveryTenant} {
		n, err := s.Count(ctx, tenant, store.Query{})
		list, e := s.List(ctx, tenant, store.Query{})
		if err := errors.Join(err, e); err != nil || n != len(list) {
			t.Errorf("%s: counted %d, listed %d, %v", tenant, n, len(list), err)
		}
		for _, rec := range list {
			k, err := s.Count(ctx, tenant, store.Query{Phases: []store.Phase{rec.Phase}})
			if err != nil || k < 1 || k > 3 {
				t.Errorf("%s: %d are %s, %v", tenant, k, rec.Phase, err)
			}
		}
		all += n
	}
	if all != 20 {
		t.Errorf("the tenants have %d records, want 20", all)
	}
	err = s.reading(ctx, func(c *sqlitefile.Conn) error {
		// The lease of what was accepted stands in its column, to the nanosecond.
		n, err := c.Int64("SELECT until FROM records WHERE ref = 'leased'")
		rec, e := s.Get(ctx, "fjord", "leased")
		if n != rec.Lease.Until.UnixNano() || n == 0 {
			t.Errorf("leased until %d, want %d", n, rec.Lease.Until.UnixNano())
		}
		return errors.Join(err, e)
	})
	if err := errors.Join(err, s.Check(ctx)); err != nil {
		t.Error(err)
	}
}

// Every operation of a file of schema 6 is found and goes on.
func TestSchema6GoesOn(t *testing.T) {
	s := mustOpen(t, Config{Path: schema6(t)})
	wantSchema6(t, s)
	ctx := t.Context()
	for _, ref := range []string{"leased", "polled", "accepted"} {
		l, _, err := s.Acquire(ctx, "fjord", ref, "me", store.ToPoll, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Report(ctx, "fjord", ref, store.SettledFact{ID: "id-" + ref, Epoch: l.Epoch, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		if err != nil || got.Phase != store.Settled || got.Lease.Owner != "" {
			t.Errorf("%s: %s, leased to %q, %v", ref, got.Phase, got.Lease.Owner, err)
		}
	}
	for _, ref := range []string{"leased", "polled", "accepted", "settled", "retried", "undated", "expired"} {
		l, rec, err := s.Acquire(ctx, "fjord", ref, "me", store.ToRun, time.Minute)
		if err != nil || rec.RunEpoch != l.Epoch {
			t.Fatalf("%s: no run began, %v", ref, err)
		}
		if got, err := s.Decide(ctx, l, store.AcknowledgeDecision{}); err != nil || got.Phase != store.Acknowledged {
			t.Errorf("%s: %s, %v", ref, got.Phase, err)
		}
	}
	if n, err := s.Count(ctx, "fjord", store.Query{Phases: []store.Phase{store.Acknowledged}}); n != 8 || err != nil {
		t.Errorf("%d are acknowledged, %v, want 8", n, err)
	}
	later := time.Now().Add(time.Hour)
	if n, err := s.Purge(ctx, store.AnyTenant, store.Retention{Ended: later, Unmatched: later, Keys: later}); err != nil || n.Total() != 11 || n.Keys != 10 {
		t.Errorf("purged %+v, %v, want 11 records and 10 keys", n, err)
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// wantSchema7 checks that all of it is there, and that nothing of it came through
// the outbox.
func wantSchema7(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	list, err := s.List(ctx, "fjord", store.Query{})
	if err != nil || len(list) != 18 {
		t.Errorf("%d records, %v, want 18: %s", len(list), err, refsOf(list))
	}
	for _, rec := range list {
		if rec.Enqueued || rec.HasBody || rec.Sequence != "" || rec.Sends != 0 {
			t.Errorf("%s came through the outbox: %+v", rec.Ref, rec)
		}
		if _, err := s.GetBody(ctx, "fjord", rec.Ref); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s has a body: %v", rec.Ref, err)
		}
	}
	due, err := s.Due(ctx, "fjord", store.DueQuery{Phases: []store.Phase{store.Queued}, By: time.Now()})
	if err != nil || len(due.Records) != 0 {
		t.Errorf("%s are due, %v, want that nothing is sent that has no body", refsOf(due.Records), err)
	}
	if list, err := s.Sequences(ctx, "fjord", store.SequenceQuery{}); err != nil || len(list) != 0 {
		t.Errorf("got the sequences %+v, %v", list, err)
	}
	for ref, phase := range map[string]store.Phase{"queued": store.Queued, "sent by 7": store.Uncertain, "failed by 7": store.Settled, "accepted": store.Accepted} {
		if rec, err := s.Get(ctx, "fjord", ref); err != nil || rec.Phase != phase {
			t.Errorf("%s is %s, %v, want %s", ref, rec.Phase, err, phase)
		}
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// Every operation of a file of schema 7 goes on, and what failed can be superseded
// by what is enqueued.
func TestSchema7GoesOn(t *testing.T) {
	s := mustOpen(t, Config{Path: schema7(t)})
	wantSchema7(t, s)
	ctx := t.Context()
	decided(t, s, "queued", store.SendDecision{})
	reported(t, s, "queued", store.AcceptedFact{ID: "id-queued", Source: store.FromAnswer},
		store.SettledFact{ID: "id-queued", Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
	reported(t, s, "sent by 7", store.RejectedFact{ByUser: true, Reason: "no"})
	if rec, err := s.Get(ctx, "fjord", "sent by 7"); err != nil || rec.Phase != store.Rejected {
		t.Errorf("without a body it is %s, %v, want rejected", rec.Phase, err)
	}
	for i, ref := range []string{"a", "b"} {
		rec := store.Record{Tenant: "fjord", Ref: ref, Sequence: "orders", Method: "POST", Path: "/v2/customerinvoice"}
		if i == 0 {
			rec.Key, rec.Supersedes = "key-failed by 7", "failed by 7"
		}
		got, err := s.Enqueue(ctx, rec, []byte(ref))
		if err != nil || got.Place != uint64(i+1) || got.Blocked != (i > 0) {
			t.Errorf("enqueued %+v, %v", got, err)
		}
	}
	if body, err := s.GetBody(ctx, "fjord", "a"); err != nil || string(body) != "a" {
		t.Errorf("got the body %q, %v", body, err)
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// A migration that is cut off, at whichever statement, leaves the file as it
// was: the next to open it migrates it whole.
func TestMigrationThatIsCutOff(t *testing.T) {
	t.Run("from 4 to 5", func(t *testing.T) { cutOff(t, schema4(t), 4, renameUnmatched, wantSchema4) })
	t.Run("from 6 to 7", func(t *testing.T) {
		cutOff(t, schema6(t), 6, func(*sqlitefile.Conn) error { return nil }, wantSchema6)
	})
	t.Run("from 7 to 8", func(t *testing.T) {
		cutOff(t, schema7(t), 7, func(*sqlitefile.Conn) error { return nil }, wantSchema7)
	})
}

// cutOff cuts the migration of a file from a version off after each of its
// statements, and after what SQL could not do.
func cutOff(t *testing.T, path string, version int, more func(*sqlitefile.Conn) error, want func(*testing.T, *Store)) {
	for n := 0; ; n++ {
		c := raw(t, path)
		// With a cache this small what is not committed gets into the log.
		if err := c.Script("PRAGMA cache_size = 1; PRAGMA wal_autocheckpoint = 0"); err != nil {
			t.Fatal(err)
		}
		if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
			t.Fatal(err)
		}
		list := statements(migrations[version])
		if n == len(list) {
			n++ // and what is not SQL
		}
		for _, sql := range list[:min(n, len(list))] {
			if err := c.Script(sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		if n > len(list) {
			if err := more(c); err != nil {
				t.Fatal(err)
			}
		}
		cut := temp(t)
		for _, end := range []string{"", "-wal"} { // what a crash leaves
			data, err := os.ReadFile(path + end)
			if err != nil {
				t.Fatal(err)
			}
			write(t, cut+end, data)
		}
		if err := errors.Join(c.Exec("ROLLBACK"), c.Close()); err != nil {
			t.Fatal(err)
		}
		c = raw(t, cut)
		have, err := c.Int64("PRAGMA user_version")
		if err := errors.Join(err, c.Close()); err != nil || int(have) != version {
			t.Fatalf("after %d statements: version %d, %v, want %d", n, have, err, version)
		}
		s := mustOpen(t, Config{Path: cut})
		want(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n > len(list) {
			return
		}
	}
}

// statements takes a script apart.
func statements(script string) (list []string) {
	var b strings.Builder
	trigger := false
	for line := range strings.Lines(script) {
		b.WriteString(line)
		trigger = trigger || strings.HasPrefix(line, "CREATE TRIGGER")
		code, _, _ := strings.Cut(line, " --")
		if end := strings.TrimSpace(code); strings.HasSuffix(end, ";") && (!trigger || end == "END;") {
			list = append(list, b.String())
			b.Reset()
			trigger = false
		}
	}
	return list
}

// A process that has the file open while one of a later version migrates it is
// refused what it writes from then on.
func TestWhoIsOlderThanTheFileWritesNothing(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path})
	ctx := t.Context()
	if _, err := s.Create(ctx, sending("a", ""), "me", time.Minute); err != nil {
		t.Fatal(err)
	}
	mustScript(t, path, "PRAGMA user_version = 99")
	_, err := s.Create(ctx, sending("b", ""), "me", time.Minute)
	if !errors.Is(err, ErrNewerSchema) {
		t.Errorf("created: got error %v, want ErrNewerSchema", err)
	}
	if _, _, err := s.Acquire(ctx, "fjord", "a", "me", store.ToPoll, time.Minute); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("acquired: got error %v, want ErrNewerSchema", err)
	}
	if err := s.Health(ctx); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("health: got error %v, want ErrNewerSchema", err)
	}
	c := raw(t, path)
	defer c.Close()
	if have, err := c.Int64("PRAGMA user_version"); have != 99 || err != nil {
		t.Errorf("version %d, %v, want 99", have, err)
	}
	if n, err := c.Int64("SELECT count(*) FROM records"); n != 1 || err != nil {
		t.Errorf("%d records, %v, want the one from before", n, err)
	}
}
