package sqlitequeue

import (
	"context"
	"slices"
	"strings"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/mockserver/queue"
)

// TakeNotices implements [queue.Shared].
func (q *Queue) TakeNotices(ctx context.Context, limit int) ([]*queue.Job, error) {
	some, err := q.row(ctx, `SELECT 1 FROM notices WHERE state = 1 AND worker IS NULL LIMIT 1`, nil)
	if err != nil || !some {
		return nil, err // looking costs nobody a write
	}
	var jobs []*queue.Job
	err = q.change(func(t *tx) error {
		jobs = nil
		if err := q.register(t); err != nil {
			return err
		}
		open, err := numbers(t, `SELECT seq FROM notices WHERE state = 1 AND worker IS NULL ORDER BY seq LIMIT ?`, limit)
		if err != nil {
			return err
		}
		for _, seq := range open {
			if err := t.Exec(`UPDATE notices SET worker = ? WHERE seq = ?`, q.worker, seq); err != nil {
				return err
			}
			job, err := oneJob(t.Conn, `seq = ?`, seq)
			if err != nil {
				return err
			}
			jobs = append(jobs, job)
		}
		return nil
	})
	return jobs, err
}

// SaveNotice implements [queue.Shared].
func (q *Queue) SaveNotice(_ context.Context, id string, notice []byte, done bool) error {
	state := noticeOpen
	if done {
		state = noticeDone
	}
	return q.change(func(t *tx) error {
		err := t.Exec(`UPDATE notices SET data = ?, state = ? WHERE worker = ? AND state >= 1 AND
			seq = (SELECT seq FROM jobs WHERE id = ?)`, notice, state, q.worker, strings.ToLower(id))
		if err == nil && t.Changes() == 0 {
			return queue.ErrLeaseLost
		}
		return err
	})
}

// Notices implements [queue.Shared].
func (q *Queue) Notices(ctx context.Context, limit int) ([][]byte, error) {
	var list [][]byte
	err := q.rows(ctx, `SELECT data FROM notices ORDER BY seq DESC LIMIT ?`, []any{limit}, func(row sqlitefile.Row) error {
		var data []byte
		err := row.Scan(&data)
		list = append(list, data)
		return err
	})
	slices.Reverse(list)
	return list, err
}
