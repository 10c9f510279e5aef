package sqlitequeue

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// fixed is what never changes of a job.
type fixed struct {
	Method, Path, Header   string
	Base, Tail, Background string
	HasBody                bool
	ExecTime               time.Duration
	Fault                  fault.Queue
}

// head is a request without its body.
type head struct {
	URL, Host, RemoteAddr string
	Header                http.Header
}

// Add implements [queue.Queue].
func (q *Queue) Add(_ context.Context, job *queue.Job) error {
	rest, err := json.Marshal(fixed{
		job.Method, job.Path, job.Header, job.Base, job.Tail, job.Background, job.HasBody, job.ExecTime, job.Fault,
	})
	if err != nil {
		return err
	}
	top, err := json.Marshal(head{job.Request.URL, job.Request.Host, job.Request.RemoteAddr, job.Request.Header})
	if err != nil {
		return err
	}
	body, err := q.keep(job.Request.Body)
	if err != nil {
		return err
	}
	id := strings.ToLower(job.ID)
	var seq int64
	err = q.change(func(t *tx) error {
		if err := body.check(); err != nil {
			return err
		}
		added, err := t.QueryRow(`INSERT INTO jobs (id, company, state, not_before, received, fixed) VALUES (?, ?, 0, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING RETURNING seq`,
			[]any{id, job.Company, nanos(job.NotBefore), nanos(job.Received), rest}, &seq)
		if err != nil {
			return err
		}
		if !added {
			return queue.ErrDuplicate
		}
		if err := t.Exec(`INSERT INTO requests (seq, head, body, file) VALUES (?, ?, ?, ?)`, seq, top, body.data, body.name()); err != nil {
			return err
		}
		if job.Notice != nil {
			if err := t.Exec(`INSERT INTO notices (seq, state, data) VALUES (?, 0, ?)`, seq, job.Notice); err != nil {
				return err
			}
		}
		t.After(func() { q.fresh.add(seq, job) })
		return t.Exec(`INSERT INTO lanes (company, waiting, running, turn) VALUES (?, 1, 0, 0)
			ON CONFLICT (company) DO UPDATE SET waiting = waiting + 1`, job.Company)
	})
	if err != nil {
		body.discard()
	}
	return err
}

// A laneHead is a company that has work, and the places of what it may start.
type laneHead struct {
	company string
	running int
	jobs    []int64
}

// Take implements [queue.Queue].
func (q *Queue) Take(ctx context.Context, now queue.Now, rules queue.Limits) ([]*queue.Job, error) {
	ctx = context.WithoutCancel(ctx) // what is leased is to be returned
	if some, err := q.someWait(ctx, rules); err != nil || !some {
		return nil, err // looking costs nobody a write
	}
	var jobs []*queue.Job
	var places []int64
	requests := make(map[int]storedRequest) // of those jobs that were read
	err := q.change(func(t *tx) error {
		jobs, places = nil, nil
		clear(requests)
		if err := q.register(t); err != nil {
			return err
		}
		lanes, err := q.lanes(t, now, rules)
		if err != nil {
			return err
		}
		for _, next := range inTurn(lanes, rules.Max) {
			job, err := q.leaseFresh(t, next.seq, now(next.company))
			if job == nil && err == nil {
				job, requests[len(jobs)], err = q.lease(t, next.seq, now(next.company))
			}
			if err != nil {
				return err
			}
			jobs, places = append(jobs, job), append(places, next.seq)
		}
		return q.turn(t, jobs, time.Now())
	})
	if err != nil {
		return nil, err
	}
	q.fresh.drop(places)
	for i, r := range requests {
		if jobs[i].Request, err = q.request(r); err != nil {
			// It ends all the same: without a request it cannot be run.
			q.cfg.Logger.Error("request of a job not readable", "id", jobs[i].ID, "error", err)
		}
	}
	return jobs, nil
}

// someWait reports whether there may be something to take.
func (q *Queue) someWait(ctx context.Context, rules queue.Limits) (some bool, err error) {
	err = q.rows(ctx, waitingLanes, []any{rules.PerCompany}, func(row sqlitefile.Row) error {
		var company string
		err := row.Scan(&company)
		some = some || rules.Hold == nil || !rules.Hold(company)
		return err
	})
	return some, err
}

const waitingLanes = `SELECT company, running FROM lanes WHERE waiting > 0 AND running < ? ORDER BY turn`

// atMost ends a query that is made often. SQLite plans one that ends in a plain
// parameter anew each time.
const atMost = ` LIMIT 0 + ?`

// lanes finds what each company may start now; who had its turn longest ago
// comes first.
func (q *Queue) lanes(t *tx, now queue.Now, rules queue.Limits) ([]laneHead, error) {
	var lanes []laneHead
	query, args := waitingLanes+atMost, []any{rules.PerCompany, rules.Max}
	if rules.Hold != nil {
		query, args = waitingLanes, args[:1] // those that are held must not stand in the way of others
	}
	err := t.Query(context.Background(), query, args, func(row sqlitefile.Row) error {
		var l laneHead
		err := row.Scan(&l.company, &l.running)
		if len(lanes) < rules.Max && (rules.Hold == nil || !rules.Hold(l.company)) {
			lanes = append(lanes, l)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	line := `SELECT seq FROM jobs WHERE state = 0 AND company = ? AND not_before <= ? ORDER BY seq` + atMost
	if rules.Order == queue.Shuffle {
		line = `SELECT seq FROM jobs WHERE state = 0 AND company = ? AND not_before <= ? ORDER BY id` + atMost
	}
	for i := range lanes {
		l := &lanes[i]
		args := []any{l.company, nanos(now(l.company)), min(rules.PerCompany-l.running, rules.Max)}
		if l.jobs, err = numbers(t, line, args...); err != nil {
			return nil, err
		}
	}
	return lanes, nil
}

// A place is that of a job in the line of its company.
type place struct {
	company string
	seq     int64
}

// inTurn takes one of each lane, then a second of each, and so on.
func inTurn(lanes []laneHead, limit int) []place {
	var list []place
	for n := 0; ; n++ {
		any := false
		for _, l := range lanes {
			if n < len(l.jobs) && len(list) < limit {
				list, any = append(list, place{l.company, l.jobs[n]}), true
			}
		}
		if !any {
			return list
		}
	}
}

// leaseJob makes a job ours. Epochs contain the job's place, so that one is never
// given again, not even to a job with the id of one that was forgotten.
const leaseJob = `UPDATE jobs SET state = 1, worker = ?, epoch = max(epoch, seq << 20) + 1, attempts = attempts + 1, started = ? WHERE seq = ?`

// leaseFresh leases a job that this process remembers; nil if it does not.
func (q *Queue) leaseFresh(t *tx, seq int64, now time.Time) (*queue.Job, error) {
	job := q.fresh.get(seq)
	if job == nil {
		return nil, nil
	}
	job.State, job.Started = operation.Running, fromNanos(nanos(now))
	_, err := t.QueryRow(leaseJob+` RETURNING epoch, attempts, state_reads, content_reads`, []any{q.worker, nanos(now), seq},
		&job.Epoch, &job.Attempts, &job.StateReads, &job.ContentReads)
	return job, err
}

// lease leases any other job.
func (q *Queue) lease(t *tx, seq int64, now time.Time) (job *queue.Job, r storedRequest, err error) {
	if err := t.Exec(leaseJob, q.worker, nanos(now), seq); err != nil {
		return nil, r, err
	}
	if job, err = oneJob(t.Conn, `seq = ?`, seq); err != nil {
		return nil, r, err
	}
	_, err = t.QueryRow(`SELECT head, body, file FROM requests WHERE seq = ?`, []any{seq}, &r.head, &r.data, &r.file)
	return job, r, err
}

// turn notes which companies had theirs, in real time: they are compared.
func (q *Queue) turn(t *tx, jobs []*queue.Job, now time.Time) error {
	taken := make(map[string]int)
	for _, job := range jobs {
		taken[job.Company]++
	}
	// In the order of the jobs, so that turns stay in order too.
	for i, job := range jobs {
		n := taken[job.Company]
		if n == 0 {
			continue
		}
		delete(taken, job.Company)
		err := t.Exec(`UPDATE lanes SET waiting = waiting - ?, running = running + ?, turn = max(turn + 1, ?) WHERE company = ?`,
			n, n, nanos(now)+int64(i), job.Company)
		if err != nil {
			return err
		}
	}
	return nil
}

// Finish implements [queue.Queue].
func (q *Queue) Finish(_ context.Context, lease queue.Lease, r queue.Result) error {
	var answer any
	if r.Answer != nil {
		data, err := json.Marshal(r.Answer)
		if err != nil {
			return err
		}
		answer = data
	}
	content, err := q.keep(r.Content)
	if err != nil {
		return err
	}
	state := finished
	if r.State == operation.Failed {
		state = failed
	}
	err = q.change(func(t *tx) error {
		var seq, version int64
		var company string
		leased, err := t.QueryRow(`SELECT seq, company, ifnull((SELECT version FROM books WHERE books.company = jobs.company), 0)
			FROM jobs WHERE id = ? AND state = 1 AND worker = ? AND epoch = ?`,
			[]any{lease.ID, q.worker, lease.Epoch}, &seq, &company, &version)
		if err != nil {
			return err
		}
		if !leased {
			return queue.ErrLeaseLost
		}
		if err := content.check(); err != nil {
			return err
		}
		if err := writeFinal(t, r.Changes, company, version); err != nil {
			return err
		}
		if err := q.dropRequest(t, seq); err != nil {
			return err
		}
		for _, step := range []struct {
			query string
			args  []any
		}{
			{
				`UPDATE jobs SET state = ?, worker = NULL, status_code = ?, error = ?, ended = ?, expires = ?, answer = ?, content_type = ?, has_content = ? WHERE seq = ?`,
				[]any{state, r.StatusCode, r.ErrorMessage, nanos(r.Ended), nanos(r.Expires), answer, r.ContentType, r.Content != nil, seq},
			},
			{`UPDATE lanes SET running = running - 1 WHERE company = ?`, []any{company}},
			{`UPDATE notices SET state = 1, worker = ? WHERE seq = ? AND state = 0`, []any{q.worker, seq}},
		} {
			if err := t.Exec(step.query, step.args...); err != nil {
				return err
			}
		}
		if r.Content == nil {
			return nil
		}
		return t.Exec(`INSERT INTO contents (seq, body, file) VALUES (?, ?, ?)`, seq, content.data, content.name())
	})
	if err != nil {
		content.discard()
	}
	return err
}

// Expire implements [queue.Queue].
func (q *Queue) Expire(_ context.Context, id string) (found bool, err error) {
	err = q.change(func(t *tx) (err error) {
		var seq int64
		var state int
		found, err = t.QueryRow(`SELECT seq, state FROM jobs WHERE id = ? AND state >= 2`, []any{strings.ToLower(id)}, &seq, &state)
		if err != nil || !found || state == expired {
			return err
		}
		return q.expire(t, seq)
	})
	return found, err
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	if t.Unix() >= math.MaxInt64/int64(time.Second) { // as with a retention of centuries
		return math.MaxInt64
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
