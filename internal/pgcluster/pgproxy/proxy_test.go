package pgproxy_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/internal/pgcluster/pgproxy"
	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/internal/testkit"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// start starts a proxy in front of a server, and returns how to connect by it.
func start(t *testing.T, pg *pgcluster.Cluster) (*pgproxy.Proxy, string) {
	t.Helper()
	p, err := pgproxy.Start(pg.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	dsn, err := p.DSN(pg.DSN())
	if err != nil {
		t.Fatal(err)
	}
	return p, dsn
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(testkit.Within(t, time.Minute), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) }) // or it is cut
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(testkit.Within(t, time.Minute), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func count(t *testing.T, conn *pgx.Conn, query string, args ...any) (n int) {
	t.Helper()
	if err := conn.QueryRow(testkit.Within(t, time.Minute), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestTheProxyPassesOnCountsAndDrops(t *testing.T) {
	pg := pgtest.Cluster(t, pgcluster.Config{})
	p, dsn := start(t, pg)

	t.Run("counts", func(t *testing.T) {
		conn := connect(t, strings.Replace(dsn, "sslmode=disable", "sslmode=prefer", 1))
		before := p.Counts()
		exec(t, conn, "SELECT 1")                         // simple
		exec(t, conn, "SELECT $1::text, $2::int", "a", 1) // prepared, then carried out
		exec(t, conn, "SELECT $1::text, $2::int", "b", 2)
		after := p.Counts()
		if got := after.Query - before.Query; got != 1 {
			t.Errorf("%d simple queries were seen, want 1", got)
		}
		if got := after.Parse - before.Parse; got != 1 {
			t.Errorf("%d statements were prepared, want 1", got)
		}
		if got := [...]int64{after.Bind - before.Bind, after.Execute - before.Execute, after.Sync - before.Sync}; got != [...]int64{2, 2, 3} {
			t.Errorf("%v times Bind, Execute and Sync, want 2, 2 and 3", got)
		}
		if got := after.RoundTrips() - before.RoundTrips(); got != 4 {
			t.Errorf("%d round trips, want 4", got)
		}
	})

	t.Run("passes on what is large", func(t *testing.T) {
		conn := connect(t, dsn)
		large := strings.Repeat("x", 5<<20)
		var back string
		if err := conn.QueryRow(t.Context(), "SELECT $1::text", large).Scan(&back); err != nil || back != large {
			t.Errorf("%d bytes came back, %v, want the %d that were sent", len(back), err, len(large))
		}
	})

	t.Run("notifications", func(t *testing.T) {
		listener, direct := connect(t, dsn), connect(t, pg.DSN())
		exec(t, listener, "LISTEN news")
		hear := func(want string) {
			t.Helper()
			n, err := listener.WaitForNotification(testkit.Within(t, time.Minute))
			if err != nil || n.Payload != want {
				t.Fatalf("heard %v, %v, want %q", n, err, want)
			}
		}
		exec(t, direct, "SELECT pg_notify('news', 'first')")
		hear("first")
		before := p.Counts().Dropped
		p.DropNotifications(true)
		exec(t, direct, "SELECT pg_notify('news', 'lost')")
		testkit.Eventually(t, "one dropped", func() bool { return p.Counts().Dropped == before+1 })
		exec(t, listener, "SELECT 1") // all else goes through
		p.DropNotifications(false)
		exec(t, direct, "SELECT pg_notify('news', 'second')")
		hear("second")
	})

	t.Run("cancels", func(t *testing.T) {
		conn := connect(t, dsn)
		ended := make(chan error, 1)
		go func() {
			_, err := conn.Exec(t.Context(), "SELECT pg_sleep(600)")
			ended <- err
		}()
		direct := connect(t, pg.DSN())
		testkit.Eventually(t, "a query that runs", func() bool {
			return count(t, direct, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'", conn.PgConn().PID()) == 1
		})
		if err := conn.PgConn().CancelRequest(testkit.Within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		var told *pgconn.PgError
		if err := <-ended; !errors.As(err, &told) || told.Code != "57014" {
			t.Errorf("the query ended with %v, want that it was cancelled", err)
		}
	})
}

func TestTheProxyCutsRefusesAndStalls(t *testing.T) {
	pg := pgtest.Cluster(t, pgcluster.Config{})
	p, dsn := start(t, pg)

	first, second := connect(t, dsn), connect(t, dsn)
	p.Cut()
	for _, conn := range []*pgx.Conn{first, second} {
		if err := conn.Ping(t.Context()); err == nil {
			t.Error("a connection answered after it was cut")
		}
	}

	conn := connect(t, dsn)
	p.Refuse(true)
	if _, err := pgx.Connect(t.Context(), dsn); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a connection that is refused ends with %v, want a reset", err)
	}
	exec(t, conn, "SELECT 1")
	p.Refuse(false)
	connect(t, dsn)

	exec(t, conn, "CREATE TABLE seen ()")
	direct := connect(t, pg.DSN())
	p.Stall(true)
	p.Stall(true)
	ended, connected := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := conn.Exec(t.Context(), "INSERT INTO seen DEFAULT VALUES")
		ended <- err
	}()
	seen := p.Counts().Connections
	go func() {
		late, err := pgx.Connect(t.Context(), dsn)
		if err == nil {
			err = late.Close(t.Context())
		}
		connected <- err
	}()
	testkit.Eventually(t, "a connection while it stalls", func() bool { return p.Counts().Connections == seen+1 })
	if n := count(t, direct, "SELECT count(*) FROM seen"); n != 0 {
		t.Errorf("a stalled INSERT reached the server")
	}
	select {
	case err := <-ended:
		t.Errorf("a stalled INSERT ended: %v", err)
	case err := <-connected:
		t.Errorf("a stalled connection was made: %v", err)
	default:
	}
	p.Stall(false)
	for _, c := range []chan error{ended, connected} {
		if err := <-c; err != nil {
			t.Errorf("after the stall: %v", err)
		}
	}
	if n := count(t, direct, "SELECT count(*) FROM seen"); n != 1 {
		t.Errorf("%d rows after the stall, want 1", n)
	}

	p.Stall(true)
	p.Cut()
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("a stalled connection answered after it was cut")
	}
}

// ways of sending a transaction that inserts a row.
var ways = map[string]func(ctx context.Context, conn *pgx.Conn, row string) error{
	"statement by statement": func(ctx context.Context, conn *pgx.Conn, row string) error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO seen VALUES ($1)", row); err != nil {
			return err
		}
		return tx.Commit(ctx)
	},
	"one batch": func(ctx context.Context, conn *pgx.Conn, row string) error {
		var b pgx.Batch
		b.Queue("BEGIN")
		b.Queue("INSERT INTO seen VALUES ($1)", row)
		b.Queue("COMMIT")
		return conn.SendBatch(ctx, &b).Close()
	},
	"one query": func(ctx context.Context, conn *pgx.Conn, row string) error {
		_, err := conn.Exec(ctx, "BEGIN; INSERT INTO seen VALUES ('"+row+"'); COMMIT")
		return err
	},
}

func TestTheProxyCutsAtACommit(t *testing.T) {
	pg := pgtest.Cluster(t, pgcluster.Config{})
	p, dsn := start(t, pg)
	direct := connect(t, pg.DSN())
	exec(t, direct, "CREATE TABLE seen (row text)")
	for way, send := range ways {
		for _, c := range []struct {
			name string
			at   pgproxy.Point
			want int
		}{
			{"before", pgproxy.BeforeCommit, 0},
			{"during", pgproxy.DuringCommit, 1},
			{"after", pgproxy.AfterCommit, 1},
		} {
			t.Run(way+", "+c.name, func(t *testing.T) {
				ctx := testkit.Within(t, time.Minute)
				conn, before, row := connect(t, dsn), p.Counts().Cut, way+c.name
				pid := conn.PgConn().PID()
				if err := send(ctx, conn, row+" early"); err != nil {
					t.Fatal(err)
				}
				p.CutAtCommit(c.at, 1)
				p.Refuse(true) // pgx asks for what it lost to be cancelled
				err := send(ctx, conn, row)
				var told *pgconn.PgError
				if err == nil || errors.As(err, &told) {
					t.Errorf("the transaction ended with %v, want a connection that is cut", err)
				}
				if got := p.Counts().Cut - before; got != 1 {
					t.Errorf("%d connections were cut, want 1", got)
				}
				testkit.Eventually(t, "without the backend", func() bool {
					return count(t, direct, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
				})
				p.Refuse(false)
				if got := count(t, direct, "SELECT count(*) FROM seen WHERE row = $1", row); got != c.want {
					t.Errorf("%d rows are there, want %d", got, c.want)
				}
				if err := send(ctx, connect(t, dsn), row+" late"); err != nil {
					t.Errorf("the next COMMIT is cut as well: %v", err)
				}
			})
		}
	}
}

func TestTheServerMayStillBeAtACommitThatWasCut(t *testing.T) {
	// A standby that is never there keeps COMMITs waiting.
	pg := pgtest.Cluster(t, pgcluster.Config{Settings: map[string]string{"synchronous_standby_names": "absent"}})
	p, dsn := start(t, pg)
	direct, conn := connect(t, pg.DSN()), connect(t, dsn)
	exec(t, direct, "SET synchronous_commit = local")
	exec(t, direct, "CREATE TABLE seen (row text)")
	p.CutAtCommit(pgproxy.DuringCommit, 1)
	p.Refuse(true) // pgx asks for what it lost to be cancelled, which would end the wait
	if err := ways["one batch"](testkit.Within(t, time.Minute), conn, "x"); err == nil {
		t.Error("the transaction ended well, want a connection that is cut")
	}
	testkit.Eventually(t, "a backend that waits for the standby", func() bool {
		return count(t, direct, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'SyncRep'", conn.PgConn().PID()) == 1
	})
	if got := count(t, direct, "SELECT count(*) FROM seen"); got != 0 {
		t.Errorf("%d rows are seen while their COMMIT waits, want none", got)
	}
	exec(t, direct, "SELECT pg_terminate_backend($1)", conn.PgConn().PID())
	testkit.Eventually(t, "a row", func() bool { return count(t, direct, "SELECT count(*) FROM seen") == 1 })
}
