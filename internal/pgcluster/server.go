package pgcluster

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// server is a PostgreSQL server that runs, or did.
type server struct {
	cmd  *exec.Cmd
	said *tail
	gone chan struct{} // closed when none of its processes is left
}

// begin starts the server's first process.
func (c *Cluster) begin() (*server, error) {
	file, err := os.OpenFile(c.LogPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	s := &server{said: &tail{}, gone: make(chan struct{})}
	// The watchdog knows its id before there is a server.
	s.cmd = c.account.as(exec.Command("/bin/sh", "-c", `echo $$ >&3; exec 3>&-; exec "$@"`, "sh", filepath.Join(c.bin, "postgres"), "-D", c.data()))
	s.cmd.Dir, s.cmd.Env = c.dir, environment()
	s.cmd.ExtraFiles = []*os.File{c.watchdog.leash}
	// All processes of the server have the pipe behind this writer open, so
	// that Wait returns when the last one has ended: after a kill some go on
	// for a moment.
	out := []io.Writer{file, s.said}
	if c.log != nil {
		out = append(out, c.log)
	}
	s.cmd.Stderr = io.MultiWriter(out...)
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	go func() {
		_ = s.cmd.Wait() // how it ended is told by what it said
		c.watchdog.forget()
		_ = file.Close()
		close(s.gone)
	}()
	return s, nil
}

// end sends a signal and waits until nothing is left of the server. A nil one
// has never been there.
func (s *server) end(sig syscall.Signal) {
	if s == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig) // or it has ended
	wake(s.cmd.Process)
	<-s.gone
}

// ended reports whether nothing is left of the server.
func (s *server) ended() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// environment is that of the programs: their messages are in English, and what
// it says of PostgreSQL is not meant for them.
func environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	return append(env, "LC_ALL=C")
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex // guards text
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - 4096; over > 0 {
		t.text = bytes.Clone(t.text[over:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}
