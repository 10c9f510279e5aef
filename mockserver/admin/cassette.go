package admin

import (
	"net/http"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
)

// An UnusedAnswer is a recorded call of a cassette that nobody has made.
type UnusedAnswer struct {
	Line        int // of the file
	Method, URL string
}

// ListUnusedAnswers serves GET /cassette.
func (a *Admin) ListUnusedAnswers(w http.ResponseWriter, _ *http.Request) {
	list := []api.UnusedAnswer{}
	if a.cfg.Unused != nil {
		list = converted(a.cfg.Unused(), func(u UnusedAnswer) api.UnusedAnswer { return api.UnusedAnswer(u) })
	}
	reply(w, http.StatusOK, api.UnusedAnswers{Unused: list})
}
