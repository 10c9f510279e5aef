package rows

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/receiver"
)

// Dispatch is the row of what is stored and then handled.
func Dispatch() []compare.Row {
	const (
		ours  = "receiver, Handle"
		river = "River, SQLite, default"
		eager = "River, SQLite, cooldown 1 ms, poll 10 ms"
		wait  = "stored → called p50 ms"
	)
	return []compare.Row{{
		Name: "sqlite/dispatch",
		What: "From the moment when a notification is safe until its handler is called; one sender, the next one is sent when the handler was called.",
		Contenders: []compare.Contender{
			{Name: ours, Run: dispatchOurs},
			{Name: river, Run: dispatchRiver(riverSetting{}, 40)},
			{Name: eager, Run: dispatchRiver(riverSetting{Cooldown: time.Millisecond, Poll: 10 * time.Millisecond}, 100)},
		},
		Goals: []compare.Goal{
			{Of: ours, Figure: wait, AtMost: 1},
			{Of: ours, To: river, Figure: wait, AtMost: 0.1, Smoke: 0.5},
		},
	}}
}

// dispatch sends n notices one after the other and measures how long it takes
// until each is handled: from when store has returned, and from when it was
// called.
func dispatch(ctx context.Context, n int, store func(ctx context.Context, n int) error, handled <-chan time.Time) (compare.Figures, error) {
	var after, all []time.Duration
	for i := range n {
		begun := time.Now()
		if err := store(ctx, i); err != nil {
			return nil, err
		}
		stored := time.Now()
		select {
		case at := <-handled:
			// A handler may be called before its sender has its answer.
			after = append(after, max(0, at.Sub(stored)))
			all = append(all, at.Sub(begun))
		case <-time.After(30 * time.Second):
			return nil, fmt.Errorf("notice %d was not handled within 30 s", i)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	slices.Sort(after)
	slices.Sort(all)
	return compare.Figures{
		{Name: "stored → called p50 ms", Value: load.Millis(load.Quantile(after, 0.5))},
		{Name: "stored → called p99 ms", Value: load.Millis(load.Quantile(after, 0.99))},
		{Name: "sent → called p50 ms", Value: load.Millis(load.Quantile(all, 0.5))},
	}, nil
}

func dispatchOurs(ctx context.Context, t compare.Try) (compare.Figures, error) {
	n := compare.Pick(t, 1000, 50)
	p, err := newPlant(ctx, t.Dir, n)
	if err != nil {
		return nil, err
	}
	defer p.st.Close()
	handled := make(chan time.Time, n)
	p.rcv.Handle(func(context.Context, receiver.Notification) error {
		handled <- time.Now()
		return nil
	})
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.rcv.Run(run) }()
	f, err := dispatch(ctx, n, p.take, handled)
	stop()
	if end := <-ended; err == nil {
		err = end
	}
	return f, err
}

func dispatchRiver(set riverSetting, notices int) func(context.Context, compare.Try) (compare.Figures, error) {
	return func(ctx context.Context, t compare.Try) (compare.Figures, error) {
		handled := make(chan time.Time, notices)
		c, stop, err := riverOn(ctx, t.Dir, set, func(string) { handled <- time.Now() })
		if err != nil {
			return nil, err
		}
		f, err := dispatch(ctx, compare.Pick(t, notices, 5), func(ctx context.Context, n int) error {
			_, err := c.Insert(ctx, riverArgs(n), insertOnce)
			return err
		}, handled)
		if end := stop(); err == nil {
			err = end
		}
		return f, err
	}
}
