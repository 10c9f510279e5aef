package sqlitequeue

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/queue"
)

// TakeNotices implements [queue.Shared].
func (q *Queue) TakeNotices(ctx context.Context, limit int) ([]*queue.Job, error) {
	var some int
	err := q.query(`SELECT 1 FROM notices WHERE state = 1 AND worker IS NULL LIMIT 1`).row(ctx, nil, &some)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // looking costs nobody a write
	}
	if err != nil {
		return nil, err
	}
	var jobs []*queue.Job
	err = q.writer.do(func(t *tx) error {
		jobs = nil
		if err := q.register(t); err != nil {
			return err
		}
		var open []int64
		err := t.rows(`SELECT seq FROM notices WHERE state = 1 AND worker IS NULL ORDER BY seq LIMIT ?`, []any{limit},
			func(scan func(...any) error) error {
				var seq int64
				err := scan(&seq)
				open = append(open, seq)
				return err
			})
		if err != nil {
			return err
		}
		for _, seq := range open {
			if _, err := t.exec(`UPDATE notices SET worker = ? WHERE seq = ?`, q.worker, seq); err != nil {
				return err
			}
			err := t.rows(selectJob+` WHERE seq = ?`, []any{seq}, func(scan func(...any) error) error {
				job, err := scanJob(scan)
				jobs = append(jobs, job)
				return err
			})
			if err != nil {
				return err
			}
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
	return q.writer.do(func(t *tx) error {
		n, err := t.exec(`UPDATE notices SET data = ?, state = ? WHERE worker = ? AND state >= 1 AND
			seq = (SELECT seq FROM jobs WHERE id = ?)`, notice, state, q.worker, strings.ToLower(id))
		if err == nil && n == 0 {
			return queue.ErrLeaseLost
		}
		return err
	})
}

// Notices implements [queue.Shared].
func (q *Queue) Notices(ctx context.Context, limit int) ([][]byte, error) {
	rows, err := q.read.QueryContext(ctx, `SELECT data FROM notices ORDER BY seq DESC LIMIT ?`, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list [][]byte
	for rows.Next() {
		var data []byte
		if err := rows.Scan(&data); err != nil {
			return nil, err
		}
		list = append(list, data)
	}
	slices.Reverse(list)
	return list, rows.Err()
}
