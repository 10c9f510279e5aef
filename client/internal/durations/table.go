package durations

import "time"

// window is how many operations a class remembers: beyond it its counts are
// halved.
const window = 512

// The prior: what is expected of a route that nothing is known of. Half of all
// operations have ended after priorMedian, three quarters after three times that,
// and so on: of what is old, half ends before it is twice as old. It weighs as much
// as priorWeight operations seen in each class.
const (
	priorMedian = 4 * time.Second
	priorWeight = 3
)

// prior returns the share that still runs at an age, before anything is learned.
func prior(age time.Duration) float64 {
	return float64(priorMedian) / float64(priorMedian+age)
}

// parts is what an operation counts that was seen in the whole of a class: an
// eighth of that is the least. If those did not count that have passed a class only
// in part, most of what many operations reach at the same time would be ends.
const parts = 8

// table counts what was seen of operations, by class of age, in parts of one. Its
// counts stay below 2 * window * parts, and there are never more ends than were
// seen.
type table struct {
	seen  [classes]uint16 // were seen to run through the class, or to end in it
	ended [classes]uint16 // ended in it
}

// position counts the parts of all classes up to an age.
func position(age time.Duration) int {
	c := classOf(age)
	from, to := begin(c), begin(c+1)
	part := parts * (min(max(age, from), to) - from) / (to - from)
	return c*parts + int(part)
}

// pass counts an operation that ran from one age to another.
func (t *table) pass(from, to time.Duration) { t.see(position(from), position(to)) }

func (t *table) see(from, to int) {
	for c := from / parts; c*parts < to && c < classes; c++ {
		t.seen[c] += uint16(min(to, (c+1)*parts) - max(from, c*parts))
		t.forget(c)
	}
}

// end counts an operation that ended at an age, and was seen to run at another
// one before.
func (t *table) end(from, at time.Duration) {
	c := classOf(at)
	if classOf(from) > c {
		from = begin(c) // clocks do not agree
	}
	t.see(position(from), (c+1)*parts)
	t.ended[c] = min(t.ended[c]+parts, t.seen[c])
}

// add adds what another table counted.
func (t *table) add(o *table) {
	for c := range classes {
		t.seen[c] += o.seen[c]
		t.ended[c] += o.ended[c]
		t.forget(c)
	}
}

// forget halves the counts of a class if there are more than the window holds.
func (t *table) forget(c int) {
	if t.seen[c] > window*parts {
		t.seen[c] = (t.seen[c] + 1) / 2
		t.ended[c] /= 2
	}
}

func (t *table) empty() bool { return *t == table{} }

// count returns how many ends it has seen.
func (t *table) count() int {
	n := 0
	for _, ended := range t.ended {
		n += int(ended)
	}
	return (n + parts/2) / parts
}

// durations estimates from the counts and the prior, class by class, which share
// of the operations that reach a class ends in it.
func (t *table) durations() *Durations {
	d := &Durations{count: t.count()}
	running := 1.0
	for c := range classes {
		d.running[c] = float32(running)
		ends := 1 - prior(begin(c+1))/prior(begin(c))
		ends = (float64(t.ended[c])/parts + priorWeight*ends) / (float64(t.seen[c])/parts + priorWeight)
		running *= 1 - ends
	}
	d.running[classes] = float32(running)
	return d
}
