package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/contender"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/memerp"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// Names of contenders and figures.
const (
	wakeChannel = "a goroutine and a channel"
	wakeOne     = "client, one waits"
	wakeMany    = "client, 10 000 wait"
	wakeP50     = "p50 µs"
	wakeP99     = "p99 µs"
)

func clientWake() compare.Row {
	add := func(name string, waiting int) compare.Contender {
		return compare.Contender{Name: name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			took, err := wakes(ctx, compare.Pick(t, 2000, 100), compare.Pick(t, waiting, min(waiting, 500)))
			if err != nil {
				return nil, err
			}
			return compare.Figures{{Name: wakeP50, Value: inMicros(load.Quantile(took, 0.5))}, {Name: wakeP99, Value: inMicros(load.Quantile(took, 0.99))}}, nil
		}}
	}
	return compare.Row{
		Name: "client/wake",
		What: "From the moment when a notification is safe in the memory store until the client sends the call that reads the state, while a goroutine waits for the operation.",
		Contenders: []compare.Contender{
			{Name: wakeChannel, Run: func(_ context.Context, t compare.Try) (compare.Figures, error) {
				took := channelWakes(compare.Pick(t, 2000, 100))
				return compare.Figures{{Name: wakeP50, Value: inMicros(load.Quantile(took, 0.5))}, {Name: wakeP99, Value: inMicros(load.Quantile(took, 0.99))}}, nil
			}},
			add(wakeOne, 1), add(wakeMany, 10_000),
		},
		Goals: []compare.Goal{
			{Of: wakeOne, Figure: wakeP50, AtMost: 25},
			{Of: wakeOne, Figure: wakeP99, AtMost: 1000},
			{Of: wakeMany, To: wakeOne, Figure: wakeP50, AtMost: 1.5},
		},
	}
}

func inMicros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// channelWakes measures how long it takes until a goroutine runs that waits
// for a channel.
func channelWakes(n int) []time.Duration {
	took := make([]time.Duration, n)
	ask, told := make(chan time.Time), make(chan time.Duration)
	go func() {
		for at := range ask {
			told <- time.Since(at)
		}
	}()
	for i := range took {
		time.Sleep(100 * time.Microsecond)
		ask <- time.Now()
		took[i] = <-told
	}
	close(ask)
	slices.Sort(took)
	return took
}

// wakes measures n notifications, one after the other, of operations that are
// waited for while others are as well.
func wakes(ctx context.Context, n, waiting int) ([]time.Duration, error) {
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()
	asked := make(chan time.Time, waiting)
	s := &memerp.Server{
		Called: func(path string, _ int) {
			if strings.HasPrefix(path, "/v1/background/") && !strings.HasSuffix(path, "/content") {
				asked <- time.Now()
			}
		},
	}
	c, err := contender.Ours(s, client.Config{
		Store: st, Tenant: sample.Tenant, Notify: client.Subscription(),
		Schedule: func(client.PollInfo) time.Duration { return time.Hour }, // nothing but notifications has it poll
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer func() { stop(); wg.Wait(); _ = c.Close() }()
	start := func() (*client.Operation, chan error, error) {
		op, err := c.Submit(ctx, contender.Path)
		if err != nil {
			return nil, nil, err
		}
		ended := make(chan error, 1)
		wg.Go(func() { _, err := op.Wait(ctx); ended <- err })
		return contender.Handle(op), ended, nil
	}
	for range waiting - 1 {
		if _, _, err := start(); err != nil {
			return nil, err
		}
	}
	took := make([]time.Duration, 0, n)
	for range n {
		op, ended, err := start()
		if err != nil {
			return nil, err
		}
		time.Sleep(500 * time.Microsecond) // until it waits
		if err := notify(ctx, st, op); err != nil {
			return nil, err
		}
		safe := time.Now()
		select {
		case at := <-asked:
			took = append(took, max(0, at.Sub(safe)))
		case <-time.After(10 * time.Second):
			return nil, fmt.Errorf("no poll within 10 s after the notification of %s", op.Ref())
		}
		if err := <-ended; err != nil {
			return nil, errors.Join(err, ctx.Err())
		}
	}
	slices.Sort(took)
	return took, nil
}
