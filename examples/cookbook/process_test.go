package cookbook

import (
	"bufio"
	"context"
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
	if url := os.Getenv("COOKBOOK_ERP"); url != "" {
		submitAndHang(t.Context(), url, os.Getenv("COOKBOOK_FILE"))
	}
	erp := mockservertest.StartSocket(t, mockserver.Config{})
	file := filepath.Join(t.TempDir(), "background.db")
	child := exec.Command(os.Args[0], "-test.run=^TestProcessIsKilled$")
	child.Env = append(os.Environ(), "COOKBOOK_ERP="+erp.URL(), "COOKBOOK_FILE="+file)
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
	if line != "accepted\n" {
		t.Fatalf("the child said %q", line)
	}

	c, err := open(t.Context(), erp.URL(), file)
	if err != nil {
		t.Fatal(err)
	}
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

// submitAndHang is the process that is killed.
func submitAndHang(ctx context.Context, url, file string) {
	c, err := open(ctx, url, file)
	if err == nil {
		_, err = c.Submit(ctx, newInvoice(), client.SubmitOptions{Key: "order-4711"})
	}
	if err != nil {
		panic(err)
	}
	fmt.Println("accepted")
	select {}
}

// open opens the records in a file, with a client of the ERP at url.
func open(ctx context.Context, url, file string) (*client.Client, error) {
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: file})
	if err != nil {
		return nil, err
	}
	return client.New(client.Config{
		BaseURL: url, Store: st, Tenant: "1000001",
		Schedule: pollOften, // so that the test is quick; leave it out elsewhere
	})
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
