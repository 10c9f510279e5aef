package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// TestABatchIsKilledAndGoesOn kills a batch of 2 000 rows five times at random, tells
// what became of the rows that were being sent then, and counts what the ERP did.
func TestABatchIsKilledAndGoesOn(t *testing.T) {
	const rows, kills = 2000, 5
	erp := newCountingERP(t)
	dir := t.TempDir()
	file, results := filepath.Join(dir, "rows.jsonl"), filepath.Join(dir, "results.jsonl")
	var b bytes.Buffer
	for n := range rows {
		fmt.Fprintf(&b, `{"method": "POST", "path": "/v1/thing/%d", "body": {"n": %d}}`+"\n", n, n)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) *exec.Cmd {
		cmd := process(t, args...)
		cmd.Env = append(os.Environ(), "ERPCALL_URL="+erp.url, "HOME="+dir, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir)
		return cmd
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for n := range kills {
		cmd := run("batch", file, "-o", results, "-q")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		erp.await(t, (n+1)*rows/(kills+1)-random.IntN(rows/20))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); !killed(err) {
			t.Fatalf("kill %d: the batch ended by itself: %v", n, err)
		}
	}
	// The one that runs to its end lists what nobody knows; a person looks and tells.
	out, err := run("batch", file, "-o", results).CombinedOutput()
	status := exitStatus(err)
	if status != exitUncertain && status != 0 {
		t.Fatalf("got status %d, want 0, or %d for rows that were being sent when it was killed\n%s", status, exitUncertain, out)
	}
	doubts := 0
	for _, r := range readResults(t, results) {
		if r.Outcome != uncertain {
			continue
		}
		doubts++
		word := []string{"resolve", r.Ref, "--not-accepted", "--reason", "it is not there", "-q"}
		if erp.did(r.Row-1) > 0 {
			word = []string{"resolve", r.Ref, "--ended-with", "201", "--reason", "it is there", "-q"}
		}
		if out, err := run(word...).CombinedOutput(); err != nil {
			t.Fatalf("resolve row %d: %v\n%s", r.Row, err, out)
		}
	}
	t.Logf("%d rows were uncertain", doubts)
	if out, err := run("batch", file, "-o", results, "-q").CombinedOutput(); err != nil {
		t.Fatalf("after all was told: %v\n%s", err, out)
	}
	list := readResults(t, results)
	if len(list) != rows {
		t.Fatalf("%d results, want %d", len(list), rows)
	}
	for n, r := range list {
		if r.Row != n+1 || r.Outcome != succeeded {
			t.Errorf("result %d is of row %d: %s %s", n+1, r.Row, r.Outcome, r.Message)
		}
		if times := erp.did(n); times != 1 {
			t.Errorf("row %d was carried out %d times, want once", n+1, times)
		}
	}
}

// A countingERP counts how often it carries out each request.
type countingERP struct {
	url string
	mu  sync.Mutex // guards what is below
	n   map[int]int
	sum int
	at  chan int // how many were carried out
}

func newCountingERP(t *testing.T) *countingERP {
	t.Helper()
	e := &countingERP{n: make(map[int]int), at: make(chan int, 100_000)}
	srv, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(5 * time.Millisecond), Workers: 64, RateLimit: mockserver.RateLimit{Limit: 1_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	srv.Handle("POST /v1/thing/{n}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil {
			t.Error(err)
		}
		e.mu.Lock()
		e.n[n]++
		e.sum++
		e.at <- e.sum
		e.mu.Unlock()
		w.WriteHeader(http.StatusCreated)
	}))
	web := httptest.NewServer(srv)
	e.url = web.URL
	t.Cleanup(func() {
		web.Close()
		_ = srv.Close()
	})
	return e
}

// await waits until so many requests were carried out.
func (e *countingERP) await(t *testing.T, n int) {
	t.Helper()
	timeout := time.After(2 * time.Minute)
	for {
		select {
		case sum := <-e.at:
			if sum >= n {
				return
			}
		case <-timeout:
			t.Fatalf("the batch does not get as far as %d rows", n)
		}
	}
}

func (e *countingERP) did(n int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.n[n]
}

func readResults(t *testing.T, name string) (list []result) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		list = append(list, r)
	}
	return list
}

func exitStatus(err error) int {
	if e, ok := err.(*exec.ExitError); ok {
		return e.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// killed reports whether a process was ended by a signal, or by TerminateProcess on
// Windows.
func killed(err error) bool {
	e, ok := err.(*exec.ExitError)
	if !ok {
		return false
	}
	status, known := e.Sys().(syscall.WaitStatus)
	return runtime.GOOS == "windows" || known && status.Signaled()
}
