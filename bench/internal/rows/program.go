package rows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/pgrows"
)

const (
	erpmock = "github.com/vismanet-go/background/mockserver/cmd/erpmock"
	naive   = "github.com/vismanet-go/background/bench/naive"
)

// built are the programs that were compiled so far, by package.
var built struct {
	sync.Mutex
	dir   string
	files map[string]string
}

// Build compiles a package as it is released, once, and returns the program.
func Build(ctx context.Context, pkg string, how ...string) (string, error) {
	built.Lock()
	defer built.Unlock()
	if built.dir == "" {
		dir, err := os.MkdirTemp("", "bench-programs-*")
		if err != nil {
			return "", err
		}
		built.dir, built.files = dir, make(map[string]string)
	}
	if built.files[pkg] == "" {
		file := filepath.Join(built.dir, filepath.Base(pkg))
		args := []string{"build", "-ldflags", "-s -w"}
		if len(how) > 0 {
			args = how
		}
		out, err := exec.CommandContext(ctx, "go", append(args, "-o", file, pkg)...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("build %s: %w: %s", pkg, err, out)
		}
		built.files[pkg] = file
	}
	return built.files[pkg], nil
}

// Clean removes what Build made, and the files of the rows of growth.
func Clean() {
	cleanOld()
	pgrows.Clean()
	built.Lock()
	defer built.Unlock()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
		built.dir = ""
	}
}

// A Program is a running server.
type Program struct {
	Base  string
	Pid   int
	Start time.Duration // from its start to its first 200
	cmd   *exec.Cmd
	errs  *os.File
	ended chan struct{}
}

// Launch starts a server and asks it for path until it answers 200. In args
// and env "ADDRESS" and "PORT" stand for those of a free port. What it writes
// goes to a file in dir.
func Launch(ctx context.Context, dir, path, program string, args ...string) (*Program, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(addr, ":")
	replace := strings.NewReplacer("ADDRESS", addr, "PORT", port)
	for i, a := range args {
		args[i] = replace.Replace(a)
	}
	p := &Program{Base: "http://" + addr, cmd: exec.CommandContext(ctx, program, args...), ended: make(chan struct{})}
	if p.errs, err = os.Create(filepath.Join(dir, "output-"+port)); err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = p.errs, p.errs
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // npm's programs have children
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.Pid = p.cmd.Process.Pid
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	for {
		if p.answers(ctx, path) {
			p.Start = time.Since(begun)
			return p, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("%s ended: %s", filepath.Base(program), p.Output())
		case <-ctx.Done():
			p.Kill()
			return nil, ctx.Err()
		case <-time.After(time.Millisecond):
		}
		if time.Since(begun) > time.Minute {
			p.Kill()
			return nil, fmt.Errorf("%s does not answer: %s", filepath.Base(program), p.Output())
		}
	}
}

func (p *Program) answers(ctx context.Context, path string) bool {
	c, err := load.Dial(ctx, p.Base)
	if err != nil {
		return false
	}
	defer c.Close()
	_, err = c.Want(http.StatusOK, load.Call{Method: http.MethodGet, Path: path})
	return err == nil
}

// Output is the end of what it wrote.
func (p *Program) Output() string {
	data, err := os.ReadFile(p.errs.Name())
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data[max(0, len(data)-2000):]))
}

// Kill ends it, and what it started.
func (p *Program) Kill() {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	<-p.ended
	_ = p.errs.Close()
}

// Stop asks it to end and wants it to end well.
func (p *Program) Stop() error {
	defer p.errs.Close()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, errors.New(p.Output()))
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		p.Kill()
		return errors.New("the program did not end within 30 s")
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("%s: %s", p.cmd.ProcessState, p.Output())
	}
	return nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// drain reads a body to its end, so that its connection is used again.
func drain(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
