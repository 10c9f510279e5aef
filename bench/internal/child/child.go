// Package child runs a part of the program as a process of its own, so that
// what it uses can be told apart. The program calls [Main] first of all, its
// tests call it in TestMain.
package child

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/vismanet-go/background/bench/internal/proc"
)

const variable = "BACKGROUND_BENCH_CHILD"

// A Role is what a child does: it sets up, calls ready with what its parent
// has to know, and cleans up when that returns.
type Role func(ctx context.Context, args json.RawMessage, ready func(answer string)) error

// Main does not return in a child.
func Main(roles map[string]Role) {
	name, args, _ := strings.Cut(os.Getenv(variable), " ")
	if name == "" {
		return
	}
	role, ok := roles[name]
	if !ok {
		fmt.Fprintln(os.Stderr, "no such role:", name)
		os.Exit(2)
	}
	in := bufio.NewScanner(os.Stdin)
	err := role(context.Background(), json.RawMessage(args), func(answer string) {
		fmt.Println("ready " + answer)
		for in.Scan() { // ends when the parent has gone
			if in.Text() != "cpu" {
				return
			}
			fmt.Println("cpu", proc.OwnCPU().Nanoseconds())
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A Process is a running child.
type Process struct {
	Pid    int    // of the child, or of what it is wrapped in
	Answer string // what it told when it was ready
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	errs   strings.Builder
}

// Start runs a role until it is ready. The wrapper, if any, is a command that
// gets the program and its arguments appended.
func Start(ctx context.Context, role string, args any, wrapper ...string) (*Process, error) {
	text, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	argv := append(append([]string{}, wrapper...), self)
	p := &Process{cmd: exec.CommandContext(ctx, argv[0], argv[1:]...)}
	p.cmd.Env = append(os.Environ(), variable+"="+role+" "+string(text))
	p.cmd.Stderr = &p.errs
	p.cmd.WaitDelay = 5 * time.Second
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.Pid, p.out = p.cmd.Process.Pid, bufio.NewScanner(out)
	if p.Answer, err = p.hear("ready "); err != nil {
		return nil, err
	}
	return p, nil
}

// hear reads a line that begins with a word.
func (p *Process) hear(word string) (string, error) {
	if p.out.Scan() {
		if rest, ok := strings.CutPrefix(p.out.Text(), word); ok {
			return rest, nil
		}
		return "", fmt.Errorf("the process said %q, want %q", p.out.Text(), word)
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	return "", fmt.Errorf("the process ended: %s", strings.TrimSpace(p.errs.String()))
}

// CPU asks the child for the CPU time that it has used.
func (p *Process) CPU() (time.Duration, error) {
	if _, err := io.WriteString(p.in, "cpu\n"); err != nil {
		return 0, err
	}
	text, err := p.hear("cpu ")
	if err != nil {
		return 0, err
	}
	var n int64
	_, err = fmt.Sscan(text, &n)
	return time.Duration(n), err
}

// Stop has it end and returns what went wrong in it.
func (p *Process) Stop() error {
	_ = p.in.Close()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(p.errs.String()))
	}
	return nil
}
