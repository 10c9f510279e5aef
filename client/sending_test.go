package client_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// TestASecondSubmitUnderAKeyWaitsWhileTheFirstIsSent has two calls submit the
// same work at once. The second one must not promise what the ERP may yet
// refuse.
func TestASecondSubmitUnderAKeyWaitsWhileTheFirstIsSent(t *testing.T) {
	keyed := client.SubmitOptions{Key: "order-1"}
	for _, tt := range []struct {
		name   string
		status int           // of the first answer, after 5 s
		limit  time.Duration // of the second submit
		posts  int32
		check  func(t *testing.T, first, second *client.Operation, err error)
	}{
		{"the first is accepted", http.StatusAccepted, time.Minute, 1, func(t *testing.T, first, second *client.Operation, err error) {
			if err != nil || second.Ref() != first.Ref() || second.ID() == "" {
				t.Errorf("second submit: got %v, %v, want the first operation with its id", second, err)
			}
		}},
		{"the first is refused", http.StatusForbidden, time.Minute, 2, func(t *testing.T, first, second *client.Operation, err error) {
			if err != nil || first != nil || second.ID() == "" {
				t.Errorf("second submit: got %v, %v, want an operation of its own", second, err)
			}
		}},
		{"the second has no time", http.StatusAccepted, time.Second, 1, func(t *testing.T, _, second *client.Operation, err error) {
			pending, _ := errors.AsType[*client.PendingError](err)
			if second == nil || pending == nil || pending.Phase != store.Sending || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("second submit: got %v, %v, want the operation and a *PendingError in phase sending", second, err)
			}
		}},
		{"the first stays unknown", http.StatusBadGateway, time.Minute, 1, func(t *testing.T, _, second *client.Operation, err error) {
			if _, unclear := errors.AsType[*client.UncertainError](err); second == nil || !unclear {
				t.Errorf("second submit: got %v, %v, want the operation and an *UncertainError", second, err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var posts atomic.Int32
				c, _ := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodPost {
						w.WriteHeader(http.StatusNotFound)
						return
					}
					status := http.StatusAccepted
					if posts.Add(1) == 1 {
						time.Sleep(5 * time.Second)
						status = tt.status
					}
					write(status, `{"id":"2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"}`)(w, r)
				})
				defer c.Close()
				var first *client.Operation
				done := make(chan struct{})
				go func() {
					defer close(done)
					first, _ = c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), keyed)
				}()
				time.Sleep(time.Second)
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				second, err := c.Submit(ctx, request("POST", "/v2/customerinvoice", invoice), keyed)
				<-done
				tt.check(t, first, second, err)
				if posts.Load() != tt.posts {
					t.Errorf("the ERP got %d requests, want %d", posts.Load(), tt.posts)
				}
			})
		})
	}
}
