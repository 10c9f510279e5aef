//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package lockfile

import (
	"errors"
	"os"
)

const supported = false

func take(*os.File, bool) error { return errors.ErrUnsupported }

func inode(os.FileInfo) uint64 { return 0 }
