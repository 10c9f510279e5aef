package journal

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

const (
	bodyKept = 64 << 10 // of each body
	overhead = 512      // what an entry costs besides its texts, about
)

// A Recorder writes the journal of a server. It remembers the latest entries, as
// far as a budget of bytes reaches, and is safe for concurrent use.
type Recorder struct {
	budget int

	mu        sync.Mutex // guards all below, and the entries
	entries   []*Entry
	size      int
	forgotten int
	seq       int64
	lost      int64            // the last number that was given to an entry which was forgotten for lack of room, or by a reset of all
	numbers   map[string]int64 // by company
	changed   chan struct{}    // closed when something changes; nil: nobody waits
}

// New returns an empty journal's recorder.
func New(budget int) *Recorder {
	return &Recorder{budget: budget, numbers: make(map[string]int64)}
}

// Journal is what was recorded, and what will be.
func (j *Recorder) Journal() *Journal { return &Journal{all: j} }

// add appends an entry. Its Operation, Attempt, Hit and Move must not be changed
// any more, its Request by Update only.
func (j *Recorder) add(e *Entry) *Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	j.numbers[e.Company]++
	e.Seq, e.Number = j.seq, j.numbers[e.Company]
	defer j.tell()
	j.entries = append(j.entries, e)
	j.size += e.cost()
	for j.size > j.budget && len(j.entries) > 0 {
		j.size -= j.entries[0].cost()
		j.lost = j.entries[0].Seq
		j.entries[0] = nil
		j.entries = j.entries[1:]
		j.forgotten++
	}
	return e
}

// place is the index of the first entry after the number seq. It needs j.mu.
func (j *Recorder) place(seq int64) int {
	i, _ := slices.BinarySearchFunc(j.entries, seq+1, func(e *Entry, n int64) int { return cmp.Compare(e.Seq, n) })
	return i
}

// Request records a request at its arrival. Nobody may write to its header and
// its body any more; of the body the beginning is kept. [Recorder.Update] adds
// what is known later.
func (j *Recorder) Request(r Request) *Entry {
	if len(r.Body) > bodyKept || cap(r.Body) > 2*len(r.Body) { // it would be kept whole
		r.Body = bytes.Clone(r.Body[:min(len(r.Body), bodyKept)])
	}
	return j.add(&Entry{Time: r.Time, Company: r.Company, Kind: KindRequest, Request: &r})
}

// Operation records a step of an operation.
func (j *Recorder) Operation(kind Kind, op operation.Operation, at time.Time) *Entry {
	return j.add(&Entry{Time: at, Company: op.Company, Kind: kind, OperationID: op.ID, Operation: &op})
}

// Hit records what was disturbed.
func (j *Recorder) Hit(h fault.Hit) {
	j.add(&Entry{Time: h.Time, Company: h.Company, Kind: KindFault, OperationID: h.OperationID, Hit: &h})
}

// Move records a change of a company's clock.
func (j *Recorder) Move(company string, m Move) {
	j.add(&Entry{Time: m.From, Company: company, Kind: KindClock, Move: &m})
}

// Attempt records an attempt to notify of a company's operation; a zero one
// records that there will be none.
func (j *Recorder) Attempt(company, operationID string, a operation.Attempt, at time.Time) {
	j.add(&Entry{Time: at, Company: company, Kind: KindAttempt, OperationID: operationID, Attempt: &a})
}

// Remove removes an entry; its numbers stay used.
func (j *Recorder) Remove(e *Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := slices.Index(j.entries, e); i >= 0 {
		j.entries = slices.Delete(j.entries, i, i+1)
		j.size -= e.cost()
		j.tell()
	}
}

// Touch has those look again who wait for a change, of something that has no
// entry.
func (j *Recorder) Touch() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tell()
}

// tell needs j.mu.
func (j *Recorder) tell() {
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// Update lets f add to the request of an entry what was not known when it came
// in.
func (j *Recorder) Update(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
	j.tell()
}

// Reset forgets a company, or everything if that is empty, as if it had never
// been; only Entry.Seq goes on.
func (j *Recorder) Reset(company string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.tell()
	if company == "" {
		j.entries, j.size, j.forgotten, j.lost = nil, 0, 0, j.seq
		clear(j.numbers)
		return
	}
	delete(j.numbers, company)
	j.entries = slices.DeleteFunc(j.entries, func(e *Entry) bool {
		if e.Company == company {
			j.size -= e.cost()
		}
		return e.Company == company
	})
}
