package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// often is the chance of each fault.
const often = 0.004

// mockRules are the faults that the mock within brings itself, each of them
// seldom and none of them long: what is looked for is what they leave behind.
func mockRules() []mockserver.Rule {
	var rules []mockserver.Rule
	add := func(on mockserver.Point, does ...mockserver.Disturbance) {
		for i, do := range does {
			rules = append(rules, mockserver.Rule{Name: fmt.Sprintf("%s-%d", on, i), On: on, Probability: often, Do: do})
		}
	}
	wait := 200 * time.Millisecond
	add(mockserver.OnIntake,
		mockserver.Fault{Status: 403}, mockserver.Fault{Status: 500}, mockserver.Fault{Status: 503, Process: true},
		mockserver.Fault{Drop: true}, mockserver.Fault{Drop: true, Process: true}, mockserver.Fault{Delay: wait},
		mockserver.Fault{Omit: []string{"id", "stateLocation"}, Header: http.Header{"Location": nil}},
		mockserver.Fault{CutAfter: 5, Header: http.Header{"Location": nil}},
		mockserver.Fault{Status: 202, Process: true, Body: "{"}, mockserver.Fault{Foreground: true})
	add(mockserver.OnForeground, mockserver.Fault{Drop: true}, mockserver.Fault{CutAfter: 10}, mockserver.Fault{Stall: wait})
	add(mockserver.OnQueue,
		mockserver.QueueFault{Hold: wait}, mockserver.QueueFault{Deaths: 1, Lease: wait},
		mockserver.QueueFault{Fail: "disk full"}, mockserver.QueueFault{Fail: "disk full", Late: true}, mockserver.QueueFault{Twice: true})
	add(mockserver.OnState,
		mockserver.Fault{Lag: wait}, mockserver.Fault{Stuck: true}, mockserver.Fault{Status: 404}, mockserver.Fault{Status: 500},
		mockserver.Fault{Drop: true}, mockserver.Fault{Set: map[string]any{"status": "Paused"}}, mockserver.Fault{CutAfter: 40})
	add(mockserver.OnContent,
		mockserver.Fault{CutAfter: 3}, mockserver.Fault{Stall: wait / 4}, mockserver.Fault{Status: 503}, mockserver.Fault{Drop: true})
	add(mockserver.OnNotification,
		mockserver.NotifyFault{Drop: true}, mockserver.NotifyFault{Duplicates: 2}, mockserver.NotifyFault{Delay: wait},
		mockserver.NotifyFault{Reorder: true, Delay: wait}, mockserver.NotifyFault{Early: true}, mockserver.NotifyFault{Forge: true},
		mockserver.NotifyFault{Replay: true}, mockserver.NotifyFault{Body: []byte("not JSON")},
		mockserver.NotifyFault{Omit: []string{"id", "stateLocation"}})
	return rules
}

// chance decides by seed and number, as the mock's rules do.
type chance struct {
	seed uint64
	n    atomic.Uint64
}

// next returns a number below 1 for the next event.
func (c *chance) next() float64 {
	return rand.New(rand.NewPCG(c.seed, c.n.Add(1))).Float64()
}

var errOnTheWay = errors.New("the connection broke, by a fault")

// shaky is a transport that loses requests and answers on the way.
type shaky struct {
	next http.RoundTripper
	chance
}

func (s *shaky) RoundTrip(r *http.Request) (*http.Response, error) {
	what := s.chance.next()
	switch {
	case what < often:
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, errOnTheWay
	case what < 2*often:
		time.Sleep(100 * time.Millisecond)
	}
	resp, err := s.next.RoundTrip(r)
	switch {
	case err != nil:
	case what > 1-often: // it arrived, and its answer does not
		_ = resp.Body.Close()
		return nil, errOnTheWay
	case what > 1-2*often:
		resp.Body = &broken{ReadCloser: resp.Body, left: 20}
	}
	return resp, err
}

// broken is a body that breaks off.
type broken struct {
	io.ReadCloser
	left int
}

func (b *broken) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errOnTheWay
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// deaf is a receiver that at times does not hear, answers 503, or answers
// nothing.
type deaf struct {
	next http.Handler
	chance
}

func (d *deaf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch what := d.chance.next(); {
	case what < often:
		w.WriteHeader(http.StatusServiceUnavailable)
	case what < 2*often:
		w.WriteHeader(http.StatusOK) // and it is lost
	case what < 3*often:
		panic(http.ErrAbortHandler)
	case what < 4*often:
		d.next.ServeHTTP(w, r)
		panic(http.ErrAbortHandler)
	default:
		d.next.ServeHTTP(w, r)
	}
}
