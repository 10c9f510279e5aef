package sqlitequeue

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/vismanet-go/background/internal/sqlconn/notmp"
)

// A directory of the first version is brought up to date where SQLite can make
// no temporary file, by connections that keep what they sort in memory.
func TestNoTemporaryDirectory(t *testing.T) {
	prepare := func(dir string) {
		dir = filepath.Join(dir, "data")
		q, err := Open(dir, Config{})
		if err != nil {
			t.Fatal(err)
		}
		err = q.writer.do(func(t *tx) error {
			_, err := t.exec(`WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
				INSERT INTO jobs (id, company, state, not_before, received, expires, fixed) SELECT 'job' || n, '1', 2, 0, 0, 9000000000000000000 - n, '{}' FROM n`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		toVersion1(t, q.file())
	}
	notmp.Run(t, prepare, func(dir string) {
		q, err := Open(filepath.Join(dir, "data"), Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		for name, db := range map[string]*sql.DB{"write": q.write, "read": q.read, "watch": q.watch} {
			var n int
			if name == "write" {
				err = q.writer.do(func(t *tx) error { return t.row("PRAGMA temp_store", nil, &n) })
			} else {
				err = db.QueryRow("PRAGMA temp_store").Scan(&n)
			}
			if err != nil || n != 2 {
				t.Errorf("%s: temp_store is %d, %v; want 2 (memory)", name, n, err)
			}
		}
		var n int
		if err := q.read.QueryRow("SELECT count(*) FROM (SELECT DISTINCT expires, id FROM jobs ORDER BY expires)").Scan(&n); err != nil || n != 3000 {
			t.Errorf("sorted %d jobs, %v; want 3000", n, err)
		}
	})
}

// toVersion1 makes a file what the first version of the schema would be.
func toVersion1(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{
		`DROP INDEX jobs_expires`, `CREATE INDEX jobs_expires ON jobs (expires) WHERE expires > 0 AND state < 4`,
		`ALTER TABLE books DROP COLUMN began`, `ALTER TABLE workers DROP COLUMN ttl`,
		`DROP INDEX jobs_tombstones`, `CREATE INDEX jobs_graves ON jobs (seq) WHERE state = 4`, `PRAGMA user_version = 1`,
	} {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(s, err)
		}
	}
}
