package sqlitequeue

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

const selectJob = `SELECT id, company, state, epoch, attempts, not_before, received, started, ended, expires,
	status_code, error, state_reads, content_reads, fixed, answer, content_type, has_content,
	(SELECT data FROM notices WHERE notices.seq = jobs.seq) FROM jobs`

// oneJob reads the job of a condition, nil if there is none.
func oneJob(c *sqlitefile.Conn, where string, args ...any) (job *queue.Job, err error) {
	err = c.Query(context.Background(), selectJob+` WHERE `+where, args, func(row sqlitefile.Row) error {
		job, err = scanJob(row)
		return err
	})
	return job, err
}

// scanJob reads a row of selectJob.
func scanJob(row sqlitefile.Row) (*queue.Job, error) {
	var j queue.Job
	var state int
	var notBefore, received, started, ended, expires int64
	var rest, answer []byte
	err := row.Scan(&j.ID, &j.Company, &state, &j.Epoch, &j.Attempts, &notBefore, &received, &started, &ended, &expires,
		&j.StatusCode, &j.ErrorMessage, &j.StateReads, &j.ContentReads, &rest, &answer, &j.ContentType, &j.HasContent, &j.Notice)
	if err != nil {
		return nil, err
	}
	var f fixed
	if err := json.Unmarshal(rest, &f); err != nil {
		return nil, fmt.Errorf("%w: job %s: %w", ErrCorrupt, j.ID, err)
	}
	if answer != nil {
		if err := json.Unmarshal(answer, &j.Answer); err != nil {
			return nil, fmt.Errorf("%w: answer of job %s: %w", ErrCorrupt, j.ID, err)
		}
	}
	j.State = [...]operation.State{
		queued: operation.Queued, running: operation.Running, finished: operation.Finished, failed: operation.Failed, expired: operation.Expired,
	}[state]
	j.Method, j.Path, j.Header = f.Method, f.Path, f.Header
	j.Base, j.Tail, j.Background, j.HasBody, j.ExecTime, j.Fault = f.Base, f.Tail, f.Background, f.HasBody, f.ExecTime, f.Fault
	j.NotBefore, j.Received, j.Started = fromNanos(notBefore), fromNanos(received), fromNanos(started)
	j.Ended, j.Expires = fromNanos(ended), fromNanos(expires)
	if state == queued {
		j.Started = fromNanos(0) // of a worker that is dead
	}
	return &j, nil
}

// asOf is j as it is now: what is past its retention is a tombstone before the
// sweep makes it one.
func (q *Queue) asOf(j *queue.Job, now queue.Now) *queue.Job {
	if !j.Expires.IsZero() && !now(j.Company).Before(j.Expires) {
		j.State = operation.Expired
	}
	if j.State == operation.Expired {
		j.Answer = nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	more := q.counts[j.ID]
	j.StateReads += more[0]
	j.ContentReads += more[1]
	return j
}

// row reads one row, and reports whether there is one.
func (q *Queue) row(ctx context.Context, query string, args []any, into ...any) (found bool, err error) {
	err = q.file.Read(ctx, func(c *sqlitefile.Conn) error {
		found, err = c.QueryRow(query, args, into...)
		return err
	})
	return found, err
}

// rows reads rows one by one.
func (q *Queue) rows(ctx context.Context, query string, args []any, each func(sqlitefile.Row) error) error {
	return q.file.Read(ctx, func(c *sqlitefile.Conn) error { return c.Query(ctx, query, args, each) })
}

// Get implements [queue.Queue].
func (q *Queue) Get(ctx context.Context, id string, now queue.Now) (job *queue.Job, err error) {
	err = q.file.Read(ctx, func(c *sqlitefile.Conn) error {
		job, err = oneJob(c, `id = ?`, strings.ToLower(id))
		return err
	})
	if err != nil {
		return nil, err
	}
	if job == nil {
		return nil, queue.ErrUnknownJob
	}
	return q.asOf(job, now), nil
}

// List implements [queue.Queue].
func (q *Queue) List(ctx context.Context, now queue.Now) ([]*queue.Job, error) {
	var list []*queue.Job
	err := q.rows(ctx, selectJob+` ORDER BY seq`, nil, func(row sqlitefile.Row) error {
		job, err := scanJob(row)
		if err == nil {
			list = append(list, q.asOf(job, now))
		}
		return err
	})
	return list, err
}

// Content implements [queue.Queue].
func (q *Queue) Content(ctx context.Context, id string, now queue.Now) ([]byte, error) {
	var data []byte
	var file, company string
	var expires int64
	found, err := q.row(ctx, `SELECT contents.body, contents.file, company, expires FROM jobs JOIN contents USING (seq) WHERE id = ?`,
		[]any{strings.ToLower(id)}, &data, &file, &company, &expires)
	if err != nil {
		return nil, err
	}
	if !found || expires <= nanos(now(company)) {
		_, err := q.Get(ctx, id, now)
		return nil, err
	}
	return q.load(data, file)
}

// A storedRequest is a row of table requests.
type storedRequest struct {
	head, data []byte
	file       string
}

// request makes a row what a worker needs.
func (q *Queue) request(r storedRequest) (queue.Request, error) {
	var h head
	if err := json.Unmarshal(r.head, &h); err != nil {
		return queue.Request{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	body, err := q.load(r.data, r.file)
	return queue.Request{URL: h.URL, Host: h.Host, RemoteAddr: h.RemoteAddr, Header: h.Header, Body: body}, err
}

// Count implements [queue.Queue]. Counts are stored from time to time.
func (q *Queue) Count(id string, stateReads, contentReads int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	id = strings.ToLower(id)
	c := q.counts[id]
	q.counts[id] = [2]int{c[0] + stateReads, c[1] + contentReads}
}

// flushCounts stores what Count counted.
func (q *Queue) flushCounts(t *tx) error {
	q.mu.Lock()
	counts := q.counts
	q.mu.Unlock()
	if len(counts) == 0 {
		return nil
	}
	stored := make(map[string][2]int)
	q.mu.Lock()
	for id, c := range counts {
		stored[id] = c
	}
	q.mu.Unlock()
	for id, c := range stored {
		err := t.Exec(`UPDATE jobs SET state_reads = state_reads + ?, content_reads = content_reads + ? WHERE id = ?`, c[0], c[1], id)
		if err != nil {
			return err
		}
	}
	t.After(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		for id, c := range stored {
			now := q.counts[id]
			if now == c {
				delete(q.counts, id)
				continue
			}
			q.counts[id] = [2]int{now[0] - c[0], now[1] - c[1]}
		}
	})
	return nil
}
