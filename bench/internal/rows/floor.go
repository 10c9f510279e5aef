package rows

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// A groupLog is the least that durability costs: a file to which one goroutine
// appends whatever waits, syncs it, and tells those who wait.
type groupLog struct {
	f    *os.File
	work chan entry
	done chan struct{}
}

type entry struct {
	data   []byte
	stored chan error
}

func openLog(dir string) (*groupLog, error) {
	f, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	l := &groupLog{f: f, work: make(chan entry, 1024), done: make(chan struct{})}
	go l.run()
	return l, nil
}

// close ends the log; nobody may be appending.
func (l *groupLog) close() error {
	close(l.work)
	<-l.done
	return l.f.Close()
}

// append returns when data is on disk.
func (l *groupLog) append(data []byte) error {
	e := entry{data, make(chan error, 1)}
	l.work <- e
	return <-e.stored
}

func (l *groupLog) run() {
	defer close(l.done)
	for e := range l.work {
		group, buf := []entry{e}, slices.Clone(e.data)
		for more := true; more; {
			select {
			case e, ok := <-l.work:
				if more = ok; ok {
					group, buf = append(group, e), append(buf, e.data...)
				}
			default:
				more = false
			}
		}
		_, err := l.f.Write(buf)
		if err == nil {
			err = datasync(l.f)
		}
		if err != nil {
			err = fmt.Errorf("log: %w", err)
		}
		for _, e := range group {
			e.stored <- err
		}
	}
}
