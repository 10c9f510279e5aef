package sqlitestore

import (
	"bytes"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// TestListingDoesNotLoadContent lists 100 records that keep 1 MiB each.
func TestListingDoesNotLoadContent(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	ctx := t.Context()
	content := bytes.Repeat([]byte("x"), 1<<20)
	for i := range 100 {
		ref := strconv.Itoa(i)
		if _, err := s.Create(ctx, sending(ref, ""), "me", time.Minute); err != nil {
			t.Fatal(err)
		}
		_, err := s.Report(ctx, "fjord", ref, store.SettledFact{Outcome: store.Outcome{
			Foreground: true, StatusCode: 200, HasContent: true, Kept: true, Content: content,
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	list, err := s.List(ctx, "fjord", store.Query{Phases: []store.Phase{store.Settled}, WithoutContent: true})
	runtime.ReadMemStats(&after)
	if err != nil || len(list) != 100 {
		t.Fatalf("listed %d, %v", len(list), err)
	}
	for _, rec := range list {
		if !rec.Outcome.Kept || rec.Outcome.Content != nil {
			t.Fatalf("got %+v", rec)
		}
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
		t.Errorf("allocated %d bytes", n)
	}
}
