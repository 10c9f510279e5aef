package mockserver

import (
	"bytes"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/request"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// A Kind says what an [Entry] of the journal tells.
type Kind string

// Kinds of entries.
const (
	KindRequest  Kind = "request"  // a request came in; its answer is added later
	KindAccepted Kind = "accepted" // it became an operation
	KindStarted  Kind = "started"  // a worker of this server picked an operation up
	KindEnded    Kind = "ended"    // an operation has its result
	KindAttempt  Kind = "attempt"  // a notification was sent, or not delivered
	KindFault    Kind = "fault"    // a rule, or Config.Fault, disturbed something
	KindClock    Kind = "clock"    // the company's clock is moved, stopped or let run
)

// An Entry is one thing that happened. Of its pointers, the one that belongs to
// Kind is set.
type Entry struct {
	Seq     int64     // counts the entries of the server
	Number  int64     // counts those of the company
	Time    time.Time // on the company's clock
	Company string
	Kind    Kind

	OperationID string // empty where there is no operation

	Request   *Request   // KindRequest
	Operation *Operation // KindAccepted, KindStarted, KindEnded: as it was then
	Attempt   *Attempt   // KindAttempt
	Hit       *Hit       // KindFault
	Move      *Move      // KindClock
}

// A Request is one call that the mock received.
type Request struct {
	Time        time.Time
	Company     string
	Method      string
	Path        string // as asked for, with the query
	Header      http.Header
	Body        []byte // at most the first 64 KiB
	Background  string // the value of its erp-api-background header
	OperationID string // of the operation it was accepted as
	StatusCode  int    // of the answer; 0 while there is none, or if it was dropped
	Fault       string // name of the rule that disturbed it, or "Config.Fault"

	packed packedHeader // in the journal, in place of Header
}

// A Move is a change of a company's clock, as it begins.
type Move struct {
	Action   string // "advance", "step", "drain", "freeze" or "run"
	From, To time.Time
	Rate     float64 // of "run"
}

// A Filter says which entries of a [Journal] are meant; an empty field means
// all.
type Filter struct {
	Company     string
	Kind        Kind
	OperationID string
}

func (f Filter) fits(e *Entry) bool {
	return (f.Company == "" || f.Company == e.Company) && (f.Kind == "" || f.Kind == e.Kind) &&
		(f.OperationID == "" || f.OperationID == e.OperationID)
}

// A Journal is what happened on a server, or a part of that, in one sequence.
// It does not contain what is asked of /__mock/. It is safe for concurrent use.
type Journal struct {
	all    *journal
	filter Filter
}

// Journal returns the server's journal. The oldest entries are forgotten when
// Config.JournalBytes is used up.
func (s *Server) Journal() *Journal { return &Journal{all: s.journal} }

// Select returns the part of the journal that f names.
func (j *Journal) Select(f Filter) *Journal { return &Journal{j.all, f} }

// Entries lists what happened, oldest first.
func (j *Journal) Entries() []Entry {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	var list []Entry
	for _, e := range j.all.entries {
		if j.filter.fits(e) {
			list = append(list, e.copy())
		}
	}
	return list
}

// Requests lists the requests of a company, of all companies if that is empty,
// oldest first.
func (j *Journal) Requests(company string) []Request {
	f := j.filter
	f.Kind = KindRequest
	if company != "" {
		f.Company = company
	}
	var list []Request
	for _, e := range j.Select(f).Entries() {
		if j.filter.fits(&e) {
			list = append(list, *e.Request)
		}
	}
	return list
}

// Forgotten is how many entries, of all kinds and companies, are not there any
// more because Config.JournalBytes was used up.
func (j *Journal) Forgotten() int {
	j.all.mu.Lock()
	defer j.all.mu.Unlock()
	return j.all.forgotten
}

// copy is an entry that nobody else changes.
func (e *Entry) copy() Entry {
	c := *e
	c.Request, c.Operation, c.Attempt = clone(e.Request), clone(e.Operation), clone(e.Attempt)
	c.Hit, c.Move = clone(e.Hit), clone(e.Move)
	if r := c.Request; r != nil {
		r.Header, r.Body, r.packed = r.packed.header(), slices.Clone(r.Body), nil
	}
	if a := c.Attempt; a != nil {
		a.Header = a.Header.Clone()
	}
	return c
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

const (
	journalBody     = 64 << 10 // of each body
	journalOverhead = 512      // what an entry costs besides its texts, about
)

// journal remembers the latest entries, as far as a budget of bytes reaches.
type journal struct {
	budget int

	mu        sync.Mutex // guards all below, and the entries
	entries   []*Entry
	size      int
	forgotten int
	seq       int64
	numbers   map[string]int64 // by company
}

func newJournal(budget int) *journal {
	return &journal{budget: budget, numbers: make(map[string]int64)}
}

// add appends an entry. Its Operation, Attempt, Hit and Move must not be
// changed any more, its Request by update only.
func (j *journal) add(e *Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	j.numbers[e.Company]++
	e.Seq, e.Number = j.seq, j.numbers[e.Company]
	j.entries = append(j.entries, e)
	j.size += e.cost()
	for j.size > j.budget && len(j.entries) > 0 {
		j.size -= j.entries[0].cost()
		j.entries[0] = nil
		j.entries = j.entries[1:]
		j.forgotten++
	}
}

// request records a request at its arrival.
func (j *journal) request(in *request.Request, now time.Time) *Entry {
	e := &struct { // in one piece, as the other entries are
		Entry
		request Request
	}{
		Entry{Time: now, Company: in.Company, Kind: KindRequest},
		Request{
			Time: now, Company: in.Company, Method: in.HTTP.Method, Path: in.URI(),
			packed: packHeader(in.HTTP.Header), Background: in.HTTP.Header.Get(wire.BackgroundHeader), Body: in.Body,
		},
	}
	if len(in.Body) > journalBody || cap(in.Body) > 2*len(in.Body) { // nobody writes to it, but it would be kept whole
		e.request.Body = bytes.Clone(in.Body[:min(len(in.Body), journalBody)])
	}
	e.Request = &e.request
	j.add(&e.Entry)
	return &e.Entry
}

// operation records a step in an operation's life.
func (j *journal) operation(kind Kind, op Operation, at time.Time) *Entry {
	e := &struct {
		Entry
		op Operation
	}{Entry{Time: at, Company: op.Company, Kind: kind, OperationID: op.ID}, op}
	e.Operation = &e.op
	j.add(&e.Entry)
	return &e.Entry
}

// hit records what was disturbed.
func (j *journal) hit(h Hit) {
	j.add(&Entry{Time: h.Time, Company: h.Company, Kind: KindFault, OperationID: h.OperationID, Hit: &h})
}

// moved records a change of a company's clock, which waits meanwhile.
func (j *journal) moved(company string, m vtime.Move) {
	move := Move(m)
	j.add(&Entry{Time: m.From, Company: company, Kind: KindClock, Move: &move})
}

// attempt records an attempt to notify, or with a zero one that there will be
// none.
func (j *journal) attempt(d *delivery, a Attempt, at time.Time) {
	e := &struct {
		Entry
		attempt Attempt
	}{Entry{Time: at, Company: d.Company, Kind: KindAttempt, OperationID: d.OperationID}, a}
	e.Attempt = &e.attempt
	j.add(&e.Entry)
}

// remove takes back what add did, but for the numbers.
func (j *journal) remove(e *Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := slices.Index(j.entries, e); i >= 0 {
		j.entries = slices.Delete(j.entries, i, i+1)
		j.size -= e.cost()
	}
}

// cost is about how many bytes an entry takes. What changes later is not
// counted, so that the sum stays right.
func (e *Entry) cost() int {
	n := journalOverhead
	if r := e.Request; r != nil {
		n += len(r.Path) + len(r.Body) + len(r.packed)
	}
	if op := e.Operation; op != nil {
		n += len(op.Path) + len(op.Header) + len(op.ErrorMessage)
	}
	if a := e.Attempt; a != nil {
		n += len(a.Error) + headerCost(a.Header)
	}
	if h := e.Hit; h != nil {
		n += len(h.Path)
	}
	return n
}

func headerCost(h http.Header) int {
	n := 0
	for name, values := range h {
		n += len(name) + 64 // of the map
		for _, v := range values {
			n += len(v) + 16 // of the slice
		}
	}
	return n
}

func (j *journal) update(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
}

// reset forgets a company, or everything, as if it had never been.
func (j *journal) reset(company string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if company == "" {
		j.entries, j.size, j.forgotten, j.seq = nil, 0, 0, 0
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
