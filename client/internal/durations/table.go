package durations

import "time"

// window is about how many operations a table remembers: beyond it all counts
// are halved.
const window = 512

// The prior: what is expected of a route that nothing is known of. Half of all
// operations have ended after priorMedian, three quarters after three times that,
// and so on: of what is old, half ends before it is twice as old. It weighs as much
// as priorWeight operations seen in each class.
const (
	priorMedian = 3 * time.Second
	priorWeight = 4
)

// prior returns the share that still runs at an age, before anything is learned.
func prior(age time.Duration) float64 {
	return float64(priorMedian) / float64(priorMedian+age)
}

// table counts what was seen of operations, by class of age. Its counts stay
// below 2 * window.
type table struct {
	seen  [classes]uint16 // were seen to run through the class, or to end in it
	ended [classes]uint16 // ended in it
}

// pass counts an operation that ran from one age to another: in the classes that
// it has left behind it, but for those that it was counted in before.
func (t *table) pass(from, to time.Duration) {
	for c, end := classOf(from), classOf(to); c < end; c++ {
		t.seen[c]++
	}
}

// end counts an operation that ended at an age, seen until then from another.
func (t *table) end(from, at time.Duration) {
	t.pass(from, at)
	c := classOf(at)
	t.seen[c]++
	t.ended[c]++
}

// add adds what another table counted.
func (t *table) add(o *table) {
	for c := range classes {
		t.seen[c] += o.seen[c]
		t.ended[c] += o.ended[c]
	}
	t.forget()
}

// forget halves the counts if there are more than the window holds.
func (t *table) forget() {
	full := false
	for _, n := range t.seen {
		full = full || n > window
	}
	if !full {
		return
	}
	rest := uint16(0) // what one class loses by rounding the next one gets, so that rare ends are not lost
	for c := range classes {
		n := t.ended[c] + rest
		t.ended[c], rest = n/2, n%2
		t.seen[c] = max((t.seen[c]+1)/2, t.ended[c])
	}
}

func (t *table) empty() bool { return *t == table{} }

// count returns how many ends it has seen.
func (t *table) count() int {
	n := 0
	for _, ended := range t.ended {
		n += int(ended)
	}
	return n
}

// durations estimates from the counts and the prior, class by class, which share
// of the operations that reach a class ends in it.
func (t *table) durations() *Durations {
	d := &Durations{count: t.count()}
	running := 1.0
	for c := range classes {
		d.running[c] = float32(running)
		ends := 1 - prior(begin(c+1))/prior(begin(c))
		ends = (float64(t.ended[c]) + priorWeight*ends) / (float64(t.seen[c]) + priorWeight)
		running *= 1 - ends
	}
	d.running[classes] = float32(running)
	return d
}
