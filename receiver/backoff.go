package receiver

import (
	"math/rand/v2"
	"time"
)

const (
	firstRetry = time.Second
	lastRetry  = time.Hour
)

// retryDelay is the wait after a number of runs that failed: 1 s, 2 s, 4 s and
// so on up to an hour, of which a random part of up to a half is left out, so
// that what failed together does not come again together. Without that part:
//
//	runs     1    5     10      12     15     20
//	waited   1 s  31 s  17 min  68 min 4 h    9 h
func retryDelay(runs int) time.Duration {
	d := doubled(firstRetry, runs, lastRetry)
	return d - rand.N(d/2)
}

// doubled returns a wait that doubles each time, up to a limit.
func doubled(first time.Duration, times int, limit time.Duration) time.Duration {
	d := first
	for ; times > 1 && d < limit; times-- {
		d *= 2
	}
	return min(d, limit)
}
