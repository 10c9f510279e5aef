package store_test

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/vismanet-go/background/store"
)

func TestHubCoalescesWakeUps(t *testing.T) {
	var h store.Hub
	w := h.Watch("fjord", "a", "b")
	defer w.Close()
	for range 100 {
		h.Publish("fjord", "a")
	}
	h.Publish("fjord", "elsewhere")
	h.Publish("fjell", "b")
	<-w.C()
	if refs, all := w.Take(); all || len(refs) != 1 || refs[0] != "a" {
		t.Errorf("got %v, %v", refs, all)
	}
	select {
	case <-w.C():
		t.Error("a second wake-up for one Take")
	default:
	}
}

// A watcher of refs is told exactly, however many changed: what all = true costs
// grows with what it watches.
func TestHubTellsExactlyWhatIsWatched(t *testing.T) {
	var h store.Hub
	w := h.Watch("fjord", store.NoRef)
	defer w.Close()
	const n = 100_000
	var refs []string
	for i := range n {
		refs = append(refs, strconv.Itoa(i))
	}
	w.Add(refs...)
	w.Add(refs[:10]...)
	for _, ref := range refs {
		h.Publish("fjord", ref)
		h.Publish("fjell", ref)
	}
	h.Publish("fjord", store.NoRef)
	w.Remove(refs[0])
	if got, all := w.Take(); all || len(got) != n-1 {
		t.Errorf("got %d refs, all = %v, want %d and false", len(got), all, n-1)
	}
	w.Remove(refs[1:]...)
	h.Publish("fjord", refs[7])
	if got, all := w.Take(); all || len(got) != 0 {
		t.Errorf("got %d refs, all = %v, and nothing is watched", len(got), all)
	}
	h.PublishAll()
	if _, all := w.Take(); !all {
		t.Error("PublishAll is not seen as a change of anything")
	}
}

func TestSeveralWatchersShareARef(t *testing.T) {
	var h store.Hub
	var ws []*store.Watcher
	for range 4 {
		ws = append(ws, h.Watch("fjord", "a", "b", "a"))
	}
	ws[1].Remove("a")
	ws[3].Close()
	ws[3].Add("a") // after Close nothing is delivered
	h.Publish("fjord", "a")
	for i, want := range []int{1, 0, 1, 0} {
		if got, all := ws[i].Take(); len(got) != want || all {
			t.Errorf("watcher %d: got %v, %v, want %d refs", i, got, all, want)
		}
	}
	ws[0].Close()
	ws[2].Close()
	ws[1].Add("a")
	h.Publish("fjord", "a")
	h.Publish("fjord", "b")
	if got, all := ws[1].Take(); len(got) != 2 || all {
		t.Errorf("got %v, %v, want a and b", got, all)
	}
	whole := h.Watch("fjord")
	whole.Add("x")
	whole.Remove("a")
	h.Publish("fjord", "a")
	if got, _ := whole.Take(); len(got) != 1 {
		t.Errorf("a watcher of the tenant got %v, want a", got)
	}
}

// TestWatchedRefsAreLight: a client waits for as many operations as it likes with
// one watcher.
func TestWatchedRefsAreLight(t *testing.T) {
	const n = 100_000
	refs := make([]string, n)
	for i := range refs {
		refs[i] = strconv.Itoa(i)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var h store.Hub
	w := h.Watch("fjord", store.NoRef)
	before := heap()
	for _, ref := range refs {
		w.Add(ref)
	}
	each := float64(heap()-before) / n
	runtime.KeepAlive(refs)
	w.Close()
	if each > 110 {
		t.Errorf("a watched ref takes %.0f bytes, want at most 110", each)
	}
	t.Logf("a watched ref takes %.0f bytes", each)
}

func TestHubForgetsWhichAfterTooMany(t *testing.T) {
	var h store.Hub
	w := h.Watch("fjord")
	defer w.Close()
	for i := range 100_000 {
		h.Publish("fjord", strconv.Itoa(i))
	}
	if refs, all := w.Take(); !all || refs != nil {
		t.Errorf("got %d refs, all = %v", len(refs), all)
	}
	h.PublishAll()
	if _, all := w.Take(); !all {
		t.Error("PublishAll is not seen as a change of anything")
	}
}

func TestHubTellsWhetherSomebodyWatches(t *testing.T) {
	var got []bool
	h := store.Hub{OnActive: func(active bool) { got = append(got, active) }}
	a, b := h.Watch("fjord", "x"), h.Watch("fjell")
	a.Close()
	a.Close()
	b.Close()
	c := h.Watch("fjord")
	h.Close()
	c.Close()
	want := []bool{true, false, true, false}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if _, open := <-h.Watch("fjord").C(); open {
		t.Error("a closed hub gave an open channel")
	}
}
