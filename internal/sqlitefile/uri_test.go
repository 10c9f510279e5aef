package sqlitefile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// What SQLite opens on Windows is what stands behind the third slash, without
// that slash where a drive letter follows.
func TestURI(t *testing.T) {
	for path, want := range map[string]string{
		"/var/lib/x.db":               "file:///var/lib/x.db",
		"/x.db":                       "file:///x.db",
		"/a b/x.db":                   "file:///a%20b/x.db",
		"/a?b#c%20d&e=f.db":           "file:///a%3Fb%23c%2520d&e=f.db",
		"/æ/x.db":                     "file:///%C3%A6/x.db",
		"/latin-1 \xf8.db":            "file:///latin-1%20%F8.db",
		"//twice/x.db":                "file:////twice/x.db",
		"/:memory:":                   "file:///:memory:",
		"C:/data/x.db":                "file:///C:/data/x.db",
		"c:/x.db":                     "file:///c:/x.db",
		"C:/a#b%41/x y?.db":           "file:///C:/a%23b%2541/x%20y%3F.db",
		"//server/share/x.db":         "file:////server/share/x.db",
		"//server/c$/a b#c%20/x.db":   "file:////server/c$/a%20b%23c%2520/x.db",
		"//?/C:/data/x.db":            "file:////%3F/C:/data/x.db",
		"//?/UNC/server/share/x.db":   "file:////%3F/UNC/server/share/x.db",
		"//wsl.localhost/Debian/x.db": "file:////wsl.localhost/Debian/x.db",
	} {
		if got := URI(path); got != want {
			t.Errorf("%s:\n got %s\nwant %s", path, got, want)
		}
	}
}

// SQLite reads the name as it was meant.
func TestNamesAreUnderstood(t *testing.T) {
	names := []string{"x.db", "sp ace.db", "a#b.db", "per%41cent.db", "a&_pragma=query_only(1).db", "æøå.db", "semi;colon.db", "plus+.db", "[b].db"}
	if runtime.GOOS != "windows" {
		names = append(names, "quest?ion.db", "x?mode=memory", `back\slash.db`, "C:", "co:lon.db", "latin-1 \xf8.db")
	}
	for _, name := range names {
		path := filepath.Join(t.TempDir(), name)
		c, err := Connect(path)
		if err != nil {
			t.Fatal(err)
		}
		store, file := 0, ""
		err = c.Exec("CREATE TABLE t (n)")
		if err == nil {
			_, err = c.QueryRow("SELECT (SELECT temp_store FROM pragma_temp_store), (SELECT file FROM pragma_database_list WHERE name = 'main')", nil, &store, &file)
		}
		if err = errors.Join(err, c.Close()); err != nil || store != 2 || !strings.HasSuffix(file, filepath.Base(path)) {
			t.Errorf("%q: temp_store %d, file %q, %v; want 2 (memory) and the same name", name, store, file, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}
