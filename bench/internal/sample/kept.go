package sample

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// KeptKind is the kind of operations that are kept.
const KeptKind = "nobody's"

// Life takes an operation with a ref and the data of the n-th as far as a phase. It
// is of [KeptKind].
func Life(ctx context.Context, st store.Store, ref string, n int, to store.Phase) error {
	rec := Record(n)
	rec.Ref, rec.Key, rec.Kind = ref, "key-"+ref, KeptKind
	_, err := st.Create(ctx, rec, "bench", time.Minute)
	if err == nil {
		_, err = st.Report(ctx, Tenant, ref, store.AcceptedFact{ID: "id-" + ref, Source: store.FromAnswer, Due: time.Now()})
	}
	if err != nil || to == store.Accepted {
		return err
	}
	if _, err = st.Report(ctx, Tenant, ref, store.SettledFact{ID: "id-" + ref, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}}); err != nil || to == store.Settled {
		return err
	}
	l, _, err := st.Acquire(ctx, Tenant, ref, "bench", store.ToAcknowledge, time.Minute)
	if err == nil {
		_, err = st.Decide(ctx, l, store.AcknowledgeDecision{})
	}
	return err
}

// KeptRef is the ref of the n-th record of a phase that is kept.
func KeptRef(phase store.Phase, n int) string { return fmt.Sprintf("%-13.13s%013d", phase, n) }

// RunAll runs a client until its handler has had n outcomes of [KeptKind]. It returns when it was
// started, when the first handler ran, and when the last one did.
func RunAll(ctx context.Context, st store.Store, n int) (begun, one, all time.Time, err error) {
	var first atomic.Pointer[time.Time]
	var left atomic.Int64
	left.Store(int64(n))
	done := make(chan struct{})
	c, err := client.New(client.Config{
		BaseURL: "https://api.finance.visma.net", Store: st, Tenant: Tenant, HTTPClient: &http.Client{Transport: running{}},
		OnComplete: map[string]client.Handler{KeptKind: func(context.Context, client.Completion) error {
			now := time.Now()
			first.CompareAndSwap(nil, &now)
			if left.Add(-1) == 0 {
				close(done)
			}
			return nil
		}},
	})
	if err != nil {
		return begun, one, all, err
	}
	defer c.Close()
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	ended := make(chan error, 1)
	begun = time.Now()
	go func() { ended <- c.Run(ctx) }()
	select {
	case <-done:
		all = time.Now()
	case err = <-ended:
		return begun, one, all, errors.Join(err, fmt.Errorf("%d outcomes were not handled within 5 minutes", left.Load()))
	}
	stop()
	return begun, *first.Load(), all, <-ended
}

// running is an ERP whose operations never end.
type running struct{}

func (running) RoundTrip(req *http.Request) (*http.Response, error) {
	body := fmt.Sprintf(`{"id":%q,"status":"Started","receivedUtc":"2026-11-28T10:20:53.75Z"}`, path.Base(req.URL.Path))
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}, nil
}
