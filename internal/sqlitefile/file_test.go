package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func config(path string) Config {
	return Config{
		Path: path, ApplicationID: 7, BusyTimeout: 5 * time.Second, CheckUpTo: 1 << 20, Readers: 2,
		Migrations: []string{"CREATE TABLE t (n INTEGER PRIMARY KEY, s TEXT UNIQUE) STRICT", "ALTER TABLE t ADD COLUMN more TEXT; CREATE INDEX t_more ON t (more);"},
	}
}

func open(t *testing.T, cfg Config) *File {
	t.Helper()
	f, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func temp(t *testing.T) string { return filepath.Join(t.TempDir(), "x.db") }

func insert(s string) *Change {
	return &Change{Run: func(tx *Tx) error { return tx.Exec("INSERT INTO t (s) VALUES (?)", s) }}
}

func count(t *testing.T, f *File) (n int64) {
	t.Helper()
	err := f.Read(t.Context(), func(c *Conn) (err error) {
		n, err = c.Int64("SELECT count(*) FROM t")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// hold takes the file as another process would and returns what gives it back.
func hold(t *testing.T, path string) (free func()) {
	t.Helper()
	c, err := Connect(path)
	if err == nil {
		err = c.Exec("BEGIN IMMEDIATE")
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(c.Exec("ROLLBACK"), c.Close()); err != nil {
			t.Error(err)
		}
	}
}

// queued waits until so many changes wait for the writer.
func queued(t *testing.T, f *File, n int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); f.Waiting() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d changes wait, want %d", f.Waiting(), n)
		}
	}
}

// What waits for the file goes together, and a statement that fails takes none
// of its neighbours with it.
func TestAGroupIsOneTransaction(t *testing.T) {
	for _, bad := range []bool{false, true} {
		cfg := config(temp(t))
		commits := 0
		cfg.Commit = func(c *Conn) (func(), error) {
			return func() { commits++ }, nil
		}
		f := open(t, cfg)
		if err := f.Write(t.Context(), insert("twice")); err != nil {
			t.Fatal(err)
		}
		commits = 0
		free := hold(t, cfg.Path)
		var wg sync.WaitGroup
		boom := errors.New("boom")
		const many = 20
		var errs [many]error
		var after [many]int
		for i := range many {
			wg.Go(func() {
				errs[i] = f.Write(t.Context(), &Change{Run: func(tx *Tx) error {
					tx.After(func() { after[i]++ })
					switch i {
					case 3:
						return boom
					case 5:
						if bad {
							return errors.Join(tx.Exec("INSERT INTO t (s) VALUES ('half')"), tx.Exec("INSERT INTO t (s) VALUES ('twice')"))
						}
					}
					return tx.Exec("INSERT INTO t (s) VALUES (?)", i)
				}})
			})
		}
		queued(t, f, many)
		free()
		wg.Wait()
		rows, groups := int64(many), 1
		if bad {
			rows, groups = many-1, many-2
		}
		for i, err := range errs {
			switch {
			case i == 3 && err == boom, i == 5 && bad && IsConstraint(err) && after[i] == 0:
			case err != nil || after[i] != 1:
				t.Errorf("bad %v, change %d: got %v, %d calls after it", bad, i, err, after[i])
			}
		}
		if n := count(t, f); n != rows {
			t.Errorf("bad %v: %d rows, want %d", bad, n, rows)
		}
		if commits != groups {
			t.Errorf("bad %v: %d transactions changed something, want %d", bad, commits, groups)
		}
		if err := f.LastError(); err != nil {
			t.Errorf("bad %v: the last group: %v", bad, err)
		}
	}
}

func TestAnEmptyTransactionTellsNothing(t *testing.T) {
	cfg := config(temp(t))
	cfg.Commit = func(*Conn) (func(), error) { return nil, errors.New("there is nothing to commit") }
	f := open(t, cfg)
	for _, run := range []func(*Tx) error{
		func(*Tx) error { return nil },
		func(tx *Tx) error { _, err := tx.Int64("SELECT count(*) FROM t"); return err },
		func(tx *Tx) error { return tx.Exec("DELETE FROM t WHERE n = 7") },
	} {
		if err := f.Write(t.Context(), &Change{Run: run}); err != nil {
			t.Error(err)
		}
	}
}

func TestACallerThatLeavesChangesNothing(t *testing.T) {
	cfg := config(temp(t))
	f := open(t, cfg)
	free := hold(t, cfg.Path)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Write(ctx, insert("x")) }()
	queued(t, f, 1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	free()
	if n := count(t, f); n != 0 {
		t.Errorf("%d rows, want none", n)
	}
}

func TestWhoWaitsTooLongIsTold(t *testing.T) {
	cfg := config(temp(t))
	cfg.BusyTimeout = 50 * time.Millisecond
	f := open(t, cfg)
	free := hold(t, cfg.Path)
	if err := f.Write(t.Context(), insert("x")); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), cfg.Path) {
		t.Errorf("got %v, want ErrBusy and the path", err)
	}
	if err := f.LastError(); !errors.Is(err, ErrBusy) {
		t.Errorf("the last group: got %v, want ErrBusy", err)
	}
	free()
	if err := f.Write(t.Context(), insert("x")); err != nil {
		t.Error(err)
	}
}

func TestAFileThatLostItsNameIsNotWrittenTo(t *testing.T) {
	cfg := config(temp(t))
	f := open(t, cfg)
	if err := os.Rename(cfg.Path, cfg.Path+".old"); err != nil {
		t.Skip(err)
	}
	if err := f.Write(t.Context(), insert("x")); !errors.Is(err, ErrReplaced) {
		t.Errorf("got %v, want ErrReplaced", err)
	}
	if err := os.Rename(cfg.Path+".old", cfg.Path); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(t.Context(), insert("x")); err != nil {
		t.Error(err)
	}
}

// What is owed a sync gets one: the level of each transaction is as strict as
// the strictest of its changes.
func TestLevels(t *testing.T) {
	f := open(t, config(temp(t)))
	owed := func() (at time.Time) {
		if err := f.Visit(t.Context(), func(*Conn) error { at = f.writer.owed; return nil }); err != nil {
			t.Fatal(err)
		}
		return at
	}
	for i, tt := range []struct {
		sync Sync
		want int64
	}{{AtOnce, full}, {Whenever, normal}, {Soon, normal}, {AtOnce, full}} {
		c := insert(fmt.Sprint(i))
		run := c.Run
		var got int64
		c.Sync, c.Run = tt.sync, func(tx *Tx) (err error) {
			if got, err = tx.Int64("PRAGMA synchronous"); err != nil {
				return err
			}
			return run(tx)
		}
		if err := f.Write(t.Context(), c); err != nil || got != tt.want {
			t.Errorf("change %d: synchronous %d, %v; want %d", i, got, err, tt.want)
		}
	}
	c := insert("soon")
	c.Sync = Soon
	if err := f.Write(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if owed().IsZero() {
		t.Error("nothing is owed after a change that has to be synced soon")
	}
	for end := time.Now().Add(10 * SoonIs); !owed().IsZero(); time.Sleep(SoonIs / 4) {
		if time.Now().After(end) {
			t.Fatal("never synced")
		}
	}
}

func TestMigrations(t *testing.T) {
	cfg := config(temp(t))
	old := cfg
	old.Migrations = cfg.Migrations[:1]
	f := open(t, old)
	if err := f.Write(t.Context(), insert("kept")); err != nil {
		t.Fatal(err)
	}
	later := open(t, cfg)
	if n := count(t, later); n != 1 {
		t.Errorf("%d rows after the migration, want 1", n)
	}
	// Who has it open still knows less.
	if err := f.Write(t.Context(), insert("late")); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("written by an older one: got %v, want ErrNewerSchema", err)
	}
	if _, err := Open(t.Context(), old); !errors.Is(err, ErrNewerSchema) || !strings.Contains(err.Error(), "version 2, this code knows 1") {
		t.Errorf("opened by an older one: got %v, want ErrNewerSchema", err)
	}
	broken := cfg
	broken.Migrations = append(broken.Migrations, "CREATE TABLE u (n); CREATE TABLE t (n)")
	if _, err := Open(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "migration 3") {
		t.Errorf("a migration that fails: got %v", err)
	}
	if err := later.Write(t.Context(), insert("after it")); err != nil {
		t.Errorf("a migration that failed left something: %v", err)
	}
	other := cfg
	other.ApplicationID = 8
	if _, err := Open(t.Context(), other); !errors.Is(err, ErrForeign) {
		t.Errorf("opened by another application: got %v, want ErrForeign", err)
	}
}

func TestSettingsAreReadBack(t *testing.T) {
	c, err := Connect(temp(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.pragmas("journal_mode = DELETE", "synchronous = FULL"); err != nil {
		t.Fatal(err)
	}
	if err := readBack(c); err == nil || !strings.Contains(err.Error(), "journal_mode") {
		t.Errorf("without WAL: %v", err)
	}
	if err := c.pragmas("journal_mode = WAL", "synchronous = NORMAL"); err != nil {
		t.Fatal(err)
	}
	if err := readBack(c); err == nil || !strings.Contains(err.Error(), "synchronous") {
		t.Errorf("without full sync: %v", err)
	}
	if err := c.pragmas("synchronous = FULL"); err != nil {
		t.Fatal(err)
	}
	if err := readBack(c); err != nil {
		t.Error(err)
	}
}

func TestAFileThatIsCutOffIsRefused(t *testing.T) {
	cfg := config(temp(t))
	if err := open(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 99, 100, 511, 512, 4095, len(whole) - 4096, len(whole) - 512, len(whole) - 1} {
		if err := os.WriteFile(cfg.Path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut to %d of %d bytes: got %v, want ErrCorrupt", n, len(whole), err)
		}
		if now, err := os.ReadFile(cfg.Path); err != nil || string(now) != string(whole[:n]) {
			t.Errorf("cut to %d bytes: it was changed to %d, %v", n, len(now), err)
		}
	}
}

func TestValuesComeBack(t *testing.T) {
	c, err := Connect(temp(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var (
		n     int64
		small int
		yes   bool
		text  string
		blob  []byte
		none  = []byte("x")
		empty []byte
		null  = "x"
	)
	found, err := c.QueryRow("SELECT ?, ?, ?, ?, ?, ?, ?, ?, 'left out'", []any{int64(1) << 40, 7, true, "æ\x00ø", []byte{0, 1}, []byte(nil), []byte{}, nil},
		&n, &small, &yes, &text, &blob, &none, &empty, &null, nil)
	if !found || err != nil || n != 1<<40 || small != 7 || !yes || text != "æ\x00ø" || string(blob) != "\x00\x01" || none != nil || empty == nil || len(empty) != 0 || null != "" {
		t.Errorf("got %v, %v: %v %v %v %q %q %v %v %q", found, err, n, small, yes, text, blob, none, empty, null)
	}
	if found, err := c.QueryRow("SELECT 1 WHERE 0", nil, &n); found || err != nil {
		t.Errorf("no row: got %v, %v", found, err)
	}
	if err := c.Exec("SELECT ?", 1.5); err == nil {
		t.Error("a float was bound")
	}
	if _, err := c.QueryRow("SELECT 1", nil, new(float64)); err == nil {
		t.Error("a float was scanned")
	}
	ctx, cancel := context.WithCancel(t.Context())
	rows := 0
	err = c.Query(ctx, "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT n FROM n", nil, func(Row) error {
		if rows++; rows == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a query whose context ends: got %v after %d rows", err, rows)
	}
	if n, err := c.Int64("SELECT 1"); n != 1 || err != nil {
		t.Errorf("after that: got %d, %v", n, err)
	}
}

func TestAClosedFile(t *testing.T) {
	f := open(t, config(temp(t)))
	c := insert("last")
	c.Sync = Soon
	if err := errors.Join(f.Write(t.Context(), c), f.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(t.Context(), insert("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("write: got %v, want ErrClosed", err)
	}
	if err := f.Read(t.Context(), func(*Conn) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("read: got %v, want ErrClosed", err)
	}
}
