package receiver_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// The crash test needs a real process: the test binary starts itself with
// childEnv set to a directory, and TestMain turns it into a service there.
const childEnv = "RECEIVER_TEST_CHILD"

func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := serviceIn(dir); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

// serviceIn runs a service with a durable store and a handler that writes down
// what it has handled. It tells its address on standard output and ends with
// standard input.
func serviceIn(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		cancel()
	}()
	// Every notification is of an operation that nobody submitted.
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: filepath.Join(dir, "background.db"), MaxUnmatched: 10_000_000})
	if err != nil {
		return err
	}
	defer st.Close()
	log, err := os.OpenFile(filepath.Join(dir, "handled"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{key}, Lease: 2 * time.Second})
	if err != nil {
		return err
	}
	rcv.Handle(func(_ context.Context, n receiver.Notification) error {
		_, err := log.WriteString(n.ID + "\n")
		return err
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: mounted(rcv), ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	fmt.Println("http://" + l.Addr().String() + path)
	return rcv.Run(ctx)
}

// startService returns the address of a service in dir, and what ends it.
func startService(t *testing.T, dir string) (url string, kill func(), stop func() error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait := sync.OnceValue(cmd.Wait)
	kill = func() {
		_ = cmd.Process.Kill()
		_ = wait()
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http") {
		t.Fatalf("the service says %q, %v", line, err)
	}
	return strings.TrimSpace(line), kill, func() error {
		_ = in.Close()
		return wait()
	}
}

// A service is killed under load, again and again: whatever it acknowledged
// is in the store, and is handled in the end.
func TestWhatWasAcknowledgedSurvivesKill(t *testing.T) {
	rounds := 5
	if n, err := strconv.Atoi(os.Getenv("RECEIVER_CRASH_ROUNDS")); err == nil {
		rounds = n
	}
	dir := t.TempDir()
	var mu sync.Mutex // guards acked
	var acked []string
	for round := range rounds {
		url, kill, _ := startService(t, dir)
		s := receivertest.Sender{URL: url, Key: key, Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}}
		target := len(acked) + 20 + rand.IntN(200)
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := 0; ; i++ {
					id := fmt.Sprintf("%08x-%04x-4000-8000-%012d", round, worker, i)
					status, err := s.Send(context.Background(), receivertest.Notice{ID: id, StatusCode: 200})
					if err != nil {
						return // it was killed
					}
					if status != http.StatusOK {
						t.Errorf("got %d", status)
						return
					}
					mu.Lock()
					acked = append(acked, id)
					enough := len(acked) == target
					mu.Unlock()
					if enough {
						go kill() // while the others go on
					}
				}
			})
		}
		wg.Wait()
		kill()
	}
	st, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: filepath.Join(dir, "background.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, id := range acked {
		if _, err := st.GetByID(t.Context(), store.AnyTenant, id); err != nil {
			t.Fatalf("%s was acknowledged: %v", id, err)
		}
	}
	_, _, stop := startService(t, dir) // which waits for the leases of those who were killed
	for deadline := time.Now().Add(time.Minute); left(t, st, store.Delivery) > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d are left", left(t, st, store.Delivery))
		}
	}
	if err := stop(); err != nil {
		t.Errorf("the service ended with %v", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "handled"))
	if err != nil {
		t.Fatal(err)
	}
	runs := make(map[string]int)
	for id := range strings.FieldsSeq(string(text)) {
		runs[id]++
	}
	repeated := 0
	for _, id := range acked {
		if runs[id] == 0 {
			t.Fatalf("%s was acknowledged and never handled", id)
		}
		repeated += runs[id] - 1
	}
	t.Logf("%d acknowledged and handled, %d of them again after a kill", len(acked), repeated)
	if repeated > 8*rounds {
		t.Errorf("%d were handled again, want at most those in progress", repeated)
	}
}
