//go:build unix

package crashtest

import (
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// What happens at the point of a fuse.
const (
	census = "census" // nothing, but every point that is passed is told
	murder = "kill"
	halt   = "stop" // until the parent says to go on
)

// fuse ends or stops the process at one point.
type fuse struct {
	mode  string
	point string
	burnt atomic.Bool
}

// pass is called at each point.
func (f *fuse) pass(point string) {
	switch {
	case f.mode == census:
		say("passed", point)
	case f.mode != "" && f.point == point && f.burnt.CompareAndSwap(false, true):
		f.burn()
	}
}

func (f *fuse) burn() {
	say("at", f.point)
	if f.mode == murder {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {}
	}
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
	<-goOn // the stop may take a moment to reach this thread
}

// offset is how many bytes may pass before the fuse burns, if its point is
// one of the bytes of this stream.
func (f *fuse) offset(stream string) (int, bool) {
	text, ok := strings.CutPrefix(f.point, stream+"/")
	if !ok || f.burnt.Load() || f.mode == census {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// at names a byte of a stream.
func at(stream string, n int) string { return stream + "/" + strconv.Itoa(n) }
