package durations

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestNothingLearned(t *testing.T) {
	var d *Durations
	if got := d.Count(); got != 0 {
		t.Errorf("count of nothing: got %d, want 0", got)
	}
	if got := d.Quantile(0.5); !near(got, priorMedian, 0.01) {
		t.Errorf("median of nothing: got %v, want about %v", got, priorMedian)
	}
	if got := d.Ended(3 * priorMedian); math.Abs(got-0.75) > 0.005 {
		t.Errorf("ended after three medians: got %v, want about 0.75", got)
	}
	if got, want := (&table{}).durations().Quantile(0.9), d.Quantile(0.9); got != want {
		t.Errorf("an empty table: got %v, want %v as before anything is learned", got, want)
	}
}

func TestQuantilesAndSharesAreInOrder(t *testing.T) {
	for _, d := range []*Durations{nil, sample(300, func(i int) time.Duration { return time.Duration(i) * time.Second }), sample(400, bimodal)} {
		last, age := 0.0, time.Duration(0)
		for c := range classes {
			for _, at := range []time.Duration{begin(c), (begin(c) + begin(c+1)) / 2} {
				share := d.Ended(at)
				if share < last || share > 1 {
					t.Fatalf("ended at %v: got %v after %v", at, share, last)
				}
				last = share
			}
		}
		for q := 0.0; q < 0.999; q += 0.001 {
			at := d.Quantile(q)
			if at < age {
				t.Fatalf("quantile %v: got %v after %v", q, at, age)
			}
			if got := d.Ended(at); math.Abs(got-q) > 1e-5 {
				t.Fatalf("ended at the quantile %v, %v: got %v", q, at, got)
			}
			age = at
		}
	}
}

func TestEveryAgeHasItsClass(t *testing.T) {
	for c := range classes {
		if begin(c+1) <= begin(c) {
			t.Fatalf("class %d ends at %v and begins at %v", c, begin(c+1), begin(c))
		}
		if c > 1 && c < classes-1 {
			if ratio := float64(begin(c+1)) / float64(begin(c)); ratio > 1.14 || ratio < 1.09 {
				t.Errorf("class %d is %v times as long as it begins, want about 1.12", c, ratio)
			}
		}
		for _, age := range []time.Duration{begin(c), begin(c+1) - 1} {
			if got := classOf(age); got != c {
				t.Errorf("%v is in class %d, want %d", age, got, c)
			}
		}
	}
	for age, want := range map[time.Duration]int{-1: 0, 0: 0, Longest: classes - 1, math.MaxInt64: classes - 1} {
		if got := classOf(age); got != want {
			t.Errorf("%v is in class %d, want %d", age, got, want)
		}
	}
	var d *Durations
	for age, want := range map[time.Duration]float64{-1: 0, 0: 0, Longest: 1, math.MaxInt64: 1} {
		if got := d.Ended(age); got != want {
			t.Errorf("ended at %v: got %v, want %v", age, got, want)
		}
	}
	for q, want := range map[float64]time.Duration{-1: 0, 0: 0, 1: Longest, 2: Longest, math.NaN(): 0} {
		if got := d.Quantile(q); got != want {
			t.Errorf("quantile %v: got %v, want %v", q, got, want)
		}
	}
}

func TestWhatIsLearnedIsNearTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	normal := func(int) time.Duration {
		return time.Duration(20 * math.Exp(1.2*random.NormFloat64()) * float64(time.Second))
	}
	d := sample(500, normal)
	if got := d.Count(); got != 500 {
		t.Errorf("count: got %d, want 500", got)
	}
	for q, z := range map[float64]float64{0.1: -1.2816, 0.5: 0, 0.9: 1.2816} {
		want := time.Duration(20 * math.Exp(1.2*z) * float64(time.Second))
		if got := d.Quantile(q); !near(got, want, 0.25) {
			t.Errorf("quantile %v: got %v, want about %v", q, got, want)
		}
	}
}

// TestTheFirstEndsAreNotAllThereIs has 100 operations of five minutes of which
// few ended early: who counts the ends alone takes all of them for short.
func TestTheFirstEndsAreNotAllThereIs(t *testing.T) {
	var all, ends table
	for i := range 100 {
		if i < 10 {
			all.end(0, 10*time.Second)
			ends.end(0, 10*time.Second)
			continue
		}
		all.pass(0, 8*time.Second) // two polls
		all.pass(8*time.Second, 30*time.Second)
	}
	if got := ends.durations().Ended(30 * time.Second); got < 0.8 {
		t.Errorf("ends alone: %v ended at 30 s, want nearly all", got)
	}
	if got := all.durations().Ended(28 * time.Second); got < 0.08 || got > 0.25 {
		t.Errorf("with those that run: %v ended at 28 s, want about a tenth", got)
	}
}

func TestTwoPollsCountAnOperationOnce(t *testing.T) {
	var once, twice table
	once.end(0, time.Minute)
	twice.pass(0, 10*time.Second)
	twice.pass(10*time.Second, 11*time.Second) // in the same class, or the next
	twice.pass(11*time.Second, 40*time.Second)
	twice.end(40*time.Second, time.Minute)
	if once != twice {
		t.Errorf("counts of an operation that was polled:\n%v\nwant those of one that was not:\n%v", twice, once)
	}
}

func TestAChangeIsFollowed(t *testing.T) {
	var tb table
	count := func(n int, ran time.Duration) {
		for range n {
			tb.end(0, ran)
		}
	}
	count(2000, 2*time.Second)
	if got := tb.durations().Quantile(0.5); !near(got, 2*time.Second, 0.15) {
		t.Fatalf("median: got %v, want about 2 s", got)
	}
	count(2*window, 20*time.Second)
	if got := tb.durations().Quantile(0.5); !near(got, 20*time.Second, 0.2) {
		t.Errorf("median after the route became slower: got %v, want about 20 s", got)
	}
}

func TestOneOutlierChangesLittle(t *testing.T) {
	var tb table
	for i := range 200 {
		tb.end(0, time.Duration(1500+10*i)*time.Millisecond)
	}
	before := tb.durations()
	tb.end(0, 5*time.Hour)
	after := tb.durations()
	for _, q := range []float64{0.1, 0.5, 0.9} {
		if !near(after.Quantile(q), before.Quantile(q), 0.02) {
			t.Errorf("quantile %v: %v after the outlier, want about %v", q, after.Quantile(q), before.Quantile(q))
		}
	}
}

func TestForgettingLosesNoEndOfFew(t *testing.T) {
	var tb table
	random := rand.New(rand.NewPCG(7, 8))
	for range 20 {
		for _, i := range random.Perm(window / 2) {
			tb.end(0, time.Duration(i+1)*time.Second) // few in each class
		}
	}
	d := tb.durations()
	for _, q := range []float64{0.1, 0.5, 0.9, 0.97} {
		want := time.Duration(q * window / 2 * float64(time.Second))
		if got := d.Ended(want); math.Abs(got-q) > 0.03 {
			t.Errorf("share that ended at %v: got %v, want about %v", want, got, q)
		}
	}
}

// TestABurstIsSeenAsItIs has a thousand operations that are polled together, so that
// the ages at which they are seen are nearly the same.
func TestABurstIsSeenAsItIs(t *testing.T) {
	var tb table
	random := rand.New(rand.NewPCG(5, 6))
	polled := make([]time.Duration, 1000) // -1 if it has ended
	for round := range time.Duration(5) {
		for _, i := range random.Perm(len(polled)) {
			ran := time.Duration(i) * time.Second
			at := (round+1)*time.Minute + time.Duration(random.IntN(int(round+1)*10))*time.Second
			switch {
			case polled[i] < 0:
			case ran <= at:
				tb.end(polled[i], ran)
				polled[i] = -1
			default:
				tb.pass(polled[i], at)
				polled[i] = at
			}
		}
		at := (round + 1) * time.Minute
		if got, want := tb.durations().Ended(at), at.Seconds()/1000; math.Abs(got-want) > 0.05 {
			t.Errorf("share that ended at %v: got %v, want about %v", at, got, want)
		}
	}
}

func TestCountsStayBounded(t *testing.T) {
	var tb table
	for i := range 100_000 {
		tb.pass(0, time.Hour) // never an end
		if i%3 == 0 {
			tb.end(2*time.Hour, time.Minute) // a clock that is wrong
		}
	}
	for c := range classes {
		if tb.seen[c] > window*parts || tb.ended[c] > tb.seen[c] {
			t.Fatalf("class %d: seen %d, ended %d, want at most %d and no more ends than seen", c, tb.seen[c], tb.ended[c], window)
		}
	}
}

func sample(n int, ran func(int) time.Duration) *Durations {
	var tb table
	for i := range n {
		tb.end(0, ran(i))
	}
	return tb.durations()
}

func bimodal(i int) time.Duration {
	if i%2 == 0 {
		return 100 * time.Millisecond
	}
	return 10 * time.Minute
}

// near reports whether two times differ by no more than a share.
func near(a, b time.Duration, share float64) bool {
	return math.Abs(float64(a-b)) <= share*float64(b)
}
