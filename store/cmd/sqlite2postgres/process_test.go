package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/walk"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// child is what the test's own program does as a child.
func child(role string) bool {
	switch role {
	case "copy":
		main()
	case "hold": // the file, and a lease in it
		ctx := context.Background()
		s, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: os.Getenv("SQLITE2POSTGRES_FILE")})
		if err == nil {
			_, err = s.Create(ctx, store.Record{Tenant: "fjord", Ref: "held", Method: "POST", Path: "/", Phase: store.Sending}, "sender", time.Hour)
		}
		fmt.Println("holds", err)
		select {}
	default:
		return false
	}
	return true
}

// start starts the test's own program as a child.
func (c copied) start(role string, args ...string) (*exec.Cmd, *bufio.Scanner) {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "SQLITE2POSTGRES_CHILD="+role, "SQLITE2POSTGRES_FILE="+c.path, "DATABASE_URL="+c.dsn)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// TestACopyThatIsKilledGoesOn kills the process of the command each time that it has
// copied something, until one comes to its end.
func TestACopyThatIsKilledGoesOn(t *testing.T) {
	c := setup(t)
	c.edit(func(s store.Store) {
		if err := walk.Random(t.Context(), s, rand.New(rand.NewPCG(3, 4)), 800); err != nil {
			t.Fatal(err)
		}
	})
	postgres := c.postgres()
	copied := func() (sum int) {
		for _, tenant := range walk.Tenants {
			n, err := postgres.Count(t.Context(), tenant, store.Query{})
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
		return sum
	}
	var at []int // how many records there were when it was killed
	for ended := false; !ended; {
		before := copied()
		cmd, _ := c.start("copy", "-from", c.path, "-schema", c.schema)
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		for copied() == before && !ended {
			select {
			case err := <-done:
				if ended = true; err != nil {
					t.Fatal("the command:", err)
				}
			default:
			}
		}
		if !ended {
			_ = cmd.Process.Kill()
			ended = <-done == nil
			at = append(at, copied())
		}
	}
	c.copy()
	c.compare(c.file(), postgres)
	t.Logf("killed with %v records copied", at)
}

// TestTheLeaseOfAProcessThatWasKilledIsOver copies a file whose user was killed in the
// middle of an attempt.
func TestTheLeaseOfAProcessThatWasKilledIsOver(t *testing.T) {
	c := setup(t)
	cmd, out := c.start("hold")
	if !out.Scan() || out.Text() != "holds <nil>" {
		t.Fatalf("the child said %q", out.Text())
	}
	if _, err := c.run(); err == nil {
		t.Error("copied while another process has the file open")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	c.copy()
	rec, err := c.postgres().Get(t.Context(), "fjord", "held")
	if err != nil || rec.Phase != store.Uncertain {
		t.Errorf("what was being sent: %s (%v), want uncertain", rec.Phase, err)
	}
}
