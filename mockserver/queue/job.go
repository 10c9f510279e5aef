package queue

import (
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A Job is an operation as a [Queue] keeps it.
type Job struct {
	operation.Operation

	Request    Request       // what to run; dropped when the job has ended
	Base       string        // API root of its links
	Tail       string        // path and query below the base path
	Background string        // its erp-api-background header, in its plainest form
	HasBody    bool          // the request had one
	ExecTime   time.Duration // passes between Started and the call of the handler

	// NotBefore, if not zero, is the earliest time to start it; until then, jobs
	// that were added later pass it.
	NotBefore time.Time

	// Fault disturbs its run. It is plain data, kept with the job.
	Fault fault.Queue

	// Notice is the server's own record of the notification; nil if nobody is
	// to be told. Only a [Shared] queue gets one.
	Notice []byte

	// Epoch is that of the latest lease.
	Epoch int64

	// Expires is the end of the retention; zero until the job has ended.
	Expires time.Time

	// What the endpoint answered.
	Answer      map[string]string // the headers that are kept; nil: none
	HasContent  bool
	ContentType string

	// Local is the server's own, and nobody else reads it. A queue whose jobs
	// never leave the process gives it back with the job until Finish; others
	// leave it out.
	Local any
}

// A Request is a request that can be made again. All of its headers are
// kept, as a handler may need any; Authorization is one of them.
type Request struct {
	URL        string // as asked for
	Host       string
	RemoteAddr string
	Header     http.Header
	Body       []byte
}

// A Lease is a worker's right to end a job.
type Lease struct {
	ID    string
	Epoch int64
}

// Lease is the lease under which the job was taken.
func (j *Job) Lease() Lease { return Lease{ID: j.ID, Epoch: j.Epoch} }

// A Result is how a job ended.
type Result struct {
	State        operation.State // Finished or Failed
	StatusCode   int
	ErrorMessage string
	Ended        time.Time
	Expires      time.Time
	Answer       map[string]string
	Content      []byte // nil: none
	ContentType  string

	// Changes is what the job did to the ERP's data; nil: nothing. It is
	// stored together with the result, or not at all.
	Changes *Changes
}

// Changes are a step in the ERP data of one company.
type Changes struct {
	Company string

	// Version is the one that the changes lead to; they were made on the one
	// before it.
	Version int64

	// Docs are the changed documents by key; nil: deleted.
	Docs map[string][]byte

	// Anew tells a reader that the company was reset since the version it asked
	// for: what it has is void, and Docs are all the changes since then.
	Anew bool
}
