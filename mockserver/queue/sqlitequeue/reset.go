package sqlitequeue

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
)

// Reset implements [queue.Queue]. The versions of ERP data go on, so that
// processes that have a copy notice.
func (q *Queue) Reset(_ context.Context, company string) error {
	return q.writer.do(func(t *tx) error {
		which, args := "", []any(nil)
		if company != "" {
			which, args = " WHERE company = ?", []any{company}
		}
		for _, table := range []string{"requests", "contents"} {
			if err := q.dropAll(t, `DELETE FROM `+table+` WHERE seq IN (SELECT seq FROM jobs`+which+`) RETURNING file`, args); err != nil {
				return err
			}
		}
		for _, query := range []string{
			`DELETE FROM notices WHERE seq IN (SELECT seq FROM jobs` + which + `)`,
			`DELETE FROM jobs` + which,
			`DELETE FROM lanes` + which,
			`DELETE FROM docs` + which,
			`UPDATE books SET version = version + 1, began = version + 1` + which,
		} {
			if _, err := t.exec(query, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropAll deletes rows, and their files once that is certain.
func (q *Queue) dropAll(t *tx, query string, args []any) error {
	return t.rows(query, args, func(scan func(...any) error) error {
		var file sql.NullString
		if err := scan(&file); err != nil || !file.Valid {
			return err
		}
		t.after(func() { _ = os.Remove(filepath.Join(q.dir, bodies, file.String)) }) // sweepFiles finds what stays
		return nil
	})
}
