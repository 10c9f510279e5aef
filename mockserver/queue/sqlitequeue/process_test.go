//go:build unix

package sqlitequeue_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/mockserver/queue"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

// The test's own program, started anew with these variables, takes a job in the
// directory, says so, and goes on as a process that is at work.
const (
	childDir   = "SQLITEQUEUE_TEST_DIR"
	childLease = "SQLITEQUEUE_TEST_LEASE"
)

func TestMain(m *testing.M) {
	if os.Getenv(childDir) == "" {
		os.Exit(m.Run())
	}
	if err := work(context.Background()); err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

func work(ctx context.Context) error {
	lease, err := time.ParseDuration(os.Getenv(childLease))
	if err != nil {
		return err
	}
	q, err := sqlitequeue.Open(ctx, sqlitequeue.Config{Dir: os.Getenv(childDir), Lease: lease})
	if err != nil {
		return err
	}
	if _, err := q.Take(ctx, now, queue.Limits{Max: 9, PerCompany: 9}); err != nil {
		return err
	}
	_, err = os.Stdout.WriteString("taken\n")
	q.Watch(ctx, now, func() {}, func() {})
	return err
}

// taken is a process that has taken the only job of a directory under a lease,
// and a queue beside it whose wakes are told.
func taken(t *testing.T, lease time.Duration) (*exec.Cmd, *sqlitequeue.Queue, chan bool, string) {
	t.Helper()
	dir := t.TempDir()
	q := open(t, dir, sqlitequeue.Config{Lease: lease})
	add(t, q, newJob("aa"))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childLease+"="+lease.String())
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "taken\n" {
		t.Fatalf("the process said %q, %v", line, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	woken, ended := make(chan bool, 1), make(chan bool)
	go func() {
		defer close(ended)
		q.Watch(ctx, now, func() {
			select {
			case woken <- true:
			default:
			}
		}, func() {})
	}()
	t.Cleanup(func() { stop(); <-ended })
	return cmd, q, woken, dir
}

// takenOver waits until the job can be taken, and returns how long that took.
func takenOver(t *testing.T, q *sqlitequeue.Queue, woken chan bool) time.Duration {
	t.Helper()
	began := time.Now()
	end := time.After(30 * time.Second)
	for {
		if jobs := take(t, q); len(jobs) == 1 {
			return time.Since(began)
		}
		select {
		case <-woken:
		case <-end:
			t.Fatal("never taken over")
		}
	}
}

// Nobody waits for the lease of a process that was killed.
func TestTheJobsOfAKilledProcessAreTakenAtOnce(t *testing.T) {
	cmd, q, woken, dir := taken(t, time.Hour)
	if jobs := take(t, q); len(jobs) != 0 {
		t.Fatalf("took %d jobs of a process that lives", len(jobs))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Less than a second where nothing else runs; the lease is an hour.
	if took := takenOver(t, q, woken); took >= 5*time.Second {
		t.Errorf("taken over %v after the kill, want it at once", took)
	}
	if locks, err := os.ReadDir(filepath.Join(dir, "locks")); err != nil || len(locks) != 2 {
		t.Errorf("%d locks, %v; want ours and that of the killed process", len(locks), err)
	}
}

// A process that is stopped may go on: its lease ends by time.
func TestTheJobsOfAStoppedProcessAreTakenByTime(t *testing.T) {
	cmd, q, woken, dir := taken(t, 3*time.Second)
	until := stop(t, cmd.Process, dir)
	takenOver(t, q, woken)
	if early := time.Until(until); early > 0 {
		t.Errorf("taken over %v before the lease had ended, want it to last", early)
	}
}

// stop stops a process at an instant at which it does not write: one that
// stands still in the middle of a write holds up all others. It returns the end of
// the lease under which the job runs.
func stop(t *testing.T, p *os.Process, dir string) (until time.Time) {
	t.Helper()
	c, err := sqlitefile.Connect(filepath.Join(dir, "queue.db"))
	if err == nil {
		err = c.Script("PRAGMA busy_timeout = 500") // of others
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 100 {
		if err := p.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		// The signal takes a moment, in which a write may begin: so it is looked twice.
		free := c.Script("BEGIN IMMEDIATE; ROLLBACK") == nil
		time.Sleep(20 * time.Millisecond)
		if free && c.Script("BEGIN IMMEDIATE; ROLLBACK") == nil {
			end, err := c.Int64(`SELECT until FROM workers WHERE id = (SELECT worker FROM jobs WHERE id = 'aa')`)
			if err != nil || end == 0 {
				t.Fatalf("the lease ends at %d, %v", end, err)
			}
			return time.Unix(0, end)
		}
		if err := p.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it writes all the time")
	return time.Time{}
}
