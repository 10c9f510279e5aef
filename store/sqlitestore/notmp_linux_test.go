package sqlitestore

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/internal/sqlitefile/notmp"
	"github.com/vismanet-go/background/store"
)

// A file of an older schema is brought up to date, and read and purged, where
// SQLite can make no temporary file.
func TestNoTemporaryDirectory(t *testing.T) {
	const many = 3000
	prepare := func(dir string) {
		c := raw(t, filepath.Join(dir, "old.db"))
		defer c.Close()
		err := c.Script("PRAGMA journal_mode = WAL")
		if err == nil {
			err = migrate(c, 1)
		}
		if err == nil {
			err = c.Exec("BEGIN")
		}
		for i := 0; err == nil && i < many; i++ {
			doc := fmt.Sprintf(`{"tenant":"t","ref":"r%d","phase":"accepted","id":"i%d","method":"POST","path":"/v1/x","due":"2026-11-27T10:00:00Z"}`, i, i)
			err = c.Exec("INSERT INTO records (ref, tenant, phase, id, doc) VALUES (?, 't', 'accepted', ?, ?)", fmt.Sprint("r", i), fmt.Sprint("i", i), doc)
		}
		if err == nil {
			err = c.Exec("COMMIT")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	notmp.Run(t, prepare, func(dir string) {
		s := mustOpen(t, Config{Path: filepath.Join(dir, "old.db")})
		st, err := s.Stats(t.Context())
		if err != nil || st.Phases[store.Accepted] != many {
			t.Errorf("stats %+v, %v; want %d accepted", st, err, many)
		}
		if _, err := s.Purge(t.Context(), store.AnyTenant, store.Retention{}); err != nil {
			t.Error("purge:", err)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Error("check:", err)
		}
	})
}

// Every connection keeps what it sorts in memory.
func TestTemporaryDataStaysInMemory(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	check := func(c *sqlitefile.Conn) error {
		if n, err := c.Int64("PRAGMA temp_store"); err != nil || n != 2 {
			t.Errorf("temp_store is %d, %v; want 2 (memory)", n, err)
		}
		return nil
	}
	if err := s.file.Visit(t.Context(), check); err != nil {
		t.Error(err)
	}
	for range readers {
		if err := s.reading(t.Context(), check); err != nil {
			t.Error(err)
		}
	}
}
