package pgcluster_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/internal/testkit"
)

// exec runs statements by a connection of its own.
func exec(t testing.TB, dsn string, statements ...string) {
	t.Helper()
	ctx := testkit.Within(t, time.Minute)
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// value asks for one value, as text.
func value(t testing.TB, dsn, query string, args ...any) string {
	t.Helper()
	ctx := testkit.Within(t, time.Minute)
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var v any
	if err := conn.QueryRow(ctx, query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return fmt.Sprint(v)
}

func TestSettingsAreThoseOfTheConfig(t *testing.T) {
	pg := pgtest.Cluster(t, pgcluster.Config{Settings: map[string]string{"application_name": "it's", "fsync": "on"}})
	for _, dsn := range []string{pg.DSN(), pg.SocketDSN()} {
		if got := value(t, dsn, "SHOW application_name"); got != "it's" {
			t.Errorf("%s: application_name is %q, want %q", dsn, got, "it's")
		}
		if got := value(t, dsn, "SHOW fsync"); got != "on" {
			t.Errorf("%s: fsync is %q, want on", dsn, got)
		}
	}
	if got := value(t, pg.DSN(), "SHOW listen_addresses"); got != "127.0.0.1" {
		t.Errorf("the server listens on %q, want the loopback interface only", got)
	}
}

func TestSyncsUnlessToldOtherwise(t *testing.T) {
	if _, err := pgcluster.Find(); err != nil {
		pgtest.Cluster(t, pgcluster.Config{}) // skips or fails
	}
	pg, err := pgcluster.Start(testkit.Within(t, time.Minute), pgcluster.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got := value(t, pg.DSN(), "SHOW fsync"); got != "on" {
		t.Errorf("fsync is %q, want on", got)
	}
	if err := errors.Join(pg.Close(), pg.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(pg.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory after Close: %v, want it gone", err)
	}
	if err := pg.Restart(t.Context()); err == nil {
		t.Error("a closed cluster was started")
	}
}

func TestDataOutliveStopAndKill(t *testing.T) {
	pg := pgtest.Cluster(t, pgcluster.Config{})
	exec(t, pg.DSN(), "CREATE TABLE seen (how text)")
	for how, end := range map[string]func(){
		"fast":      func() { pg.Stop(pgcluster.Fast) },
		"immediate": func() { pg.Stop(pgcluster.Immediate) },
		"kill":      pg.Kill,
		"running":   func() {},
	} {
		before := pg.DSN()
		exec(t, pg.DSN(), "INSERT INTO seen VALUES ('"+how+"')")
		held, err := pgx.Connect(t.Context(), pg.DSN())
		if err != nil {
			t.Fatal(err)
		}
		end()
		if want := how == "running"; pg.Running() != want {
			t.Errorf("%s: running is %v, want %v", how, pg.Running(), want)
		}
		if err := pg.Restart(testkit.Within(t, time.Minute)); err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if err := held.Ping(t.Context()); err == nil {
			t.Errorf("%s: a connection outlived its server", how)
		}
		if pg.DSN() != before {
			t.Errorf("%s: the server is at %s now, want %s", how, pg.DSN(), before)
		}
		if got := value(t, pg.DSN(), "SELECT count(*) FROM seen WHERE how = $1", how); got != "1" {
			t.Errorf("%s: what was committed is there %s times, want once", how, got)
		}
	}
}

func TestADirectoryOfTheCallersIsKept(t *testing.T) {
	parent := t.TempDir()
	for _, dir := range []string{parent, filepath.Dir(parent)} {
		if err := os.Chmod(dir, 0o755); err != nil { // for the server's user
			t.Fatal(err)
		}
	}
	dir := filepath.Join(parent, "pg")
	first := pgtest.Cluster(t, pgcluster.Config{Dir: dir})
	exec(t, first.DSN(), "CREATE TABLE kept ()")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := pgtest.Cluster(t, pgcluster.Config{Dir: dir})
	if got := value(t, second.DSN(), "SELECT to_regclass('kept')::text"); got != "kept" {
		t.Errorf("the table is %v, want kept", got)
	}
}

func TestTextIsOrderedAsAsked(t *testing.T) {
	for collation, want := range map[string]string{"": "false", "en-US": "true"} {
		pg := pgtest.Cluster(t, pgcluster.Config{Collation: collation})
		if got := value(t, pg.DSN(), "SELECT 'a'::text < 'B'::text"); got != want {
			t.Errorf("with collation %q, a before B is %s, want %s", collation, got, want)
		}
	}
}

func TestAServerThatDoesNotStartSaysWhy(t *testing.T) {
	if _, err := pgcluster.Find(); err != nil {
		pgtest.Cluster(t, pgcluster.Config{}) // skips or fails
	}
	pg, err := pgcluster.Start(testkit.Within(t, time.Minute), pgcluster.Config{Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil {
		t.Fatal("it started", pg.Close())
	}
	if !strings.Contains(err.Error(), `unrecognized configuration parameter "no_such_setting"`) {
		t.Errorf("the error is %q, want what the server said", err)
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	if _, err := pgcluster.Find(); err != nil {
		pgtest.Cluster(t, pgcluster.Config{}) // skips or fails
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pg, err := pgcluster.Start(ctx, pgcluster.Config{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Start returned %v and %v, want context.Canceled", pg, err)
	}
}
