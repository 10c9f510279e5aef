// Package webassets has what the pages for people are made of: one look, a few
// components in plain ES modules, and one vendored file with Preact and htm. A page
// adds a directory of its own, and [Handler] serves both.
//
// vendor.js and the fonts are written by make webassets from the packages that
// npm/package-lock.json pins; vendor.sum has their sums, which a test checks.
package webassets

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed files/*.js files/*.css files/*.woff2 files/*.txt
var files embed.FS

// Policy is the Content-Security-Policy of the pages: nothing from elsewhere, no
// script and no style in the page itself, and no text that becomes HTML.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// Handler serves a page below the path where it is mounted, which is to be stripped:
// index.html of page at "/", its other files at /page/, and those of this package at
// /assets/. It panics if page cannot be read, for it is embedded.
func Handler(page fs.FS) http.Handler {
	shared, err := fs.Sub(files, "files")
	if err != nil {
		panic(err) // it is embedded
	}
	kept := make(map[string]*file)
	for prefix, from := range map[string]fs.FS{"assets/": shared, "page/": page} {
		err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(from, name)
			if err != nil {
				return err
			}
			f := newFile(name, data)
			kept[prefix+name] = f
			if prefix == "page/" && name == "index.html" {
				kept[""] = f
			}
			return nil
		})
		if err != nil {
			panic(fmt.Sprintf("webassets: %v", err))
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := kept[strings.TrimPrefix(r.URL.Path, "/")]
		switch {
		case !ok:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "want GET", http.StatusMethodNotAllowed)
		default:
			f.serve(w, r)
		}
	})
}

// A file is served from memory.
type file struct {
	name, kind, etag string
	data             []byte
}

func newFile(name string, data []byte) *file {
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // not what the machine has configured
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".woff2":
		kind = "font/woff2"
	}
	sum := sha256.Sum256(data)
	return &file{name: name, kind: kind, etag: `"` + hex.EncodeToString(sum[:8]) + `"`, data: data}
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	Protect(w.Header())
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "no-cache") // it is asked for anew, and answered 304
	w.Header().Set("ETag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.data))
}

// Protect sets the headers that keep a page from being used by others.
func Protect(h http.Header) {
	h.Set("Content-Security-Policy", Policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
