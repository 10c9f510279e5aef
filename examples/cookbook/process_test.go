package cookbook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/mockservertest"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// A process is killed while its operation runs; another one has the result.
func TestProcessIsKilled(t *testing.T) {
	if inChild() {
		c, _ := open(nil)
		if _, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{Key: "order-4711"}); err != nil {
			panic(err)
		}
		hang()
	}
	erp := mockservertest.StartSocket(t, mockserver.Config{})
	killAChild(t, erp)

	c, st := open(nil)
	defer st.Close()
	defer c.Close()
	left := 0
	for op, err := range c.Pending(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		left++
		res, err := op.Wait(t.Context())
		if err != nil || op.Key() != "order-4711" || res.CreatedID() != "003549" {
			t.Errorf("%s: %+v, %v; want the invoice of order-4711", op.Key(), res, err)
		}
		if err := op.Ack(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if left != 1 {
		t.Errorf("the killed process left %d operations, want 1", left)
	}
	accepted(t, erp, 1)
}

// A process is killed in a handler; the handler runs again in another one.
func TestProcessIsKilledInAHandler(t *testing.T) {
	if inChild() {
		c, _ := open(map[string]client.Handler{"invoice": func(context.Context, client.Completion) error { hang(); return nil }})
		if _, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{Kind: "invoice"}); err != nil {
			panic(err)
		}
		panic(c.Run(t.Context()))
	}
	erp := mockservertest.StartSocket(t, mockserver.Config{})
	killAChild(t, erp)

	done := make(chan int, 1)
	c, st := open(map[string]client.Handler{"invoice": func(_ context.Context, c client.Completion) error { done <- c.Attempt; return nil }})
	defer st.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	if attempt := <-done; attempt != 2 {
		t.Errorf("it was attempt %d, want 2: a run that took its process with it counts", attempt)
	}
	stop()
	if err := errors.Join(<-ended, c.Close()); err != nil {
		t.Error(err)
	}
	accepted(t, erp, 1)
}

// killAChild runs the same test in another process, and kills that once it
// hangs. Both find the ERP and the file in the environment.
func killAChild(t *testing.T, erp *mockservertest.Server) {
	t.Helper()
	t.Setenv("COOKBOOK_ERP", erp.URL())
	t.Setenv("COOKBOOK_FILE", filepath.Join(t.TempDir(), "background.db"))
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "COOKBOOK_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	_ = child.Process.Kill() // SIGKILL
	_ = child.Wait()
	if line != "hanging\n" {
		t.Fatalf("the child said %q", line)
	}
}

// inChild reports whether this is the process that is to be killed.
func inChild() bool { return os.Getenv("COOKBOOK_CHILD") != "" }

// hang waits to be killed.
func hang() {
	fmt.Println("hanging")
	select {}
}

// open opens the records on disk, with a client of the ERP.
func open(handlers map[string]client.Handler) (*client.Client, *sqlitestore.Store) {
	st, err := sqlitestore.Open(context.Background(), sqlitestore.Config{Path: os.Getenv("COOKBOOK_FILE")})
	if err != nil {
		panic(err)
	}
	c, err := client.New(client.Config{
		BaseURL: os.Getenv("COOKBOOK_ERP"), Store: st, Tenant: "1000001", OnComplete: handlers,
		Schedule: pollOften, // so that the test is quick; leave it out elsewhere
	})
	if err != nil {
		panic(err)
	}
	return c, st
}

// pollOften is a schedule for tests on sockets, whose time is real.
func pollOften(client.PollInfo) time.Duration { return 500 * time.Millisecond }

// A worker of the ERP dies twice with the operation: it takes longer.
func TestERPWorkerDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{Do: fault.Queue{Deaths: 2, Lease: 2 * time.Minute}})
		c := newClient(t, erp, client.Config{Notify: client.Subscription()})

		begin := time.Now()
		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < 4*time.Minute {
			t.Errorf("it took %v, want the two leases at least", took)
		}
	})
}
