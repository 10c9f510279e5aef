package sqlitestore

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"time"

	"github.com/vismanet-go/background/store/internal/recordjson"
)

// PollInterval is how often a store with watchers asks whether another
// process has changed the file. The question reads shared memory, or no more
// than the time of the log's last change, and touches no disk.
const PollInterval = 250 * time.Millisecond

// Every group that changes something tells which records its watchers are to
// be woken for in a row of the table of wake-ups, at most maxTold bytes of it.
// The last keepChanges rows are kept; whoever has missed more takes it that
// anything may have changed.
const (
	maxTold     = 64 << 10
	keepChanges = 1024
	dropChanges = 256 // at a time
)

// tell writes the row of a group and returns its number.
func (w *writer) tell() (int64, error) {
	seq, err := w.c.insert("INSERT INTO wakeups (by, refs) VALUES (?, ?)", w.id, w.told())
	if err == nil && seq%dropChanges == 0 {
		err = w.c.exec("DELETE FROM wakeups WHERE seq <= ?", seq-keepChanges)
	}
	return seq, err
}

func (w *writer) told() driver.Value {
	buf := append(w.buf[:0], '[')
	for i, r := range w.woken {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(recordjson.AppendString(buf, recordjson.Armour(r.tenant)), ',')
		if buf = recordjson.AppendString(buf, recordjson.Armour(r.ref)); len(buf) > maxTold {
			return nil
		}
	}
	w.buf = append(buf, ']')
	return string(w.buf)
}

// setActive is told by the hub whether anybody watches.
func (w *writer) setActive(active bool) {
	w.active.Store(active)
	select {
	case w.toggle <- struct{}{}:
	default: // told already
	}
}

// look wakes the watchers of what other processes have changed since the last
// look. SQLite's data_version does not count what its own connection wrote,
// and nothing else of this process writes.
func (w *writer) look() {
	now := markLog(w.cfg.Path)
	if now.still(w.mark) {
		return
	}
	v, err := w.c.number("PRAGMA data_version")
	if err != nil {
		return // what cannot be read now will be told at the next look
	}
	if v == w.version {
		w.mark = now
		return
	}
	if err := w.c.exec("BEGIN"); err != nil {
		return
	}
	version, err := w.c.number("PRAGMA data_version") // of the moment that is read
	var list []change
	if err == nil {
		list, err = w.changes()
	}
	if e := w.c.exec("ROLLBACK"); err != nil || e != nil {
		return
	}
	w.version, w.mark = version, now
	w.publish(list)
}

// change is a row of the table of wake-ups.
type change struct {
	seq  int64
	ours bool
	told []string // tenant and ref by turns
	all  bool     // anything may have changed
}

func (w *writer) changes() (list []change, err error) {
	err = w.c.Query(context.Background(), func(row []driver.Value) error {
		var c change
		c.seq, _ = row[0].(int64)
		c.ours = row[1] == w.id
		refs, ok := row[2].(string)
		c.all = !ok || json.Unmarshal([]byte(refs), &c.told) != nil || len(c.told)%2 != 0
		list = append(list, c)
		return nil
	}, "SELECT seq, by, refs FROM wakeups WHERE seq > ? ORDER BY seq", w.seen)
	return list, err
}

// publish wakes watchers for changes that follow those seen. Where rows are
// missing, or nobody told of what was changed, anything may have been.
func (w *writer) publish(list []change) {
	all, others := len(list) == 0 || list[0].seq != w.seen+1, false
	for _, c := range list {
		w.seen = c.seq
		all = all || c.all && !c.ours
		others = others || !c.ours
	}
	if all || !others {
		w.hub.PublishAll()
		return
	}
	for _, c := range list {
		for i := 0; i < len(c.told) && !c.ours; i += 2 {
			w.hub.Publish(recordjson.Bare(c.told[i]), recordjson.Bare(c.told[i+1]))
		}
	}
}
