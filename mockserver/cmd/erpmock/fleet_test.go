//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/internal/testkit"
)

// A fleet is several erpmock processes on one directory.
type fleet struct {
	t     *testing.T
	dir   string
	flags []string
	names int // processes started so far

	mu    sync.Mutex // guards ships
	ships []*ship
}

// A ship is one of them.
type ship struct {
	cmd  *exec.Cmd
	base string
	errs bytes.Buffer
}

// launch starts n processes that share a new directory and end with the test.
func launch(t *testing.T, n int, flags ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir(), flags: flags, ships: make([]*ship, n)}
	for i := range f.ships {
		f.ships[i] = f.start()
	}
	t.Cleanup(f.sink)
	return f
}

// start runs one more process until it can be reached.
func (f *fleet) start() *ship {
	f.t.Helper()
	f.names++
	port := filepath.Join(f.t.TempDir(), "port")
	s := &ship{}
	s.cmd = exec.Command(os.Args[0], append([]string{
		"--listen", "127.0.0.1:0", "--port-file", port, "--data", f.dir, "--external-url", "http://erp.test", "--rate-limit", "1000000000",
	}, f.flags...)...)
	s.cmd.Env = append(os.Environ(), "TEST_RUN_ERPMOCK=1")
	s.cmd.Stderr = &s.errs
	if err := s.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = s.cmd.Wait(); close(ended) }()
	testkit.Eventually(f.t, "a process listens", func() bool {
		select {
		case <-ended:
			f.t.Fatalf("it ended: %s\n%s", s.cmd.ProcessState, s.errs.String())
		default:
		}
		text, err := os.ReadFile(port)
		s.base = "http://127.0.0.1:" + strings.TrimSpace(string(text))
		return err == nil
	})
	return s
}

// kill ends a process as kill -9 does, and starts another one in its place.
func (f *fleet) kill(i int) {
	_ = f.ship(i).cmd.Process.Kill()
	next := f.start()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ships[i] = next
}

// stop stops a process at an instant at which it does not write: one that
// stands still in the middle of a write holds up all others.
func (f *fleet) stop(s *ship) {
	f.t.Helper()
	db, err := sqlitefile.Connect(filepath.Join(f.dir, "queue.db"))
	if err == nil {
		err = db.Script("PRAGMA busy_timeout = 1000")
	}
	if err != nil {
		f.t.Fatal(err)
	}
	defer db.Close()
	testkit.Eventually(f.t, "it stands still between two writes", func() bool {
		if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			f.t.Fatal(err)
		}
		// The signal takes a moment, in which a write may begin: so it is looked twice.
		free := db.Script("BEGIN IMMEDIATE; ROLLBACK") == nil
		time.Sleep(20 * time.Millisecond)
		if free && db.Script("BEGIN IMMEDIATE; ROLLBACK") == nil {
			return true
		}
		_ = s.cmd.Process.Signal(syscall.SIGCONT)
		return false
	})
}

func (f *fleet) sink() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.ships {
		_ = s.cmd.Process.Signal(syscall.SIGCONT)
		_ = s.cmd.Process.Kill()
	}
}

func (f *fleet) ship(i int) *ship {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ships[i]
}

// any is one of the processes.
func (f *fleet) any() *ship { return f.ship(rand.IntN(len(f.ships))) }

// call makes a request of a process; headers are pairs of name and value.
func (s *ship) call(method, path, body string, headers ...string) (answer, error) {
	req, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := fleetClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, data}, err
}

// fleetClient never sends a request twice: a connection is used once.
var fleetClient = &http.Client{
	Timeout:   30 * time.Second,
	Transport: &http.Transport{DisableKeepAlives: true},
}

type answer struct {
	status int
	body   []byte
}

// read asks any process until one answers 200 or 404; processes may be dead.
func (f *fleet) read(path, company string) answer {
	f.t.Helper()
	var a answer
	testkit.Eventually(f.t, "GET "+path, func() bool {
		var err error
		a, err = f.any().call("GET", path, "", "ipp-company-id", company)
		return err == nil && (a.status == http.StatusOK || a.status == http.StatusNotFound)
	})
	return a
}

// A counter receives notifications and counts them by operation.
type counter struct {
	*httptest.Server
	mu  sync.Mutex // guards got
	got map[string]int
}

func newCounter(t *testing.T) *counter {
	c := &counter{got: make(map[string]int)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n struct{ ID string }
		body, err := io.ReadAll(r.Body)
		if err == nil && fromJSON(body, &n) == nil {
			c.mu.Lock()
			c.got[n.ID]++
			c.mu.Unlock()
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *counter) of(id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got[id]
}

// newInvoice is a request body that carries a mark to find the invoice by.
func newInvoice(mark string) string {
	return fmt.Sprintf(`{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"externalReference":{"value":%q},`+
		`"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`, mark)
}
