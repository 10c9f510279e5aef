package pgcluster

import (
	"errors"
	"os"
	"os/exec"
)

// watch is what a watchdog does. It reads process ids; the last one counts, and
// an empty line says that there is nothing to stop. When its input ends, because
// whoever wrote it has ended, it stops that process, which takes those of the
// server along, and removes the directory.
const watch = `
while read -r line; do pid=$line; done
if [ -n "$pid" ] && kill -QUIT "$pid"; then
	tries=100
	while [ $tries -gt 0 ] && kill -0 "$pid"; do
		sleep 0.1
		tries=$((tries - 1))
	done
	kill -KILL "$pid"
fi
[ -z "$1" ] || rm -rf "$1"
`

// watchdog is a process that cleans up behind this one.
type watchdog struct {
	cmd   *exec.Cmd
	leash *os.File // what it reads the other end of
}

// newWatchdog starts one. Of a directory that is to stay, it is given "".
func newWatchdog(dir string) (*watchdog, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	var self *account // whoever started a server can end it
	cmd := self.as(exec.Command("/bin/sh", "-c", watch, "watchdog", dir))
	cmd.Dir = "/"
	cmd.Stdin = r
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, r.Close(), w.Close())
	}
	return &watchdog{cmd: cmd, leash: w}, r.Close()
}

// forget tells it that there is nothing to stop.
func (w *watchdog) forget() { _, _ = w.leash.WriteString("\n") }

// end has it clean up at once.
func (w *watchdog) end() error {
	return errors.Join(w.leash.Close(), w.cmd.Wait())
}
