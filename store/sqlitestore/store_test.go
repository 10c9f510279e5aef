package sqlitestore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
	"github.com/vismanet-go/background/store/storetest"
)

// open opens a store in a directory of the test.
func open(t testing.TB, path string) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func fresh(t testing.TB) string { return filepath.Join(t.TempDir(), "background.db") }

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open: func(t *testing.T) store.Store { return open(t, fresh(t)) },
		Share: func(t *testing.T, s store.Store) store.Store {
			return open(t, sqlitestore.PathOf(s.(*sqlitestore.Store)))
		},
		Ahead: func(t *testing.T, s store.Store, by time.Duration, f func(store.Rules) error) error {
			return sqlitestore.Ahead(t.Context(), s.(*sqlitestore.Store), by, f)
		},
	})
}
