//go:build unix

package upstream_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
	"github.com/vismanet-go/background/mockserver/upstream"
)

// The test's own program, started anew with these variables, makes a call in the
// background with a queue in a directory.
const (
	childDir  = "UPSTREAM_TEST_DIR"
	childURL  = "UPSTREAM_TEST_URL"
	childCall = "UPSTREAM_TEST_CALL"
)

func TestMain(m *testing.M) {
	if os.Getenv(childDir) == "" {
		os.Exit(m.Run())
	}
	if err := work(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	select {} // until it is killed
}

// server is a mock before an API, with a queue in a directory.
func server(ctx context.Context, dir string, cfg upstream.Config) (*mockserver.Server, *upstream.Upstream, *sqlitequeue.Queue, error) {
	api, err := upstream.New(cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	q, err := sqlitequeue.Open(ctx, sqlitequeue.Config{Dir: dir})
	if err != nil {
		return nil, nil, nil, err
	}
	srv, err := mockserver.New(mockserver.Config{Queue: q, NoERP: true, Fallbacks: []mockserver.Fallback{api}, ExecTime: mockserver.Fixed(0)})
	if err == nil {
		srv.Start()
	}
	return srv, api, q, err
}

func work() error {
	srv, _, _, err := server(context.Background(), os.Getenv(childDir), upstream.Config{URL: os.Getenv(childURL)})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(os.Getenv(childCall), mockserver.BaseURL+"/orders", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	req.Header.Set("erp-api-background", "none")
	resp, err := srv.Client().Do(req)
	if err != nil {
		return err
	}
	fmt.Println(resp.Header.Get("Location"))
	return resp.Body.Close()
}

// A process is killed while the upstream works on its call. Whoever takes over makes
// a POST not again, and a GET again.
func TestACallUnderWayWhenItsProcessIsKilled(t *testing.T) {
	for method, want := range map[string]struct {
		calls  int
		status string
	}{"POST": {1, "Failed"}, "GET": {2, "Finished"}} {
		t.Run(method, func(t *testing.T) {
			var seen calls
			arrived, release := make(chan bool, 9), make(chan bool)
			api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				seen.add(r)
				arrived <- true
				<-release
			}))
			defer api.Close()
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childDir+"="+dir, childURL+"="+api.URL, childCall+"="+method)
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-arrived:
			case <-time.After(30 * time.Second):
				t.Errorf("no call: %s", &out)
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			close(release)
			srv, up, q, err := server(t.Context(), dir, upstream.Config{URL: api.URL})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { srv.Close(); up.Close(); q.Close() }()
			for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				ops := srv.Operations()
				if len(ops) == 1 && ops[0].HasEnded() {
					if string(ops[0].State) != want.status || len(seen.all()) != want.calls || ops[0].Attempts != 2 {
						t.Errorf("got %s (%s) after %d attempts and %d calls, want %s after 2 and %d",
							ops[0].State, ops[0].ErrorMessage, ops[0].Attempts, len(seen.all()), want.status, want.calls)
					}
					return
				}
				if time.Now().After(end) {
					t.Fatalf("it never ended: %+v, %s", ops, &out)
				}
			}
		})
	}
}
