package conformance

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// A point is what a call of the candidate asks for.
type point string

const (
	atSubmit  point = "submit"
	atState   point = "state"
	atContent point = "content"
	atToken   point = "token"
	atOther   point = "other" // anything else of the ERP, in the foreground
	atHook    point = "hook"  // a notification to the candidate
)

// A call is one request of the candidate that is being answered.
type call struct {
	*stage
	point point
	n     int // counts the calls at this point, from 1
	req   *http.Request
	body  []byte
	op    string // the operation's id, at state and content

	outcome *answer.Outcome // what the mock answered, once it was asked
}

// A reply is how a call is answered.
type reply struct {
	status int
	header http.Header
	body   []byte

	drop bool // the connection is broken, and nothing answered
	cut  int  // it is broken after so many bytes of the body, if not 0
	hang bool // nothing is answered until the candidate gives up

	chunked bool // the length is not told

	told bool // it tells the candidate how its operation ended

	wait time.Duration // what its Retry-After asks for, if that is held against the candidate
	asks scope         // whom it asks
}

// A scope says who is to obey a Retry-After.
type scope int

const (
	nobody scope = iota
	everyCall
	nextPoll
)

// An alter answers a call in its own way, or returns nil.
type alter func(c *call) *reply

// real has the mock answer a call, which happens once however often it is asked.
func (c *call) real() *reply {
	if c.outcome == nil {
		r := c.req.Clone(c.req.Context())
		r.Body = http.NoBody
		if len(c.body) > 0 {
			r.Body = io.NopCloser(bytes.NewReader(c.body))
		}
		out := answer.Invoke(c.mock, r, nil)
		c.outcome = &out
		c.notice()
	}
	out := c.outcome
	if out.Failure != "" {
		return &reply{drop: true}
	}
	r := &reply{status: out.Status, header: out.Header.Clone(), body: bytes.Clone(out.Body)}
	switch op, known := c.mock.Operation(c.op); {
	case c.point == atState:
		r.told = known && op.HasEnded() && out.Status == http.StatusOK
	case c.point == atSubmit:
		r.told = out.Status != http.StatusAccepted && out.Status/100 == 2
	}
	return r
}

// notice notes what the mock made of a submit.
func (c *call) notice() {
	var accepted wire.Accepted
	if c.point == atSubmit && c.outcome.Status == http.StatusAccepted && json.Unmarshal(c.outcome.Body, &accepted) == nil {
		c.op = accepted.ID
		c.accept(c.req.Method, c.req.URL.RequestURI(), accepted.ID)
	}
}

// at limits an answer to calls at a point.
func at(p point, f alter) alter {
	return func(c *call) *reply {
		if c.point != p {
			return nil
		}
		return f(c)
	}
}

// times limits an answer to the first n calls at a point.
func times(n int, p point, f alter) alter {
	return at(p, func(c *call) *reply {
		if c.n > n {
			return nil
		}
		return f(c)
	})
}

// whenEnded limits an answer to calls about an operation that has ended.
func whenEnded(f alter) alter {
	return func(c *call) *reply {
		if op, ok := c.mock.Operation(c.op); !ok || !op.HasEnded() {
			return nil
		}
		return f(c)
	}
}

// timesEnded limits an answer to the first n calls at a point about an operation
// that has ended.
func timesEnded(n int, p point, f alter) alter {
	return at(p, whenEnded(func(c *call) *reply {
		if c.count(p+" of what has ended") > n {
			return nil
		}
		return f(c)
	}))
}

// answers gives an answer that the mock knows nothing of.
func answers(status int, kind, body string) alter {
	return func(*call) *reply { return text(status, kind, body) }
}

func text(status int, kind, body string) *reply {
	r := &reply{status: status, header: http.Header{}, body: []byte(body)}
	if kind != "" {
		r.header.Set("Content-Type", kind)
	}
	return r
}

// Types of content.
const (
	typeJSON = "application/json; charset=utf-8"
	typeHTML = "text/html; charset=utf-8"
)

// A page of a proxy, which speaks instead of the ERP.
const proxyPage = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please sign in to go on.</p></body></html>"

// taken gives the call its effect, and another answer.
func taken(f alter) alter {
	return func(c *call) *reply {
		c.real()
		return f(c)
	}
}

// drops breaks the connection instead of an answer.
func drops(*call) *reply { return &reply{drop: true} }

// hangs answers nothing.
func hangs(*call) *reply { return &reply{hang: true} }

// changed changes the real answer.
func changed(f func(c *call, r *reply)) alter {
	return func(c *call) *reply {
		r := c.real()
		f(c, r)
		return r
	}
}

// retryAfter adds a Retry-After to an answer, in seconds: d, or a long while if that
// is 0.
func retryAfter(d time.Duration, asks scope, f alter) alter {
	return func(c *call) *reply {
		r, d := f(c), cmp.Or(d, c.while())
		r.header.Set("Retry-After", wire.RetryAfter(d, false, c.now()))
		r.wait, r.asks = d, asks
		return r
	}
}

// while is long enough to tell who waits from who goes on polling.
func (s *stage) while() time.Duration { return max(20*s.poll, 2*time.Second) }

// retryAfterDate adds a Retry-After of a long while to an answer, as a date.
func retryAfterDate(asks scope, f alter) alter {
	return func(c *call) *reply {
		r, now := f(c), c.now()
		r.header.Set("Retry-After", wire.RetryAfter(c.while()+time.Second, true, now))
		until, err := http.ParseTime(r.header.Get("Retry-After"))
		if err != nil {
			panic(err)
		}
		r.wait, r.asks = until.Sub(now), asks
		return r
	}
}

// fields replaces fields of the real JSON object; nil takes one out.
func fields(set map[string]any) alter {
	return changed(func(_ *call, r *reply) {
		var omit []string
		add := make(map[string]any)
		for name, v := range set {
			if v == leftOut {
				omit = append(omit, name)
				continue
			}
			add[name] = v
		}
		r.body = answer.Edit(r.body, add, omit)
	})
}

// leftOut is the value of a field that is taken out.
const leftOut = "\x00left out"

// isRunning shows an operation as if it still ran.
func isRunning(c *call) *reply {
	r := c.real()
	r.body = answer.Edit(r.body, map[string]any{"status": "Started", "statusCode": 0, "finishedUtc": nil, "hasResponseContent": false, "contentLocation": nil, "responseHeaders": nil}, nil)
	r.told = false
	return r
}

// untold marks that an answer does not tell how its operation ended.
func untold(f alter) alter {
	return func(c *call) *reply {
		r := f(c)
		r.told = false
		return r
	}
}

// reply answers a call as the first of the scenario's alters does that answers it, or
// else as the mock does.
func (s *stage) reply(c *call) *reply {
	for _, f := range s.alters {
		if r := f(c); r != nil {
			return r
		}
	}
	return c.real()
}

// pointOf is what a request asks for.
func pointOf(r *http.Request) (p point, op string) {
	path := strings.ToLower(r.URL.Path)
	if strings.HasSuffix(strings.TrimRight(path, "/"), "/connect/token") {
		return atToken, ""
	}
	if _, rest, ok := strings.Cut(path, "/v1/background/"); ok {
		id, tail, _ := strings.Cut(rest, "/")
		if strings.Trim(tail, "/") == "content" {
			return atContent, id
		}
		return atState, id
	}
	if r.Header.Get(wire.BackgroundHeader) != "" {
		return atSubmit, ""
	}
	return atOther, ""
}
