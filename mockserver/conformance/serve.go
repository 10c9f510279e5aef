package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/answer"
)

// serveHome answers as the ERP does in this scenario.
func (s *stage) serveHome(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 32<<20))
	if err != nil {
		return // the candidate went away
	}
	n := s.active.Add(1)
	switch {
	case n == s.mostCalls:
		s.broke(rulePace, fmt.Sprint(n, " calls"), "polls with pauses between them: BACKGROUND_POLL_MS is %s", millis(s.poll))
		s.cancel()
		fallthrough
	case n > s.mostCalls:
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case strings.HasPrefix(r.URL.Path, "/__mock"):
		s.broke(ruleProtocol, r.Method+" "+r.URL.Path, "no call of the mock's control")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	c := &call{stage: s, req: r, body: body}
	c.point, c.op = pointOf(r)
	if !s.follow(c) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.n = s.count(c.point)
	x := s.log.begin(exchange{point: c.point, at: s.now(), request: request{r.Method, r.URL.RequestURI(), r.Header.Clone(), body}, op: c.op})
	answered := s.reply(c)
	if answered.header != nil {
		answered.header.Set("Date", s.now().UTC().Format(http.TimeFormat))
	}
	s.log.end(x, func(x *exchange) { x.op, x.reply, x.answered, x.taken = c.op, answered, s.now(), c.outcome != nil })
	if c.point == atState {
		defer s.tellPolled()
	}
	answered.write(w, r, s.life)
}

// follow moves the mock's clock to the time of a candidate with a clock of its own,
// and reports whether it could.
func (s *stage) follow(c *call) bool {
	text := c.req.Header.Get(clockHeader)
	if !s.virtual || c.point == atToken && text == "" {
		return true
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	to := time.UnixMilli(ms).Add(s.ahead)
	clock := s.mock.Clock(company)
	switch {
	case err != nil:
		s.broke(ruleProtocol, clockHeader+": "+text, "the candidate's time in milliseconds on each call: BACKGROUND_CLOCK is virtual")
		return false
	case to.Before(clockStart.Add(s.ahead)):
		s.broke(ruleProtocol, clockHeader+": "+text, "no time before BACKGROUND_CLOCK_START, %d", clockStart.UnixMilli())
		return false
	case !to.After(clock.Now()):
		return true
	}
	if err := clock.AdvanceTo(s.life, to); err != nil {
		if s.life.Err() == nil {
			s.broke(ruleProtocol, clockHeader+": "+text, "a time that the mock's clock can follow: %v", err)
		}
		return false
	}
	return true
}

// serveForeign answers as another host, which is plausible.
func (s *stage) serveForeign(w http.ResponseWriter, r *http.Request) {
	s.active.Add(1)
	body, _ := io.ReadAll(io.LimitReader(r.Body, 32<<20)) // whatever came
	x := s.log.begin(exchange{foreign: true, point: atOther, at: s.now(), request: request{r.Method, r.URL.RequestURI(), r.Header.Clone(), body}})
	s.log.end(x, func(x *exchange) { x.reply, x.answered = &reply{status: http.StatusOK}, s.now() })
	if s.elsewhere != nil {
		s.elsewhere(w, r)
	}
}

// write answers a request.
func (r *reply) write(w http.ResponseWriter, req *http.Request, life context.Context) {
	switch {
	case r.hang:
		select {
		case <-req.Context().Done():
		case <-life.Done():
		}
		panic(http.ErrAbortHandler)
	case r.drop:
		answer.Reset(w)
		return
	}
	maps.Copy(w.Header(), r.header)
	if len(r.body) > 0 && r.status != http.StatusNoContent && !r.chunked {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	if _, ok := r.header["Content-Type"]; !ok {
		w.Header()["Content-Type"] = nil // none, rather than a guess
	}
	w.WriteHeader(r.status)
	if r.cut > 0 {
		_, _ = w.Write(r.body[:min(r.cut, len(r.body)-1)]) // the candidate may be gone
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = io.Copy(w, bytes.NewReader(r.body)) // as above
}
