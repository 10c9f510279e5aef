package main

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
)

func TestTheConsoleIsOnTheInternalPortForThoseWithTheToken(t *testing.T) {
	play(t, mockserver.Config{}, nil, func(w *world) {
		w.post(good, http.StatusAccepted)
		w.await("4711", stateDone)
		as := func(token string) []string {
			return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("kari:"+token))}
		}
		for _, path := range []string{"/console/", "/console/api/operations", "/console/page/main.js"} {
			for _, header := range [][]string{nil, as("wrong"), as("")} {
				if code, answer := do(w.app.internal(), http.MethodGet, path, "", header...); code != http.StatusUnauthorized || strings.Contains(answer, "4711") {
					w.Errorf("%s with %q: got %d %s, want 401", path, header, code, answer)
				}
			}
		}
		if code, answer := do(w.app.internal(), http.MethodGet, "/console/api/operations", "", as(w.cfg.apiToken)...); code != http.StatusOK || !strings.Contains(answer, "4711") {
			w.Errorf("got %d %s, want the order's operation", code, answer)
		}
		if code, answer := do(w.app.internal(), http.MethodGet, "/console/api/session", "", as(w.cfg.apiToken)...); code != http.StatusOK || !strings.Contains(answer, `"name":"kari","phases"`) {
			w.Errorf("got %d %s, want the name for the log", code, answer)
		}
		if code, _ := w.do(http.MethodGet, "/console/", ""); code != http.StatusNotFound {
			w.Errorf("the page on the port of the internet: got %d, want 404", code)
		}
	})
}
