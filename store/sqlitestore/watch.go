package sqlitestore

import "time"

// PollInterval is how often a store with watchers asks whether another
// process has changed the file. The question reads shared memory and touches
// no disk.
const PollInterval = 250 * time.Millisecond

// setActive is told by the hub whether anybody watches.
func (w *writer) setActive(active bool) {
	w.active.Store(active)
	select {
	case w.toggle <- struct{}{}:
	default: // told already
	}
}

// look wakes all watchers if another process has changed the file since the
// last look. SQLite's data_version does not count what its own connection
// wrote, and nothing else of this process writes.
func (w *writer) look() {
	v, err := w.c.number("PRAGMA data_version")
	if err != nil || v == w.version {
		return // what cannot be read now will be told at the next look
	}
	w.version = v
	w.hub.PublishAll()
}
