package admin_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
	adminclient "github.com/vismanet-go/background/mockserver/admin/client"
)

// TestMain lets the test binary be a mock with little room for its journal.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_RUN_MOCK") == "1" {
		fmt.Fprintln(os.Stderr, serve())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// serve prints where the mock is, and serves until the process is killed.
func serve() error {
	srv, err := mockserver.New(mockserver.Config{JournalBytes: 64 << 10, ExecTime: mockserver.Fixed(0)})
	if err != nil {
		return err
	}
	if _, err := admin.Mount(srv, admin.Config{}); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, srv)
}

// process is the root of a mock that is a process of its own.
func process(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_RUN_MOCK=1")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	root, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(root)
}

// Over sockets, too, whose buffers are full: what comes in does not wait for readers
// that take nothing, and each of them is told how much it missed.
func TestSlowReadersOfAProcess(t *testing.T) {
	const readers, companies, operations = 50, 4, 50
	root := process(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// Small buffers, so that few entries suffice to fill them.
	dialer := &net.Dialer{}
	slow := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetReadBuffer(64 << 10)
			}
			return conn, err
		},
	}
	defer slow.CloseIdleConnections()
	late := must[*adminclient.ClientWithResponses](t)(adminclient.New(root, adminclient.Options{Client: &http.Client{Transport: slow}}))
	c := must[*adminclient.ClientWithResponses](t)(adminclient.New(root, adminclient.Options{}))
	awake := make(chan struct{})
	tallies := make(chan tally, readers)
	var done int64
	for range readers {
		go func() { tallies <- readLate(ctx, late, awake, &done) }()
	}
	// A body so large that an operation is most of what a buffer holds.
	note := `{"note": {"value": "` + strings.Repeat("x", 30<<10) + `"}}`
	began := time.Now()
	var calling sync.WaitGroup
	for company := range companies {
		calling.Go(func() {
			for range operations {
				req, _ := http.NewRequestWithContext(ctx, "PUT", root+"/v1/customerinvoice/003501", strings.NewReader(note))
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("ipp-company-id", fmt.Sprint(company))
				req.Header.Set("erp-api-background", "none")
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusAccepted {
					t.Errorf("submit: got %s", resp.Status)
					return
				}
			}
		})
	}
	calling.Wait()
	t.Logf("%d operations were taken in %v while %d readers took nothing", companies*operations, time.Since(began), readers)
	must[*adminclient.AwaitConditionResponse](t)(c.AwaitConditionWithResponse(ctx, adminclient.Wait{
		Operation: &adminclient.OperationMatcher{State: adminclient.OperationStateFinished}, Count: companies * operations, TimeoutMs: 120_000,
	}))
	for after := int64(-1); after != done; {
		after = done
		page := must[*adminclient.SearchJournalResponse](t)(c.SearchJournalWithResponse(ctx, &adminclient.SearchJournalParams{After: &after, Limit: new(1000)}))
		done = page.JSON200.Next
	}
	close(awake)
	allTold(t, c, readers, tallies, done)
}
