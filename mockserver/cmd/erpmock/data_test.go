package main

import (
	"bytes"
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

func TestDirectoriesThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "queue.db"), bytes.Repeat([]byte("torn"), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if got := run(t.Context(), []string{"--data", dir}, &out, &errs); got != 1 || !strings.Contains(errs.String(), "damaged") {
		t.Errorf("got %d, %s", got, cmp.Or(errs.String(), "no word"))
	}
	errs.Reset()
	if got := run(t.Context(), []string{"--data", t.TempDir(), "--durability", "eternal"}, &out, &errs); got != 2 || !strings.Contains(errs.String(), "eternal") {
		t.Errorf("got %d, %s", got, errs.String())
	}
	if _, err := sqlitequeue.Open(t.Context(), sqlitequeue.Config{Dir: dir}); !errors.Is(err, sqlitequeue.ErrCorrupt) {
		t.Error(err)
	}
}
