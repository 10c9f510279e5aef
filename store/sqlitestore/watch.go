package sqlitestore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
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

// tell writes the row of a group. Once that is committed, our own watchers are
// woken.
func (w *writer) tell(c *sqlitefile.Conn) (committed func(), err error) {
	err = c.Exec("INSERT INTO wakeups (by, refs) VALUES (?, ?)", w.id, w.told())
	seq := c.LastInsertID()
	if err == nil && seq%dropChanges == 0 {
		err = c.Exec("DELETE FROM wakeups WHERE seq <= ?", seq-keepChanges)
	}
	return func() {
		if seq == w.seen+1 {
			w.seen = seq
		}
		for _, r := range w.woken {
			w.hub.Publish(r.tenant, r.ref)
		}
	}, err
}

func (w *writer) told() any {
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
func (s *Store) setActive(active bool) {
	s.active.Store(active)
	select {
	case s.toggle <- struct{}{}:
	default: // told already
	}
}

// watch looks for what other processes do as long as anybody watches.
func (s *Store) watch() {
	ticker := time.NewTicker(PollInterval)
	ticker.Stop() // until somebody watches
	look := func() {
		_ = s.file.Visit(context.Background(), s.writer.look)
		if s.locks.News() { // the leases of who has ended can be had
			s.hub.PublishAll()
		}
	}
	for {
		select {
		case <-ticker.C:
			look()
		case <-s.toggle:
			if !s.active.Load() {
				ticker.Stop()
				continue
			}
			// A change since the last look may be one that the watcher has
			// read already; telling it once more does no harm.
			look()
			ticker.Reset(PollInterval)
		case <-s.gone:
			ticker.Stop()
			return
		}
	}
}

// look wakes the watchers of what other processes have changed since the last
// look. SQLite's data_version does not count what its own connection wrote,
// and nothing else of this process writes. What cannot be read now will be told
// at the next look.
func (w *writer) look(c *sqlitefile.Conn) error {
	now := markLog(w.file.Path())
	if now.still(w.mark) {
		return nil
	}
	v, err := c.Int64("PRAGMA data_version")
	if err != nil {
		return err
	}
	if v == w.version {
		w.mark = now
		return nil
	}
	if err := c.Exec("BEGIN"); err != nil {
		return err
	}
	version, err := c.Int64("PRAGMA data_version") // of the moment that is read
	var list []change
	if err == nil {
		list, err = w.changes(c)
	}
	if err := errors.Join(err, c.Exec("ROLLBACK")); err != nil {
		return err
	}
	w.version, w.mark = version, now
	w.publish(list)
	return nil
}

// change is a row of the table of wake-ups.
type change struct {
	seq  int64
	ours bool
	told []string // tenant and ref by turns
	all  bool     // anything may have changed
}

func (w *writer) changes(c *sqlitefile.Conn) (list []change, err error) {
	const since = "SELECT seq, by, refs FROM wakeups WHERE seq > ? ORDER BY seq"
	err = c.Query(context.Background(), since, []any{w.seen}, func(row sqlitefile.Row) error {
		var c change
		var by int64
		var refs []byte
		err := row.Scan(&c.seq, &by, &refs)
		c.ours = by == w.id
		c.all = json.Unmarshal(refs, &c.told) != nil || len(c.told)%2 != 0
		list = append(list, c)
		return err
	})
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
