// Package dashboard is a page for people who look at the mock: what waits and runs
// in each company, the life of an operation with its request, answer and
// notifications, faults and limits, the clock, and everything else that the control
// of package admin can do. erpmock has it at /__mock/; for others:
//
//	control, err := admin.Mount(srv, admin.Config{Page: dashboard.Page()})
//
// The page holds nothing of the mock's state. It asks the control, at v1 below the
// place where it is, and what the control lets nobody do the page does for nobody:
// beyond loopback it asks for the token first, which becomes a cookie. It works
// below any prefix and behind any proxy that passes server-sent events on, loads
// nothing from elsewhere, and shows what came from outside as text.
package dashboard

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/vismanet-go/background/internal/webassets"
)

//go:embed page/*.html page/*.js
var page embed.FS

// Page returns the handler for admin.Config.Page. It is safe for concurrent use.
func Page() http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // it is embedded
	}
	return webassets.Handler(files)
}
