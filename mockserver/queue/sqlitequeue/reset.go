package sqlitequeue

import (
	"context"

	"github.com/vismanet-go/background/internal/sqlitefile"
)

// Reset implements [queue.Queue]. The versions of ERP data go on, so that
// processes that have a copy notice.
func (q *Queue) Reset(_ context.Context, company string) error {
	return q.change(func(t *tx) error {
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
			if err := t.Exec(query, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropAll deletes rows, and their files once that is certain.
func (q *Queue) dropAll(t *tx, query string, args []any) error {
	return t.Query(context.Background(), query, args, func(row sqlitefile.Row) error {
		var file string
		err := row.Scan(&file)
		q.forget(t, file)
		return err
	})
}
