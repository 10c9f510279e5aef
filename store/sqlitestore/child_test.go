package sqlitestore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// The crash tests need real processes: the test binary starts itself with
// childEnv set, and TestMain turns it into one of the children.
const childEnv = "SQLITESTORE_TEST_CHILD"

var children = map[string]func(s *sqlitestore.Store, prefix string){
	"life":   live,
	"tidy":   tidy,
	"holder": hold,
	"idle":   idle,
	"burst":  burst,
	"outbox": outbox,
}

func TestMain(m *testing.M) {
	role, rest, _ := strings.Cut(os.Getenv(childEnv), " ")
	f := children[role]
	if f == nil {
		os.Exit(m.Run())
	}
	prefix, path, _ := strings.Cut(rest, " ")
	s, err := sqlitestore.Open(context.Background(), sqlitestore.Config{Path: path})
	if err != nil {
		say("error", err.Error())
		os.Exit(1)
	}
	f(s, prefix)
	if err := s.Close(); err != nil {
		say("error", err.Error())
		os.Exit(1)
	}
}

var saying sync.Mutex

// say tells the parent one line, in one write.
func say(words ...string) {
	saying.Lock()
	defer saying.Unlock()
	_, _ = os.Stdout.WriteString(strings.Join(words, " ") + "\n")
}

// child is a process started by a test.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    interface{ Write([]byte) (int, error) }
	lines *bufio.Scanner
}

// spawn starts a child, through the command in front if one is given. It is
// killed when the test ends.
func spawn(t *testing.T, role, prefix, path string, front ...string) *child {
	t.Helper()
	args := append(front, os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childEnv+"="+role+" "+prefix+" "+path)
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
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	sc := bufio.NewScanner(out)
	sc.Split(wholeLines)
	return &child{t, cmd, in, sc}
}

// wholeLines splits into lines and drops a last one that was cut off.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	n, line, err := bufio.ScanLines(data, false)
	if atEOF && n == 0 {
		return len(data), nil, err
	}
	return n, line, err
}

// hear returns the words of the child's next line, nil at its end.
func (c *child) hear() []string {
	if !c.lines.Scan() {
		return nil
	}
	words := strings.Fields(c.lines.Text())
	if words[0] == "error" {
		c.t.Errorf("child: %s", c.lines.Text())
	}
	return words
}

// expect waits for a line with this first word.
func (c *child) expect(word string) []string {
	c.t.Helper()
	for words := c.hear(); words != nil; words = c.hear() {
		if words[0] == word {
			return words
		}
	}
	c.t.Fatalf("the child ended without saying %q", word)
	return nil
}

// live takes operations through their life until it is killed, and tells
// each step that was acknowledged.
func live(s *sqlitestore.Store, prefix string) {
	for g := range 8 {
		go func() {
			for i := 0; ; i++ {
				if err := liveOne(s, fmt.Sprintf("%s-%d-%d", prefix, g, i)); err != nil {
					say("error", err.Error())
					os.Exit(1)
				}
			}
		}()
	}
	select {}
}

// stages are the steps of a life in their order; what a child says of a ref
// is the name of the last one that was acknowledged.
var stages = []string{"created", "notified", "accepted", "settled", "handled"}

func liveOne(s *sqlitestore.Store, ref string) error {
	for _, stage := range stages {
		say("begin", ref, stage)
		if err := liveStage(context.Background(), s, ref, stage); err != nil {
			return err
		}
		say("ack", ref, stage)
	}
	return nil
}

// liveUntil goes through all stages up to the last one.
func liveUntil(ctx context.Context, s *sqlitestore.Store, ref, last string) error {
	for _, stage := range stages {
		if err := liveStage(ctx, s, ref, stage); err != nil || stage == last {
			return err
		}
	}
	return nil
}

func liveStage(ctx context.Context, s *sqlitestore.Store, ref, stage string) (err error) {
	id := "id-" + ref
	switch stage {
	case "created":
		_, err = s.Create(ctx, store.Record{
			Tenant: "fjord", Ref: ref, Key: "key-" + ref, Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice",
		}, "child", time.Minute)
	case "notified":
		_, err = s.Notify(ctx, store.Notification{ID: id, Body: []byte(`{"id":"` + id + `"}`)})
	case "accepted":
		_, err = s.Report(ctx, "fjord", ref, store.AcceptedFact{ID: id, Source: store.FromAnswer})
	case "settled":
		_, err = s.Report(ctx, "fjord", ref, store.SettledFact{ID: id, Outcome: store.Outcome{
			Status: "Finished", StatusCode: 200, Kept: true, Content: []byte("content of " + ref),
		}})
	case "handled":
		var l store.Lease
		if l, _, err = s.Acquire(ctx, "fjord", ref, "child", store.ToPoll, time.Minute); err == nil {
			_, err = s.Decide(ctx, l, store.AcknowledgeDecision{})
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", ref, stage, err)
	}
	return nil
}

// tidy takes a fixed number of operations through their life and purges.
func tidy(s *sqlitestore.Store, prefix string) {
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 15 {
				if err := liveOne(s, fmt.Sprintf("%s-%d-%d", prefix, g, i)); err != nil {
					say("error", err.Error())
				}
			}
		})
	}
	wg.Wait()
	say("done")
}

// hold leases and sends, waits for a line, and then tells what became of it.
func hold(s *sqlitestore.Store, prefix string) {
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			say("error", err.Error())
			os.Exit(1)
		}
	}
	ttl, err := time.ParseDuration(prefix)
	fail(err)
	l, _, err := s.Acquire(ctx, "fjord", "settled", "child", store.ToPoll, ttl)
	fail(err)
	_, err = s.Create(ctx, store.Record{Tenant: "fjord", Ref: "sent", Phase: store.Sending, Method: "POST", Path: "/"}, "child", ttl)
	fail(err)
	say("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	_, err = s.Decide(ctx, l, store.AcknowledgeDecision{})
	say("decided", strconv.FormatBool(errors.Is(err, store.ErrFenced)))
	_, err = s.Report(ctx, "fjord", "sent", store.AcceptedFact{ID: "id-late", Source: store.FromAnswer})
	fail(err)
	say("reported")
}

// settle makes a record that waits for its handler.
func settle(s *sqlitestore.Store, ref string) error {
	ctx := context.Background()
	_, err := s.Create(ctx, store.Record{Tenant: "fjord", Ref: ref, Phase: store.Sending, Method: "GET", Path: "/"}, "me", time.Minute)
	if err == nil {
		_, err = s.Report(ctx, "fjord", ref, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 200}})
	}
	return err
}

func handle(s *sqlitestore.Store, ref string) error {
	l, _, err := s.Acquire(context.Background(), "fjord", ref, "me", store.ToPoll, time.Minute)
	if err == nil {
		_, err = s.Decide(context.Background(), l, store.AcknowledgeDecision{})
	}
	return err
}

// burst handles many records one after the other, and is quiet after that.
func burst(s *sqlitestore.Store, _ string) {
	const marks = 100
	for i := range marks {
		if err := settle(s, strconv.Itoa(i)); err != nil {
			say("error", err.Error())
		}
	}
	say("begin", "burst")
	for i := range marks {
		if err := handle(s, strconv.Itoa(i)); err != nil {
			say("error", err.Error())
		}
		say("ack", "burst")
	}
	say("begin", "quiet")
	time.Sleep(5 * sqlitestore.LazyFor)
	say("end", "over")
}

// idle does nothing, without and with a watcher.
func idle(s *sqlitestore.Store, _ string) {
	if err := errors.Join(settle(s, "a"), handle(s, "a")); err != nil {
		say("error", err.Error())
	}
	time.Sleep(5 * sqlitestore.LazyFor)
	say("begin", "idle")
	time.Sleep(time.Second)
	w := s.Watch("fjord")
	time.Sleep(time.Second)
	say("end", "idle")
	w.Close()
}
