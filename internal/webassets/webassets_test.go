package webassets

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// What is vendored is what the packages gave.
func TestVendoredFilesHaveTheirSums(t *testing.T) {
	sums, err := os.ReadFile("vendor.sum")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	lines := bufio.NewScanner(bytes.NewReader(sums))
	for lines.Scan() {
		want, name, _ := strings.Cut(lines.Text(), "  ")
		data, err := files.ReadFile("files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s was changed: run make webassets", name)
		}
		n++
	}
	if n != 4 {
		t.Errorf("vendor.sum has %d files, want 4", n)
	}
}

func TestAPageIsServedBelowAnyPath(t *testing.T) {
	h := http.StripPrefix("/any/where", Handler(fstest.MapFS{
		"index.html": {Data: []byte("<!doctype html>")}, "page.js": {Data: []byte("import '../assets/ui.js'")},
	}))
	for _, tt := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/any/where/", 200, "text/html; charset=utf-8"},
		{"HEAD", "/any/where/", 200, "text/html; charset=utf-8"},
		{"GET", "/any/where/page/page.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/any/where/assets/look.css", 200, "text/css; charset=utf-8"},
		{"GET", "/any/where/assets/plex-sans-400.woff2", 200, "font/woff2"},
		{"GET", "/any/where/assets/../page/page.js", 404, ""},
		{"GET", "/any/where/none", 404, ""},
		{"POST", "/any/where/", 405, ""},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status || tt.kind != "" && w.Header().Get("Content-Type") != tt.kind {
			t.Errorf("%s %s: got %d %s, want %d %s", tt.method, tt.path, w.Code, w.Header().Get("Content-Type"), tt.status, tt.kind)
		}
		if tt.status != 200 {
			continue
		}
		if got := w.Header().Get("Content-Security-Policy"); got != Policy {
			t.Errorf("%s: got the policy %q", tt.path, got)
		}
		again := httptest.NewRequest("GET", tt.path, nil)
		again.Header.Set("If-None-Match", w.Header().Get("ETag"))
		w = httptest.NewRecorder()
		if h.ServeHTTP(w, again); w.Code != http.StatusNotModified {
			t.Errorf("%s once more: got %d, want 304", tt.path, w.Code)
		}
	}
}

// The policy holds only if nothing in the sources needs more.
func TestSourcesNeedNothingFromElsewhere(t *testing.T) {
	list, err := files.ReadDir("files")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Name() == "vendor.js" || !strings.HasSuffix(e.Name(), ".js") && !strings.HasSuffix(e.Name(), ".css") {
			continue
		}
		data, err := files.ReadFile("files/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, not := range []string{"http://", "https://", "innerHTML", "eval(", "dangerouslySetInnerHTML", "@import"} {
			if bytes.Contains(data, []byte(not)) {
				t.Errorf("%s has %q", e.Name(), not)
			}
		}
	}
}
