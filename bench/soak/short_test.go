package main

import (
	"context"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/bench/internal/proc"
	"github.com/vismanet-go/background/bench/internal/rows"
)

// TestNothingGrowsWithin is the soak of the mock within, over minutes of
// virtual time.
func TestNothingGrowsWithin(t *testing.T) {
	before, err := countOwn()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, soakWithin)
	for _, fault := range left(before, 20*time.Second) {
		t.Error(fault)
	}
}

func soakWithin(t *testing.T) {
	const (
		span      = 2 * time.Minute
		perSecond = 30
	)
	in, err := newInside(t.Context(), 1, retention)
	if err != nil {
		t.Fatal(err)
	}
	w := newWatch()
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	var sampling sync.WaitGroup
	sampling.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(span / 20):
			}
			if err := w.sampleOwn(in); err != nil {
				t.Error(err)
			}
		}
	})
	in.drive(ctx, perSecond)
	sampling.Wait()
	for _, fault := range await(t.Context(), &in.rig) {
		t.Error(fault)
	}
	t.Log(&in.rig)
	if err := in.end(); err != nil {
		t.Error(err)
	}
	for _, s := range []struct {
		*series
		more float64
	}{{&w.goroutines, 0}, {&w.heap, w.opsInside.room()}, {&w.ownFiles, 0}} {
		if fault := s.fault(s.more); fault != "" {
			t.Error(fault)
		}
		t.Log(s.series)
	}
}

// TestErpmockComesToRest is the soak of the process for seconds, in which
// nothing can be told of growth: all operations end, and when nobody calls any
// more erpmock holds what it did at first, ends well, and leaves nothing here.
func TestErpmockComesToRest(t *testing.T) {
	before, err := countOwn()
	if err != nil {
		t.Fatal(err)
	}
	ex, err := newOutside(t.Context(), t.TempDir(), 1, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer ex.program.Kill()
	fresh, err := proc.Of(ex.program.Pid)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	ex.drive(ctx, 0)
	faults := await(t.Context(), &ex.rig)
	t.Log(&ex.rig)
	if err := ex.end(); err != nil {
		t.Error(err)
	}
	faults = append(faults, rest(ex.program.Pid, fresh)...)
	if err := ex.program.Stop(); err != nil {
		t.Errorf("erpmock did not end well: %v", err)
	}
	for _, fault := range append(faults, left(before, 20*time.Second)...) {
		t.Error(fault)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	rows.Clean()
	os.Exit(code)
}
