package sqlitequeue

import (
	"database/sql"
	"strings"
	"testing"
)

// What is asked often must not read whole tables: a partial index is only used
// by a query that repeats its condition.
func TestQueryPlans(t *testing.T) {
	q, err := Open(t.TempDir(), Config{})
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
		rows, err := q.read.Query("EXPLAIN QUERY PLAN " + query)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		_ = rows.Close()
		if text := strings.Join(plan, "; "); !strings.Contains(text, index) || strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s\nplan: %s\nwant %s", query, text, index)
		}
	}
}

// Settings that a file system or another program does not grant are noticed.
func TestSettingsAreReadBack(t *testing.T) {
	q, err := Open(t.TempDir(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if err := q.read.QueryRow("PRAGMA journal_mode").Err(); err != nil {
		t.Fatal(err)
	}
	memory := &Queue{cfg: Config{}.withDefaults()}
	memory.write, err = sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.write.Close()
	if err := memory.set("journal_mode", "WAL", "wal"); err == nil || !strings.Contains(err.Error(), "journal_mode is memory") {
		t.Errorf("got %v", err)
	}
}
