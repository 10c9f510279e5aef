package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/vismanet-go/background/bench/internal/proc"
	"github.com/vismanet-go/background/mockserver/queue"
)

// bounds are what a mock and a store remember of operations that are over, and
// up to how many. Until so many have come memory may grow by them; the amounts
// are rough and hold the slack of the collector.
var bounds = []struct{ operations, kib float64 }{
	{10_000, 8}, // deliveries, with all their attempts and headers
	{queue.MaxTombstones, 2},
}

// a watch holds what is sampled.
type watch struct {
	goroutines, heap, ownFiles series // of this process, with the mock within
	rss, files, threads        series // of erpmock
	opsInside, opsOutside      series // operations so far; not judged
}

func newWatch() *watch {
	return &watch{
		goroutines: series{name: "goroutines", share: 0.25, slack: 30},
		heap:       series{name: "heap MiB after collection", share: 0.1, slack: 3},
		ownFiles:   series{name: "open files", share: 0.25, slack: 10},
		rss:        series{name: "erpmock: RSS MiB", share: 0.1, slack: 5},
		files:      series{name: "erpmock: open files", share: 0.25, slack: 10},
		threads:    series{name: "erpmock: threads", share: 0.25, slack: 4},
		opsInside:  series{name: "operations within"},
		opsOutside: series{name: "operations of the process"},
	}
}

// retention is how long the mocks keep results.
const retention = 10 * time.Second

// soak drives both rigs and returns what it finds wrong.
func soak(ctx context.Context, o options, out io.Writer) (faults []string, err error) {
	dir, err := os.MkdirTemp("", "soak-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	before, err := countOwn()
	if err != nil {
		return nil, err
	}
	in, err := newInside(ctx, o.seed, retention)
	if err != nil {
		return nil, err
	}
	ex, err := newOutside(ctx, dir, o.seed, retention)
	if err != nil {
		return nil, err
	}
	defer ex.program.Kill()
	fresh, err := proc.Of(ex.program.Pid)
	if err != nil {
		return nil, err
	}
	w := newWatch()
	if err := ex.fill(ctx, o.span/6, out); err != nil {
		return nil, err
	}
	if err := drive(ctx, o, in, ex, w, out); err != nil {
		return nil, err
	}
	faults = append(faults, await(ctx, &in.rig)...)
	faults = append(faults, await(ctx, &ex.rig)...)
	for _, r := range []*rig{&in.rig, &ex.rig} {
		fmt.Fprintln(out, r)
	}
	for _, end := range []func() error{in.end, ex.end} {
		if err := end(); err != nil {
			return nil, err
		}
	}
	faults = append(faults, rest(ex.program.Pid, fresh)...)
	if err := ex.program.Stop(); err != nil {
		faults = append(faults, fmt.Sprintf("erpmock did not end well: %v", err))
	}
	if text := ex.program.Output(); len(text) > 0 {
		fmt.Fprintf(out, "the end of what erpmock wrote: %.600s\n", text)
	}
	return append(append(faults, w.judge(out)...), left(before, 20*time.Second)...), nil
}

// drive finds the load that both carry at the same time, and then gives them
// half of it until the time is over.
func drive(ctx context.Context, o options, in *inside, ex *outside, w *watch, out io.Writer) error {
	begun := time.Now().Add(-o.span / 6) // for what filled it
	rates := both(in, ex, func(r *rig) float64 {
		full, cancel := context.WithTimeout(ctx, o.span/15)
		defer cancel()
		return r.drive(full, 0)
	})
	fmt.Fprintf(out, "full load: %.0f/s within, %.0f/s of the process; from now on half of that\n", rates[0], rates[1])
	half, cancel := context.WithDeadline(ctx, begun.Add(o.span))
	defer cancel()
	var watching sync.WaitGroup
	watching.Go(func() { w.keep(half, o.every, in, ex, out) })
	both(in, ex, func(r *rig) float64 {
		rate := rates[0]
		if r == &ex.rig {
			rate = rates[1]
		}
		return r.drive(half, rate/2)
	})
	watching.Wait()
	return ctx.Err()
}

// both calls f for both rigs at the same time.
func both(in *inside, ex *outside, f func(*rig) float64) (results [2]float64) {
	var wg sync.WaitGroup
	for i, r := range []*rig{&in.rig, &ex.rig} {
		wg.Go(func() { results[i] = f(r) })
	}
	wg.Wait()
	return results
}

// keep samples until ctx ends.
func (w *watch) keep(ctx context.Context, every time.Duration, in *inside, ex *outside, out io.Writer) {
	begun := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
		if err := errors.Join(w.sampleOwn(in), w.sampleProcess(ex)); err != nil {
			fmt.Fprintln(out, "no sample:", err)
			continue
		}
		last := func(s series) float64 { return s.values[len(s.values)-1] }
		fmt.Fprintf(out, "%6s  here: %4.0f goroutines, %6.1f MiB heap, %3.0f files   erpmock: %6.1f MiB, %3.0f files, %2.0f threads   %8.0f + %.0f operations\n",
			time.Since(begun).Round(time.Second), last(w.goroutines), last(w.heap), last(w.ownFiles), last(w.rss), last(w.files), last(w.threads),
			last(w.opsInside), last(w.opsOutside))
	}
}

// sampleOwn reads what this process holds.
func (w *watch) sampleOwn(in *inside) error {
	runtime.GC()
	runtime.GC() // what finalizers held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	now, err := countOwn()
	if err != nil {
		return err
	}
	w.goroutines.add(float64(now.goroutines))
	w.heap.add(float64(m.HeapAlloc) / (1 << 20))
	w.ownFiles.add(float64(now.files))
	w.opsInside.add(float64(in.ops.Load()))
	return nil
}

// sampleProcess reads what erpmock holds.
func (w *watch) sampleProcess(ex *outside) error {
	use, err := proc.Of(ex.program.Pid)
	if err != nil {
		return err
	}
	w.rss.add(float64(use.RSS) / (1 << 20))
	w.files.add(float64(use.Files))
	w.threads.add(float64(use.Threads))
	w.opsOutside.add(float64(ex.ops.Load()))
	return nil
}

// judge says what grows.
func (w *watch) judge(out io.Writer) (faults []string) {
	for _, s := range []struct {
		*series
		more float64
	}{
		{&w.goroutines, 0},
		{&w.heap, w.opsInside.room()},
		{&w.ownFiles, 0},
		{&w.rss, w.opsOutside.room()},
		{&w.files, 0},
		{&w.threads, 0},
	} {
		if f := s.fault(s.more); f != "" {
			faults = append(faults, f)
		}
		if len(s.values) > 0 {
			fmt.Fprintln(out, s.series)
		}
	}
	return faults
}

// room is by how many MiB memory may grow between the middle third and the last
// one because of the operations that came meanwhile.
func (s *series) room() (mib float64) {
	if len(s.values) < 6 {
		return 0
	}
	middle, last := s.thirds()
	for _, b := range bounds {
		mib += max(0, min(last, b.operations)-middle) * b.kib / 1024
	}
	return mib
}

// await waits until every operation has ended.
func await(ctx context.Context, r *rig) []string {
	for end := time.Now().Add(time.Minute); ; {
		n, err := r.open(ctx)
		if err == nil && n == 0 {
			break
		}
		if time.Now().After(end) {
			return []string{fmt.Sprintf("%s: %d operations have not ended within a minute, %v", r.name, n, err)}
		}
		time.Sleep(200 * time.Millisecond)
	}
	begun, ended := r.ops.Load()-r.filled, r.done.Load()+r.handled.Load()
	if ended*10 < begun*7 { // a tenth of the calls is in the foreground
		return []string{fmt.Sprintf("too much went wrong to tell anything: %v", r)}
	}
	return nil
}

// rest looks at erpmock when nobody calls it any more.
func rest(pid int, fresh proc.Usage) []string {
	var use proc.Usage
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		var err error
		if use, err = proc.Of(pid); err != nil {
			return []string{fmt.Sprintf("erpmock has ended: %v", err)}
		}
		// A few connections for notifications may wait for their next use.
		if use.Files <= fresh.Files+5 {
			return nil
		}
		if time.Now().After(end) {
			return []string{fmt.Sprintf("erpmock holds %d files after the load, %d before", use.Files, fresh.Files)}
		}
	}
}

// own is what this process holds.
type own struct{ goroutines, files int }

func countOwn() (o own, err error) {
	o.goroutines = runtime.NumGoroutine()
	o.files, err = proc.Files(0)
	return o, err
}

// left says what is left when everything was closed and some time has passed.
func left(before own, patience time.Duration) []string {
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		now, err := countOwn()
		switch {
		case err != nil:
			return []string{err.Error()}
		case now.goroutines <= before.goroutines && now.files <= before.files+1: // the poller's, perhaps
			return nil
		case time.Now().After(end):
			buf := make([]byte, 1<<16)
			buf = buf[:runtime.Stack(buf, true)]
			return []string{fmt.Sprintf("left when all is closed: %d goroutines (%d before), %d files (%d before)\n%s",
				now.goroutines, before.goroutines, now.files, before.files, buf)}
		}
	}
}
