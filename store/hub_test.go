package store_test

import (
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

func TestHubForgetsWhichAfterTooMany(t *testing.T) {
	var h store.Hub
	w := h.Watch("fjord")
	defer w.Close()
	for i := range 5000 {
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
