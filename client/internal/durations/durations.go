package durations

import (
	"math"
	"time"
)

// Durations is what is known of how long operations of one route run. It never
// changes. A nil Durations is what is expected of a route that nothing is known
// of.
type Durations struct {
	count int
	// running is the share that still runs at the beginning of each class.
	running [classes + 1]float32
}

// nothing is what is known before anything is learned.
var nothing = new(table).durations()

// Count returns how many operations that ended it was learned from. Old ones are
// forgotten as new ones come.
func (d *Durations) Count() int {
	if d == nil {
		return 0
	}
	return d.count
}

// Ended returns the share of operations that have ended at an age.
func (d *Durations) Ended(age time.Duration) float64 {
	if d == nil {
		d = nothing
	}
	if age <= 0 {
		return 0
	}
	if age >= Longest {
		return 1
	}
	c := classOf(age)
	from, to := begin(c), begin(c+1)
	part := float64(age-from) / float64(to-from)
	was, is := float64(d.running[c]), float64(d.running[c+1])
	return 1 - (was + part*(is-was))
}

// Quantile returns the age at which the share q of all operations has ended, at
// most [Longest].
func (d *Durations) Quantile(q float64) time.Duration {
	if d == nil {
		d = nothing
	}
	rest := 1 - q
	if !(rest < 1) {
		return 0
	}
	for c := range classes {
		was, is := float64(d.running[c]), float64(d.running[c+1])
		if is > rest {
			continue
		}
		part := 1.0
		if was > is {
			part = (was - rest) / (was - is)
		}
		from, to := begin(c), begin(c+1)
		return from + time.Duration(part*float64(to-from))
	}
	return Longest
}

// The classes of age. The first ends at Shortest, and each other one is a ninth
// longer than the one before, up to Longest, which is as long as the ERP keeps an
// operation.
const (
	classes  = 128
	Shortest = 50 * time.Millisecond
	Longest  = 24 * time.Hour
)

// begins holds the age at which each class begins, and at last where all end.
var begins = func() (b [classes + 1]time.Duration) {
	step := math.Log(float64(Longest)/float64(Shortest)) / (classes - 1)
	for c := 1; c < classes; c++ {
		b[c] = time.Duration(float64(Shortest) * math.Exp(step*float64(c-1))).Round(time.Millisecond)
	}
	b[classes] = Longest
	return b
}()

func begin(class int) time.Duration { return begins[class] }

// classOf returns the class of an age.
func classOf(age time.Duration) int {
	low, high := 0, classes-1 // the class is one of these
	for low < high {
		if mid := (low + high + 1) / 2; begins[mid] <= age {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}
