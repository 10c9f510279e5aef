package compiled_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/internal/gendoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
)

var large = sync.OnceValue(func() []byte { return gendoc.Names(gendoc.V30).JSON })

func open(t testing.TB, data []byte, o compiled.Options) *compiled.Doc {
	t.Helper()
	d, err := compiled.Open(data, o)
	if err != nil {
		t.Fatal(err)
	}
	if d.CacheErr != nil {
		t.Errorf("the cache could not be written: %v", d.CacheErr)
	}
	return d
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestACachedDocumentIsTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when needed")
	first := open(t, large(), compiled.Options{CacheDir: dir})
	second := open(t, large(), compiled.Options{CacheDir: dir})
	if first.Cached || !second.Cached {
		t.Errorf("cached is %v, then %v; want false, then true", first.Cached, second.Cached)
	}
	a, b := first.Report(1), second.Report(1)
	if len(a.Entries) != len(b.Entries) {
		t.Fatalf("%d answers, then %d", len(a.Entries), len(b.Entries))
	}
	for i := range a.Entries {
		if x, y := encode(t, a.Entries[i].Answer), encode(t, b.Entries[i].Answer); x != y {
			t.Errorf("%s: %s, cached %s", a.Entries[i].Operation.Pointer, x, y)
		}
	}
	other := open(t, large(), compiled.Options{CacheDir: dir, Limits: apidoc.Limits{Depth: 100}})
	if other.Cached {
		t.Error("what other limits let pass was used")
	}
	if small := open(t, []byte(`{"openapi":"3.0.0","paths":{}}`), compiled.Options{CacheDir: dir}); small.Cached || len(files(t, dir)) != 2 {
		t.Errorf("files are %v; want none for a small document", files(t, dir))
	}
}

// Whatever happened to a file, the document is read from its text, and the file is
// right again.
func TestADamagedCacheIsNotUsed(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"empty":         func([]byte) []byte { return nil },
		"cut":           func(b []byte) []byte { return b[:len(b)/2] },
		"longer":        func(b []byte) []byte { return append(b, 0) },
		"another byte":  func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"other version": func(b []byte) []byte { b[len("openapidoc snapshot ")]++; return b },
		"other key":     func(b []byte) []byte { b[len("openapidoc snapshot 1\n")]++; return b },
	} {
		dir := t.TempDir()
		open(t, large(), compiled.Options{CacheDir: dir})
		file := files(t, dir)[0]
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, damage(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if d := open(t, large(), compiled.Options{CacheDir: dir}); d.Cached {
			t.Errorf("%s: the file was used", name)
		}
		if d := open(t, large(), compiled.Options{CacheDir: dir}); !d.Cached {
			t.Errorf("%s: the file was not written again", name)
		}
	}
}

func TestACacheThatCannotBeWrittenIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := compiled.Open(large(), compiled.Options{CacheDir: filepath.Join(file, "dir")})
	if err != nil || d.CacheErr == nil || len(d.Operations()) == 0 {
		t.Errorf("error %v, of the cache %v; want the document and the error of the cache", err, d.CacheErr)
	}
}

func TestManyMayWriteTheCache(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if d, err := compiled.Open(large(), compiled.Options{CacheDir: dir}); err != nil || d.CacheErr != nil {
				t.Errorf("%v, of the cache %v", err, d.CacheErr)
			}
		})
	}
	wg.Wait()
	if list := files(t, dir); len(list) != 1 {
		t.Errorf("files are %v; want one", list)
	}
	if d := open(t, large(), compiled.Options{CacheDir: dir}); !d.Cached {
		t.Error("the file is not read")
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * time.Hour)
	for i := range 60 {
		file := filepath.Join(dir, fmt.Sprintf("%02d.openapi", i))
		if i == 59 {
			file = filepath.Join(dir, "left.tmp")
		}
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, old, old.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	open(t, large(), compiled.Options{CacheDir: dir})
	list := files(t, dir)
	if len(list) != 50 {
		t.Errorf("%d files are left; want 50: the new one and the latest of the others", len(list))
	}
	for _, gone := range []string{"00.openapi", "09.openapi", "left.tmp"} {
		if _, err := os.Stat(filepath.Join(dir, gone)); err == nil {
			t.Errorf("%s is still there", gone)
		}
	}
}
