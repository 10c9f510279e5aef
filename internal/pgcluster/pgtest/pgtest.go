// Package pgtest gives tests a PostgreSQL server.
//
// It is the one of the environment variable DATABASE_URL, or else of
// BACKGROUND_TEST_POSTGRES, where tests have schemas of their own and leave
// nothing else behind; or else a private one, which is started once for all
// tests of the process, out of the programs that are installed. Where nothing is
// installed the tests are skipped, or fail if the environment says STRICT=1.
package pgtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/pgcluster"
)

// patience is for servers that start on busy machines.
const patience = time.Minute

// quick are settings of servers whose data are worth nothing: a process that is
// killed loses nothing by them, only a machine that loses its power does. What
// clients notice, such as synchronous_commit, is as usual.
var quick = map[string]string{
	"fsync":            "off",
	"full_page_writes": "off",
	"max_connections":  "200",
}

// shared is the server of this process.
var shared struct {
	once    sync.Once
	cluster *pgcluster.Cluster
	dsn     string
	err     error
}

// skipped has it said once that tests are skipped.
var skipped sync.Once

// Main runs the tests of a package and then stops the server, if there is one:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// Without it, the server ends a moment after the process.
func Main(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	code := m.Run()
	if shared.cluster == nil {
		return code
	}
	if err := shared.cluster.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest: stop PostgreSQL:", err)
		return max(code, 1)
	}
	return code
}

// DSN returns how to connect to a server that takes schemas, and the name of a
// schema that is not there yet and is the test's own: what is in it is removed
// after the test, which must have ended its transactions by then.
func DSN(t testing.TB) (dsn, schema string) {
	t.Helper()
	shared.once.Do(start)
	if shared.err != nil {
		missing(t, shared.err)
	}
	schema = "background_test_" + strings.ToLower(rand.Text()[:12])
	t.Cleanup(func() {
		if err := drop(shared.dsn, schema); err != nil {
			t.Errorf("remove the test's schema: %v", err)
		}
	})
	return shared.dsn, schema
}

// start finds or starts the server of this process. Its text is ordered as users'
// is, so that what depends on the order of bytes shows.
func start() {
	if shared.dsn = cmp.Or(os.Getenv("DATABASE_URL"), os.Getenv("BACKGROUND_TEST_POSTGRES")); shared.dsn != "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cfg := pgcluster.Config{Settings: quick, Collation: "en-US"}
	shared.cluster, shared.err = pgcluster.Start(ctx, cfg)
	if shared.err != nil && !errors.Is(shared.err, pgcluster.ErrNotInstalled) {
		cfg.Collation = "" // older than 15, or built without ICU
		shared.cluster, shared.err = pgcluster.Start(ctx, cfg)
	}
	if shared.err == nil {
		shared.dsn = shared.cluster.DSN()
	}
}

// Cluster starts a server for one test alone, which may stop and kill it. Writes
// are not synced unless cfg says so. What the server said is logged if the test
// fails.
func Cluster(t testing.TB, cfg pgcluster.Config) *pgcluster.Cluster {
	t.Helper()
	settings := maps.Clone(quick)
	maps.Copy(settings, cfg.Settings)
	cfg.Settings = settings
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := pgcluster.Start(ctx, cfg)
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(func() { end(t, c) })
	return c
}

// Standby adds a synchronous standby to a server, for one test.
func Standby(t testing.TB, c *pgcluster.Cluster) *pgcluster.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := c.Standby(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(t, s) })
	return s
}

func end(t testing.TB, c *pgcluster.Cluster) {
	if said, err := os.ReadFile(c.LogPath()); t.Failed() && err == nil {
		t.Logf("PostgreSQL on %s said:\n%s", c.Addr(), said[max(0, len(said)-8192):])
	}
	if err := c.Close(); err != nil {
		t.Errorf("stop PostgreSQL: %v", err)
	}
}

// missing ends a test that has no server.
func missing(t testing.TB, err error) {
	t.Helper()
	switch {
	case !errors.Is(err, pgcluster.ErrNotInstalled):
		t.Fatal(err)
	case os.Getenv("STRICT") == "1":
		t.Fatalf("%v; STRICT=1 has no test skipped", err)
	}
	skipped.Do(func() {
		fmt.Fprintln(os.Stderr, "pgtest: tests are skipped for want of PostgreSQL; `make setup` installs it, DATABASE_URL names a server")
	})
	t.Skipf("skipped for want of PostgreSQL: %v; or set DATABASE_URL to a server on which schemas may be made", err)
}

// drop removes a schema. It does not wait long for who still uses it.
func drop(dsn, schema string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "SET lock_timeout = '10s'; SET client_min_messages = warning; DROP SCHEMA IF EXISTS "+pgx.Identifier{schema}.Sanitize()+" CASCADE")
	return err
}
