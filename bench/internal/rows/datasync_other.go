//go:build !linux

package rows

import "os"

func datasync(f *os.File) error { return f.Sync() }
