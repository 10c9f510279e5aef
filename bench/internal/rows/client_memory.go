package rows

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/bench/internal/child"
	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/contender"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/memerp"
	"github.com/vismanet-go/background/client"
)

// Ways in which operations are pending.
const (
	azWaits     = "azcore, PollUntilDone"
	googleWaits = "google longrunning, Wait"
	idleMemory  = "client, memory store, nobody waits"
	idleSQLite  = "client, sqlitestore, nobody waits"
	oursWait    = "client, Wait"
	oursMany    = "client, AsCompleted"
	oursTrip    = "client, Transport"

	bytesEach      = "bytes each"
	goroutinesEach = "goroutines each"
)

func clientMemory() compare.Row {
	row := compare.Row{
		Name:   "client/memory",
		What:   "100 000 operations are pending, their handles are kept, and each was polled once where somebody waits: heap and stacks in use after two collections, each contender in a process of its own, without what the ERP in memory keeps. Two rounds.",
		Rounds: 2,
	}
	for _, name := range []string{azWaits, googleWaits, idleMemory, idleSQLite, oursWait, oursMany, oursTrip} {
		row.Contenders = append(row.Contenders, compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			return pendingFigures(ctx, t, name)
		}})
	}
	row.Goals = []compare.Goal{
		{Of: idleMemory, Figure: bytesEach, AtMost: 1000, Smoke: 8000},
		{Of: idleSQLite, Figure: bytesEach, AtMost: 512, Smoke: 8000},
		{Of: oursWait, Figure: bytesEach, AtMost: 3600, Smoke: 60_000},
		{Of: oursTrip, Figure: bytesEach, AtMost: 7000, Smoke: 100_000},
		{Of: oursMany, Figure: goroutinesEach, AtMost: 0.01, Smoke: 0.1},
	}
	return row
}

type pendingArgs struct {
	Way string
	N   int
	Dir string
}

type pendingAnswer struct{ Bytes, Goroutines float64 } // of each operation

func pendingFigures(ctx context.Context, t compare.Try, way string) (compare.Figures, error) {
	p, err := child.Start(ctx, "pending", pendingArgs{way, compare.Pick(t, 100_000, 2_000), t.Dir})
	if err != nil {
		return nil, err
	}
	var a pendingAnswer
	if err := json.Unmarshal([]byte(p.Answer), &a); err != nil {
		return nil, err
	}
	return compare.Figures{{Name: bytesEach, Value: a.Bytes}, {Name: goroutinesEach, Value: a.Goroutines}}, p.Stop()
}

// pending is the process in which operations are pending.
func pending(ctx context.Context, text json.RawMessage, ready func(string)) error {
	var args pendingArgs
	if err := json.Unmarshal(text, &args); err != nil {
		return err
	}
	newServer := func() *memerp.Server {
		return &memerp.Server{Runs: func(int) time.Duration { return 1000 * time.Hour }}
	}
	// The ERP's own part is measured with one that nobody waits for.
	before := inUse()
	other := newServer()
	if err := submitAll(ctx, contender.Floor(other), args.N, func(contender.Operation) {}); err != nil {
		return err
	}
	empty := inUse()
	s := newServer()
	wait, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	end, err := args.pend(wait, &wg, s)
	if err != nil {
		stop()
		return err
	}
	full := inUse()
	runtime.KeepAlive(other)
	each := func(v float64) float64 { return v / float64(args.N) }
	answer, err := json.Marshal(pendingAnswer{
		Bytes:      each(float64(full.bytes-empty.bytes) - float64(empty.bytes-before.bytes)),
		Goroutines: each(float64(full.goroutines - empty.goroutines)),
	})
	if err != nil {
		stop()
		return err
	}
	ready(string(answer))
	stop()
	wg.Wait()
	return end()
}

type usage struct {
	bytes      int64
	goroutines int
}

func inUse() usage {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{int64(m.HeapInuse + m.StackInuse), runtime.NumGoroutine()}
}

// pend makes operations pending in its way; end cleans up.
func (a pendingArgs) pend(ctx context.Context, wg *sync.WaitGroup, s *memerp.Server) (end func() error, err error) {
	cfg := client.Config{Schedule: func(p client.PollInfo) time.Duration {
		if p.Polls == 0 {
			return 0
		}
		return time.Hour
	}}
	var c contender.Contender
	switch a.Way {
	case azWaits:
		c = contender.Azcore(s, time.Hour)
	case googleWaits:
		c, err = contender.Google(ctx, s)
	case idleSQLite:
		c, err = inSQLite(ctx, s, filepath.Join(a.Dir, "store"))
	default:
		c, err = contender.Ours(s, cfg)
	}
	if err != nil {
		return nil, err
	}
	var waits waits
	if a.Way == oursTrip {
		// As many submits at a time as the others make.
		submits := make(chan struct{}, submitters)
		transport := contender.Client(c).Transport()
		transport.OnAccepted = func(context.Context, *client.Operation) { <-submits }
		hc := &http.Client{Transport: transport}
		for range a.N {
			submits <- struct{}{}
			wg.Go(func() { waits.ended(ctx, trip(ctx, hc)) })
		}
		return c.Close, waits.polled(ctx, s, a.N)
	}
	var mu sync.Mutex
	var ops []*client.Operation
	err = submitAll(ctx, c, a.N, func(op contender.Operation) {
		switch a.Way {
		case idleMemory, idleSQLite, oursMany:
			mu.Lock()
			defer mu.Unlock()
			ops = append(ops, contender.Handle(op))
		default:
			wg.Go(func() {
				_, err := op.Wait(ctx)
				for a.Way == googleWaits && err != nil && ctx.Err() == nil {
					_, err = op.Wait(ctx) // its calls have ten seconds, which they do not get while all begin at once
				}
				waits.ended(ctx, err)
			})
		}
	})
	if err != nil {
		return nil, err
	}
	switch a.Way {
	case idleMemory, idleSQLite:
		return func() error { runtime.KeepAlive(ops); return c.Close() }, nil
	case oursMany:
		wg.Go(func() {
			for _, err := range client.AsCompleted(ctx, ops...) {
				waits.ended(ctx, err)
			}
		})
	}
	return c.Close, waits.polled(ctx, s, a.N)
}

// waits are those that must not end while operations are pending.
type waits struct{ first atomic.Pointer[error] }

func (w *waits) ended(ctx context.Context, err error) {
	if ctx.Err() == nil {
		err = fmt.Errorf("a wait ended: %w", err)
		w.first.CompareAndSwap(nil, &err)
	}
}

const submitters = 64

// submitAll submits from several goroutines.
func submitAll(ctx context.Context, c contender.Contender, n int, then func(contender.Operation)) error {
	loop := load.Loop{Senders: submitters, For: time.Hour, Max: n}
	_, err := loop.Run(ctx, func(ctx context.Context, _, _ int) error {
		op, err := c.Submit(ctx, contender.Path)
		if err == nil {
			then(op)
		}
		return err
	})
	return err
}

// trip makes a call that runs in the background, as one of net/http.
func trip(ctx context.Context, hc *http.Client) error {
	req, err := contender.Request(ctx, contender.Path)
	if err != nil {
		return err
	}
	req.URL.Scheme, req.URL.Host = "https", memerp.Host
	resp, err := hc.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

// polled waits until there were as many polls as operations, and then until
// there are none for two seconds or ten seconds are over.
func (w *waits) polled(ctx context.Context, s *memerp.Server, n int) error {
	const tick = 500 * time.Millisecond
	last, quiet, after := 0, 0, 0
	for range 5 * time.Minute / tick {
		time.Sleep(tick)
		tally, _ := s.Tally()
		if quiet++; tally.Polls != last {
			last, quiet = tally.Polls, 0
		}
		if last >= n {
			after++
		}
		if err := w.first.Load(); err != nil {
			return *err
		}
		if last >= n && quiet >= 4 || after >= 20 {
			return ctx.Err()
		}
	}
	return fmt.Errorf("%d of %d operations were polled within five minutes", last, n)
}
