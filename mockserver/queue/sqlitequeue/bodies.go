package sqlitequeue

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
)

// bodies is the directory of the bodies that are too large for the database.
const bodies = "bodies"

// orphanAge is how old a file must be before it counts as forgotten: it is
// written before the row that names it.
const orphanAge = 10 * time.Minute

// A kept body is stored in its row, or in a file that the row names.
type kept struct {
	data []byte
	path string // empty: in the row
}

// keep writes a large body to a file, before any row names it.
func (q *Queue) keep(body []byte) (kept, error) {
	if len(body) <= q.cfg.Inline {
		if body == nil {
			body = []byte{}
		}
		return kept{data: body}, nil
	}
	k := kept{path: filepath.Join(q.dir, bodies, rand.Text())}
	if err := q.writeFile(k.path, body); err != nil {
		k.discard()
		return kept{}, err
	}
	return k, nil
}

func (q *Queue) writeFile(path string, body []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil && q.cfg.Durability == Full {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil || q.cfg.Durability != Full {
		return err
	}
	// The name is part of what must be on the disk.
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (k kept) name() any {
	if k.path == "" {
		return nil
	}
	return filepath.Base(k.path)
}

// check makes sure that the file is still there when its row is written: a
// process that was stopped in between may find that others took it for
// forgotten.
func (k kept) check() error {
	if k.path == "" {
		return nil
	}
	_, err := os.Stat(k.path)
	return err
}

func (k kept) discard() {
	if k.path != "" {
		_ = os.Remove(k.path) // sweepFiles finds what stays
	}
}

// load reads a body back.
func (q *Queue) load(data []byte, file string) ([]byte, error) {
	if file == "" {
		if data == nil {
			data = []byte{}
		}
		return data, nil
	}
	return os.ReadFile(filepath.Join(q.dir, bodies, file))
}

// dropRequest forgets a job's request, and its file once that is certain.
func (q *Queue) dropRequest(t *tx, seq int64) error {
	return q.drop(t, `DELETE FROM requests WHERE seq = ? RETURNING file`, seq)
}

func (q *Queue) dropContent(t *tx, seq int64) error {
	return q.drop(t, `DELETE FROM contents WHERE seq = ? RETURNING file`, seq)
}

func (q *Queue) drop(t *tx, query string, seq int64) error {
	var file string
	_, err := t.QueryRow(query, []any{seq}, &file)
	q.forget(t, file)
	return err
}

// forget removes a file, if there is one, once its row is gone for certain;
// sweepFiles finds what stays.
func (q *Queue) forget(t *tx, file string) {
	if file != "" {
		t.After(func() { _ = os.Remove(filepath.Join(q.dir, bodies, file)) })
	}
}

// sweepFiles removes the files that no row names: those of processes that died
// between file and row, or between row and removal, and their locks.
func (q *Queue) sweepFiles() {
	q.locks.Sweep(max(time.Hour, q.cfg.Lease))
	named := make(map[string]bool)
	entries, err := os.ReadDir(filepath.Join(q.dir, bodies))
	if err == nil && len(entries) > 0 {
		err = q.namedFiles(named)
	}
	if err != nil {
		q.cfg.Logger.Warn("forgotten files not looked for", "error", err)
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || named[e.Name()] || time.Since(info.ModTime()) < orphanAge {
			continue
		}
		if err := os.Remove(filepath.Join(q.dir, bodies, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			q.cfg.Logger.Warn("forgotten file not removed", "file", e.Name(), "error", err)
		}
	}
}

func (q *Queue) namedFiles(into map[string]bool) error {
	const named = `SELECT file FROM requests WHERE file IS NOT NULL UNION ALL SELECT file FROM contents WHERE file IS NOT NULL`
	return q.rows(context.Background(), named, nil, func(row sqlitefile.Row) error {
		var name string
		err := row.Scan(&name)
		into[name] = true
		return err
	})
}
