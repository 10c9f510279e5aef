package sqlitequeue

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/sqlitefile"
)

// What is asked often must not read whole tables: a partial index is only used
// by a query that repeats its condition.
func TestQueryPlans(t *testing.T) {
	q, err := Open(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for query, index := range map[string]string{
		`SELECT company, running FROM lanes WHERE waiting > 0 AND running < 1 ORDER BY turn`:                             "lanes_turn",
		`SELECT company, running FROM lanes WHERE waiting > 0 AND running < 1 ORDER BY turn LIMIT 0 + 9`:                 "lanes_turn",
		`SELECT seq FROM jobs WHERE state = 0 AND company = '1' AND not_before <= 9 ORDER BY seq LIMIT 0 + 9`:            "jobs_line",
		`UPDATE jobs SET state = 0, worker = NULL WHERE state = 1 AND worker = 'w'`:                                      "jobs_leased",
		`SELECT seq FROM jobs WHERE expires > 0 AND state < 4 AND company = '1' AND expires <= 9 LIMIT 9`:                "jobs_expires",
		`SELECT count(*) FROM jobs WHERE state = 4`:                                                                      "jobs_tombstones",
		`SELECT 1 FROM notices WHERE state = 1 AND worker IS NULL LIMIT 1`:                                               "notices_open",
		`UPDATE notices SET worker = NULL WHERE state = 1 AND worker = 'w'`:                                              "notices_open",
		`SELECT key, body FROM docs WHERE company = '1' AND version > 3`:                                                 "docs_version",
		`SELECT seq, company FROM jobs WHERE id = 'x' AND state = 1 AND worker = 'w' AND epoch = 1`:                      "sqlite_autoindex_jobs",
		`UPDATE notices SET state = 2 WHERE worker = 'w' AND state >= 1 AND seq = (SELECT seq FROM jobs WHERE id = 'x')`: "INTEGER PRIMARY KEY",
		`SELECT seq FROM notices WHERE state >= 1 AND seq = (SELECT seq FROM jobs WHERE id = 'x')`:                       "INTEGER PRIMARY KEY",
	} {
		var plan []string
		err := q.rows(t.Context(), "EXPLAIN QUERY PLAN "+query, nil, func(row sqlitefile.Row) error {
			var detail string
			err := row.Scan(nil, nil, nil, &detail)
			plan = append(plan, detail)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(plan, "; "); !strings.Contains(text, index) || strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s\nplan: %s\nwant %s", query, text, index)
		}
	}
}
