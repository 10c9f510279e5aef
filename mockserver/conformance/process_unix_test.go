//go:build unix

package conformance

import (
	"strconv"
	"syscall"
	"testing"
	"time"
)

// lives reports whether a process is there, and not about to end.
func lives(t *testing.T, pid string) bool {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 { // whoever adopted it has to wait for it
		if syscall.Kill(n, 0) != nil {
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
	return true
}
