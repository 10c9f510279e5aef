package pgstore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// spoken is a statement, and the settings under which it is planned: those of groups,
// those of lists, or none.
type spoken struct{ sql, under string }

// overheard keeps the statements that a store sends, with the first arguments of
// each.
type overheard struct {
	mu    sync.Mutex // guards what follows
	under map[*pgx.Conn]string
	args  map[spoken][]any
}

func (o *overheard) keep(conn *pgx.Conn, sql string, args []any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch sql {
	case settings, planning:
		o.under[conn] = sql
	case "COMMIT", "ROLLBACK", "commit", "rollback":
		delete(o.under, conn)
	}
	said := spoken{sql, o.under[conn]}
	if _, known := o.args[said]; !known {
		o.args[said] = args
	}
}

func (o *overheard) TraceQueryStart(ctx context.Context, conn *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	o.keep(conn, d.SQL, d.Args)
	return ctx
}
func (o *overheard) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (o *overheard) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (o *overheard) TraceBatchQuery(_ context.Context, conn *pgx.Conn, d pgx.TraceBatchQueryData) {
	o.keep(conn, d.SQL, d.Args)
}
func (o *overheard) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// many fills the tables with records of every phase, as they are in real use.
const many = `
INSERT INTO ~records (ref, tenant, kind, created, metadata, fixed, phase, id, key, due, until, ttl, ended, sequence, place, doc)
SELECT 'ref-' || i, 'tenant-' || i % 5, 'kind-' || i % 7, i * 1000000, jsonb_build_object('order', i::text), '{}', phase,
	CASE WHEN phase NOT IN ('queued', 'sending') THEN 'id-' || i END, CASE WHEN i % 2 = 0 THEN 'key-' || i END,
	CASE WHEN phase IN ('queued', 'accepted', 'settled', 'expired') THEN i * 1000000 END,
	CASE WHEN i % 50 = 0 THEN i * 1000000 END, CASE WHEN i % 50 = 0 THEN 1000 END,
	CASE WHEN phase IN ('settled', 'acknowledged', 'expired') THEN i * 1000000 END,
	CASE WHEN i % 10 = 0 THEN 'sequence-' || i % 300 END, CASE WHEN i % 10 = 0 THEN i END, '{}'
FROM generate_series(1::bigint, 20000) AS i, LATERAL (SELECT (ARRAY['acknowledged', 'acknowledged', 'acknowledged', 'acknowledged', 'acknowledged', 'queued', 'sending', 'accepted', 'settled', 'expired', 'unmatched'])[1 + i % 11] AS phase) AS p;
INSERT INTO ~contents SELECT 'ref-' || i, '' FROM generate_series(1, 20000, 3) AS i;
INSERT INTO ~bodies SELECT 'ref-' || i, '' FROM generate_series(1, 20000, 5) AS i;
INSERT INTO ~tombstones SELECT 'gone-' || i, 'tenant-' || i % 5, CASE WHEN i % 2 = 0 THEN 'gone-' || i END, false, i, '{}' FROM generate_series(1, 20000) AS i;
INSERT INTO ~sequences SELECT 'tenant-' || i % 5, 'sequence-' || i, 1, 0, i % 3 FROM generate_series(1, 5000) AS i;
INSERT INTO ~documents SELECT 'tenant-' || i % 5, 'document-' || i, 1, 0, '' FROM generate_series(1, 5000) AS i;
INSERT INTO ~groups SELECT gen_random_uuid() FROM generate_series(1, 5000);`

// everything has a store send each of its statements.
func everything(t *testing.T, s *Store) {
	ctx := t.Context()
	done := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("unexpected error: %v", err)
		}
	}
	full := store.Outcome{Status: "Finished", StatusCode: 201, HasContent: true, Kept: true, Content: []byte("content")}
	now := time.Now()

	first := newRecord(store.Sending)
	first.Key = "everything"
	reject := func(rec store.Record) {
		t.Helper()
		rec, err := s.Create(ctx, rec, "a", lasting)
		must(t, err)
		done(s.Report(ctx, fjord, rec.Ref, store.RejectedFact{Epoch: rec.Lease.Epoch, Reason: "no"}))
	}
	reject(first)
	second := newRecord(store.Sending)
	second.Key, second.Supersedes = first.Key, first.Ref
	done(s.Create(ctx, second, "a", lasting))
	id := hook.NewRef()
	done(s.Notify(ctx, store.Notification{Tenant: fjord, ID: id, NotificationID: "1", Body: []byte("{}")}))
	done(s.Notify(ctx, store.Notification{Tenant: fjord, NotificationID: "1", Body: []byte("{}")}))
	done(s.Report(ctx, fjord, second.Ref, store.AcceptedFact{ID: id, Source: store.FromAnswer}))
	done(s.Report(ctx, fjord, second.Ref, store.SettledFact{ID: id, Outcome: full}))
	l := run(t, s, second)
	done(s.Extend(ctx, l, lasting))
	done(s.Decide(ctx, l, store.AcknowledgeDecision{}))

	for range 2 {
		rec, err := s.Enqueue(ctx, queued("", "everything"), []byte("{}"))
		done(rec, err)
		done(s.GetBody(ctx, fjord, rec.Ref))
	}
	done(s.GetSequence(ctx, fjord, "everything"))
	head, err := s.GetSequence(ctx, fjord, "everything")
	done(head, err)
	sent, _, err := s.Acquire(ctx, fjord, head.Head.Ref, "a", store.ToSend, lasting)
	done(sent, err)
	done(s.Decide(ctx, sent, store.SendDecision{}))
	done(s.Report(ctx, fjord, head.Head.Ref, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 200}}))
	for _, q := range []store.SequenceQuery{{}, {Stopped: true, After: "a"}} {
		done(s.Sequences(ctx, "tenant-1", q))
	}

	done(s.Get(ctx, fjord, second.Ref))
	done(s.GetByID(ctx, fjord, id))
	done(s.GetByID(ctx, store.AnyTenant, id))
	done(s.GetByKey(ctx, fjord, second.Key))
	for _, q := range []store.Query{
		{},
		{NewestFirst: true},
		{Phases: []store.Phase{store.Settled, store.Sending, store.Uncertain}},
		{WithoutContent: true},
		{CreatedFrom: now.Add(-time.Hour), CreatedBefore: now},
		{After: store.Position{CreatedAt: time.Unix(1, 0), Ref: "ref-1000"}},
		{After: store.Position{CreatedAt: time.Unix(1, 0), Ref: "ref-1000"}, NewestFirst: true},
		{Kinds: []string{"kind-1"}},
		{Metadata: map[string]string{"order": "7"}},
		{DueBy: now},
	} {
		done(s.List(ctx, fjord, q))
	}
	done(s.Count(ctx, "tenant-1", store.Query{Phases: []store.Phase{store.Settled}}))
	for _, q := range []store.DueQuery{{By: now}, {By: now, Kinds: []string{"kind-1", "invoice"}}, {By: now, Phases: []store.Phase{store.Sending}}} {
		done(s.Due(ctx, fjord, q))
	}
	d, err := s.PutDocument(ctx, store.Document{Tenant: fjord, Name: "everything", Body: []byte("{}")})
	done(d, err)
	d.Body = []byte("[]")
	done(s.PutDocument(ctx, d))
	done(s.GetDocument(ctx, fjord, "everything"))

	tx := begun(t, s.cfg)
	done(s.EnqueueTx(ctx, Pgx(tx), queued("tx", ""), nil))
	must(t, tx.Commit(ctx))

	later := now.Add(time.Minute)
	all := store.Retention{Ended: later, Unacknowledged: later, Unmatched: later, Keys: later}
	done(s.Purge(ctx, fjord, all))
	done(s.Purge(ctx, store.AnyTenant, store.Retention{Ended: time.Unix(0, 1), Keys: time.Unix(0, 1)}))
	rec := newRecord(store.Sending)
	rec.Key = "purged"
	done(s.Create(ctx, rec, "a", lasting))
	done(s.Report(ctx, fjord, rec.Ref, store.AcceptedFact{ID: rec.Ref, Source: store.FromAnswer}))
	done(s.Report(ctx, fjord, rec.Ref, store.SettledFact{ID: rec.Ref, Outcome: full}))
	done(s.Decide(ctx, run(t, s, rec), store.AcknowledgeDecision{}))
	done(s.Purge(ctx, fjord, store.Retention{Ended: later}))
	rec.Ref = hook.NewRef()
	_, err = s.Create(ctx, rec, "a", lasting)
	if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || !held.Purged {
		t.Errorf("the key of what was purged: got %v, want that it is held", err)
	}
	if _, err := s.Get(ctx, fjord, "missing"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unexpected error: %v", err)
	}
	if _, err := s.Report(ctx, fjord, "missing", store.UncertainFact{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unexpected error: %v", err)
	}
}

var (
	planned = regexp.MustCompile(`\b(SELECT|UPDATE|DELETE|INSERT)\b`)
	bad     = regexp.MustCompile(`Seq Scan|Hash Join|Merge Join|\bSort$`)
)

func TestEveryStatementFindsItsRowsByAnIndex(t *testing.T) {
	cfg := config(t)
	heard := &overheard{under: make(map[*pgx.Conn]string), args: make(map[spoken][]any)}
	cfg.Configure = func(c *pgxpool.Config) { c.ConnConfig.Tracer = heard }
	s := open(t, cfg)
	conn := connect(t, cfg)
	_, err := conn.PgConn().Exec(t.Context(), s.text(many+"ANALYZE ~records, ~contents, ~bodies, ~tombstones, ~sequences, ~documents, ~groups")).ReadAll()
	must(t, err)
	clear(heard.args)
	everything(t, s)

	short := func(text string) string {
		return strings.Join(strings.Fields(strings.NewReplacer(s.schema+".", "~", cfg.Schema+".", "~").Replace(text)), " ")
	}
	list := make([]spoken, 0, len(heard.args))
	for said := range heard.args {
		if strings.Contains(said.sql, s.schema+".") && planned.MatchString(said.sql) {
			list = append(list, said)
		}
	}
	slices.SortFunc(list, func(a, b spoken) int { return strings.Compare(a.sql+a.under, b.sql+b.under) })
	if len(list) < 60 {
		t.Fatalf("%d statements were heard, want all", len(list))
	}
	names := map[string]string{settings: "in a group", planning: "in a list", "": "by itself"}
	for i, said := range list {
		sql := said.sql
		for _, mode := range []string{"force_generic_plan", "force_custom_plan"} {
			tx, err := conn.Begin(t.Context())
			must(t, err)
			if said.under != "" {
				exec(t, tx, said.under)
			}
			exec(t, tx, "SELECT set_config('plan_cache_mode', $1, true)", mode)
			name := fmt.Sprintf("statement_%d", i)
			exec(t, tx, "PREPARE "+name+" AS "+sql)
			args := make([]string, 0, 16)
			for j := range heard.args[said] {
				arg := value[string](t, tx, "SELECT quote_nullable($1::text)", fmt.Sprint(literal(heard.args[said][j])))
				if b, bytes := heard.args[said][j].([]byte); bytes {
					arg = fmt.Sprintf(`'\x%x'`, b)
				}
				args = append(args, arg)
			}
			execute := "EXPLAIN (COSTS OFF) EXECUTE " + name
			if len(args) > 0 {
				execute += "(" + strings.Join(args, ", ") + ")"
			}
			rows, err := tx.Query(t.Context(), execute, pgx.QueryExecModeSimpleProtocol)
			must(t, err)
			plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
			must(t, err)
			must(t, tx.Rollback(t.Context()))
			exec(t, conn, "DEALLOCATE "+name)
			for _, line := range plan {
				if bad.MatchString(line) && !(sql == s.text(byID) && strings.HasSuffix(line, "Sort")) { // of the few that have an id

					t.Errorf("%s\n%s, %s: %s\nwant an index, in its order:\n%s", short(sql), names[said.under], mode, strings.TrimSpace(line), strings.Join(plan, "\n"))
				}
			}
		}
	}
}

func TestALeaseIsTakenWithoutTouchingAnIndex(t *testing.T) {
	cfg := config(t)
	s := open(t, cfg)
	recs := make([]store.Record, 20)
	for i := range recs {
		recs[i] = accepted(t, s)
	}
	must(t, s.Close()) // which has the server count what was done
	conn := connect(t, cfg)
	updates := func() (all, hot int) {
		t.Helper()
		err := conn.QueryRow(t.Context(), "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'records'", cfg.Schema).Scan(&all, &hot)
		must(t, err)
		return all, hot
	}
	testkit.Eventually(t, "counted", func() bool { all, _ := updates(); return all >= len(recs) })
	before, hotBefore := updates()
	s = open(t, cfg)
	for _, rec := range recs {
		l, _, err := s.Acquire(t.Context(), fjord, rec.Ref, "a", store.ToPoll, lasting)
		must(t, err)
		l, err = s.Extend(t.Context(), l, lasting)
		must(t, err)
		must(t, s.Release(t.Context(), l))
	}
	must(t, s.Close())
	testkit.Eventually(t, "counted", func() bool { all, _ := updates(); return all >= before+3*len(recs) })
	if all, hot := updates(); all-before != hot-hotBefore {
		t.Errorf("%d of %d updates were HOT, want all", hot-hotBefore, all-before)
	}
}
