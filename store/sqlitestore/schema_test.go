package sqlitestore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// raw opens a plain connection.
func raw(t *testing.T, path string) *sqlitefile.Conn {
	t.Helper()
	c, err := sqlitefile.Connect(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// migrate brings a file to a version of the schema.
func migrate(c *sqlitefile.Conn, to int) error {
	return sqlitefile.Migrate(c, sqlitefile.Config{ApplicationID: applicationID, Migrations: migrations, Migrated: migrated}, to)
}

func mustScript(t *testing.T, path, sql string) {
	t.Helper()
	c := raw(t, path)
	defer c.Close()
	if err := c.Script(sql); err != nil {
		t.Fatal(err)
	}
}

func mustOpen(t *testing.T, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func temp(t *testing.T) string { return filepath.Join(t.TempDir(), "background.db") }

// TestMigrateFromVersion1 opens a file as the first version of the schema
// left it: an accepted record that is due, one that is only heard of, and a
// tombstone.
func TestMigrateFromVersion1(t *testing.T) {
	path := temp(t)
	c := raw(t, path)
	if err := c.Script("PRAGMA journal_mode = WAL"); err != nil {
		t.Fatal(err)
	}
	if err := migrate(c, 1); err != nil {
		t.Fatal(err)
	}
	err := c.Script(`
INSERT INTO records (ref, tenant, phase, id, key, until, ended, doc) VALUES
('a', 'fjord', 'accepted', 'id-a', 'order-1', NULL, NULL, '{"tenant":"fjord","ref":"a","phase":"accepted","id":"id-a","idSource":"answer","key":"order-1","due":"2026-11-22T10:00:00.5Z"}'),
('b', 'fjord', 'accepted', 'id-b', NULL, NULL, NULL, '{"tenant":"fjord","ref":"b","phase":"accepted","id":"id-b","idSource":"answer"}'),
('heard:0::x', '', 'heard', 'x', NULL, NULL, 1, '{"ref":"heard:0::x","phase":"heard","id":"x","due":"2026-11-22T10:00:00Z"}');
INSERT INTO tombstones (ref, tenant, id, key, fingerprint, supersedable, at) VALUES ('old', 'fjord', 'id-old', 'order-0', 'f00d', 0, 1);`)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.Int64("PRAGMA user_version"); v != 1 || err != nil {
		t.Fatalf("version %d, %v", v, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	s := mustOpen(t, Config{Path: path, MaxUnmatched: 2})
	ctx := t.Context()
	if rec, err := s.GetByKey(ctx, "fjord", "order-1"); err != nil || rec.ID != "id-a" {
		t.Errorf("by key: %+v, %v", rec, err)
	}
	due := time.Date(2026, 11, 22, 10, 0, 1, 0, time.UTC)
	if list, err := s.List(ctx, "fjord", store.Query{DueBy: due}); err != nil || len(list) != 1 || list[0].Ref != "a" {
		t.Errorf("due: %+v, %v", list, err)
	}
	if list, err := s.List(ctx, "fjord", store.Query{DueBy: due.Add(-time.Second)}); err != nil || len(list) != 0 {
		t.Errorf("due too early: %+v, %v", list, err)
	}
	// The heard one counts towards the limit.
	if _, err := s.Notify(ctx, store.Notification{ID: "y"}); err != nil {
		t.Error(err)
	}
	if _, err := s.Notify(ctx, store.Notification{ID: "z"}); !errors.Is(err, store.ErrFull) {
		t.Errorf("got error %v, want ErrFull", err)
	}
	_, err = s.Create(ctx, store.Record{Tenant: "fjord", Ref: "n", Key: "order-0", Phase: store.Queued, Method: "GET", Path: "/"}, "", 0)
	if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || !held.Purged || held.Record.Fingerprint != "f00d" {
		t.Errorf("the tombstone: %v", err)
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestOpenRefusesWhatIsNotIts(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, path string)
		want error
		text string
	}{
		{"a newer schema", func(t *testing.T, path string) {
			mustOpen(t, Config{Path: path}).Close()
			mustScript(t, path, "PRAGMA user_version = 99")
		}, ErrNewerSchema, "version 99, this code knows 8"},
		{"another application's file", func(t *testing.T, path string) {
			mustScript(t, path, "CREATE TABLE invoices (n INTEGER)")
		}, ErrForeign, "invoices"},
		{"another application's id", func(t *testing.T, path string) {
			mustScript(t, path, "PRAGMA application_id = 7")
		}, ErrForeign, "0x7"},
		{"no database", func(t *testing.T, path string) {
			write(t, path, []byte(strings.Repeat("not a database ", 1000)))
		}, ErrCorrupt, ""},
		{"a directory that does not exist", func(t *testing.T, path string) {
			if err := os.Remove(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
		}, os.ErrNotExist, "directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := temp(t)
			tt.make(t, path)
			s, err := Open(t.Context(), Config{Path: path})
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || !strings.Contains(err.Error(), path) {
				t.Errorf("got error %v, want %v and the words %q", err, tt.want, tt.text)
			}
		})
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAForeignFileIsLeftAsItWas(t *testing.T) {
	path := temp(t)
	mustScript(t, path, "CREATE TABLE invoices (n INTEGER)")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, ErrForeign) {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file changed (%v)", err)
	}
}
