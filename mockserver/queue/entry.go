package queue

import (
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

// An entry is a job in memory, or the tombstone of one that is past its
// retention: then live is nil.
type entry struct {
	operation.Operation
	live    *live
	arrival int
	expires time.Time

	base, tail, background, contentType string
	hasBody, hasContent                 bool
}

// live is what is told of a job during its retention only.
type live struct {
	request   *Request // nil: it has ended
	execTime  time.Duration
	notBefore time.Time
	fault     fault.Queue
	notice    []byte
	epoch     int64
	answer    map[string]string
	content   []byte
	local     any
}

func newEntry(j *Job) *entry {
	request := j.Request
	return &entry{
		Operation: j.Operation, expires: j.Expires,
		base: j.Base, tail: j.Tail, background: j.Background, contentType: j.ContentType,
		hasBody: j.HasBody, hasContent: j.HasContent,
		live: &live{
			request: &request, execTime: j.ExecTime, notBefore: j.NotBefore, fault: j.Fault, notice: j.Notice,
			epoch: j.Epoch, answer: j.Answer, local: j.Local,
		},
	}
}

// job is a copy of the job, with its request until it has ended. That of a
// tombstone lacks what is gone.
func (e *entry) job() *Job {
	j := &Job{
		Operation: e.Operation, Expires: e.expires,
		Base: e.base, Tail: e.tail, Background: e.background, ContentType: e.contentType,
		HasBody: e.hasBody, HasContent: e.hasContent,
	}
	l := e.live
	if l == nil {
		return j
	}
	j.ExecTime, j.NotBefore, j.Fault, j.Notice = l.execTime, l.notBefore, l.fault, l.notice
	j.Epoch, j.Answer, j.Local = l.epoch, l.answer, l.local
	if l.request != nil {
		j.Request = *l.request
	}
	return j
}

// erase makes e a tombstone. There may be many of them, so that texts which are
// the same are kept once: within it, and with a neighbour, if there is one.
func (e *entry) erase(neighbour *entry) {
	e.live = nil
	if n := neighbour; n != nil {
		share(&e.Company, n.Company)
		share(&e.Method, n.Method)
		share(&e.Path, n.Path)
		share(&e.Header, n.Header)
		share(&e.ErrorMessage, n.ErrorMessage)
		share(&e.base, n.base)
		share(&e.contentType, n.contentType)
	}
	share(&e.background, e.Header)
	if strings.HasSuffix(e.Path, e.tail) {
		e.tail = e.Path[len(e.Path)-len(e.tail):]
	}
}

// share has an equal text take the place of another.
func share(text *string, other string) {
	if *text == other {
		*text = other
	}
}
