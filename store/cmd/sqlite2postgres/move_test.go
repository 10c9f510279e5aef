package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/walk"
	"github.com/vismanet-go/background/store/pgstore"
	"github.com/vismanet-go/background/store/sqlitestore"
)

var records = flag.Int("records", 1000, "how many records TestManyRecords copies")

func TestMain(m *testing.M) {
	if child(os.Getenv("SQLITE2POSTGRES_CHILD")) {
		return
	}
	pgtest.Main(m)
}

// copied is a file and where it is copied to.
type copied struct {
	*testing.T
	path, dsn, schema string
}

func setup(t *testing.T) copied {
	t.Helper()
	dsn, schema := pgtest.DSN(t)
	return copied{t, filepath.Join(t.TempDir(), "background.db"), dsn, schema}
}

func (c copied) file() *sqlitestore.Store {
	c.Helper()
	s, err := sqlitestore.Open(c.Context(), sqlitestore.Config{Path: c.path})
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { s.Close() })
	return s
}

// edit calls f on the store of the file, and closes it.
func (c copied) edit(f func(s store.Store)) {
	c.Helper()
	s := c.file()
	f(s)
	if err := s.Close(); err != nil {
		c.Fatal(err)
	}
}

func (c copied) postgres() *pgstore.Store {
	c.Helper()
	s, err := pgstore.Open(c.Context(), pgstore.Config{DSN: c.dsn, Schema: c.schema})
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { s.Close() })
	return s
}

// run runs the command and returns what it wrote to its output.
func (c copied) run(args ...string) (string, error) {
	var out bytes.Buffer
	env := map[string]string{"DATABASE_URL": c.dsn}
	err := run(c.Context(), append([]string{"-from", c.path, "-schema", c.schema}, args...), func(name string) string { return env[name] }, &out, io.Discard)
	return out.String(), err
}

func (c copied) copy() string {
	c.Helper()
	out, err := c.run()
	if err != nil {
		c.Fatalf("copy: %v\n%s", err, out)
	}
	return out
}

// line returns the counts of a kind in what the command wrote.
func line(out, kind string) string {
	for l := range strings.Lines(out) {
		if f := strings.Fields(l); len(f) > 0 && f[0] == kind {
			return strings.Join(f[1:], " ")
		}
	}
	return ""
}

// text is a record for comparison. Leases that have ended may have done so at
// different times.
func text(t testing.TB, rec store.Record) string {
	if !rec.Lease.Valid(time.Now()) {
		rec.Lease.Until = time.Time{}
	}
	b, err := json.MarshalIndent(rec, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// compare wants all that is in the file to read the same in PostgreSQL. It returns how
// many records of each phase there were.
func (c copied) compare(file, postgres store.Store) map[store.Phase]int {
	c.Helper()
	ctx, seen := c.Context(), make(map[store.Phase]int)
	for _, tenant := range append(walk.Tenants, store.NoTenant, store.DeliveryTenant) {
		q := store.Query{Limit: 500}
		n, err := postgres.Count(ctx, tenant, q)
		if m, e := file.Count(ctx, tenant, q); n != m || err != nil || e != nil {
			c.Errorf("tenant %s: PostgreSQL has %d records (%v), want %d (%v)", tenant, n, err, m, e)
		}
		for {
			list, err := file.List(ctx, tenant, q)
			if err != nil {
				c.Fatal(err)
			}
			for _, want := range list {
				seen[want.Phase]++
				c.compareRecord(want, file, postgres)
			}
			if len(list) == 0 {
				break
			}
			last := list[len(list)-1]
			q.After = store.Position{CreatedAt: last.CreatedAt, Ref: last.Ref}
		}
	}
	for _, tenant := range walk.Tenants {
		for _, name := range walk.Sequences {
			want, err := file.GetSequence(ctx, tenant, name)
			got, e := postgres.GetSequence(ctx, tenant, name)
			if !errors.Is(e, err) || want.Last != got.Last || want.Done != got.Done || want.Waiting != got.Waiting || text(c, want.Head) != text(c, got.Head) {
				c.Errorf("sequence %q of %s: got %+v (%v), want %+v (%v)", name, tenant, got, e, want, err)
			}
		}
		for _, name := range []string{"budget", "pause", "learnt\x00"} {
			want, err := file.GetDocument(ctx, tenant, name)
			got, e := postgres.GetDocument(ctx, tenant, name)
			if err != nil || e != nil || want.Version != got.Version || !bytes.Equal(want.Body, got.Body) || !want.ChangedAt.Equal(got.ChangedAt) {
				c.Errorf("document %q of %s: got %+v (%v), want %+v (%v)", name, tenant, got, e, want, err)
			}
		}
	}
	return seen
}

func (c copied) compareRecord(want store.Record, file, postgres store.Store) {
	c.Helper()
	got, err := postgres.Get(c.Context(), want.Tenant, want.Ref)
	if err != nil {
		c.Errorf("record %q, which is %s: %v", want.Ref, want.Phase, err)
		return
	}
	if got, want := text(c, got), text(c, want); got != want {
		c.Errorf("got\n%s\nwant\n%s", got, want)
	}
	body, err := file.GetBody(c.Context(), want.Tenant, want.Ref)
	if has, e := postgres.GetBody(c.Context(), want.Tenant, want.Ref); !bytes.Equal(has, body) || !errors.Is(e, err) {
		c.Errorf("the body of %q: got %d bytes (%v), want %d (%v)", want.Ref, len(has), e, len(body), err)
	}
	if want.HoldsKey() {
		if got, err := postgres.GetByKey(c.Context(), want.Tenant, want.Key); err != nil || got.Ref != want.Ref {
			c.Errorf("key %q: got record %q (%v), want %q", want.Key, got.Ref, err, want.Ref)
		}
	}
}

// both calls f on both stores and wants the same answer.
func (c copied) both(what string, file, postgres store.Store, f func(s store.Store) string) {
	c.Helper()
	if got, want := f(postgres), f(file); got != want {
		c.Errorf("%s: got %s in PostgreSQL, want %s", what, got, want)
	}
}

func TestEverythingIsCopied(t *testing.T) {
	c := setup(t)
	var gone []store.Tombstone
	c.edit(func(s store.Store) {
		if err := walk.Random(t.Context(), s, rand.New(rand.NewPCG(1, 2)), 2000); err != nil {
			t.Fatal(err)
		}
	})
	export, err := sqlitestore.OpenExport(t.Context(), sqlitestore.Config{Path: c.path})
	if err != nil {
		t.Fatal(err)
	}
	for it, err := range export.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if it.Tombstone != nil {
			gone = append(gone, *it.Tombstone)
		}
	}
	if err := export.Close(); err != nil {
		t.Fatal(err)
	}
	out := c.copy()
	if again := c.copy(); !strings.HasPrefix(line(again, "records"), "0 0 ") || !strings.HasPrefix(line(again, "purged"), "0 0 ") || !strings.Contains(again, "Everything is there") {
		t.Errorf("copied once more:\n%s\nwant nothing added or updated", again)
	}
	file, postgres := c.file(), c.postgres()
	seen := c.compare(file, postgres)
	t.Logf("compared %v and %d tombstones", seen, len(gone))
	for _, phase := range []store.Phase{
		store.Queued, store.Uncertain, store.Accepted, store.Settled, store.Acknowledged, store.Rejected, store.Abandoned, store.Expired, store.Unclear,
		store.Dead, store.Unmatched, store.Delivery,
	} {
		if seen[phase] == 0 {
			t.Errorf("the walk made no record that is %s: %v", phase, seen)
		}
	}
	if len(gone) < 10 {
		t.Errorf("the walk left %d tombstones, want at least 10", len(gone))
	}
	if got, want := line(out, "purged"), fmt.Sprintf("%d 0 %d 0 0", len(gone), len(gone)); got != want {
		t.Errorf("purged: %s, want %s", got, want)
	}
	c.use(file, postgres, gone)
}

// use has both stores used from there on.
func (c copied) use(file, postgres store.Store, gone []store.Tombstone) {
	ctx, keys := c.Context(), 0
	for _, b := range gone {
		if b.Key == "" {
			continue
		}
		keys++
		c.both("a key of a purged record", file, postgres, func(s store.Store) string {
			_, err := s.Create(ctx, store.Record{Tenant: b.Tenant, Ref: "new", Method: "POST", Path: "/", Key: b.Key, Phase: store.Queued}, "", 0)
			if _, held := errors.AsType[*store.KeyHeldError](err); !held {
				c.Errorf("a create with the key %q of a purged record: %v, want it refused", b.Key, err)
			}
			return fmt.Sprint(err)
		})
		c.both("a notification of a purged record", file, postgres, func(s store.Store) string {
			r, err := s.Notify(ctx, store.Notification{Tenant: b.Tenant, Ref: b.Ref, ID: b.ID, Body: []byte("late")})
			return fmt.Sprint(r, err)
		})
	}
	if keys == 0 {
		c.Error("no tombstone holds a key")
	}
	for _, tenant := range walk.Tenants {
		for _, name := range walk.Sequences {
			c.both("the next place in sequence "+name, file, postgres, func(s store.Store) string {
				rec, err := s.Enqueue(ctx, store.Record{Tenant: tenant, Ref: "next-" + tenant + name, Method: "POST", Path: "/", Sequence: name}, []byte("next"))
				return fmt.Sprint(rec.Place, rec.Blocked, err)
			})
			// The head is skipped, if that is allowed, and the one behind it stands first.
			c.both("the sequence without its head "+name, file, postgres, func(s store.Store) string {
				seq, err := s.GetSequence(ctx, tenant, name)
				if err != nil {
					return err.Error()
				}
				l, _, err := s.Acquire(ctx, tenant, seq.Head.Ref, "person", store.ToAcknowledge, time.Minute)
				if err != nil {
					return err.Error()
				}
				_, err = s.Decide(ctx, l, store.SkipDecision{Reason: "by hand"})
				after, _ := s.GetSequence(ctx, tenant, name)
				return fmt.Sprint(err, after.Done, after.Waiting, after.Head.Ref, after.Head.Blocked)
			})
		}
	}
}

// TestARunLater copies, has both sides change, and copies again.
func TestARunLater(t *testing.T) {
	c := setup(t)
	ctx := t.Context()
	enqueue := func(s store.Store, ref, key string) {
		t.Helper()
		if _, err := s.Enqueue(ctx, store.Record{Tenant: "fjord", Ref: ref, Method: "POST", Path: "/", Key: key}, []byte("body of "+ref)); err != nil {
			t.Fatal(err)
		}
	}
	decide := func(s store.Store, tenant, ref string, purpose store.Purpose, d store.Decision) {
		t.Helper()
		l, _, err := s.Acquire(ctx, tenant, ref, "replica", purpose, time.Minute)
		if err == nil {
			_, err = s.Decide(ctx, l, d)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	deliver := func(s store.Store, body string) (ref string) {
		t.Helper()
		_, err := s.Notify(ctx, store.Notification{Tenant: "fjord", ID: "id-" + body, Body: []byte(body), Deliver: true})
		list, e := s.List(ctx, store.DeliveryTenant, store.Query{NewestFirst: true, Limit: 1})
		if err != nil || e != nil || len(list) != 1 {
			t.Fatal(err, e, list)
		}
		return list[0].Ref
	}
	withdraw := store.WithdrawDecision{Reason: "a mistake"}

	var inFile, inPostgres, inBoth string // deliveries, by who handles them
	c.edit(func(s store.Store) {
		for _, ref := range []string{"a", "b", "c", "d"} {
			enqueue(s, ref, "key-"+ref)
		}
		inFile, inPostgres, inBoth = deliver(s, "1"), deliver(s, "2"), deliver(s, "3")
	})
	c.copy()

	postgres := c.postgres()
	decide(postgres, "fjord", "a", store.ToAcknowledge, withdraw) // is further here
	decide(postgres, store.DeliveryTenant, inPostgres, store.ToRun, store.AcknowledgeDecision{})
	enqueue(postgres, "p", "key-new") // in the way of what the file gets
	c.edit(func(s store.Store) {
		decide(s, "fjord", "b", store.ToAcknowledge, withdraw) // is further there
		decide(s, store.DeliveryTenant, inFile, store.ToRun, store.AcknowledgeDecision{})
		enqueue(s, "e", "key-e")
		enqueue(s, "n", "key-new")
	})
	out, err := c.run()
	if err == nil {
		t.Fatalf("copied although key-new is held by another record:\n%s", out)
	}
	if got, want := line(out, "records"), "1 1 8 2 1"; got != want {
		t.Errorf("records: %s, want %s\n%s", got, want, out)
	}
	for _, want := range []string{
		"record a of tenant fjord: it is rejected there", "record n of tenant fjord: record p, which is queued, holds its key",
		inPostgres + " of tenant *deliveries: it was moved before",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the command said\n%s\nwant %q in it", out, want)
		}
	}
	phases := make(map[string]store.Phase)
	for _, ref := range []string{"a", "b", "c", "d", "e", "p"} {
		rec, err := postgres.Get(ctx, "fjord", ref)
		if err != nil {
			t.Fatal(ref, err)
		}
		phases[ref] = rec.Phase
	}
	if got, want := fmt.Sprint(phases), "map[a:rejected b:rejected c:queued d:queued e:queued p:queued]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := postgres.GetBody(ctx, "fjord", "b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the body of what was withdrawn in the file: %v, want none", err)
	}
	list, err := postgres.List(ctx, store.DeliveryTenant, store.Query{})
	if err != nil || len(list) != 1 || list[0].Ref != inBoth {
		t.Errorf("deliveries: %v (%v), want %s only: the others were handled", list, err, inBoth)
	}

	decide(postgres, "fjord", "p", store.ToAcknowledge, withdraw) // a person has decided
	if out := c.copy(); line(out, "records") != "1 0 9 2 0" {
		t.Errorf("copied once the key was free:\n%s\nwant one record more", out)
	}
	if rec, err := postgres.GetByKey(ctx, "fjord", "key-new"); err != nil || rec.Ref != "n" {
		t.Errorf("key-new: record %q (%v), want n", rec.Ref, err)
	}
}

func TestAFileInUseIsRefused(t *testing.T) {
	c := setup(t)
	s := c.file()
	if _, err := c.run(); !errors.Is(err, sqlitestore.ErrBusy) || !strings.Contains(err.Error(), "stop the programs") {
		t.Errorf("with the file open: %v, want ErrBusy and what to do", err)
	}
	_, err := s.Create(t.Context(), store.Record{Tenant: "fjord", Ref: "r", Method: "POST", Path: "/", Phase: store.Sending}, "sender", time.Minute)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.run(); err == nil || !strings.Contains(err.Error(), "1 records are leased") {
		t.Errorf("after the file was closed in the middle of an attempt: %v, want it refused until the lease ends", err)
	}
	postgres := c.postgres()
	if list, err := postgres.List(t.Context(), "fjord", store.Query{}); err != nil || len(list) != 0 {
		t.Errorf("PostgreSQL has %v (%v), want nothing", list, err)
	}
}

func TestNobodyOpensTheFileMeanwhile(t *testing.T) {
	c := setup(t)
	c.edit(func(store.Store) {})
	export, err := sqlitestore.OpenExport(t.Context(), sqlitestore.Config{Path: c.path})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if s, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: c.path}); err == nil {
		s.Close()
		t.Error("the file was opened while it is exported")
	}
	if err := export.Close(); err != nil {
		t.Fatal(err)
	}
	c.edit(func(store.Store) {})
}

func TestADryRunChangesNothing(t *testing.T) {
	c := setup(t)
	c.edit(func(s store.Store) {
		if _, err := s.Enqueue(t.Context(), store.Record{Tenant: "fjord", Ref: "r", Method: "POST", Path: "/"}, nil); err != nil {
			t.Fatal(err)
		}
	})
	if out, err := c.run("-dry-run"); err != nil || !strings.Contains(out, "there are no tables in schema") || !strings.Contains(out, "1 items") {
		t.Errorf("without a schema: %v\n%s\nwant what would be done", err, out)
	}
	postgres := c.postgres()
	if out, err := c.run("-dry-run"); err != nil || line(out, "records") != "1 0 0 0 0" {
		t.Errorf("with a schema: %v\n%s\nwant one record that would be added", err, out)
	}
	if _, err := postgres.Get(t.Context(), "fjord", "r"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after a dry run: %v, want no record", err)
	}
}

func TestTheDSNIsNoArgument(t *testing.T) {
	const secret = "postgres://user:hunter2@host/db"
	none := func(string) string { return "" }
	file := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-from", "x.db", secret}, {"-from", "x.db", "-dsn", secret}, {"-from", "x.db", "-dsn=" + secret}, {"-from", "x.db"}, {}} {
		var said bytes.Buffer
		_, err := parse(args, none, &said)
		if !errors.Is(err, errUsage) {
			t.Errorf("%q: %v, want it refused", args, err)
		}
		if text := fmt.Sprint(err, said.String()); strings.Contains(text, "hunter2") {
			t.Errorf("%q: the password is told: %s", args, text)
		}
	}
	cfg, err := parse([]string{"-from", "x.db", "-dsn-file", file}, none, io.Discard)
	if err != nil || cfg.dsn != secret {
		t.Errorf("-dsn-file: %q (%v), want what is in it", cfg.dsn, err)
	}
	cfg, err = parse([]string{"-from", "x.db"}, func(name string) string {
		if name == "PGHOST" {
			return "host"
		}
		return ""
	}, io.Discard)
	if err != nil || cfg.dsn != "" {
		t.Errorf("with PGHOST: %q (%v), want the rest left to the environment", cfg.dsn, err)
	}
}

func TestAFileThatIsNotThereIsNotMade(t *testing.T) {
	c := setup(t)
	if _, err := c.run(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
	if _, err := os.Stat(c.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was made: %v", err)
	}
}

// TestManyRecords reports what a large file takes; -records 100000 is a large one.
func TestManyRecords(t *testing.T) {
	c := setup(t)
	c.edit(func(s store.Store) { fill(t, s, *records) })
	runtime.GC()
	peak, stop := heap()
	begun := time.Now()
	out := c.copy()
	took := time.Since(begun)
	stop()
	if got, want := line(out, "records"), fmt.Sprintf("%d 0 %[1]d 0 0", *records); got != want {
		t.Errorf("records: %s, want %s", got, want)
	}
	t.Logf("%d records in %s with the verification, %.0f/s; the heap had %.1f MB at most", *records, took.Round(time.Millisecond), float64(*records)/took.Seconds(), float64(peak())/1e6)
}

// fill has records accepted and a third of them settled, with an answer kept.
func fill(t *testing.T, s store.Store, n int) {
	ctx := t.Context()
	work := make(chan int)
	failed := make(chan error, 64)
	for range cap(failed) {
		go func() {
			var first error
			for i := range work {
				rec := store.Record{Tenant: "fjord", Ref: fmt.Sprintf("r-%08d", i), Method: "POST", Path: "/controller/api/v2/customerinvoice", Phase: store.Sending, Key: fmt.Sprint("order-", i), Kind: "invoice"}
				_, err := s.Create(ctx, rec, "sender", time.Nanosecond)
				if err == nil {
					_, err = s.Report(ctx, rec.Tenant, rec.Ref, store.AcceptedFact{ID: fmt.Sprint("id-", i), Source: store.FromAnswer})
				}
				if err == nil && i%3 == 0 {
					out := store.Outcome{Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: bytes.Repeat([]byte("x"), 500)}
					_, err = s.Report(ctx, rec.Tenant, rec.Ref, store.SettledFact{ID: fmt.Sprint("id-", i), Outcome: out})
				}
				if first == nil {
					first = err
				}
			}
			failed <- first
		}()
	}
	for i := range n {
		work <- i
	}
	close(work)
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
}

// heap measures the largest heap until it is stopped.
func heap() (peak func() uint64, stop func()) {
	var most uint64
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-quit:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { return most }, func() { close(quit); <-done }
}
