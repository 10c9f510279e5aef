// Package docs holds the reference page of the background API: one HTML page
// that contains the document and its viewer, and needs no network.
//
//	http.Handle("/docs", docs.Handler())
//
// It is a package of its own so that only programs that show the page carry its
// megabyte.
package docs

import (
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/openapi"
)

var page = string(openapi.ReferencePage())

// HTML returns the page.
func HTML() string { return page }

// Handler serves the page at any path, to GET and HEAD. It is safe for
// concurrent use.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		http.ServeContent(w, r, "index.html", time.Time{}, strings.NewReader(page))
	})
}
