package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

func TestTheShapeOfTheSchemaIsWhatOpenWants(t *testing.T) {
	s := open(t, config(t))
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	has, err := shapeOf(t.Context(), conn.Conn(), s.cfg.Schema)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "shape.txt", strings.Join(has, "\n")+"\n")
}

func TestManyOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	cfg := config(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := Open(t.Context(), cfg)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			defer s.Close()
			if _, err := s.Create(t.Context(), newRecord(store.Sending), "a", lasting); err != nil {
				t.Errorf("Create: %v", err)
			}
		})
	}
	wg.Wait()
	s := open(t, cfg)
	if n, err := s.Count(t.Context(), fjord, store.Query{}); err != nil || n != 8 {
		t.Errorf("%d records are there, %v, want 8", n, err)
	}
	list, err := Migrations(cfg.Schema)
	must(t, err)
	if n := value[int](t, connect(t, cfg), s.text("SELECT count(*) FROM ~versions")); n != len(list) {
		t.Errorf("%d migrations were made, want each of the %d once", n, len(list))
	}
}

func TestAProgramWorksOnTheSchemaOfTheNextVersion(t *testing.T) {
	cfg := config(t)
	list, err := Migrations(cfg.Schema)
	must(t, err)
	conn := connect(t, cfg)
	must(t, migrateBy(t.Context(), conn, cfg.Schema, list[:1]))
	first, err := shapeOf(t.Context(), conn, cfg.Schema)
	must(t, err)
	s := open(t, cfg) // which migrates
	// What the first version does on a schema that a later one has made.
	must(t, migrateBy(t.Context(), conn, cfg.Schema, list[:1]))
	if n := value[int](t, conn, s.text("SELECT max(version) FROM ~versions")); n != len(list) {
		t.Errorf("the schema has version %d, want %d as before", n, len(list))
	}
	has, err := shapeOf(t.Context(), conn, cfg.Schema)
	must(t, err)
	for _, line := range first {
		if list[len(list)-1].Compatible == 1 && !slices.Contains(has, line) {
			t.Errorf("a program of version 1 can work on version %d, which lacks %s", len(list), line)
		}
	}
}

func TestASchemaThatIsTooNewIsRefused(t *testing.T) {
	cfg := config(t)
	open(t, cfg).Close()
	conn := connect(t, cfg)
	for _, c := range []struct {
		compatible int
		want       error
	}{{1, nil}, {99, ErrNewerSchema}} {
		exec(t, conn, "INSERT INTO "+cfg.Schema+".versions (version, compatible) VALUES ($1, $2)", 100+c.compatible, c.compatible)
		for _, validate := range []bool{false, true} {
			cfg.ValidateOnly = validate
			s, err := Open(t.Context(), cfg)
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, c.want) {
				t.Errorf("compatible with %d, ValidateOnly %t: got %v, want %v", c.compatible, validate, err, c.want)
			}
		}
	}
}

func TestASchemaThatOtherToolsMakeIsValidated(t *testing.T) {
	cfg := config(t)
	cfg.ValidateOnly = true
	opens := func(want error, texts ...string) {
		t.Helper()
		s, err := Open(t.Context(), cfg)
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("Open: got %v, want %v", err, want)
			return
		}
		for _, text := range texts {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("Open: got %q, want it to name %s", err, text)
			}
		}
	}
	opens(ErrSchema, "no tables", cfg.Schema, "Migrations")
	admin := connect(t, cfg)
	if n := value[int](t, admin, "SELECT count(*) FROM pg_namespace WHERE nspname = $1", cfg.Schema); n != 0 {
		t.Error("a store that only validates made a schema")
	}

	// As a role that may make schemas, and nothing else.
	role := cfg.Schema + "_role"
	exec(t, admin, fmt.Sprintf("CREATE ROLE %s LOGIN", role))
	database := value[string](t, admin, "SELECT quote_ident(current_database())")
	exec(t, admin, fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s", database, role))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		conn, err := pgx.Connect(ctx, cfg.DSN)
		must(t, err)
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, fmt.Sprintf("DROP OWNED BY %s CASCADE; DROP ROLE %[1]s", role))
		must(t, err)
	})
	exec(t, admin, "SET ROLE "+role)
	list, err := Migrations(cfg.Schema)
	must(t, err)
	for i, m := range list {
		if m.Version != i+1 {
			t.Fatalf("migration %d has version %d", i, m.Version)
		}
		if i > 0 {
			opens(ErrSchema, fmt.Sprintf("version %d", i), fmt.Sprintf("want %d", len(list)))
		}
		// As psql has it: one statement after the other.
		exec(t, admin, "BEGIN")
		_, err := admin.PgConn().Exec(t.Context(), m.SQL).ReadAll()
		must(t, err)
		exec(t, admin, "COMMIT")
	}
	exec(t, admin, "RESET ROLE")
	opens(nil)
	exec(t, admin, "CREATE INDEX of_their_own ON "+cfg.Schema+".records (kind)")
	exec(t, admin, "ALTER TABLE "+cfg.Schema+".records ADD COLUMN of_their_own text")
	opens(nil)
	exec(t, admin, "DROP INDEX "+cfg.Schema+".records_due; ALTER TABLE "+cfg.Schema+".documents DROP COLUMN changed")
	opens(ErrSchema, "records_due", "documents.changed")
}

func TestARoleThatOwnsTheSchemaIsEnough(t *testing.T) {
	cfg := config(t)
	admin := connect(t, cfg)
	role := cfg.Schema + "_role"
	exec(t, admin, fmt.Sprintf("CREATE ROLE %s LOGIN; CREATE SCHEMA %s AUTHORIZATION %[1]s", role, cfg.Schema))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		conn, err := pgx.Connect(ctx, cfg.DSN)
		must(t, err)
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, fmt.Sprintf("DROP OWNED BY %s CASCADE; DROP ROLE %[1]s", role))
		must(t, err)
	})
	theirs := cfg
	theirs.DSN += "&user=" + role
	s := open(t, theirs)
	rec := settled(t, s)
	l := run(t, s, rec)
	_, err := s.Decide(t.Context(), l, store.AcknowledgeDecision{})
	must(t, err)
}

func TestWhatMayBeLostIsInTheLogBeforeWhatMayNot(t *testing.T) {
	cfg := config(t)
	cfg.DSN += "&options=-csynchronous_commit%3Doff" // which some roles have
	s := open(t, cfg)
	conn := connect(t, cfg)
	// What each COMMIT was made with.
	exec(t, conn, s.text("CREATE TABLE ~commits (at serial, synchronous text)"))
	exec(t, conn, s.text("CREATE FUNCTION ~note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO "+s.schema+".commits (synchronous) VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$"))
	exec(t, conn, s.text("CREATE CONSTRAINT TRIGGER note AFTER INSERT ON ~groups DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ~note()"))
	made := func() string {
		return value[string](t, conn, s.text("WITH gone AS (DELETE FROM ~commits RETURNING at, synchronous) SELECT coalesce(string_agg(synchronous, ' ' ORDER BY at), '') FROM gone"))
	}
	want := func(what, want string) {
		t.Helper()
		if got := made(); got != want {
			t.Errorf("%s: synchronous_commit was %q, want %q", what, got, want)
		}
	}
	ctx := t.Context()
	rec := accepted(t, s)
	want("Create and an id", "on on")
	_, err := s.Report(ctx, fjord, rec.Ref, store.SettledFact{ID: rec.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
	must(t, err)
	want("an outcome, although the ERP still has it", "on")
	l := run(t, s, rec)
	want("a lease", "on")
	_, err = s.Decide(ctx, l, store.InterruptDecision{})
	must(t, err)
	want("an interruption", "off")
	l = run(t, s, rec)
	made()
	_, err = s.Decide(ctx, l, store.DeadLetterDecision{Reason: "test"})
	must(t, err)
	want("a dead letter", "on")
	_, err = s.Enqueue(ctx, queued("", ""), nil)
	must(t, err)
	want("Enqueue", "on")
	_, err = s.PutDocument(ctx, store.Document{Tenant: fjord, Name: "d", Body: []byte("{}")})
	must(t, err)
	want("a document", "off")
	rec = sending(t, s)
	_, err = s.Report(ctx, fjord, rec.Ref, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 201}})
	must(t, err)
	want("Create and an outcome that the ERP does not keep", "on on")
	_, err = s.PutDocument(ctx, store.Document{Tenant: fjord, Name: "e", Body: []byte("{}")})
	must(t, err)
	must(t, s.Close())
	want("a document and Close", "off on")
}
