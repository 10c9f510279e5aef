package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// A wireLog is what happened on the wire in one scenario. It is safe for concurrent
// use.
type wireLog struct {
	mu   sync.Mutex // guards list and what is in it
	list []*exchange
}

// An exchange is one request with its answer.
type exchange struct {
	foreign  bool // it went to the other host
	point    point
	at       time.Time // on the mock's clock
	request  request
	op       string    // the operation that it is about, or made
	taken    bool      // the mock had it, whatever was answered
	reply    *reply    // nil: it is not answered yet
	answered time.Time // on the mock's clock
}

type request struct {
	method, uri string
	header      http.Header
	body        []byte
}

// begin adds an exchange.
func (l *wireLog) begin(x exchange) *exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, &x)
	return &x
}

// end changes one that was added.
func (l *wireLog) end(x *exchange, change func(*exchange)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(x)
}

// all lists what happened so far.
func (l *wireLog) all() []exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]exchange, len(l.list))
	for i, x := range l.list {
		list[i] = *x
	}
	return list
}

// at lists what happened at a point of the ERP.
func (l *wireLog) at(p point) []exchange {
	return slices.DeleteFunc(l.all(), func(x exchange) bool { return x.foreign || x.point != p })
}

// mostLines is how many lines of the wire a report shows.
const mostLines = 40

// lines tells what happened, for people: the beginning and the end of it, if it is
// much.
func (l *wireLog) lines() (lines []string) {
	list := l.all()
	for i, x := range list {
		if skip := len(list) - mostLines; skip > 0 && i >= mostLines/2 && i < mostLines/2+skip {
			if i == mostLines/2 {
				lines = append(lines, fmt.Sprintf("… %d more", skip))
			}
			continue
		}
		lines = append(lines, x.line(list[0].at))
	}
	return lines
}

func (x exchange) line(since time.Time) string {
	s := fmt.Sprintf("+%v  ", x.at.Sub(since).Round(time.Millisecond))
	switch {
	case x.foreign:
		s += "[another host] "
	case x.point == atHook:
		s += "[to the candidate] "
	}
	s += x.request.method + " " + x.request.uri
	if b := x.request.header.Get(wire.BackgroundHeader); b != "" {
		s += "  " + wire.BackgroundHeader + ": " + withoutPath(b)
	}
	if len(x.request.body) > 0 {
		s += "  " + shown(x.request.body)
	}
	return s + "  →  " + x.reply.String()
}

// withoutPath hides what may be a secret of a webhook's address.
func withoutPath(background string) string {
	b, err := wire.ReadBackground(background)
	if err != nil || b.URL == "" {
		return background
	}
	return "(an address)"
}

// String tells an answer for people.
func (r *reply) String() string {
	switch {
	case r == nil:
		return "(not answered)"
	case r.hang:
		return "(no answer)"
	case r.drop:
		return "(connection reset)"
	}
	s := fmt.Sprint(r.status)
	for _, name := range []string{"Location", "Retry-After", "Content-Encoding"} {
		if v := r.header.Get(name); v != "" {
			s += "  " + name + ": " + v
		}
	}
	if r.cut > 0 {
		s += "  (cut off)"
	}
	if len(r.body) > 0 {
		s += "  " + shown(r.body)
	}
	return s
}

func shown(body []byte) string {
	if !utf8.Valid(body) {
		return fmt.Sprintf("(%d bytes)", len(body))
	}
	return excerpt(body)
}
