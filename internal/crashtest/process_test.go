//go:build unix

package crashtest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// childEnv holds the orders of a child; the test binary starts itself with it.
const childEnv = "CRASHTEST_CHILD"

// orders are what a child is to do.
type orders struct {
	Role     string // of roles
	Dir      string // of the store and of what the application writes down
	Base     string // of the ERP
	Scenario string
	Hook     string // address of the inherited listener, "" if there is none

	Mode  string // of the fuse
	Point string

	Want    string            // of an heir: what the operation is to become
	Resolve string            // of an heir: the id that a person found out
	Taken   map[string]string // of an heir of the outbox: the ids of what the ERP has taken, by reference

	Name  string   // of a replica
	DSN   string   // of its database
	Again []string // what a replica before it may not have handed over
}

var roles = map[string]func(orders) error{
	"life":     live,
	"heir":     inherit,
	"handlers": handleAll,
	"stuck":    stick,
	"replica":  replicate,
}

func TestMain(m *testing.M) {
	text := os.Getenv(childEnv)
	if text == "" {
		os.Exit(m.Run())
	}
	var o orders
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		go obey()
		err = roles[o.Role](o)
	}
	if err != nil {
		say("error", err.Error())
		os.Exit(1)
	}
}

// goOn gets what the parent writes.
var goOn = make(chan struct{}, 1)

// obey hears the parent. Without one there is nothing to live for.
func obey() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		goOn <- struct{}{}
	}
	os.Exit(3)
}

var saying sync.Mutex

// say tells the parent one line, in one write, which a kill cannot take back.
func say(words ...string) {
	saying.Lock()
	defer saying.Unlock()
	_, _ = os.Stdout.WriteString(strings.ReplaceAll(strings.Join(words, " "), "\n", " ") + "\n")
}

// process is a child as its parent sees it.
type process struct {
	cmd  *exec.Cmd
	in   interface{ Write([]byte) (int, error) }
	dead chan struct{}

	mu    sync.Mutex // guards all below
	lines []string
	news  chan struct{} // closed at the next line
}

// spawn starts a child, which is killed when the test ends.
func spawn(t *testing.T, o orders, hook *net.TCPListener) (*process, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text), "GOMAXPROCS=2")
	cmd.Stderr = os.Stderr
	if hook != nil {
		f, err := hook.File()
		if err != nil {
			return nil, err
		}
		defer f.Close()
		cmd.ExtraFiles = []*os.File{f}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, in: in, dead: make(chan struct{}), news: make(chan struct{})}
	go func() {
		defer close(p.dead)
		r := bufio.NewReader(out)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				break // a line without an end was cut off
			}
			p.mu.Lock()
			p.lines = append(p.lines, strings.TrimSuffix(line, "\n"))
			close(p.news)
			p.news = make(chan struct{})
			p.mu.Unlock()
		}
		_ = cmd.Wait()
	}()
	t.Cleanup(func() { p.kill() })
	return p, nil
}

// kill ends the child and returns when it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.dead
}

// stop stops the child and returns when it stands still, which can take a
// while on a busy machine: until one thread has seen the signal the others go
// on.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return p.stopped()
}

// stopped returns when a child that was told to stop stands still.
func (p *process) stopped() error {
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return fmt.Errorf("wait for the stop: %w", err)
		case !status.Stopped():
			return errors.New("it ended instead of being stopped")
		default:
			return nil
		}
	}
}

// said returns the rest of each line that begins with word.
func (p *process) said(word string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, line := range p.lines {
		if first, rest, _ := strings.Cut(line, " "); first == word {
			out = append(out, rest)
		}
	}
	return out
}

// await returns once the child has said word or has ended, and whether it said
// it.
func (p *process) await(word string, patience time.Duration) bool {
	late := time.After(patience)
	for {
		p.mu.Lock()
		news := p.news
		p.mu.Unlock()
		if len(p.said(word)) > 0 {
			return true
		}
		select {
		case <-news:
		case <-p.dead:
			return len(p.said(word)) > 0
		case <-late:
			return false
		}
	}
}

// ended waits for the child's own end, and kills it if that does not come.
func (p *process) ended(patience time.Duration) error {
	select {
	case <-p.dead:
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("no end after %v; it said %q", patience, p.said("error"))
	}
	if p.cmd.ProcessState == nil {
		return errors.New("nobody knows how it ended")
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("%v: %q", p.cmd.ProcessState, p.said("error"))
	}
	return nil
}

// killed reports whether the child was ended by SIGKILL.
func (p *process) killed() bool {
	<-p.dead
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// patience is how long anything may take on a busy machine.
const patience = time.Minute

// rounds is how often a test does what it does.
func rounds(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("CRASHTEST_ROUNDS")); err == nil && n > 0 {
		return n
	}
	if testing.Short() {
		return max(1, usual/4)
	}
	return usual
}

// side runs f for 0..n-1, a few at a time.
func side(n, width int, f func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, width) {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
