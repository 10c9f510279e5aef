package pgcluster_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/internal/testkit"
)

func TestAPromotedStandbyHasAllThatWasAcknowledged(t *testing.T) {
	primary := pgtest.Cluster(t, pgcluster.Config{})
	exec(t, primary.DSN(), "CREATE TABLE rows (n int PRIMARY KEY)")
	standby := pgtest.Standby(t, primary)
	if got := value(t, standby.DSN(), "SELECT pg_is_in_recovery()"); got != "true" {
		t.Errorf("the standby is in recovery: %s, want true", got)
	}
	both := pgcluster.MultiDSN(standby, primary)

	// Four clients write until the primary is killed.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex // guards acknowledged
	var acknowledged []int
	var writers sync.WaitGroup
	for w := range 4 {
		conn, err := pgx.Connect(ctx, both) // before the first of them makes the primary die
		if err != nil {
			t.Fatal(err)
		}
		writers.Go(func() {
			defer conn.Close(context.WithoutCancel(ctx))
			for n := w; ; n += 4 {
				if _, err := conn.Exec(ctx, "INSERT INTO rows VALUES ($1)", n); err != nil {
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, n)
				mu.Unlock()
			}
		})
	}
	testkit.Eventually(t, "200 rows written", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged) >= 200
	})
	primary.Kill()
	writers.Wait()
	if err := standby.Promote(testkit.Within(t, time.Minute)); err != nil {
		t.Fatal(err)
	}

	conn, err := pgx.Connect(t.Context(), both)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), "SELECT n FROM rows ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range acknowledged {
		if _, ok := slices.BinarySearch(there, n); !ok {
			t.Errorf("row %d was acknowledged and is lost", n)
		}
	}
	// It does not wait for a standby of its own.
	if _, err := conn.Exec(testkit.Within(t, time.Minute), "INSERT INTO rows VALUES (-1)"); err != nil {
		t.Error(err)
	}
}

func TestCommitsWaitForAStandbyUntilItIsClosed(t *testing.T) {
	primary := pgtest.Cluster(t, pgcluster.Config{})
	exec(t, primary.DSN(), "CREATE TABLE rows (n int)")
	standby := pgtest.Standby(t, primary)
	exec(t, primary.DSN(), "INSERT INTO rows VALUES (1)")
	if second, err := primary.Standby(testkit.Within(t, time.Minute)); err == nil {
		t.Error("a second standby was added", second.Close())
	}

	standby.Stop(pgcluster.Fast)
	conn, err := pgx.Connect(t.Context(), primary.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	pid := conn.PgConn().PID()
	committed := make(chan error, 1)
	go func() {
		_, err := conn.Exec(t.Context(), "INSERT INTO rows VALUES (2)")
		committed <- err
	}()
	testkit.Eventually(t, "a commit that waits for the standby", func() bool {
		return value(t, primary.DSN(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = $1)", pid) == "true"
	})
	if err := standby.Restart(testkit.Within(t, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := <-committed; err != nil {
		t.Errorf("the commit after its standby was started again: %v, want success", err)
	}
	if got := value(t, standby.DSN(), "SELECT pg_last_wal_receive_lsn() IS NOT NULL"); got != "true" {
		t.Errorf("the standby streams: %s, want true", got)
	}

	standby.Stop(pgcluster.Immediate)
	go func() {
		_, err := conn.Exec(t.Context(), "INSERT INTO rows VALUES (3)")
		committed <- err
	}()
	if err := standby.Close(); err != nil {
		t.Error(err)
	}
	if err := <-committed; err != nil {
		t.Errorf("the commit after its standby was closed: %v, want success", err)
	}
	pgtest.Standby(t, primary) // another one may follow
}
