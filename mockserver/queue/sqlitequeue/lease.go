package sqlitequeue

import (
	"context"
	"time"

	"github.com/vismanet-go/background/mockserver/queue"
)

// expireBatch is how many jobs are made tombstones at a time.
const expireBatch = 500

// eager and lazy are how often Watch asks for the version: soon after a change,
// and less and less often while there is none. For the end of other processes it
// asks at the latter pace.
const (
	eager = 5 * time.Millisecond
	lazy  = 250 * time.Millisecond
)

// Watch implements [queue.Shared]. It learns from a word of shared memory
// whether another process wrote something, and from the lock of a file whether
// one has ended.
func (q *Queue) Watch(ctx context.Context, now queue.Now, wake, lost func()) {
	renew := time.NewTicker(q.cfg.Lease / 3)
	defer renew.Stop()
	deaths := time.NewTicker(lazy)
	defer deaths.Stop()
	files := time.NewTicker(orphanAge)
	defer files.Stop()
	var version int64
	wait := eager
	next := time.NewTimer(wait)
	defer next.Stop()
	q.tick(now, wake)
	for {
		select {
		case <-ctx.Done():
			return
		case <-files.C:
			q.sweepFiles()
		case <-renew.C:
			q.tick(now, wake)
		case <-deaths.C:
			if q.locks.News() {
				q.tick(now, wake)
			}
		case <-next.C:
			wait = min(2*wait, lazy)
			if v := q.version(); v != version {
				version, wait = v, eager
				wake()
			}
			next.Reset(wait)
		}
		if q.lost.Swap(false) {
			lost()
		}
	}
}

// version changes with every commit of another connection.
func (q *Queue) version() int64 {
	v, err := q.watch.Int64(`PRAGMA data_version`)
	if err != nil {
		return -1
	}
	return v
}

// tick renews the lease of this process, and gives back what others left.
func (q *Queue) tick(clock queue.Now, wake func()) {
	err := q.change(func(t *tx) error {
		if err := q.register(t); err != nil {
			return err
		}
		now := time.Now()
		if err := t.Exec(`UPDATE workers SET until = ?, ttl = ? WHERE id = ?`, nanos(now.Add(q.cfg.Lease)), int64(q.cfg.Lease), q.worker); err != nil {
			return err
		}
		if err := q.reap(t, lapsed, nanos(now), nanos(now.Add(slack)), int64(q.cfg.Lease)); err != nil {
			return err
		}
		return q.flushCounts(t)
	})
	if err == nil {
		err = q.change(func(t *tx) error { return q.sweep(t, clock) })
	}
	if err != nil {
		q.cfg.Logger.Warn("lease not renewed", "error", err)
	}
	wake()
}

// slack is how far a lease may seem to begin in the future. One that begins
// later was given by a clock that was set right since, and is void: else the
// work of a process that is gone would lie for as long as the clock was wrong.
const slack = 5 * time.Minute

// lapsed finds the workers whose lease is over or void, or whose lock tells that
// they are gone: ?1 is the time, ?2 the latest at which a lease may begin, ?3 the
// length of those that do not tell it.
const lapsed = `SELECT id FROM workers WHERE until < ?1 OR until - CASE ttl WHEN 0 THEN ?3 ELSE ttl END > ?2 OR ended(lock)`

// register enters this process among the workers. If it was there before, and
// is not any more, its leases are lost.
func (q *Queue) register(t *tx) error {
	err := t.Exec(`INSERT INTO workers (id, name, until, ttl, lock) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		q.worker, q.cfg.Worker, nanos(time.Now().Add(q.cfg.Lease)), int64(q.cfg.Lease), q.lock.Name())
	if err == nil && t.Changes() > 0 && q.registered.Swap(true) {
		q.lost.Store(true)
	}
	return err
}

// reap gives the work of some workers back, and forgets the workers.
func (q *Queue) reap(t *tx, which string, args ...any) error {
	dead, err := texts(t, which, args...)
	if err != nil {
		return err
	}
	for _, id := range dead {
		for _, query := range []string{
			`UPDATE lanes SET
				waiting = waiting + (SELECT count(*) FROM jobs WHERE state = 1 AND worker = ?1 AND jobs.company = lanes.company),
				running = running - (SELECT count(*) FROM jobs WHERE state = 1 AND worker = ?1 AND jobs.company = lanes.company)
			WHERE company IN (SELECT company FROM jobs WHERE state = 1 AND worker = ?1)`,
			`UPDATE jobs SET state = 0, worker = NULL WHERE state = 1 AND worker = ?1`,
			`UPDATE notices SET worker = NULL WHERE state = 1 AND worker = ?1`,
			`DELETE FROM workers WHERE id = ?1`,
		} {
			if err := t.Exec(query, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep makes tombstones of what is past its retention by the clock of its
// company, and forgets the oldest ones.
func (q *Queue) sweep(t *tx, now queue.Now) error {
	companies, err := texts(t, `SELECT company FROM lanes`)
	var due []int64
	for _, company := range companies {
		if err != nil || len(due) >= expireBatch {
			break
		}
		var more []int64
		more, err = numbers(t, `SELECT seq FROM jobs WHERE expires > 0 AND state < 4 AND company = ? AND expires <= ? LIMIT ?`,
			company, nanos(now(company)), expireBatch-len(due))
		due = append(due, more...)
	}
	if err != nil || len(due) == 0 {
		return err
	}
	for _, seq := range due {
		if err := q.expire(t, seq); err != nil {
			return err
		}
	}
	tombstones, err := t.Int64(`SELECT count(*) FROM jobs WHERE state = 4`)
	if err == nil && tombstones > queue.MaxTombstones { // not all at once: a file of before may hold ten times as many
		err = t.Exec(`DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE state = 4 ORDER BY seq LIMIT ?)`,
			min(tombstones-queue.MaxTombstones, 2*expireBatch))
	}
	return err
}

// expire turns a job that has ended into a tombstone. A notice that is still
// under way stays until it is done.
func (q *Queue) expire(t *tx, seq int64) error {
	if err := t.Exec(`UPDATE jobs SET state = 4, answer = NULL WHERE seq = ?`, seq); err != nil {
		return err
	}
	if err := t.Exec(`DELETE FROM notices WHERE seq = ? AND state = 2`, seq); err != nil {
		return err
	}
	return q.dropContent(t, seq)
}
