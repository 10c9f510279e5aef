package journal

import (
	"net/http"
	"runtime"
	"strconv"
	"testing"
)

// Headers cost what they take in memory, not what they are on the wire.
func TestTheCostOfHeaders(t *testing.T) {
	h := make(http.Header)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range 5000 {
		h.Add(strconv.Itoa(i), "x")
		h.Add("many", "x")
	}
	runtime.ReadMemStats(&after)
	// What a copy takes is less than what building it did.
	if cost, took := headerCost(h), int(after.TotalAlloc-before.TotalAlloc); cost*10 < took || cost > took {
		t.Errorf("counted as %d bytes, took %d", cost, took)
	}
}
