package rows

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

const (
	tenant     = "fjord"
	signingKey = "a key of more than 16 bytes"
	hookPath   = "/webhooks/erp"
)

// noticeBytes is how long a notification is here: what the alternatives were
// measured with before.
const noticeBytes = 615

// noticeBody is the body of the n-th notification.
func noticeBody(n int) []byte {
	body := fmt.Appendf(nil, `{"id":%q,"statusCode":200,"stateLocation":"https://api.finance.visma.net/v1/background/%s","pad":"`, operationID(n), operationID(n))
	pad := noticeBytes - len(body) - len(`"}`)
	return append(body, strings.Repeat("x", pad)+`"}`...)
}

func operationID(n int) string { return fmt.Sprintf("2f6f0a57-3c43-4d0e-9d0b-%012x", n) }

// operationRef is spread like a random one, so that indexes meet it in no
// order.
func operationRef(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], (uint64(n)+1)*0x9e3779b97f4a7c15)
	ref := make([]byte, 26)
	for i := range ref {
		ref[i] = alphabet[(seed[i%8]>>(i/8))&31]
	}
	copy(ref[16:], base32(n))
	return string(ref)
}

// base32 writes n with ten letters.
func base32(n int) []byte {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	out := make([]byte, 10)
	for i := range out {
		out[len(out)-1-i] = alphabet[n&31]
		n >>= 5
	}
	return out
}

func openStore(ctx context.Context, dir string) (*sqlitestore.Store, error) {
	return sqlitestore.Open(ctx, sqlitestore.Config{Path: filepath.Join(dir, "background.db"), MaxUnmatched: math.MaxInt32})
}

// newRecord is what the client stores before it sends.
func newRecord(n int) store.Record {
	return store.Record{
		Tenant: tenant, Ref: operationRef(n), Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice",
		Origin: "https://api.finance.visma.net", Kind: "invoice", Notify: "subscription",
		Metadata: map[string]string{"order": operationID(n)},
	}
}

// seed makes n operations that wait for their notifications.
func seed(ctx context.Context, st store.Store, n int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 256 { // groups as large as can be
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if _, err := st.Create(ctx, newRecord(i), "seed", time.Minute); err != nil {
					stop(err)
					return
				}
				fact := store.AcceptedFact{ID: operationID(i), Source: store.FromAnswer}
				if _, err := st.Report(ctx, tenant, operationRef(i), fact); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// A plant is a receiver on a store of its own, with operations that wait.
type plant struct {
	st  *sqlitestore.Store
	rcv *receiver.Receiver
}

func newPlant(ctx context.Context, dir string, operations int) (*plant, error) {
	st, err := openStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	rcv, err := newReceiver(st)
	if err == nil {
		err = seed(ctx, st, operations)
	}
	if err != nil {
		_ = st.Close()
		return nil, err
	}
	return &plant{st, rcv}, nil
}

func newReceiver(st store.Store) (*receiver.Receiver, error) {
	return receiver.New(receiver.Config{Store: st, SigningKeys: []string{signingKey}})
}

// notice is the n-th notification.
func notice(n int) receivertest.Notice {
	return receivertest.Notice{ID: operationID(n), Ref: operationRef(n), NotificationID: operationID(n), Body: noticeBody(n)}
}

// take hands the receiver the n-th notification as a server does, and wants it
// acknowledged.
func (p *plant) take(ctx context.Context, n int) error {
	sender := receivertest.Sender{URL: "https://hooks.test" + hookPath, Key: signingKey}
	r, err := sender.Request(ctx, notice(n))
	if err != nil {
		return err
	}
	var w answer
	p.rcv.ServeHTTP(&w, r)
	if w.status != 200 {
		return fmt.Errorf("the receiver answered %d", w.status)
	}
	return nil
}
