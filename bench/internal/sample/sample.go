// Package sample has what the rows store: notifications, the operations that
// they are about, and how a receiver is handed one.
package sample

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
)

const (
	// Tenant is whose operations they are.
	Tenant = "fjord"
	// SigningKey is that of the notifications.
	SigningKey = "a key of more than 16 bytes"
	// HookPath is where notifications are sent to.
	HookPath = "/webhooks/erp"
	// Bytes is how long the body of a notification is: what the alternatives
	// were measured with before.
	Bytes = 615
)

// Body is the body of the n-th notification.
func Body(n int) []byte {
	body := fmt.Appendf(nil, `{"id":%q,"statusCode":200,"stateLocation":"https://api.finance.visma.net/v1/background/%s","pad":"`, ID(n), ID(n))
	pad := Bytes - len(body) - len(`"}`)
	return append(body, strings.Repeat("x", pad)+`"}`...)
}

const idPrefix = "2f6f0a57-3c43-4d0e-9d0b-"

// ID is that of the n-th operation.
func ID(n int) string { return fmt.Sprintf("%s%012x", idPrefix, n) }

// Number returns the n of an [ID].
func Number(id string) (int, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(id, idPrefix), 16, 0)
	return int(n), err
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

// Ref is that of the n-th operation. It is spread like a random one, so that
// indexes meet it in no order.
func Ref(n int) string {
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], (uint64(n)+1)*0x9e3779b97f4a7c15)
	ref := make([]byte, 26)
	for i := range ref {
		ref[i] = alphabet[(seed[i%8]>>(i/8))&31]
	}
	for i := range 10 { // n itself, with ten letters
		ref[25-i] = alphabet[(n>>(5*i))&31]
	}
	return string(ref)
}

// Record is what the client stores before it sends.
func Record(n int) store.Record {
	return store.Record{
		Tenant: Tenant, Ref: Ref(n), Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice",
		Origin: "https://api.finance.visma.net", Kind: "invoice", Notify: "subscription",
		Metadata: map[string]string{"order": ID(n)},
	}
}

// Accepted makes the n-th operation one that waits for its notification.
func Accepted(ctx context.Context, st store.Store, n int) error {
	if _, err := st.Create(ctx, Record(n), "sample", time.Minute); err != nil {
		return err
	}
	_, err := st.Report(ctx, Tenant, Ref(n), store.AcceptedFact{ID: ID(n), Source: store.FromAnswer})
	return err
}

// Seed makes n operations, from one on, that wait for their notifications.
func Seed(ctx context.Context, st store.Store, from, n int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 256 { // groups as large as can be
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := Accepted(ctx, st, from+i); err != nil {
					stop(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// Receiver is one on a store.
func Receiver(st store.Store) (*receiver.Receiver, error) {
	return receiver.New(receiver.Config{Store: st, SigningKeys: []string{SigningKey}})
}

// Notice is the n-th notification.
func Notice(n int) receivertest.Notice {
	return receivertest.Notice{ID: ID(n), Ref: Ref(n), NotificationID: ID(n), Body: Body(n)}
}

// Hand gives a receiver a notification as a server does, and wants it
// acknowledged.
func Hand(ctx context.Context, rcv *receiver.Receiver, notice receivertest.Notice) error {
	sender := receivertest.Sender{URL: "https://hooks.test" + HookPath, Key: SigningKey}
	r, err := sender.Request(ctx, notice)
	if err != nil {
		return err
	}
	var w answer
	rcv.ServeHTTP(&w, r)
	if w.status != 200 {
		return fmt.Errorf("the receiver answered %d", w.status)
	}
	return nil
}
