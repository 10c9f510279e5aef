//go:build !race

package client_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
)

// inUse returns the bytes of heap and stacks in use.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

// TestTheWeightOfWhatIsPending bounds what a pending operation costs in memory where
// nobody waits for it, and what a goroutine costs that waits for one: in Wait, with
// the stack that it began with, and below an http.Client that has our Transport, with
// the operation, its request and twice that stack.
func TestTheWeightOfWhatIsPending(t *testing.T) {
	const n = 3000
	synctest.Test(t, func(t *testing.T) {
		c, err := client.New(client.Config{
			BaseURL: base, HTTPClient: &http.Client{Transport: &light{content: lightContent}},
			Schedule: func(client.PollInfo) time.Duration { return time.Hour },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, stop := context.WithCancel(t.Context())
		var waits sync.WaitGroup
		weigh := func(what string, most float64, pend func()) {
			before := inUse()
			pend()
			synctest.Wait()
			if got := (inUse() - before) / n; got > most {
				t.Errorf("%s: got %.0f bytes each, want at most %.0f", what, got, most)
			} else {
				t.Logf("%s: %.0f bytes each", what, got)
			}
		}
		ops := make([]*client.Operation, n)
		weigh("pending", 900, func() {
			for i := range ops {
				if ops[i], err = c.Submit(ctx, request("POST", "/v1/customerinvoice", invoice), client.SubmitOptions{}); err != nil {
					t.Fatal(err)
				}
			}
		})
		weigh("in Wait, beside that", 4600, func() {
			for _, op := range ops {
				waits.Go(func() { _, _ = op.Wait(ctx) })
			}
		})
		submits := make(chan struct{}, 1) // one at a time, for the ERP
		tr := c.Transport()
		tr.OnAccepted = func(context.Context, *client.Operation) { <-submits }
		hc := &http.Client{Transport: tr}
		weigh("below a Transport", 9_200, func() {
			for range n {
				submits <- struct{}{}
				waits.Go(func() {
					req, err := http.NewRequestWithContext(ctx, "POST", base+"/v1/customerinvoice", strings.NewReader(invoice))
					if err != nil {
						t.Error(err)
						return
					}
					if resp, err := hc.Do(req); err == nil {
						resp.Body.Close()
						t.Error("a call ended before its operation did")
					}
				})
			}
		})
		stop()
		waits.Wait()
		runtime.KeepAlive(ops)
	})
}
