//go:build unix

// Package connections measures the ways to talk to SQLite from Go. All of them
// run the same SQLite.
package connections

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"
	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	schema = `CREATE TABLE records (n INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, phase TEXT NOT NULL,
			id TEXT, key TEXT, until INTEGER, doc TEXT NOT NULL) STRICT;
		CREATE UNIQUE INDEX records_key ON records (tenant, key) WHERE key IS NOT NULL;
		CREATE INDEX records_phase ON records (tenant, phase, ref);`
	insert = "INSERT INTO records (ref, tenant, doc, phase, id, key, until) VALUES (?, ?, ?, ?, ?, ?, ?)"
	read   = "SELECT n, doc FROM records WHERE ref = ?"
	update = "UPDATE records SET doc = ?, phase = ? WHERE n = ?"
	group  = 64
)

// way is a connection with prepared statements.
type way interface {
	exec(query string, args ...any) error
	row(query, arg string) (int64, string, error)
}

// life inserts, reads and updates a group of records, in two transactions.
func life(w way, name string) error {
	refs, doc := make([]string, group), strings.Repeat("x", 600)
	for i := range refs {
		refs[i] = fmt.Sprintf("%s-%02d", name, i)
	}
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, ref := range refs {
		if err := w.exec(insert, ref, "fjord", doc, "sending", nil, ref, int64(1)); err != nil {
			return err
		}
	}
	for _, query := range []string{"COMMIT", "BEGIN IMMEDIATE"} {
		if err := w.exec(query); err != nil {
			return err
		}
	}
	for _, ref := range refs {
		n, doc, err := w.row(read, ref)
		if err == nil {
			err = w.exec(update, doc, "accepted", n)
		}
		if err != nil {
			return err
		}
	}
	return w.exec("COMMIT")
}

// direct calls the driver of modernc.org/sqlite without database/sql.
type direct struct {
	conn  driver.Conn
	stmts map[string]driver.Stmt
	args  []driver.NamedValue
}

func (d *direct) prepare(query string, args ...any) (driver.Stmt, error) {
	d.args = d.args[:0]
	for i, a := range args {
		d.args = append(d.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	if st := d.stmts[query]; st != nil {
		return st, nil
	}
	st, err := d.conn.Prepare(query)
	d.stmts[query] = st
	return st, err
}

func (d *direct) exec(query string, args ...any) error {
	st, err := d.prepare(query, args...)
	if err == nil {
		_, err = st.(driver.StmtExecContext).ExecContext(context.Background(), d.args)
	}
	return err
}

func (d *direct) row(query, arg string) (int64, string, error) {
	st, err := d.prepare(query, arg)
	if err != nil {
		return 0, "", err
	}
	rows, err := st.(driver.StmtQueryContext).QueryContext(context.Background(), d.args)
	if err != nil {
		return 0, "", err
	}
	defer rows.Close()
	row := make([]driver.Value, 2)
	if err := rows.Next(row); err != nil {
		return 0, "", err
	}
	return row[0].(int64), row[1].(string), nil
}

// standard is database/sql over that driver.
type standard struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (s *standard) prepare(query string) (*sql.Stmt, error) {
	if st := s.stmts[query]; st != nil {
		return st, nil
	}
	st, err := s.conn.PrepareContext(context.Background(), query)
	s.stmts[query] = st
	return st, err
}

func (s *standard) exec(query string, args ...any) error {
	st, err := s.prepare(query)
	if err == nil {
		_, err = st.Exec(args...)
	}
	return err
}

func (s *standard) row(query, arg string) (n int64, doc string, err error) {
	st, err := s.prepare(query)
	if err == nil {
		err = st.QueryRow(arg).Scan(&n, &doc)
	}
	return n, doc, err
}

// plain is zombiezen.com/go/sqlite.
type plain struct{ conn *zombiezen.Conn }

func (p *plain) exec(query string, args ...any) error {
	st, err := p.conn.Prepare(query)
	if err != nil {
		return err
	}
	for i, a := range args {
		switch a := a.(type) {
		case nil:
			st.BindNull(i + 1)
		case int64:
			st.BindInt64(i+1, a)
		case string:
			st.BindText(i+1, a)
		}
	}
	if _, err := st.Step(); err != nil {
		return err
	}
	return st.Reset()
}

func (p *plain) row(query, arg string) (int64, string, error) {
	st, err := p.conn.Prepare(query)
	if err != nil {
		return 0, "", err
	}
	st.BindText(1, arg)
	if _, err := st.Step(); err != nil {
		return 0, "", err
	}
	return st.ColumnInt64(0), st.ColumnText(1), st.Reset()
}

// TestConnections reports what each way costs, and holds the reason why
// internal/sqlitefile stands on zombiezen: a third of the allocations. The CPU
// time is told and not asserted.
func TestConnections(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "connections") // so that no disk is measured
	if err != nil {
		dir = t.TempDir()
	}
	defer os.RemoveAll(dir)
	const pragmas = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -2048"
	conn, err := new(sqlite.Driver).Open(filepath.Join(dir, "direct.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.(driver.ExecerContext).ExecContext(t.Context(), pragmas+";"+schema, nil); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "standard.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	one, err := db.Conn(t.Context())
	if err == nil {
		_, err = one.ExecContext(t.Context(), pragmas+";"+schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	z, err := zombiezen.OpenConn(filepath.Join(dir, "plain.db"), zombiezen.OpenReadWrite, zombiezen.OpenCreate)
	for pragma := range strings.SplitSeq(pragmas, "; ") {
		if err == nil {
			err = sqlitex.ExecuteTransient(z, pragma, nil)
		}
	}
	if err == nil {
		err = sqlitex.ExecuteScript(z, schema, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	names := []string{"driver", "database/sql", "zombiezen"}
	ways := []way{&direct{conn: conn, stmts: make(map[string]driver.Stmt)}, &standard{one, make(map[string]*sql.Stmt)}, &plain{z}}
	allocations, times := make([]float64, len(ways)), make([][]float64, len(ways))
	const rounds, groups = 7, 20
	for round := range rounds {
		for k := range ways {
			i := (k + round) % len(ways) // nobody is always first
			n := 0
			began := cpu()
			each := testing.AllocsPerRun(groups, func() {
				n++
				if err := life(ways[i], fmt.Sprintf("%d-%d", round, n)); err != nil {
					t.Fatal(err)
				}
			})
			times[i] = append(times[i], float64(cpu()-began)/float64(n*group)/1e3)
			allocations[i] = each / group
		}
	}
	for i, name := range names {
		ratios := make([]float64, rounds)
		for round := range ratios {
			ratios[round] = times[i][round] / times[0][round]
		}
		slices.Sort(ratios)
		t.Logf("%-12s  %4.1f allocations for each record, and %.2f of the driver's CPU time (%.2f to %.2f)",
			name, allocations[i], ratios[rounds/2], ratios[0], ratios[rounds-1])
	}
	if allocations[2] > 0.5*allocations[0] {
		t.Errorf("zombiezen: %.1f allocations for each record, the driver %.1f, want at most half", allocations[2], allocations[0])
	}
}

// cpu is the time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
