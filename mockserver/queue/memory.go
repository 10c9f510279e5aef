package queue

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/operation"
)

// A Memory is a [Queue] for one process; what is in it ends with it. Its
// jobs are never leased again: a lease lasts until the job has ended.
type Memory struct {
	mu         sync.Mutex // guards all below, and the entries
	byID       map[string]*entry
	order      []*entry // by arrival
	tombstones []*entry // expired ones
	lanes      map[string]*lane
	ready      []*lane  // those that may have something to take, in turn
	held       []*entry // those with a NotBefore that has not come
	arrivals   int
	epochs     int64   // leases ever given
	sweeping   []*lane // to be swept, in turn
}

// An entry is a job in memory.
type entry struct {
	Job
	content []byte
	arrival int
}

// copy is the job without its request.
func (e *entry) copy() *Job {
	j := e.Job
	j.Request = Request{}
	return &j
}

// A lane is one company's part.
type lane struct {
	company  string
	waiting  []*entry // by arrival
	running  int
	ready    bool     // in Memory.ready
	expiring []*entry // by end
	swept    bool     // in Memory.sweeping
}

// NewMemory returns an empty queue.
func NewMemory() *Memory {
	return &Memory{byID: make(map[string]*entry), lanes: make(map[string]*lane)}
}

// Add implements [Queue].
func (q *Memory) Add(_ context.Context, job *Job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.byID[job.ID] != nil {
		return ErrDuplicate
	}
	if l := q.lanes[job.Company]; l != nil {
		q.sweep(l, job.Received)
	}
	q.arrivals++
	e := &entry{Job: *job, arrival: q.arrivals}
	e.State = operation.Queued
	q.byID[e.ID] = e
	q.order = append(q.order, e)
	if q.lanes[e.Company] == nil {
		q.lanes[e.Company] = &lane{company: e.Company}
	}
	if e.NotBefore.After(e.Received) {
		q.held = append(q.held, e)
		return nil
	}
	q.line(e)
	return nil
}

// line puts an entry into its company's line, at its place.
func (q *Memory) line(e *entry) {
	l := q.lanes[e.Company]
	i := len(l.waiting)
	for i > 0 && l.waiting[i-1].arrival > e.arrival {
		i--
	}
	l.waiting = slices.Insert(l.waiting, i, e)
	q.enlist(l)
}

// enlist puts a lane at the end of those that are asked for work.
func (q *Memory) enlist(l *lane) {
	if !l.ready && len(l.waiting) > 0 {
		l.ready = true
		q.ready = append(q.ready, l)
	}
}

// Take implements [Queue].
func (q *Memory) Take(_ context.Context, now Now, limits Limits) ([]*Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweepNext(now)
	q.held = slices.DeleteFunc(q.held, func(e *entry) bool {
		due := !now(e.Company).Before(e.NotBefore)
		if due {
			q.line(e)
		}
		return due
	})
	var taken []*Job
	var passed []*lane // what may not start keeps its turn
	for len(taken) < limits.Max && len(q.ready) > 0 {
		l := q.ready[0]
		q.ready[0] = nil
		q.ready = q.ready[1:]
		if limits.Hold != nil && limits.Hold(l.company) {
			passed = append(passed, l)
			continue
		}
		l.ready = false
		if l.running >= limits.PerCompany {
			continue // enlisted again by Finish
		}
		e := l.next(limits.Order)
		l.running++
		q.enlist(l)
		e.State, e.Started = operation.Running, now(e.Company)
		e.Attempts++
		q.epochs++
		e.Epoch = q.epochs
		job := e.Job
		taken = append(taken, &job)
	}
	if passed != nil {
		q.ready = append(passed, q.ready...)
	}
	return taken, nil
}

// next removes the job that comes next.
func (l *lane) next(order Order) *entry {
	i := 0
	if order == Shuffle {
		for n, e := range l.waiting {
			if e.ID < l.waiting[i].ID {
				i = n
			}
		}
	}
	e := l.waiting[i]
	if i == 0 {
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
	} else {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	return e
}

// Finish implements [Queue].
func (q *Memory) Finish(_ context.Context, lease Lease, r Result) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.byID[lease.ID]
	if e == nil || e.State != operation.Running || e.Epoch != lease.Epoch {
		return ErrLeaseLost
	}
	e.State, e.StatusCode, e.ErrorMessage = r.State, r.StatusCode, r.ErrorMessage
	e.Ended, e.Expires = r.Ended, r.Expires
	e.Answer, e.ContentType = r.Answer, r.ContentType
	e.content, e.HasContent = r.Content, r.Content != nil
	e.Request = Request{}
	e.Local = nil // whoever took the job has it; kept here it would live as long as the job
	l := q.lanes[e.Company]
	l.running--
	l.expiring = append(l.expiring, e)
	if !l.swept {
		l.swept = true
		q.sweeping = append(q.sweeping, l)
	}
	q.enlist(l)
	return nil
}

// Get implements [Queue].
func (q *Memory) Get(_ context.Context, id string, now Now) (*Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, err := q.find(id, now)
	if err != nil {
		return nil, err
	}
	return e.copy(), nil
}

// find looks an entry up as it is now. The caller holds q.mu.
func (q *Memory) find(id string, now Now) (*entry, error) {
	e := q.byID[strings.ToLower(id)]
	if e == nil {
		return nil, ErrUnknownJob
	}
	q.expireIfDue(e, now(e.Company))
	return e, nil
}

// Content implements [Queue].
func (q *Memory) Content(_ context.Context, id string, now Now) ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e, err := q.find(id, now)
	if err != nil {
		return nil, err
	}
	return e.content, nil
}

// List implements [Queue].
func (q *Memory) List(_ context.Context, now Now) ([]*Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]*Job, len(q.order))
	for i, e := range q.order {
		q.expireIfDue(e, now(e.Company))
		list[i] = e.copy()
	}
	return list, nil
}

// Count implements [Queue].
func (q *Memory) Count(id string, stateReads, contentReads int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e := q.byID[strings.ToLower(id)]; e != nil {
		e.StateReads += stateReads
		e.ContentReads += contentReads
	}
}

// Expire implements [Queue].
func (q *Memory) Expire(_ context.Context, id string) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.byID[strings.ToLower(id)]
	if e == nil || e.Ended.IsZero() {
		return false, nil
	}
	q.expire(e)
	return true, nil
}

// Reset implements [Queue].
func (q *Memory) Reset(_ context.Context, company string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	gone := func(e *entry) bool { return company == "" || e.Company == company }
	for _, e := range q.order {
		if gone(e) {
			delete(q.byID, e.ID)
		}
	}
	for _, list := range []*[]*entry{&q.order, &q.tombstones, &q.held} {
		*list = slices.DeleteFunc(*list, gone)
	}
	out := func(l *lane) bool { return company == "" || l.company == company }
	q.ready = slices.DeleteFunc(q.ready, out)
	q.sweeping = slices.DeleteFunc(q.sweeping, out)
	maps.DeleteFunc(q.lanes, func(_ string, l *lane) bool { return out(l) })
	return nil
}

// The rest is called with q.mu held.

func (q *Memory) expireIfDue(e *entry, now time.Time) {
	if !e.Expires.IsZero() && !now.Before(e.Expires) {
		q.expire(e)
	}
}

// expire turns an entry into a tombstone, which tells "gone" from "never was".
func (q *Memory) expire(e *entry) {
	if e.State == operation.Expired {
		return
	}
	e.State, e.Epoch = operation.Expired, 0
	e.Answer, e.Notice, e.content = nil, nil, nil
	q.tombstones = append(q.tombstones, e)
}

// sweepNext sweeps one company after the other, so that those are freed too
// that nobody asks for any more.
func (q *Memory) sweepNext(now Now) {
	if len(q.sweeping) == 0 {
		return
	}
	l := q.sweeping[0]
	q.sweeping = q.sweeping[1:]
	q.sweep(l, now(l.company))
	if l.swept = len(l.expiring) > 0; l.swept {
		q.sweeping = append(q.sweeping, l)
	}
}

// sweep frees what of a company is past its retention. It looks at the oldest
// ends only: what it misses is found when it is asked for.
func (q *Memory) sweep(l *lane, now time.Time) {
	for len(l.expiring) > 0 {
		e := l.expiring[0]
		q.expireIfDue(e, now)
		if e.State != operation.Expired {
			break
		}
		l.expiring[0] = nil
		l.expiring = l.expiring[1:]
	}
	if len(q.tombstones) <= MaxTombstones {
		return
	}
	for _, e := range q.tombstones[:len(q.tombstones)-MaxTombstones/2] {
		delete(q.byID, e.ID)
	}
	q.tombstones = slices.Clone(q.tombstones[len(q.tombstones)-MaxTombstones/2:])
	q.order = slices.DeleteFunc(q.order, func(e *entry) bool { return q.byID[e.ID] == nil })
}
