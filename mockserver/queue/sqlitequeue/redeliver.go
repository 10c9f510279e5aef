package sqlitequeue

import (
	"context"
	"strings"

	"github.com/vismanet-go/background/mockserver/queue"
)

// TakeNotice implements [queue.Shared].
func (q *Queue) TakeNotice(_ context.Context, id string) (*queue.Job, error) {
	var job *queue.Job
	err := q.change(func(t *tx) error {
		if err := q.register(t); err != nil {
			return err
		}
		var seq int64
		sent, err := t.QueryRow(`SELECT seq FROM notices WHERE state >= 1 AND seq = (SELECT seq FROM jobs WHERE id = ?)`,
			[]any{strings.ToLower(id)}, &seq)
		if err != nil {
			return err
		}
		if !sent {
			return queue.ErrUnknownJob
		}
		if err := t.Exec(`UPDATE notices SET worker = ? WHERE seq = ?`, q.worker, seq); err != nil {
			return err
		}
		job, err = oneJob(t.Conn, `seq = ?`, seq)
		return err
	})
	return job, err
}
