package sqlitequeue_test

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

// A directory of the first version keeps what is in it, and can do what the
// present one can.
func TestAnOlderSchemaIsUpgraded(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, sqlitequeue.Config{})
	add(t, q, newJob("aa"), newJob("bb"))
	ended := take(t, q)[0]
	r := queue.Result{
		State: operation.Finished, Ended: time.Now(), Expires: time.Now().Add(time.Hour), Content: []byte("x"),
		Changes: &queue.Changes{Company: "1", Version: 1, Docs: map[string][]byte{"k": []byte("v")}},
	}
	if err := q.Finish(t.Context(), ended.Lease(), r); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	behind(
		t, dir, `DROP INDEX jobs_expires`, `CREATE INDEX jobs_expires ON jobs (expires) WHERE expires > 0 AND state < 4`,
		`ALTER TABLE books DROP COLUMN began`, `ALTER TABLE workers DROP COLUMN ttl`, `ALTER TABLE workers DROP COLUMN lock`,
		`DROP INDEX jobs_tombstones`, `CREATE INDEX jobs_graves ON jobs (seq) WHERE state = 4`, `UPDATE jobs SET epoch = 1`, `PRAGMA user_version = 1`,
	)
	for range 2 { // the second finds nothing to do
		q = open(t, dir, sqlitequeue.Config{})
		list, err := q.List(t.Context(), now)
		if err != nil || len(list) != 2 || list[0].State != operation.Finished || list[1].State != operation.Queued {
			t.Fatalf("got %+v, %v", list, err)
		}
		if c, err := q.ReadState(t.Context(), "1", 0); err != nil || c.Version != 1 || c.Anew || string(c.Docs["k"]) != "v" {
			t.Errorf("got %+v, %v", c, err)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	q = open(t, dir, sqlitequeue.Config{})
	if jobs := take(t, q); len(jobs) != 1 || jobs[0].Epoch <= 1 {
		t.Errorf("took %+v", jobs)
	}
	if err := q.Reset(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if c, err := q.ReadState(t.Context(), "1", 1); err != nil || !c.Anew || len(c.Docs) != 0 {
		t.Errorf("got %+v, %v", c, err)
	}
}
