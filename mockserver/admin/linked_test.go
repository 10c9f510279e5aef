package admin_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
)

// A program that is controlled links no parser of documents, and no testing.
func TestWhatTheControlLinks(t *testing.T) {
	for _, path := range testkit.Links(t, ".") {
		for _, not := range []string{"kin-openapi", "yaml", "sqlite", "/mockservertest", "/admin/client"} {
			if strings.Contains(path, not) {
				t.Errorf("%s is linked", path)
			}
		}
	}
}

// Nor does it write what happened, unless it is given a way to.
func TestExportIsForThoseWhoWantIt(t *testing.T) {
	srv, err := mockserver.New(mockserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	if _, err := admin.Mount(srv, admin.Config{}); err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Get(mockserver.BaseURL + "/__mock/v1/journal/export")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusNotFound || !strings.Contains(string(body), "Config.Export") {
		t.Errorf("got %d %s, %v; want 404 with a remedy", resp.StatusCode, body, err)
	}
}
