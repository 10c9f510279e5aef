package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// A process is a candidate that runs.
type process struct {
	stdin  io.WriteCloser
	stdout io.Reader
	stderr *tail
	kill   func()       // at once, with all that it started; more than once does no harm
	wait   func() error // until it has ended
}

// A launcher starts candidates, given the variables that they get besides.
type launcher func(ctx context.Context, env []string) (*process, error)

// command starts a command as a candidate. What it writes to its standard error is
// kept, and copied to stderr if that is not nil.
func command(args []string, stderr io.Writer) launcher {
	if stderr != nil {
		stderr = &oneAtATime{to: stderr}
	}
	return func(ctx context.Context, env []string) (*process, error) {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Env = append(inherited(os.Environ()), env...)
		alone(cmd)
		ended := make(chan struct{})
		kill := func() {
			select {
			case <-ended: // its number may be another's by now
			default:
				killAll(cmd)
			}
		}
		cmd.Cancel = func() error { kill(); return nil }
		cmd.WaitDelay = 5 * time.Second // for pipes that children hold
		last := &tail{copy: stderr}
		cmd.Stderr = last
		stdin, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		stdout, w := io.Pipe() // Wait would close that of the command before all of it is read
		cmd.Stdout = w
		if err := cmd.Start(); err != nil {
			return nil, fmt.Errorf("start the candidate: %w", err)
		}
		var result error
		go func() {
			result = cmd.Wait()
			kill() // what it left behind
			_ = w.Close()
			close(ended)
		}()
		wait := func() error { <-ended; return result }
		return &process{stdin: stdin, stdout: stdout, stderr: last, kill: kill, wait: wait}, nil
	}
}

// oneAtATime lets several candidates write to one writer.
type oneAtATime struct {
	mu sync.Mutex // guards to
	to io.Writer
}

// Write implements io.Writer.
func (w *oneAtATime) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// inherited is the environment without variables of another run, and with none of
// our calls through a proxy.
func inherited(environ []string) (list []string) {
	var direct []string
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		switch {
		case strings.HasPrefix(name, "BACKGROUND_"):
		case strings.EqualFold(name, "no_proxy"):
			direct = append(direct, value)
		default:
			list = append(list, v)
		}
	}
	hosts := strings.Join(append([]string{"127.0.0.1", "localhost"}, direct...), ",")
	return append(list, "NO_PROXY="+hosts, "no_proxy="+hosts)
}

// A tail keeps the end of what is written to it. It is safe for concurrent use.
type tail struct {
	copy io.Writer // nil: none

	mu   sync.Mutex // guards last
	last []byte
}

const tailSize = 4 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if over := len(t.last) - tailSize; over > 0 {
		t.last = bytes.Clone(t.last[over:])
	}
	if t.copy != nil {
		_, _ = t.copy.Write(p) // it is for reading along only
	}
	return len(p), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.last), "?")
}
