//go:build unix

package crashtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/pgstore"
)

// TestReplicasKilledAndStoppedOnAPostgreSQLThatFailsOver has three replicas hand over,
// receive and handle operations, while they are killed and stopped and PostgreSQL is
// restarted, loses its connections and fails over. In the end the ERP has each
// operation once, in the order of its sequence, its effect in the application's table
// is there once, as is the order that it was enqueued with, and nothing was handled by
// two at once, or again after its effect was committed.
func TestReplicasKilledAndStoppedOnAPostgreSQLThatFailsOver(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	defer func() {
		if t.Failed() {
			f.logs()
		}
	}()
	begun := time.Now()
	ctx, calm := context.WithCancel(t.Context())
	wait := f.harass(ctx)
	for minute := range minutes(t) {
		f.upset(minute)
	}
	calm()
	wait()
	f.quiet()
	p := f.person()
	p.finish()
	calmed := time.Since(begun)
	f.end()
	f.verify(p)
	t.Logf("%v, and %v with all that was left: %v", calmed.Round(time.Second), time.Since(begun).Round(time.Second), f.counts)
}

// minutes is how long replicas are disturbed.
func minutes(t *testing.T) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("CRASHTEST_MINUTES"), "1"))
	if err != nil || n < 1 {
		t.Fatalf("CRASHTEST_MINUTES is %q, want a number", os.Getenv("CRASHTEST_MINUTES"))
	}
	return n
}

// person knows what the ERP has taken, and looks at the store.
type person struct {
	f      *fleet
	store  *pgstore.Store
	client *client.Client
}

func (f *fleet) person() *person {
	st, err := pgstore.Open(f.t.Context(), pgstore.Config{DSN: pgcluster.MultiDSN(f.primary, f.standby)})
	if err != nil {
		f.t.Fatal(err)
	}
	c, err := client.New(client.Config{BaseURL: f.base, Store: st, Tenant: tenant, Notify: client.Subscription()})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = errors.Join(c.Close(), st.Close()) })
	return &person{f, st, c}
}

// finish waits until everything is done, and tells what became of those of which the
// ERP tells nothing, because it never got them.
func (p *person) finish() {
	t := p.f.t
	for late := time.Now().Add(2 * patience); ; time.Sleep(200 * time.Millisecond) {
		open, err := p.list(store.Query{Phases: []store.Phase{store.Queued, store.Sending, store.Uncertain, store.Accepted, store.Settled, store.Expired, store.Unclear, store.Unmatched, store.Dead}})
		if err != nil {
			t.Fatal(err)
		}
		if len(open) == 0 {
			return
		}
		if time.Now().After(late) {
			for _, rec := range open[:min(len(open), 20)] {
				t.Errorf("%s (%s) is %s in the end: %s, due %v, attempts %d", rec.Key, rec.Ref, rec.Phase, rec.Reason, rec.Due, rec.Attempts)
			}
			t.Fatalf("%d are not done", len(open))
		}
		ids, _ := p.f.taken()
		for _, rec := range open {
			if rec.Phase == store.Uncertain && len(ids[rec.Key]) == 0 {
				if err := p.tell(rec); err != nil {
					t.Errorf("%s: %v", rec.Key, err)
				}
			}
		}
	}
}

// tell says that the ERP has not taken something, and has it sent.
func (p *person) tell(rec store.Record) error {
	ctx := p.f.t.Context()
	op, err := p.client.OperationByKey(ctx, rec.Key)
	if err != nil {
		return err
	}
	if err := op.Resolve(ctx, client.NotAccepted("the ERP has none")); err != nil {
		now, failed := p.store.Get(ctx, tenant, rec.Ref)
		if failed == nil && now.Phase != store.Uncertain {
			return nil // its replica, which was stopped, says that it did not send it
		}
		return errors.Join(err, failed)
	}
	p.f.counts["uncertain and never sent"]++
	if rec.Enqueued {
		return nil
	}
	req, opts := invoiceOf(rec.Key)
	_, err = p.client.Enqueue(ctx, req, opts)
	return err
}

// list returns all records of the tenant that are meant.
func (p *person) list(q store.Query) (all []store.Record, err error) {
	q.Limit, q.WithoutContent = 1000, true
	for {
		page, err := p.store.List(p.f.t.Context(), tenant, q)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
		q.After = page[len(page)-1].Position()
	}
}

// verify compares what the replicas, the ERP, the store and the application's table
// tell.
func (f *fleet) verify(p *person) {
	t := f.t
	ids, order := f.taken()
	effects, committed := f.effects()
	orders := f.orders()
	recs, err := p.list(store.Query{})
	if err != nil {
		t.Fatal(err)
	}
	byRef := make(map[string]store.Record)
	byID := make(map[string]string)
	for _, rec := range recs {
		byRef[rec.Ref] = rec
		byID[rec.ID] = rec.Key
		if rec.Phase != store.Acknowledged && rec.Phase != store.Rejected || rec.Conflicts > 0 {
			t.Errorf("%s (%s) is %s in the end, with %d conflicts: %+v", rec.Key, rec.Ref, rec.Phase, rec.Conflicts, rec.Conflict)
		}
	}
	tried := make(map[string]bool)
	for _, l := range f.lives {
		for _, reference := range l.said("tries") {
			tried[reference] = true
		}
		for _, line := range l.said("has") {
			reference, ref, _ := strings.Cut(line, " ")
			if rec, ok := byRef[ref]; !ok || rec.Key != reference {
				t.Errorf("%s was recorded as %s, and is lost: the store has %+v", reference, ref, rec)
			}
		}
		for _, line := range l.said("refused") {
			way, _, _ := strings.Cut(line, "/")
			f.counts["failed tries to "+way]++
		}
	}
	for reference := range tried {
		if n := len(ids[reference]); n != 1 {
			t.Errorf("the ERP has %s %d times, want once", reference, n)
		}
		if n := effects[reference]; n != 1 {
			t.Errorf("%s has %d effects, want 1", reference, n)
		}
		if n, want := orders[reference], strings.Count(reference, "order/"); n != want {
			t.Errorf("%s has %d rows of orders, want %d", reference, n, want)
		}
		for _, id := range ids[reference] {
			if byID[id] != reference {
				t.Errorf("the ERP's operation %s is %s, and in the store %q", id, reference, byID[id])
			}
		}
	}
	if len(ids) != len(tried) || len(effects) != len(tried) {
		t.Errorf("of %d operations that were made the ERP has %d, and %d have an effect", len(tried), len(ids), len(effects))
	}
	f.counts["operations"] = len(tried)
	f.verifyOrder(order)
	f.verifyRuns(committed)
}

// effects counts what is in the application's table, by reference, and says which runs
// wrote it.
func (f *fleet) effects() (n map[string]int, committed map[string]bool) {
	n, committed = make(map[string]int), make(map[string]bool)
	var reference, run string
	f.query("SELECT reference, run FROM effects", func() {
		n[reference]++
		committed[run] = true
	}, &reference, &run)
	return n, committed
}

// orders counts the application's orders, by reference.
func (f *fleet) orders() map[string]int {
	n := make(map[string]int)
	var reference string
	f.query("SELECT reference FROM orders", func() { n[reference]++ }, &reference)
	return n
}

// query calls each for each row, of which the columns are in into.
func (f *fleet) query(query string, each func(), into ...any) {
	f.t.Helper()
	ctx := f.t.Context()
	conn, err := pgx.Connect(ctx, f.primary.DSN())
	if err == nil {
		defer conn.Close(ctx)
		rows, _ := conn.Query(ctx, query) // what fails is told by the rows
		_, err = pgx.ForEachRow(rows, into, func() error {
			each()
			return nil
		})
	}
	if err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
}

// verifyOrder checks that the ERP got what is in a sequence in the order of their
// numbers.
func (f *fleet) verifyOrder(order []string) {
	last := make(map[string]int)
	for _, reference := range order {
		words := strings.Split(reference, "/")
		if words[0] != "sequence" {
			continue
		}
		n, err := strconv.Atoi(words[2])
		if err != nil || n <= last[words[1]] {
			f.t.Errorf("the ERP got number %s of sequence %s after number %d: %v", words[2], words[1], last[words[1]], err)
		}
		last[words[1]] = n
		f.counts["operations in sequences"]++
	}
}

// span is a time in which a run of a handler was at work.
type span struct {
	ref, run  string
	from, to  time.Time
	committed bool
}

// verifyRuns checks that nothing was handled by two at once, nor after its effect was
// committed.
func (f *fleet) verifyRuns(committed map[string]bool) {
	t := f.t
	var spans []span
	begun := make(map[string]bool)
	for _, l := range f.lives {
		list, failed := l.runs(committed)
		spans = append(spans, list...)
		for _, s := range list {
			begun[s.run] = true
		}
		for _, run := range failed {
			t.Errorf("run %s was told that its effect is committed, and it is lost", run)
		}
	}
	for run := range committed {
		if !begun[run] {
			t.Errorf("an effect is of run %s, which nobody knows", run)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(strings.Compare(a.ref, b.ref), a.from.Compare(b.from)) })
	for i, s := range spans {
		if i == 0 || spans[i-1].ref != s.ref {
			continue
		}
		f.counts["repeated runs"]++
		before := spans[i-1]
		if before.run != s.run && before.to.After(s.from) {
			t.Errorf("%s was handled by %s and %s at once, for %v", s.ref, before.run, s.run, before.to.Sub(s.from))
		}
		if before.run != s.run && before.committed {
			t.Errorf("%s was handled by %s, %v after its effect was committed by %s", s.ref, s.run, s.from.Sub(before.to), before.run)
		}
	}
	f.counts["runs of handlers"] = len(begun)
}

// runs reads what a replica told of its handlers, and which of those that ended well
// have no effect. A run ends when it says so, or with its process. Of one that was
// stopped meanwhile what came after that counts only if it was committed.
func (l *life) runs(committed map[string]bool) (spans []span, failed []string) {
	at := func(nanos string) time.Time {
		n, err := strconv.ParseInt(nanos, 10, 64)
		if err != nil {
			panic(fmt.Sprintf("%s said %q for a time", l.name, nanos))
		}
		return time.Unix(0, n)
	}
	ends := make(map[string]time.Time)
	for _, line := range l.said("end") {
		words := strings.Fields(line)
		ends[words[0]] = at(words[1])
		if words[2] == "ok" && !committed[words[0]] {
			failed = append(failed, words[0])
		}
	}
	for _, line := range l.said("begin") {
		words := strings.Fields(line)
		s := span{run: words[0], ref: words[1], from: at(words[2]), to: l.over, committed: committed[words[0]]}
		if end, ok := ends[s.run]; ok {
			s.to = end
		}
		for _, stop := range l.stops {
			if s.from.Before(stop.from) && s.to.After(stop.to) {
				whole := s
				s.to, s.committed = stop.from, false
				if whole.committed {
					whole.from = stop.to
					spans = append(spans, whole)
				}
				break
			}
		}
		spans = append(spans, s)
	}
	return spans, failed
}
