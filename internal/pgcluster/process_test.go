//go:build unix

package pgcluster_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	osexec "os/exec"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/internal/pgcluster"
	"github.com/vismanet-go/background/internal/pgcluster/pgtest"
	"github.com/vismanet-go/background/internal/testkit"
)

// childEnv has the test binary be the program that starts a server.
const childEnv = "PGCLUSTER_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		pgtest.Main(m)
	}
	pg, err := pgcluster.Start(context.Background(), pgcluster.Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s\n%s\n", pg.Dir(), pg.DSN())
	select {}
}

func TestNoServerOutlivesTheProcessThatStartedIt(t *testing.T) {
	if _, err := pgcluster.Find(); err != nil {
		pgtest.Cluster(t, pgcluster.Config{}) // skips or fails
	}
	child := osexec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"=1")
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	dir := lines.Text()
	lines.Scan()
	dsn := lines.Text()
	if dsn == "" {
		t.Fatal("the child started no server:", child.Wait())
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	if _, err := conn.WaitForNotification(t.Context()); err == nil {
		t.Error("a notification came, want the end of the connection")
	}
	testkit.Eventually(t, "without the server's directory", func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, fs.ErrNotExist)
	})
	if conn, err := pgx.Connect(t.Context(), dsn); err == nil {
		t.Error("the server still answers", conn.Close(t.Context()))
	}
}
