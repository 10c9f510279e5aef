package sqlitequeue

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/internal/sqlitefile/notmp"
)

// A directory of the first version is brought up to date where SQLite can make
// no temporary file, by connections that keep what they sort in memory.
func TestNoTemporaryDirectory(t *testing.T) {
	prepare := func(dir string) {
		dir = filepath.Join(dir, "data")
		q, err := Open(t.Context(), Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		err = q.change(func(t *tx) error {
			return t.Exec(`WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
				INSERT INTO jobs (id, company, state, not_before, received, expires, fixed) SELECT 'job' || n, '1', 2, 0, 0, 9000000000000000000 - n, '{}' FROM n`)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		toVersion1(t, q.file.Path())
	}
	notmp.Run(t, prepare, func(dir string) {
		q, err := Open(t.Context(), Config{Dir: filepath.Join(dir, "data")})
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		check := func(c *sqlitefile.Conn) error {
			if n, err := c.Int64("PRAGMA temp_store"); err != nil || n != 2 {
				t.Errorf("temp_store is %d, %v; want 2 (memory)", n, err)
			}
			return nil
		}
		if err := errors.Join(q.file.Visit(t.Context(), check), q.file.Read(t.Context(), check), check(q.watch)); err != nil {
			t.Error(err)
		}
		var n int
		if _, err := q.row(t.Context(), "SELECT count(*) FROM (SELECT DISTINCT expires, id FROM jobs ORDER BY expires)", nil, &n); err != nil || n != 3000 {
			t.Errorf("sorted %d jobs, %v; want 3000", n, err)
		}
	})
}

// toVersion1 makes a file what the first version of the schema would be.
func toVersion1(t *testing.T, file string) {
	t.Helper()
	c, err := sqlitefile.Connect(file)
	if err == nil {
		err = errors.Join(c.Script(`DROP INDEX jobs_expires; CREATE INDEX jobs_expires ON jobs (expires) WHERE expires > 0 AND state < 4;
			ALTER TABLE books DROP COLUMN began; ALTER TABLE workers DROP COLUMN ttl; ALTER TABLE workers DROP COLUMN lock;
			DROP INDEX jobs_tombstones; CREATE INDEX jobs_graves ON jobs (seq) WHERE state = 4; PRAGMA user_version = 1`), c.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
