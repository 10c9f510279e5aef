package pgrows

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
)

// inFlight is how many lives there are at once in a steady load.
const inFlight = 512

// lives is a steady load of whole lives.
type lives struct {
	handled  *handled
	accepted atomic.Int64
}

// run has lives go on for a time and returns how many ended in a second, in each
// of its parts. A part in which none ended is one of them.
func (l *lives) run(ctx context.Context, q pgqueue.Queue, length time.Duration, parts int) ([]float64, error) {
	ended := make(chan []float64, 1)
	begun := time.Now()
	go func() {
		rates := make([]float64, parts)
		for i := range rates {
			before, since := l.handled.n.Load(), time.Now()
			time.Sleep(time.Until(begun.Add(length * time.Duration(i+1) / time.Duration(parts))))
			rates[i] = float64(l.handled.n.Load()-before) / time.Since(since).Seconds()
		}
		ended <- rates
	}()
	loop := load.Loop{Senders: pgqueue.Connections, For: length}
	_, err := loop.Run(ctx, func(ctx context.Context, _, _ int) error {
		for l.accepted.Load()-l.handled.n.Load() >= inFlight {
			if time.Since(begun) > length {
				return nil
			}
			time.Sleep(time.Millisecond)
		}
		n := l.accepted.Add(1) - 1
		return q.Accept(ctx, int(n))
	})
	return <-ended, err
}
