package main

import (
	_ "embed" // for faults.json
	"math/rand/v2"
	"net/http"
	"sync/atomic"
)

// often is the chance of each fault, here and in faults.json.
const often = 0.004

// rulesFile are the faults that both mocks bring themselves, each of them as
// seldom and none of them long: what is looked for is what they leave behind.
// They are for the company of the rigs, so that fill is not disturbed.
//
//go:embed faults.json
var rulesFile []byte

// chance decides by seed and number, as the mock's rules do.
type chance struct {
	seed uint64
	n    atomic.Uint64
}

// next returns a number below 1 for the next event.
func (c *chance) next() float64 {
	return rand.New(rand.NewPCG(c.seed, c.n.Add(1))).Float64()
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
