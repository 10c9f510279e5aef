package sqlitequeue

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/vismanet-go/background/mockserver/queue"
)

// TakeNotice implements [queue.Shared].
func (q *Queue) TakeNotice(_ context.Context, id string) (*queue.Job, error) {
	var job *queue.Job
	err := q.writer.do(func(t *tx) error {
		job = nil
		if err := q.register(t); err != nil {
			return err
		}
		var seq int64
		err := t.row(`SELECT seq FROM notices WHERE state >= 1 AND seq = (SELECT seq FROM jobs WHERE id = ?)`,
			[]any{strings.ToLower(id)}, &seq)
		if errors.Is(err, sql.ErrNoRows) {
			return queue.ErrUnknownJob
		}
		if err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE notices SET worker = ? WHERE seq = ?`, q.worker, seq); err != nil {
			return err
		}
		return t.rows(selectJob+` WHERE seq = ?`, []any{seq}, func(scan func(...any) error) error {
			job, err = scanJob(scan)
			return err
		})
	})
	return job, err
}
