package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// Work of which only the key is remembered is neither sent again nor called undone.
func TestWorkWhoseAnswerWasRemovedIsNotSentAgain(t *testing.T) {
	srv, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	web := httptest.NewServer(srv)
	defer web.Close()
	dir := t.TempDir()
	rows := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(rows, []byte(`{"key": "a", "method": "GET", "path": "/v1/customer/10000"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(status int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		a := newApp(strings.NewReader(""), &out, &errs, []string{"HOME=" + dir, "XDG_STATE_HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "ERPCALL_URL=" + web.URL})
		if got := a.Run(t.Context(), args); got != status {
			t.Fatalf("%v: got status %d, want %d\n%s%s", args, got, status, &out, &errs)
		}
		return out.String() + errs.String()
	}
	run(0, "batch", rows)

	st, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: filepath.Join(dir, "erpcall", namelessStore+".db")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Purge(t.Context(), defaultTenant, store.Retention{Ended: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}

	text := run(exitUncertain, "batch", rows)
	for _, want := range []string{`"outcome":"purged"`, "1 purged", "done or failed long ago, and not sent again"} {
		if !strings.Contains(text, want) {
			t.Errorf("batch: got\n%s\nwant %q in it", text, want)
		}
	}
	if _, err := os.Stat(rows + ".refused.jsonl"); err == nil {
		t.Error("the row stands among those that are to be mended and run")
	}
	text = run(exitUncertain, "call", "GET", "/v1/customer/10000", "--key", "a")
	if want := "It is not sent again"; !strings.Contains(text, want) {
		t.Errorf("call: got\n%s\nwant %q in it", text, want)
	}
	run(exitUncertain, "call", "GET", "/v1/customer/10000", "--key", "a", "--enqueue")
}
