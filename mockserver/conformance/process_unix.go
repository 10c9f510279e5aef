//go:build unix

package conformance

import (
	"os/exec"
	"syscall"
)

// alone gives a command a process group of its own, so that killAll finds what it
// starts.
func alone(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killAll kills the process group of a command that was started.
func killAll(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
