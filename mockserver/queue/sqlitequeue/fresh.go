package sqlitequeue

import (
	"strings"
	"sync"

	"github.com/vismanet-go/background/mockserver/queue"
)

// maxFresh is how many jobs are remembered that nobody has taken yet, and
// maxFreshBody how large their bodies are.
const (
	maxFresh     = 1024
	maxFreshBody = 4 << 10
)

// fresh remembers jobs that this process added, so that the usual case, in
// which it takes them itself, has nothing to read back: what it remembers of
// them never changes. A job has its place for itself, for good.
type fresh struct {
	mu    sync.Mutex // guards all below
	jobs  map[int64]*queue.Job
	order []int64 // oldest first; some are not there any more
}

// add remembers a job as it would be read back.
func (f *fresh) add(seq int64, job *queue.Job) {
	if len(job.Request.Body) > maxFreshBody {
		return
	}
	j := *job
	j.ID = strings.ToLower(j.ID)
	j.NotBefore, j.Received = fromNanos(nanos(j.NotBefore)), fromNanos(nanos(j.Received))
	if j.Request.Body == nil {
		j.Request.Body = []byte{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs = make(map[int64]*queue.Job)
	}
	if len(f.order) >= maxFresh {
		delete(f.jobs, f.order[0])
		f.order = f.order[1:]
	}
	f.jobs[seq] = &j
	f.order = append(f.order, seq)
}

// get returns a copy of a job, nil if it is not remembered.
func (f *fresh) get(seq int64) *queue.Job {
	f.mu.Lock()
	defer f.mu.Unlock()
	job := f.jobs[seq]
	if job == nil {
		return nil
	}
	c := *job
	return &c
}

// drop forgets jobs: leased once more, they are read.
func (f *fresh) drop(seqs []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, seq := range seqs {
		delete(f.jobs, seq)
	}
}
