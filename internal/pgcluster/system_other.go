//go:build !unix

package pgcluster

import (
	"os"
	"os/exec"
)

const supported = false

type account struct{}

func serverAccount() (*account, error) { return nil, ErrNotInstalled }

func (*account) own(string) error { return nil }

func (*account) as(cmd *exec.Cmd) *exec.Cmd { return cmd }

func wake(*os.Process) {}
