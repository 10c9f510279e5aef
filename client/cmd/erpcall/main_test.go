package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// programs is where erpcall and erpmock are, built once, and without the race detector,
// with which each of a thousand starts takes a second.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "erpcall"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(programs)
	build := exec.Command("go", "build", "-o", programs+string(filepath.Separator), ".", "../../../mockserver/cmd/erpmock")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build erpcall and erpmock: %v\n%s", err, out)
		return 1
	}
	// Scripts wait for processes most of the time.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	return m.Run()
}

// program is the path of one of the programs.
func program(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(programs, name)
}

// TestScripts runs the program as people and scripts do: with pipes and on a
// terminal, against erpmock.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			env.Setenv("ERPMOCK", program("erpmock"))
			env.Setenv("PATH", programs+string(filepath.ListSeparator)+env.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mock":  startMock,
			"exits": exitsWith,
		},
	})
}

// startMock starts an erpmock and has erpcall call it: mock [options].
func startMock(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("mock starts a mock")
	}
	file := ts.MkAbs("port")
	_ = os.Remove(file) // of the mock before
	cmd := exec.Command(ts.Getenv("ERPMOCK"), append([]string{"--listen", "127.0.0.1:0", "--port-file", file}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	for {
		if data, err := os.ReadFile(file); err == nil {
			ts.Setenv("ERPCALL_URL", "http://127.0.0.1:"+strings.TrimSpace(string(data)))
			ts.Setenv("ERPMOCK_SERVER", "http://127.0.0.1:"+strings.TrimSpace(string(data)))
			return
		}
		select {
		case <-ended:
			ts.Fatalf("erpmock ended: %s", out.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// exitsWith runs a program that is to end with a status: exits 3 erpcall ….
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("want exits STATUS PROGRAM")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if e, ok := err.(*exec.ExitError); ok {
		got = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("it ended with status %d, want %d", got, want)
	}
}

// process is erpcall in a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program("erpcall"), args...)
	return cmd
}
