//go:build unix

package sqlitequeue

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockName makes sure that no living process has our name. The system frees
// the lock when its process dies, however it dies.
func (q *Queue) lockName() error {
	if q.cfg.Worker == "" {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(q.dir, "worker-"+q.cfg.Worker+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("%w: %q", ErrWorkerBusy, q.cfg.Worker)
		}
		return err
	}
	q.lock = f
	return nil
}
