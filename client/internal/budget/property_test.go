package budget_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/store"
)

// TestNoWindowIsOverdrawn lets replicas call as much as they can, in every class,
// for three windows, and counts the calls that the server refuses.
func TestNoWindowIsOverdrawn(t *testing.T) {
	for _, replicas := range []int{1, 3, 7} {
		for _, limit := range []int{10, 60, 500, 5000} {
			for seed := range uint64(3) {
				t.Run(fmt.Sprintf("%d replicas, limit %d, seed %d", replicas, limit, seed), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := &server{limit: limit, window: time.Hour, policy: "4-fixed-window"}
						var st store.Store
						if replicas > 1 {
							st = memory(t)
						}
						begun := time.Now()
						end := begun.Add(3*time.Hour - time.Minute)
						var wg sync.WaitGroup
						for r := range replicas {
							b := newBudget(t, config(t, st, fmt.Sprintf("replica %d", r)))
							for worker := range 4 {
								rng := rand.New(rand.NewPCG(seed, uint64(r*100+worker)))
								wg.Go(func() {
									for time.Now().Before(end) {
										class := budget.Class(rng.IntN(6))
										ctx, cancel := contextUntil(t, end)
										_, err := do(ctx, b, s, class, time.Duration(rng.IntN(400))*time.Millisecond)
										cancel()
										if err != nil {
											return
										}
										time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
									}
								})
							}
						}
						wg.Wait()
						// The first calls go out before anybody knows of the limit.
						late := 0
						for _, at := range s.refused {
							if limit > 4*replicas || at.Sub(begun) > time.Second {
								late++
							}
						}
						if late > 0 {
							t.Errorf("the server refused %d of %d calls that it had told of, want none", late, s.calls)
						}
						if least := 3*limit - 3*limit/10; s.calls < least {
							t.Errorf("%d calls were made in three windows of %d, want at least %d", s.calls, limit, least)
						}
					})
				})
			}
		}
	}
}
