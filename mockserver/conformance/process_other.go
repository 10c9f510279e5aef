//go:build !unix

package conformance

import "os/exec"

// alone does nothing where there are no process groups.
func alone(*exec.Cmd) {}

// killAll kills a command that was started.
func killAll(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
