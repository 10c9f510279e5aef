package sqlitestore_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// TestPowerLossTakesNothingButLazyMarks looks at what a loss of power may
// leave: the log as it was at the last sync, and any part of what was written
// to it since. After the last sync 30 records were handled, and others leased.
// Marks may be gone, the last ones first; nothing else may.
func TestPowerLossTakesNothingButLazyMarks(t *testing.T) {
	path := fresh(t)
	s := open(t, path)
	ctx := t.Context()
	last := make(map[string]int)
	for i := range 60 {
		ref := fmt.Sprintf("r-0-%02d", i)
		if err := liveUntil(ctx, s, ref, "settled"); err != nil {
			t.Fatal(err)
		}
		last[ref] = 4
	}
	synced := sizeOf(t, path+"-wal") // nothing is checkpointed yet: the log only grows
	for i := range 60 {
		ref := fmt.Sprintf("r-0-%02d", i)
		if i%2 == 0 {
			if err := handle(s, ref); err != nil {
				t.Fatal(err)
			}
			put(t, s, i/2+1)
		} else if _, _, err := s.Acquire(ctx, "fjord", ref, "me", store.ToPoll, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	full := sizeOf(t, path+"-wal")
	if full == synced {
		t.Fatal("nothing was written after the last sync")
	}
	dir := t.TempDir()
	handled, written := make(map[int64]int), make(map[int64]int)
	for i, size := range append([]int64{synced, full}, random(20, synced, full)...) {
		now := filepath.Join(dir, fmt.Sprint(i, ".db"))
		for _, end := range []string{"", "-wal"} {
			data, err := os.ReadFile(path + end)
			if err != nil {
				t.Fatal(err)
			}
			if end != "" {
				data = data[:size]
			}
			if err := os.WriteFile(now+end, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		survey(t, now, last)
		written[size] = counted(t, now)
		handled[size] = inOrder(t, now)
	}
	if handled[synced] != 0 || handled[full] != 30 {
		t.Errorf("%d of 30 marks without what was written since the last sync, %d with all of it", handled[synced], handled[full])
	}
	if written[synced] != 0 || written[full] != 30 {
		t.Errorf("a document says %d without what was written since the last sync, %d with all of it, want 0 and 30", written[synced], written[full])
	}
	for size, n := range handled {
		if k := written[size]; k != n && k != n-1 { // each was written right after a mark
			t.Errorf("%d marks are left of a log of %d bytes, and a document that says %d", n, size, k)
		}
	}
	t.Logf("marks that are left, by the size of the log: %v", handled)
}

// put has a document say n.
func put(t *testing.T, s store.Store, n int) {
	t.Helper()
	d, err := s.GetDocument(t.Context(), "fjord", "count")
	if err == nil {
		d.Body = []byte(strconv.Itoa(n))
		_, err = s.PutDocument(t.Context(), d)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// counted is what the document says, 0 if it is not there.
func counted(t *testing.T, path string) int {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := s.GetDocument(t.Context(), "fjord", "count")
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(string(d.Body))
	return n
}

// inOrder counts the marks and makes sure that none is left where an earlier
// one is gone.
func inOrder(t *testing.T, path string) (n int) {
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.List(t.Context(), "fjord", store.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	gone := false
	for i, rec := range list {
		switch {
		case i%2 != 0:
		case rec.Phase != store.Acknowledged:
			gone = true
		case gone:
			t.Errorf("%s is handled, and an earlier one is not", rec.Ref)
		default:
			n++
		}
	}
	return n
}

func random(n int, from, to int64) (out []int64) {
	for range n {
		out = append(out, from+rand.Int64N(to-from))
	}
	return out
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

// TestLazyMarksAreSeenAtOnce by all who have the file open.
func TestLazyMarksAreSeenAtOnce(t *testing.T) {
	path := fresh(t)
	here, there := open(t, path), open(t, path)
	if err := settle(here, "r"); err != nil {
		t.Fatal(err)
	}
	if err := handle(here, "r"); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*sqlitestore.Store{here, there} {
		if rec, err := s.Get(t.Context(), "fjord", "r"); err != nil || rec.Phase != store.Acknowledged {
			t.Errorf("got %+v, %v", rec, err)
		}
	}
}
