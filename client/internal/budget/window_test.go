package budget

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// While a replica's next slice is written, an answer may tell that nothing is left: a
// call that the budget did not grant, for a token, was the last one.
func TestASliceIsNoLargerThanWhatAnAnswerToldMeanwhile(t *testing.T) {
	now := time.Now()
	w := &window{policy: "", limit: 40, left: 1, low: 1, end: now.Add(time.Hour), first: now.Add(time.Hour), length: time.Hour}
	b := &Budget{windows: []*window{w}}
	w.coming = 1 // it is being written
	w.learn(reading{limit: 40, remaining: 0, end: w.end}, now, 0)
	b.written(store.Document{Version: 1, Now: now}, now)
	if w.slice != 0 || w.left != 0 {
		t.Errorf("%d calls are in the slice and %d left, want none: the ERP said so", w.slice, w.left)
	}
}
