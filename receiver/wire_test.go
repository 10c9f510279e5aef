package receiver_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/receiver"
)

// outcome is what a golden file holds.
type outcome struct {
	Status int
	Path   string // as whatever runs after the receiver sees it
	Stored *stored
}

type stored struct {
	Mode, Tenant, Ref, ID, NotificationID string
	StatusCode                            int
	Unparsed                              bool
	Header                                map[string]string
	Body                                  string
	ReceivedAt                            time.Time
}

// The requests in testdata/wire were made, and signed, with other software.
// Time in a bubble begins on 2000-01-01, the day of their capabilities.
func TestWireFilesAreStoredAsTheGoldenFilesSay(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("wire files: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkWireFile(t, file) })
		})
	}
}

func checkWireFile(t *testing.T, file string) {
	wire, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	if err != nil {
		t.Fatal(err)
	}
	rcv, st := setup(t, func(c *receiver.Config) {
		c.KeepHeaders = []string{"order", "SRC"}
		c.Tenant = func(string) (string, bool) { return "acme", true }
	})
	w := httptest.NewRecorder()
	mounted(rcv).ServeHTTP(w, r)

	got := outcome{Status: w.Code, Path: r.RequestURI}
	if st.count() > 0 {
		n := st.last(t)
		got.Stored = &stored{
			n.Mode, n.Tenant, n.Ref, n.ID, n.NotificationID, n.StatusCode, n.Unparsed, n.Header, string(n.Body), n.ReceivedAt.UTC(),
		}
	}
	compareGolden(t, strings.TrimSuffix(file, ".http")+".golden", got)
}

func compareGolden(t *testing.T, file string, got outcome) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, file, out.String())
}
