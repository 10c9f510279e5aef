package sqlitestore_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

func TestConfigNamesEveryFault(t *testing.T) {
	_, err := sqlitestore.Open(t.Context(), sqlitestore.Config{BusyTimeout: -1, MaxUnmatched: -1, KeepTombstones: -1, AllowFileSystems: []string{"FUSE", "ext4"}})
	for _, field := range []string{"Path", "BusyTimeout", "MaxUnmatched", "KeepTombstones", "AllowFileSystems"} {
		if err == nil || !strings.Contains(err.Error(), field+":") {
			t.Errorf("%s is not named in: %v", field, err)
		}
	}
	for _, path := range []string{":memory:", "file:x.db?mode=memory", "a\x00b"} {
		if _, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}); err == nil {
			t.Errorf("%q was taken", path)
		}
	}
}

func TestAnyFileNameWillDo(t *testing.T) {
	for _, name := range []string{"sp ace.db", "a?b#c%20d.db", "æøå.db", "x&_pragma=synchronous(0)"} {
		path := filepath.Join(t.TempDir(), name)
		s := open(t, path)
		if _, err := s.Notify(t.Context(), store.Notification{ID: "x"}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		st, err := os.Stat(path)
		if err != nil {
			t.Errorf("%q: %v", name, err)
		} else if st.Mode().Perm() != 0o600 {
			t.Errorf("%q: others may read it: %v", name, st.Mode())
		}
		if st, err := os.Stat(path + "-wal"); err == nil && st.Mode().Perm() != 0o600 {
			t.Errorf("%q: others may read the log: %v", name, st.Mode())
		}
	}
}

func TestRecordsOutliveTheStore(t *testing.T) {
	path := fresh(t)
	s := open(t, path)
	rec, err := s.Create(t.Context(), store.Record{
		Tenant: "fjord", Ref: "r", Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice", Key: "order-1",
		Metadata: map[string]string{"latin-1": "sm\xf8rrebr\xf8d"},
	}, "me", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, path).GetByKey(t.Context(), "fjord", "order-1")
	if err != nil || got.Ref != "r" || got.Lease != rec.Lease || got.Metadata["latin-1"] != "sm\xf8rrebr\xf8d" || !got.CreatedAt.Equal(rec.CreatedAt) {
		t.Errorf("got %+v, %v", got, err)
	}
}
